//! `ridd outbox`: what is on its way out, why each parcel waits, and what can be done about it.

use clap::Subcommand;

use super::ask::{ask, cut, or_dash, say};
use super::table::{card, listing, second};
use super::{Ended, Globals};
use crate::admin::api::outbox::{ParcelList, ParcelView};
use crate::admin::{path, with_parameters};
use crate::ids::ParcelId;
use crate::store::records::ParcelState;

/// Arguments of `ridd outbox`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what has not left yet, and why each parcel waits
    List {
        /// Only parcels in this state: waiting, claimed, delivered, dead, cancelled
        #[arg(long)]
        state: Option<ParcelState>,
        /// Only parcels to this peer or person
        #[arg(long, value_name = "RECIPIENT")]
        to: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one parcel and why it stands where it stands
    Show {
        /// The parcel
        id: ParcelId,
    },
    /// Try a waiting, dead or cancelled parcel at once, with all its time before it again
    Retry {
        /// The parcel
        id: ParcelId,
    },
    /// Withdraw a waiting or dead parcel: it is not sent any more
    Cancel {
        /// The parcel
        id: ParcelId,
    },
}

/// Carries out `ridd outbox`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    match &args.verb {
        Verb::List { state, to, limit } => {
            let state = state.map(|state| state.to_string());
            let parameters = [("state", state), ("to", to.clone()), ("limit", Some(limit.to_string()))];
            let path = with_parameters("outbox", &parameters);
            let list: ParcelList = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &list, |list| cut(table(&list.parcels), list.more))
        }
        Verb::Show { id } => {
            let path = path(["outbox", id.as_str()]);
            let parcel: ParcelView = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &parcel, show)
        }
        Verb::Retry { id } => act(globals, id, "retry"),
        Verb::Cancel { id } => act(globals, id, "cancel"),
    }
}

fn act(globals: &Globals, id: &ParcelId, verb: &str) -> Ended {
    let path = path(["outbox", id.as_str(), verb]);
    let parcel: ParcelView = ask(globals, |client| async move { client.post(&path, &()).await })?;
    say(globals, &parcel, |parcel| format!("parcel {} to {}: {}", parcel.id, parcel.recipient, why(parcel)))
}

fn why(parcel: &ParcelView) -> String {
    parcel.why.clone().or_else(|| parcel.reason.clone()).unwrap_or_else(|| parcel.state.to_string())
}

/// Parcels as a table.
pub(super) fn table(parcels: &[ParcelView]) -> String {
    let rows = parcels.iter().map(|parcel| {
        [
            parcel.id.to_string(),
            parcel.recipient.clone(),
            parcel.state.to_string(),
            parcel.attempts.to_string(),
            second(parcel.created),
            why(parcel),
        ]
    });
    listing(["PARCEL", "TO", "STATE", "TRIES", "MADE", "WHY"], rows, "nothing is on its way out")
}

fn show(parcel: &ParcelView) -> String {
    card([
        ("parcel", Some(parcel.id.to_string())),
        ("state", Some(parcel.state.to_string())),
        ("why", Some(why(parcel))),
        ("to", Some(parcel.recipient.clone())),
        ("address", parcel.address.clone()),
        ("carried by", Some(parcel.kind.to_string())),
        ("message", Some(or_dash(parcel.message.as_ref()))),
        ("token", parcel.token.as_ref().map(ToString::to_string)),
        ("tries", Some(parcel.attempts.to_string())),
        ("last try", parcel.reason.clone()),
        ("made", Some(parcel.created.to_string())),
        (if parcel.state == ParcelState::Waiting { "next try" } else { "since" }, Some(parcel.due.to_string())),
        ("given up", Some(parcel.expires.to_string())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["outbox-list", "outbox-list-empty"], |list: &ParcelList| table(&list.parcels));
        compare(&["outbox-show"], show);
    }
}
