//! `ridd operator`: which local users may give orders to the node, and in what role.

use std::fs;

use clap::Subcommand;

use super::ask::{ask, or_dash, say};
use super::table::{listing, second};
use super::{Ended, Exit, Failure, Globals};
use crate::admin::api::operators::{OperatorList, OperatorOrder, OperatorView};
use crate::admin::path;
use crate::ids::PeerName;
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
    /// Let a local user give orders in a role; for one who may already, change name, role, person and unit
    Add {
        /// The user's name or number (uid) on the node's machine
        user: String,
        /// viewer, officer, manager, administrator, unit-contact or implementer
        #[arg(long)]
        role: Role,
        /// What to call the operator in the log and in records, if not by the user's name
        #[arg(long)]
        name: Option<String>,
        /// The person of the roster who this is
        #[arg(long)]
        person: Option<String>,
        /// For a unit contact or an implementer: the unit, by its node's name, if it is not this node
        #[arg(long)]
        unit: Option<PeerName>,
    },
    /// List the operators
    List,
    /// Take the right to give orders away; from the next command on
    Remove {
        /// The user's name or number (uid), or the operator's name
        user: String,
    },
}

/// Carries out `ridd operator`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Add { user, role, name, person, unit } => {
            let found = local(&user)?;
            let name = name.or(found.name);
            let order = OperatorOrder { user: found.number, name, role, person, unit };
            let added: OperatorView = ask(globals, |client| async move { client.post("operators", &order).await })?;
            say(globals, &added, |added| format!("{}: user {} is {} now", added.name, added.user, part(added)))
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
    let named = list.operators.iter().find(|operator| operator.name == user).map(|operator| operator.user);
    let number = match named {
        Some(number) => number,
        None => local(user)?.number.into(),
    };
    let path = path(["operators", &number.to_string()]);
    let removed: OperatorView = ask(globals, |client| async move { client.delete(&path).await })?;
    let rest = if removed.user == 0 || removed.user == i64::from(list.owner) {
        ", and stays administrator: who runs the node does, and root"
    } else {
        ""
    };
    say(globals, &removed, |removed| format!("{}: user {} is no operator any more{rest}", removed.name, removed.user))
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
            operator.user.to_string(),
            operator.name.clone(),
            part(operator),
            or_dash(operator.person.as_ref()),
            second(operator.added),
            operator.by.clone(),
        ]
    });
    let table = listing(["USER", "NAME", "ROLE", "PERSON", "SINCE", "ADDED BY"], rows, "nobody was added");
    format!("{table}\nbesides, user {}, who runs the node, and root are administrators", list.owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["operator-list", "operator-list-empty"], table);
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
