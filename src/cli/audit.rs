//! `ridd audit`: who did what.

use clap::Subcommand;

use super::ask::{ask, cut, or_dash, say};
use super::table::{listing, second};
use super::{Ended, Globals};
use crate::admin::api::audit::ActList;
use crate::admin::with_parameters;

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
}

/// Carries out `ridd audit`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Acts { operator, limit } => {
            let parameters = [("operator", operator), ("limit", Some(limit.to_string()))];
            let path = with_parameters("audit/acts", &parameters);
            let list: ActList = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &list, table)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["audit-acts", "audit-acts-empty"], table);
    }
}
