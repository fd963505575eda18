//! `ridd operator`: who may give orders to the node, as a local user or over the page, and in what role.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::ask::{ask, or_dash, say};
use super::table::{card, listing, second};
use super::{Ended, Exit, Failure, Globals};
use crate::admin::api::operators::{Enrolment, OperatorList, OperatorOrder, OperatorView, Reset};
use crate::admin::path;
use crate::admin::picture::Picture;
use crate::ids::{Digest, PeerName};
use crate::store::records::Role;

/// Where the names of local users are.
const PASSWD: &str = "/etc/passwd";

/// Arguments of `ridd operator`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Let somebody give orders in a role; for one who may already, change role, person and unit
    Add {
        /// The operator's name; or a local user's name or number (uid), who may then give orders on the node's machine
        name: String,
        /// viewer, officer, manager, administrator, unit-contact or implementer
        #[arg(long)]
        role: Role,
        /// The local user (name or uid) who this is, if not the one of that name
        #[arg(long)]
        user: Option<String>,
        /// What to call the operator in the log and in records, if not by the user's name
        #[arg(long = "name")]
        called: Option<String>,
        /// The person of the roster who this is
        #[arg(long)]
        person: Option<String>,
        /// For a unit contact or an implementer: the unit, by its node's name, if it is not this node
        #[arg(long)]
        unit: Option<PeerName>,
        /// A certificate (PEM file) with which the operator may sign in at the page
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
    },
    /// List the operators
    List,
    /// Show one operator, with the keys of the certificates
    Show {
        /// The operator's name
        name: String,
    },
    /// Give an operator a new password for one sign-in at the page, where another is chosen; sessions and codes end
    Reset {
        /// The operator's name
        name: String,
        /// Keep the password, and give a new secret of one-time codes: for whoever lost the app
        #[arg(long)]
        totp: bool,
    },
    /// Take a certificate from an operator; sessions that began with it end
    Unpin {
        /// The operator's name
        name: String,
        /// SHA-256 of the certificate's public key, as `ridd operator show` prints it
        spki: Digest,
    },
    /// Take the right to give orders away; from the next command on
    Remove {
        /// The user's name or number (uid), or the operator's name
        user: String,
    },
}

/// Carries out `ridd operator`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Add { name, role, user, called, person, unit, certificate } => {
            let found = match &user {
                Some(user) => Some(local(user)?),
                // A number is a user's; a name may be that of an operator who is no user here.
                None if name.bytes().all(|byte| byte.is_ascii_digit()) => Some(local(&name)?),
                None => local(&name).ok(),
            };
            let called = called.or_else(|| match (&user, &found) {
                (None, Some(found)) => found.name.clone(),
                _ => Some(name),
            });
            let certificate = certificate.map(|file| read(&file)).transpose()?;
            let user = found.map(|found| found.number);
            let order = OperatorOrder { name: called, user, role, person, unit, certificate };
            let added: OperatorView = ask(globals, |client| async move { client.post("operators", &order).await })?;
            say(globals, &added, |added| format!("{} is {} now", known(added), part(added)))
        }
        Verb::Show { name } => {
            let path = path(["operators", &name]);
            let operator: OperatorView = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &operator, show)
        }
        Verb::Reset { name, totp: true } => {
            let path = path(["operators", &name, "codes"]);
            let given: Enrolment = ask(globals, |client| async move { client.post(&path, &()).await })?;
            say(globals, &given, enrolment)
        }
        Verb::Unpin { name, spki } => {
            let path = path(["operators", &name, "certificates", spki.as_str()]);
            let changed: OperatorView = ask(globals, |client| async move { client.delete(&path).await })?;
            say(globals, &changed, |changed| format!("unpinned\n{}", show(changed)))
        }
        Verb::Reset { name, totp: false } => {
            let path = path(["operators", &name, "reset"]);
            let reset: Reset = ask(globals, |client| async move { client.post(&path, &()).await })?;
            say(globals, &reset, words)
        }
        Verb::List => {
            let list: OperatorList = ask(globals, |client| async move { client.get("operators").await })?;
            say(globals, &list, table)
        }
        Verb::Remove { user } => remove(globals, &user),
    }
}

fn remove(globals: &Globals, user: &str) -> Ended {
    // The name in the table first: the user may be gone from the machine by now.
    let list: OperatorList = ask(globals, |client| async move { client.get("operators").await })?;
    let name = match list.operators.iter().find(|operator| operator.name == user) {
        Some(operator) => operator.name.clone(),
        None => {
            let number = i64::from(local(user)?.number);
            let found = list.operators.iter().find(|operator| operator.user == Some(number));
            found.map_or_else(|| user.to_owned(), |operator| operator.name.clone())
        }
    };
    let path = path(["operators", &name]);
    let removed: OperatorView = ask(globals, |client| async move { client.delete(&path).await })?;
    let stays = removed.user.is_some_and(|user| user == 0 || user == i64::from(list.owner));
    let rest = if stays { ", and stays administrator: who runs the node does, and root" } else { "" };
    say(globals, &removed, |removed| format!("{} is no operator any more{rest}", known(removed)))
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure { exit: Exit::Usage, message: format!("cannot read {}: {error}", file.display()) })
}

