//! `ridd alert`: what the affected units of a significant event are told to do.

use std::path::PathBuf;

use clap::Subcommand;

use super::ask::{ask, say};
use super::event::give;
use super::table::{card, listing, second};
use super::treatment::read;
use super::{Ended, Exit, Failure, Globals, print};
use crate::admin::api::events::{AlertEdit, AlertView, EventOrder};
use crate::admin::path;
use crate::coordination::wire::{AlertParts, Patch, StepKind};
use crate::ids::{Digest, EventId, PeerName};

/// Arguments of `ridd alert`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the draft, and to whom it goes
    Show {
        /// The event
        event: EventId,
        /// The document itself as it goes to this unit
        #[arg(long)]
        unit: Option<PeerName>,
    },
    /// Change the draft; what is not named stays
    Edit(EditArgs),
    /// Say that the draft is ready
    Approve {
        /// The event
        event: EventId,
    },
    /// Send it to every affected unit that has not got it as it is now
    Issue {
        /// The event
        event: EventId,
    },
    /// Send it for information to units without affected systems
    Inform {
        /// The event
        event: EventId,
        /// The units
        #[arg(required = true)]
        units: Vec<PeerName>,
    },
}

#[derive(Debug, clap::Args)]
struct EditArgs {
    /// The event
    event: EventId,
    /// What it is about, in a line
    #[arg(long)]
    title: Option<String>,
    /// How to keep it from entering; once for each step, all of them
    #[arg(long, value_name = "TEXT")]
    prevent: Vec<String>,
    /// How to keep it from spreading; once for each step, all of them
    #[arg(long, value_name = "TEXT")]
    restrict: Vec<String>,
    /// How to remove it; once for each step, all of them
    #[arg(long, value_name = "TEXT")]
    eradicate: Vec<String>,
    /// A patch: its name and where it is to be had, with its SHA-256 if that is known; once for each, all of them
    #[arg(long = "patch", value_name = "NAME=URL[#SHA256]", value_parser = patch)]
    patches: Vec<Patch>,
    /// Where the detached signature of a patch is to be had; once for each
    #[arg(long = "signature", value_name = "NAME=URL", value_parser = signature, requires = "patches")]
    signatures: Vec<(String, String)>,
    /// The whole draft: the `parts` that `ridd alert show --json` writes, changed
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Carries out `ridd alert`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Show { event, unit: None } => {
            let path = path(["events", event.as_str(), "alert"]);
            let view: AlertView = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &view, show)
        }
        Verb::Show { event, unit: Some(unit) } => {
            let path = path(["events", event.as_str(), "alert", unit.as_str()]);
            let bytes = ask(globals, |client| async move { client.bytes(&path).await })?;
            print(String::from_utf8_lossy(&bytes))?;
            Ok(Exit::Done)
        }
        Verb::Edit(args) => {
            let event = args.event.clone();
            give(globals, &event, &EventOrder::Edit { edit: Box::new(edit(args)?) })
        }
        Verb::Approve { event } => give(globals, &event, &EventOrder::Approve),
        Verb::Issue { event } => give(globals, &event, &EventOrder::Issue),
        Verb::Inform { event, units } => give(globals, &event, &EventOrder::Inform { units }),
    }
}

fn edit(mut args: EditArgs) -> Result<AlertEdit, Failure> {
    for (name, url) in args.signatures {
        let Some(patch) = args.patches.iter_mut().find(|patch| patch.name == name) else {
            return Err(Failure::input(format_args!("--signature {name}=…: no --patch has the name {name}")));
        };
        patch.signature = Some(url);
    }
    let named = |texts: Vec<String>| Some(texts).filter(|texts| !texts.is_empty());
    let parts = match args.file {
        None => None,
        Some(file) => {
            let parts: AlertParts = serde_json::from_str(&read(&file)?).map_err(|error| {
                Failure::input(format_args!(
                    "{}: {error}\n  it is the `parts` that `ridd alert show --json` writes",
                    file.display()
                ))
            })?;
            Some(parts)
        }
    };
    let edit = AlertEdit {
        parts,
        title: args.title,
        prevent: named(args.prevent),
        restrict: named(args.restrict),
        eradicate: named(args.eradicate),
        patches: Some(args.patches).filter(|patches| !patches.is_empty()),
    };
    if edit == AlertEdit::default() {
        return Err(Failure::input("nothing is to be changed\n  name what is, for instance with --prevent TEXT"));
    }
    Ok(edit)
}

