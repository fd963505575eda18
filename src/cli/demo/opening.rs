//! From the data call to the alerts: the first steps of the significant event.

use super::super::Failure;
use super::play::{Play, check, events, is_met, unit};
use crate::admin::api::events::LogView;
use crate::admin::path;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::coordination::state::AlertState;
use crate::ids::EventId;
use crate::store::records::Direction;

/// The data call in both versions of IODEF: the same incident twice, for real authorities will do so too.
const CALL_2: &str = include_str!("../../../fixtures/data-call/slammer-2.0.xml");
const CALL_1: &str = include_str!("../../../fixtures/data-call/slammer-1.0.xml");

/// What the CIRT adds to the call: how to prevent entry, restrict spread and eradicate, and where the patch is.
const ENHANCED: [&str; 8] = [
    "--prevent",
    "Block UDP 1434 at every border router, in both directions",
    "--restrict",
    "Take hosts that send to UDP 1434 off the network; block the port between sites",
    "--eradicate",
    "Install MS02-039 or Service Pack 3, then restart the service: the worm lives in memory only",
    "--patch",
    "MS02-039=https://patches.authority.example/ms02-039.exe\
     #6b1d1f7c8a4e2f30915c7a66d0e3b89f4c2a7d5e18f06b93a2c4d7e5f8091b3a",
];

/// The authority calls; the department opens an event, calls its watch and asks its inventory.
pub(super) async fn called(play: &mut Play) -> Result<EventId, Failure> {
    play.step("The authority issues the data call in IODEF 2.0, as a Request")?;
    // Calls state whole seconds.
    let issued = Timestamp::from_micros(SystemClock.now().seconds() * 1_000_000);
    send(play, CALL_2, "investigation-request", issued)?;
    let event = play.opened(|stage| &stage.department).await?;
    let told = |detail: &_| is_met(detail, "cirt-notified", None) && is_met(detail, "units-identified", None);
    let detail = play.event(|stage| &stage.department, &event, "the CIRT's answer", told).await?;
    check(detail.event.issued == issued, format_args!("E is {issued}, when the call was issued"))?;
    let (unit1, unit2) = (&play.stage.unit1.name, &play.stage.unit2.name);
    let affected = |name| unit(&detail, name).map_or(0, |unit| unit.affected);
    check((affected(unit1), affected(unit2)) == (3, 2), "3 systems of unit 1 and 2 of unit 2 are affected")?;
    check(detail.units.len() == 2, "the patched system and unit 3 are not affected")?;
    play.say(format_args!(
        "it opens {event}; the watch has answered; 3 systems of {unit1}, 2 of {unit2} are affected"
    ))?;

    play.step("The same call comes again in IODEF 1.0, as a Report, and joins the event")?;
    send(play, CALL_1, "report", issued)?;
    let department = play.stage.department.name.clone();
    let report = play.message("the Report", |seen| {
        seen.at == department && seen.view.direction == Direction::In && seen.view.msg_type == "Report"
    });
    report.await?;
    check(events(&play.stage.department).await? == [event.clone()], "there is still one event")?;
    let log: LogView = play.stage.department.client().get(&path(["events", event.as_str(), "log"])).await?;
    let joined = log.entries.iter().find(|entry| ["updated", "repeated"].contains(&entry.kind.as_str()));
    check(joined.is_some(), "the event's log names the second call")?;
    play.say(format_args!("it joins {event}: {}", joined.map_or("", |entry| entry.text.as_str())))?;
    Ok(event)
}

fn send(play: &Play, call: &str, kind: &str, issued: Timestamp) -> Result<(), Failure> {
    let file = play.stage.write("data-call.xml", issued_at(call, issued).as_bytes())?;
    let to = play.stage.department.name.as_str();
    play.order(&play.stage.authority, &["send", to, &file, "--type", kind]).map(drop)
}

/// The call, as if it were issued at that time: E.
fn issued_at(call: &str, issued: Timestamp) -> String {
    let mut text = call.to_owned();
    for tag in ["GenerationTime", "ReportTime"] {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        if let (Some(from), Some(to)) = (text.find(&open), text.find(&close)) {
            text.replace_range(from + open.len()..to, &issued.to_string());
        }
    }
    text
}

/// The CIRT enhances the alert and issues it; the nodes of the units acknowledge, or wait for a person.
pub(super) async fn alerted(play: &mut Play, event: &EventId) -> Result<(), Failure> {
    play.step("The CIRT completes the alert, approves it and issues it to the affected units")?;
    let id = event.as_str();
    let department = |play: &Play, words: &[&str]| play.order(&play.stage.department, words).map(drop);
    department(play, &[&["alert", "edit", id], ENHANCED.as_slice()].concat())?;
    department(play, &["alert", "approve", id])?;
    department(play, &["alert", "issue", id])?;
    let (unit1, unit2) = (play.stage.unit1.name.clone(), play.stage.unit2.name.clone());
    let sent = |detail: &_| {
        let alert = |name| unit(detail, name).map(|unit| unit.alert);
        let waits = [Some(AlertState::Delivered), Some(AlertState::Pending)];
        alert(&unit1) == Some(AlertState::Acknowledged) && waits.contains(&alert(&unit2))
    };
    play.event(|stage| &stage.department, event, "the acknowledgement of unit 1", sent).await?;
    let unit3 = play.stage.unit3.name.clone();
    check(!play.has_seen(|seen| seen.at == unit3), "unit 3, which is not affected, gets nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_calls_are_issued_when_they_are_sent() {
        let at = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
        for call in [CALL_2, CALL_1] {
            let text = issued_at(call, at);
            assert!(text.contains(">2026-01-02T03:04:05Z<") && !text.contains("2003-01-25T08:00:00Z"), "{text}");
        }
    }
}