fn words(reset: &Reset) -> String {
    format!(
        "{}\n{} signs in with it once, until {}, and then chooses another and sets up one-time codes; it is not shown again",
        reset.password, reset.name, reset.until
    )
}

/// The secret on the first line, for programs; then the picture, for an app.
fn enrolment(given: &Enrolment) -> String {
    let picture = Picture::of(&given.address).map(|picture| picture.lines()).unwrap_or_default();
    format!(
        "{}\n{}\n{picture}{} adds it to an authenticator app, and signs in with the password of before and its codes; it is not \
         shown again",
        given.secret, given.address, given.name
    )
}

fn show(operator: &OperatorView) -> String {
    let certificates = match operator.certificates.is_empty() {
        true => "none".to_owned(),
        false => operator.certificates.iter().map(|spki| format!("sha256:{spki}")).collect::<Vec<_>>().join("\n"),
    };
    card([
        ("name", Some(operator.name.clone())),
        ("role", Some(part(operator))),
        ("user", operator.user.map(|user| user.to_string())),
        ("person", operator.person.clone()),
        ("certificates", Some(certificates)),
        ("since", Some(format!("{} by {}", second(operator.added), operator.by))),
    ])
}

/// The operator with the user who it is.
fn known(operator: &OperatorView) -> String {
    match operator.user {
        Some(user) => format!("{}: user {user}", operator.name),
        None => format!("{}: at the page only, after `ridd operator reset` or by certificate,", operator.name),
    }
}

/// A user of this machine.
#[derive(Debug, PartialEq, Eq)]
struct User {
    number: u32,
    /// The name, if it was given or is known.
    name: Option<String>,
}

fn local(user: &str) -> Result<User, Failure> {
    // A machine without that file knows numbers only.
    let passwd = fs::read_to_string(PASSWD).unwrap_or_default();
    among(&passwd, user).ok_or_else(|| Failure {
        exit: Exit::Usage,
        message: format!("{PASSWD} knows no user {user}\n  give the number, which `id -u {user}` shows"),
    })
}

/// Finds the user by name or number: each line is NAME:x:NUMBER:…
fn among(passwd: &str, user: &str) -> Option<User> {
    let users = || {
        passwd.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            Some((name, fields.nth(1)?.parse::<u32>().ok()?))
        })
    };
    if let Some((name, number)) = users().find(|(name, _)| *name == user) {
        return Some(User { number, name: Some(name.to_owned()) });
    }
    let number = user.parse().ok()?;
    let name = users().find(|(_, known)| *known == number).map(|(name, _)| name.to_owned());
    Some(User { number, name })
}

fn part(operator: &OperatorView) -> String {
    match &operator.unit {
        Some(unit) => format!("{} of {unit}", operator.role),
        None => operator.role.to_string(),
    }
}

fn table(list: &OperatorList) -> String {
    let rows = list.operators.iter().map(|operator| {
        [
            operator.name.clone(),
            or_dash(operator.user.as_ref()),
            part(operator),
            or_dash(operator.person.as_ref()),
            operator.certificates.len().to_string(),
            second(operator.added),
            operator.by.clone(),
        ]
    });
    let table =
        listing(["NAME", "USER", "ROLE", "PERSON", "CERTIFICATES", "SINCE", "ADDED BY"], rows, "nobody was added");
    format!("{table}\nbesides, user {}, who runs the node, and root are administrators", list.owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["operator-list", "operator-list-empty"], table);
        compare(&["operator-show"], show);
    }

    #[test]
    fn a_new_password_is_on_a_line_of_its_own() {
        let until = crate::clock::Timestamp::parse("2026-11-25T02:00:00Z").unwrap();
        let said = words(&Reset { name: "ann".to_owned(), password: "abcde-fghjk".to_owned(), until });
        assert_eq!(said.lines().next(), Some("abcde-fghjk"));
        assert!(said.contains("ann signs in with it once, until 2026-11-25T02:00:00Z"), "{said}");
    }

    #[test]
    fn a_secret_is_on_a_line_of_its_own_above_its_picture() {
        let (secret, address) = ("ABCD".to_owned(), "otpauth://totp/n%3Aann?secret=ABCD&issuer=n".to_owned());
        let said = enrolment(&Enrolment { name: "ann".to_owned(), secret, address });
        assert_eq!(said.lines().next(), Some("ABCD"));
        assert!(said.lines().count() > 15 && said.contains('█') && said.ends_with("it is not shown again"), "{said}");
    }

    #[test]
    fn users_are_found_by_name_and_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1000::/home/ann:/bin/sh\n7:x:1001:1001:::\n";
        let user = |number, name: Option<&str>| Some(User { number, name: name.map(str::to_owned) });
        assert_eq!(among(passwd, "ann"), user(1000, Some("ann")));
        assert_eq!(among(passwd, "1000"), user(1000, Some("ann")));
        assert_eq!(among(passwd, "4711"), user(4711, None));
        assert_eq!(among(passwd, "7"), user(1001, Some("7")), "a name goes before a number");
        assert_eq!(among(passwd, "broken"), None);
        assert_eq!(among(passwd, "-1"), None);
    }
}
