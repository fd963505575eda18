//! `ridd incident`: what incidents were exchanged, and each with its messages in the order of time.

use clap::Subcommand;

use super::ask::{ask, cut, say};
use super::table::{card, listing, second};
use super::{Ended, Globals, message};
use crate::admin::api::incidents::{IncidentDetail, IncidentList, IncidentView};
use crate::admin::{path, with_parameters};
use crate::ids::IncidentName;

/// Arguments of `ridd incident`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List incidents, the one changed last first
    List {
        /// Only incidents that this CSIRT has numbered (IncidentID's name)
        #[arg(long)]
        name: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one incident and the messages about it, the oldest first
    Show {
        /// The incident, written NAME#ID
        #[arg(value_name = "NAME#ID")]
        incident: IncidentName,
        /// At most so many messages
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
}

/// Carries out `ridd incident`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    match &args.verb {
        Verb::List { name, limit } => {
            let path = with_parameters("incidents", &[("name", name.clone()), ("limit", Some(limit.to_string()))]);
            let list: IncidentList = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &list, |list| cut(table(&list.incidents), list.more))
        }
        Verb::Show { incident, limit } => {
            let path = path(["incidents", &incident.to_string()]);
            let path = with_parameters(&path, &[("limit", Some(limit.to_string()))]);
            let detail: IncidentDetail = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &detail, show)
        }
    }
}

fn table(incidents: &[IncidentView]) -> String {
    let rows = incidents.iter().map(|view| {
        [
            view.incident.to_string(),
            second(view.changed),
            view.purpose.clone().unwrap_or_else(|| "-".to_owned()),
            restriction(view),
            view.title.clone().unwrap_or_default(),
        ]
    });
    listing(["INCIDENT", "CHANGED", "PURPOSE", "RESTRICTION", "TITLE"], rows, "no incident")
}

/// No restriction given counts as `private` (RFC 7970 §3.3.1).
fn restriction(view: &IncidentView) -> String {
    view.restriction.clone().unwrap_or_else(|| "private".to_owned())
}

fn show(detail: &IncidentDetail) -> String {
    let view = &detail.incident;
    let facts = card([
        ("incident", Some(view.incident.to_string())),
        ("title", view.title.clone()),
        ("purpose", view.purpose.clone()),
        ("restriction", Some(restriction(view))),
        ("opened", Some(view.opened.to_string())),
        ("changed", Some(view.changed.to_string())),
        ("instance", Some(view.instance.to_string())),
    ]);
    format!("{facts}\n\n{}", cut(message::table(&detail.messages), detail.more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["incident-list"], |list: &IncidentList| table(&list.incidents));
        compare(&["incident-show"], show);
    }
}
