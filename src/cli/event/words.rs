//! Significant events in words: lists, one event as a page, and the line that follows an order.

use crate::admin::api::events::{CallView, EventDetail, EventList, LogView, MarkView, OpenView, UnitView};
use crate::cli::ask::{cut, or_dash};
use crate::cli::moment::{away, short};
use crate::cli::table::{card, grid, listing, second};
use crate::clock::Timestamp;
use crate::coordination::Entered;
use crate::coordination::entry::Issuing;
use crate::coordination::state::Standing;
use crate::store::records::EventState;

/// Events as a table.
pub(super) fn table(list: &EventList) -> String {
    let rows = list.events.iter().map(|event| {
        let drill = if event.drill { " (drill)" } else { "" };
        [
            event.id.to_string(),
            format!("{}{drill}", event.state),
            event.role.to_string(),
            second(event.issued),
            format!("E+{}", short(list.now.since(event.issued))),
            or_dash(event.severity.as_ref()),
            event.title.clone(),
        ]
    });
    let headings = ["EVENT", "STATE", "ROLE", "E", "NOW", "SEVERITY", "TITLE"];
    cut(
        listing(headings, rows, "no significant event is open; `ridd event list --all` shows those that are over"),
        list.more,
    )
}

/// What became of a call that was entered, and where its event stands.
pub(super) fn opened(view: &OpenView) -> String {
    let OpenView { entered, event } = view;
    let joined = match entered {
        Entered::Opened => String::new(),
        Entered::Repeated => {
            format!("the call is part of {} already and says nothing new; the log has it\n", event.event.id)
        }
        Entered::Updated => format!(
            "the call is part of {id} already; what is new in it was added, and the inventory asked again\n\
             E, title and drill stay as they are: `ridd event issued {id} TIME` sets E\n",
            id = event.event.id
        ),
    };
    joined + &page(event, None)
}

/// One event as a page; of one unit also each of its systems.
pub(super) fn page(detail: &EventDetail, unit: Option<&str>) -> String {
    let mut parts = vec![facts(detail), milestones(detail)];
    let shown: Vec<&UnitView> = detail.units.iter().filter(|one| unit.is_none_or(|unit| one.unit == unit)).collect();
    match shown.as_slice() {
        [] => parts.push("no unit is affected as far as is known".to_owned()),
        shown => parts.push(units(shown, detail.now)),
    }
    if let (Some(_), [one]) = (unit, shown.as_slice()) {
        parts.push(systems(one));
    }
    let open: Vec<&CallView> = detail.calls.iter().filter(|call| call.open).collect();
    if open.is_empty() {
        parts.push("nobody is being called".to_owned());
    } else {
        parts.push(called(&open, detail.now));
    }
    parts.join("\n\n")
}

fn facts(detail: &EventDetail) -> String {
    let event = &detail.event;
    let affected: usize = detail.units.iter().map(|unit| unit.affected).sum();
    let corrected: usize = detail.units.iter().map(|unit| unit.corrected).sum();
    let excepted: usize = detail.units.iter().map(|unit| unit.excepted).sum();
    let excepted = if excepted == 0 { String::new() } else { format!(", {excepted} excepted") };
    let alert = match (detail.approved, &detail.approved_by) {
        (Some(at), Some(by)) => format!("approved by {by} at {}", second(at)),
        _ if detail.issuing == Issuing::Automatic => "a draft; it is issued by itself once units are known".to_owned(),
        _ => "a draft: `ridd alert approve`, then `ridd alert issue`".to_owned(),
    };
    let from = event.source.as_ref().map_or_else(|| "entered by hand".to_owned(), |peer| format!("from {peer}"));
    let lines = |lines: &[String]| Some(lines.join("\n")).filter(|text| !text.is_empty());
    card([
        ("event", Some(event.id.to_string())),
        ("title", Some(event.title.clone())),
        ("drill", event.drill.then(|| "this is a drill".to_owned())),
        ("state", Some(format!("{}, as {}", event.state, event.role))),
        (
            "E",
            Some(format!("{} ({}); now E+{}", event.issued, detail.issued_is, short(detail.now.since(event.issued)))),
        ),
        ("incident", Some(format!("{}, {from}", detail.incident))),
        ("severity", event.severity.clone()),
        ("about", lines(&detail.vulnerabilities)),
        ("plan", Some(detail.plan.clone())),
        ("alert", Some(alert)),
        ("systems", Some(format!("{corrected} of {affected} corrected{excepted}"))),
        ("informed", lines(&detail.informed)),
    ])
}

fn milestones(detail: &EventDetail) -> String {
    let rows = detail.milestones.iter().map(|mark| {
        [
            mark.milestone.to_string(),
            mark.owner.clone(),
            second(mark.due),
            stands(mark, detail.now),
            mark.at.map_or_else(|| "-".to_owned(), second),
            or_dash(mark.by.as_ref()),
            or_dash(mark.text.as_ref()),
        ]
    });
    let headings = ["MILESTONE", "OWNER", "DUE", "STANDS", "AT", "BY", "ON WHAT EVIDENCE"];
    listing(headings, rows, "its plan has no milestone of the event")
}

