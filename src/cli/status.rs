//! `ridd status`: how the node does, on one page.

use super::ask::{ask, say};
use super::table::{card, second};
use super::{Ended, Exit, Globals};
use crate::admin::api::status::{EventFigures, Sharing, Status};
use crate::clock::span;

/// Asks the node how it does; the answer is no (exit code 1) if it cannot take messages.
pub(crate) fn run(globals: &Globals) -> Ended {
    let status: Status = ask(globals, |client| async move { client.get("status").await })?;
    say(globals, &status, words)?;
    Ok(if status.ready { Exit::Done } else { Exit::No })
}

fn words(status: &Status) -> String {
    let up = std::time::Duration::from_secs(status.now.since(status.started).as_secs());
    let parcels = |state: &str| status.outbox.get(state).copied().unwrap_or(0);
    let oldest = status.oldest_parcel.map_or_else(String::new, |at| format!(" (the oldest since {})", second(at)));
    let dead = match parcels("dead") {
        0 => "0 dead".to_owned(),
        dead => format!("{dead} dead: `ridd outbox list --state dead`"),
    };
    let held = match status.held {
        0 => String::new(),
        held => format!("; {held} wait for a decision: `ridd message list --held`"),
    };
    let facts = status.store.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n");
    let ready = status.unready.as_ref().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"));
    card([
        ("node", Some(status.name.clone())),
        ("version", Some(status.version.clone())),
        ("started", Some(format!("{} ({} ago)", second(status.started), rounded(up)))),
        ("ready", Some(ready)),
        ("warnings", Some(status.warnings.join("\n")).filter(|text| !text.is_empty())),
        ("peers", Some(format!("{}, with {} open connections", status.peers, status.connections))),
        ("messages", Some(format!("{}{held}", status.messages))),
        ("incidents", Some(status.incidents.to_string())),
        ("events", Some(events(&status.events))),
        ("outbox", Some(format!("{} waiting{oldest}, {} being sent, {dead}", parcels("waiting"), parcels("claimed")))),
        ("store", Some(facts)),
        ("shared", status.sharing.as_ref().map(shared)),
    ])
}

fn shared(sharing: &Sharing) -> String {
    let clock = match &sharing.clock {
        Some(name) if *name == sharing.instance => "runs the clock of significant events".to_owned(),
        Some(name) => format!("the clock of significant events is run by {name}"),
        None => "NOBODY is known to run the clock of significant events".to_owned(),
    };
    let mut lines = vec![format!("this is {}; {clock}", sharing.instance)];
    for other in &sharing.others {
        lines.push(match (other.alive, other.until) {
            (true, _) => format!("{} is alive", other.name),
            (false, None) => format!("{} has stopped", other.name),
            (false, Some(until)) => {
                format!("{} is SILENT; its last sign of life held until {}", other.name, second(until))
            }
        });
    }
    lines.join("\n")
}

fn events(figures: &EventFigures) -> String {
    let EventFigures { open, held, overdue, unanswered } = *figures;
    let mut words = format!("{open} open");
    if held > 0 {
        words.push_str(&format!(", {held} held"));
    }
    if overdue > 0 {
        words.push_str(&format!("; {overdue} overdue {}", if overdue == 1 { "milestone" } else { "milestones" }));
    }
    if unanswered > 0 {
        words
            .push_str(&format!("; {unanswered} {} without answer", if unanswered == 1 { "notice" } else { "notices" }));
    }
    if held > 0 || overdue > 0 || unanswered > 0 {
        words.push_str(": `ridd event list`");
    }
    words
}

/// The span in one unit that people can grasp.
fn rounded(up: std::time::Duration) -> String {
    let seconds = up.as_secs();
    let unit = match seconds {
        0..120 => 1,
        120..7_200 => 60,
        7_200..172_800 => 3_600,
        _ => 86_400,
    };
    span::show(std::time::Duration::from_secs(seconds - seconds % unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["status", "status-trouble", "status-shared"], words);
    }
}
