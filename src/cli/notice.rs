//! `ridd notice`: who was told what, and the codes with which people answer.

use clap::Subcommand;

use super::ask::{ask, cut, or_dash, say};
use super::table::{listing, second};
use super::{Ended, Globals};
use crate::admin::api::notices::{AnswerOrder, Answered, NoticeList};
use crate::admin::with_parameters;
use crate::ids::EventId;
use crate::store::records::NoticeState;

/// Arguments of `ridd notice`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List notices and what became of each
    List {
        /// Only those of this event
        event: Option<EventId>,
        /// Only those to this person of the roster
        #[arg(long)]
        person: Option<String>,
        /// Only those in this state: waiting, delivered, failed, acknowledged, withdrawn
        #[arg(long)]
        state: Option<NoticeState>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Acknowledge a notice by the code that stands in it
    Ack {
        /// The code
        code: String,
        /// Report the systems that the notice names corrected, too
        #[arg(long)]
        corrected: bool,
    },
}

/// Carries out `ridd notice`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::List { event, person, state, limit } => {
            let parameters = [
                ("event", event.map(|event| event.to_string())),
                ("person", person),
                ("state", state.map(|state| state.to_string())),
                ("limit", Some(limit.to_string())),
            ];
            let path = with_parameters("notices", &parameters);
            let list: NoticeList = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &list, table)
        }
        Verb::Ack { code, corrected } => {
            let order = AnswerOrder { code, corrected };
            let answered: Answered =
                ask(globals, |client| async move { client.post("notices/answers", &order).await })?;
            say(globals, &answered, answer)
        }
    }
}

fn table(list: &NoticeList) -> String {
    let rows = list.notices.iter().map(|notice| {
        [
            second(notice.created),
            or_dash(notice.event.as_ref()),
            notice.person.clone(),
            notice.channel.to_string(),
            notice.address.clone(),
            notice.about.clone(),
            notice.state.to_string(),
            second(notice.changed),
            or_dash(notice.reason.as_ref()),
        ]
    });
    let headings = ["SENT", "EVENT", "TO", "BY", "ADDRESS", "ABOUT", "STATE", "SINCE", "WHY"];
    cut(listing(headings, rows, "no notice was sent"), list.more)
}

fn answer(answered: &Answered) -> String {
    let event = answered.event.as_ref().map_or_else(|| "a test".to_owned(), ToString::to_string);
    let thanks = format!("acknowledged for {}: {}, {event}", answered.person, answered.about);
    if answered.corrected.is_empty() {
        return thanks;
    }
    format!("{thanks}\nreported corrected: {}", answered.corrected.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["notice-list", "notice-list-empty"], table);
        compare(&["notice-ack", "notice-ack-corrected"], answer);
    }
}