/// `NAME=URL`, `NAME=URL#SHA256`, or `NAME` alone.
fn patch(text: &str) -> Result<Patch, String> {
    let (name, rest) = text.split_once('=').unwrap_or((text, ""));
    let (url, digest) = match rest.rsplit_once('#') {
        Some((url, digest)) => match digest.parse::<Digest>() {
            Ok(digest) => (url, Some(digest.to_string())),
            // What follows is part of the address.
            Err(_) if digest.len() < 64 => (rest, None),
            Err(error) => return Err(error.to_string()),
        },
        None => (rest, None),
    };
    if name.trim().is_empty() {
        return Err("a patch has a name: write NAME=URL, or NAME=URL#SHA256".to_owned());
    }
    Ok(Patch {
        name: name.to_owned(),
        url: Some(url.to_owned()).filter(|url| !url.is_empty()),
        digest,
        signature: None,
    })
}

/// `NAME=URL`.
fn signature(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, url)) if !name.is_empty() && !url.is_empty() => Ok((name.to_owned(), url.to_owned())),
        _ => Err("write the name of the patch and where its signature is to be had: NAME=URL".to_owned()),
    }
}

fn show(view: &AlertView) -> String {
    let parts = &view.parts;
    let lines = |lines: Vec<String>| Some(lines.join("\n")).filter(|text| !text.is_empty());
    let steps = |kind: StepKind| {
        let steps = parts.steps.iter().filter(|step| step.kind == kind);
        lines(steps.map(|step| step.text.clone()).collect())
    };
    let patches = parts.patches.iter().map(|patch| {
        let digest = patch.digest.as_ref().map(|digest| format!("sha256:{digest}"));
        let signature = patch.signature.as_ref().map(|url| format!("signature:{url}"));
        let words = [Some(patch.name.clone()), patch.url.clone(), digest, signature];
        words.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    });
    let stands = match (view.approved, &view.approved_by) {
        (Some(at), Some(by)) => format!("approved by {by} at {}", second(at)),
        _ => "a draft: `ridd alert approve` when it is ready".to_owned(),
    };
    let actions = parts.actions.iter().map(|action| format!("{}: {}", action.action, action.text));
    let facts = card([
        ("event", Some(view.event.to_string())),
        ("alert", Some(stands)),
        ("title", Some(parts.title.clone())),
        ("drill", parts.drill.then(|| "this is a drill".to_owned())),
        ("severity", parts.severity.clone()),
        ("restriction", Some(parts.restriction.clone().unwrap_or_else(|| "need-to-know".to_owned()))),
        ("what is known", lines(parts.descriptions.clone())),
        ("about", lines(parts.vulnerabilities.clone())),
        ("platforms", lines([parts.platforms.clone(), parts.software.clone()].concat())),
        ("prevent", steps(StepKind::Prevent)),
        ("restrict", steps(StepKind::Restrict)),
        ("eradicate", steps(StepKind::Eradicate)),
        ("patches", lines(patches.collect())),
        ("also asked", lines(actions.collect())),
    ]);
    let rows = view.units.iter().map(|unit| {
        let stale = if unit.stale { ", outdated" } else { "" };
        [unit.unit.clone(), format!("{}{stale}", unit.alert), unit.systems.to_string()]
    });
    format!("{facts}\n\n{}", listing(["UNIT", "ALERT", "SYSTEMS"], rows, "no unit is affected as far as is known"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["alert-show", "alert-show-draft"], show);
    }

    #[test]
    fn patches_have_a_name() {
        let digest = "a".repeat(64);
        let full = patch(&format!("MS02-039=https://vendor.example/p?a=b#{digest}")).unwrap();
        assert_eq!(full.name, "MS02-039");
        assert_eq!(full.url.as_deref(), Some("https://vendor.example/p?a=b"));
        assert_eq!(full.digest, Some(digest));
        let anchored = patch("SP3=https://vendor.example/#sp3").unwrap();
        assert_eq!((anchored.url.as_deref(), anchored.digest), (Some("https://vendor.example/#sp3"), None));
        assert_eq!(patch("SP3").unwrap().url, None);
        for bad in ["", "=https://vendor.example", &format!("SP3=https://vendor.example#{}", "z".repeat(64))] {
            assert!(patch(bad).is_err(), "{bad}");
        }
    }
}