/// `met`, `open 3h05m left`, `missed 12m over`.
fn stands(mark: &MarkView, now: Timestamp) -> String {
    match mark.standing {
        Standing::Open | Standing::Missed => format!("{} {}", mark.standing, away(mark.due, now)),
        Standing::Late => {
            let by = mark.at.map(|at| format!(" {}", short(at.since(mark.due)))).unwrap_or_default();
            format!("{}{by}", mark.standing)
        }
        Standing::Met | Standing::Waived => mark.standing.to_string(),
    }
}

/// A row for each unit, a column for each milestone that any of them has.
fn units(units: &[&UnitView], now: Timestamp) -> String {
    let mut names: Vec<&str> = Vec::new();
    // Our own systems need no alert: a unit with one has all the columns, in the order of the plan.
    let most = units.iter().max_by_key(|unit| unit.milestones.len());
    for mark in most.into_iter().chain(units).flat_map(|unit| &unit.milestones) {
        if !names.contains(&mark.milestone.as_str()) {
            names.push(mark.milestone.as_str());
        }
    }
    let headings = ["UNIT", "ALERT", "SYSTEMS"].into_iter().chain(names.iter().copied()).map(str::to_owned);
    let rows = units.iter().map(|unit| {
        let own = if unit.own { " (own)" } else { "" };
        let stale = if unit.stale { ", outdated" } else { "" };
        let alert = if unit.own { "-".to_owned() } else { format!("{}{stale}", unit.alert) };
        let settled = unit.corrected + unit.excepted;
        let mut row = vec![format!("{}{own}", unit.unit), alert, format!("{settled} of {}", unit.affected)];
        row.extend(names.iter().map(|name| {
            let mark = unit.milestones.iter().find(|mark| mark.milestone.as_str() == *name);
            mark.map_or_else(|| "-".to_owned(), |mark| stands(mark, now))
        }));
        row
    });
    grid(headings.collect(), rows)
}

fn systems(unit: &UnitView) -> String {
    let rows = unit.systems.iter().map(|system| {
        let stands = match (&system.corrected, &system.excepted) {
            (Some(at), _) => format!("corrected {}", second(*at)),
            (None, Some(_)) => "stays as it is".to_owned(),
            (None, None) => "open".to_owned(),
        };
        [
            system.system.clone(),
            stands,
            or_dash(system.excepted.as_ref().or(system.evidence.as_ref())),
            or_dash(system.finding.as_ref()),
            or_dash(system.said.as_ref()),
        ]
    });
    listing(["SYSTEM", "STANDS", "WHY", "SCAN", "IN ITS WORDS"], rows, "none of its systems is affected")
}

fn called(calls: &[&CallView], now: Timestamp) -> String {
    let rows = calls.iter().map(|call| {
        [
            call.about.clone(),
            or_dash(call.person.as_ref()),
            or_dash(call.channel.as_ref()),
            call.at.map_or_else(|| "-".to_owned(), second),
            call.fate.map_or_else(|| "nobody to call".to_owned(), |fate| fate.to_string()),
            call.tries.to_string(),
            call.next.map_or_else(|| "-".to_owned(), |next| away(next, now)),
        ]
    });
    listing(["CALLED ABOUT", "WHO", "ON", "AT", "NOTICE", "TRIES", "UNTIL THE NEXT"], rows, "nobody is being called")
}

/// The log, an entry a line.
pub(super) fn log(log: &LogView) -> String {
    let rows = log
        .entries
        .iter()
        .map(|line| [line.number.to_string(), second(line.at), line.actor.clone(), line.text.clone()]);
    listing(["NO", "AT", "BY", "WHAT"], rows, "nothing happened")
}

/// The line that follows an order: where the event stands, and what is due next.
pub(super) fn brief(detail: &EventDetail) -> String {
    let event = &detail.event;
    let state = match event.state {
        EventState::Held => "held: `ridd event release` opens it".to_owned(),
        state => state.to_string(),
    };
    if matches!(event.state, EventState::Closed | EventState::Cancelled) {
        return format!("{}: {state}", event.id);
    }
    let of_event = detail.milestones.iter().map(|mark| (None, mark));
    let of_units =
        detail.units.iter().flat_map(|unit| unit.milestones.iter().map(move |mark| (Some(&unit.unit), mark)));
    let open = of_event.chain(of_units).filter(|(_, mark)| matches!(mark.standing, Standing::Open | Standing::Missed));
    match open.min_by_key(|(_, mark)| mark.due) {
        Some((unit, mark)) => {
            let unit = unit.map(|unit| format!(" of {unit}")).unwrap_or_default();
            let milestone = &mark.milestone;
            format!("{}: {state}; next is {milestone}{unit}, {}", event.id, away(mark.due, detail.now))
        }
        None => format!("{}: {state}; no milestone is open", event.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["event-list", "event-list-empty"], table);
        compare(&["event-show", "event-show-new"], |detail: &EventDetail| page(detail, None));
        compare(&["event-show-unit"], |detail: &EventDetail| page(detail, Some("rid.unit1.example")));
        compare(&["event-log"], log);
        compare(&["event-ordered", "event-ordered-closed"], brief);
    }
}
