//! `ridd audit`: who did what, and whether the logs of significant events are as they were written.

use clap::Subcommand;

use super::ask::{ask, cut, or_dash, say};
use super::table::{listing, second};
use super::{Ended, Exit, Globals};
use crate::admin::api::audit::{ActList, Verified};
use crate::admin::with_parameters;
use crate::ids::EventId;

/// Arguments of `ridd audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what operators did over the admin socket, the newest first
    Acts {
        /// Only this operator's
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Check that the logs of significant events are as they were written: no entry changed, removed or put in between
    Verify {
        /// Only of this event
        event: Option<EventId>,
    },
}

/// Carries out `ridd audit`. The answer of `verify` is no if a log is not whole.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Acts { operator, limit } => {
            let parameters = [("operator", operator), ("limit", Some(limit.to_string()))];
            let path = with_parameters("audit/acts", &parameters);
            let list: ActList = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &list, table)
        }
        Verb::Verify { event } => {
            let path = with_parameters("audit/log", &[("event", event.map(|event| event.to_string()))]);
            let verified: Verified = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &verified, verdict)?;
            Ok(if verified.broken.is_empty() { Exit::Done } else { Exit::No })
        }
    }
}

fn table(list: &ActList) -> String {
    let rows = list.acts.iter().map(|act| {
        [
            second(act.at),
            act.operator.clone(),
            act.role.to_string(),
            act.act.clone(),
            or_dash(act.target.as_ref()),
            act.outcome.clone(),
        ]
    });
    cut(listing(["WHEN", "WHO", "AS", "WHAT", "TO WHAT", "OUTCOME"], rows, "nobody did anything"), list.more)
}

fn verdict(verified: &Verified) -> String {
    let Verified { events, entries, broken } = verified;
    let logs = if *events == 1 { "1 log".to_owned() } else { format!("{events} logs") };
    let mut lines = vec![match broken.len() {
        0 => format!("{logs} with {entries} entries: as they were written"),
        some => format!("{logs} with {entries} entries: {some} broken"),
    }];
    lines.extend(broken.iter().map(|one| format!("{} at entry {}: {}", one.event, one.number, one.what)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["audit-acts", "audit-acts-empty"], table);
        compare(&["audit-verify", "audit-verify-broken"], verdict);
    }
}
