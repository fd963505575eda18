//! From the scans to the confirmation and the reports: the last steps of the significant event.

use std::path::Path;

use super::super::{Failure, print};
use super::play::{Play, check, detail, events, is_met, unit};
use crate::admin::api::events::EventDetail;
use crate::clock::{Clock, SystemClock};
use crate::ids::EventId;
use crate::store::records::{Direction, EventState};

const SCAN_UNIT1: &str = include_str!("../../../fixtures/demo/scan-unit1.csv");
const SCAN_UNIT1_AGAIN: &str = include_str!("../../../fixtures/demo/scan-unit1-again.xml");
const SCAN_UNIT2: &str = include_str!("../../../fixtures/demo/scan-unit2.csv");

/// The system that the first scan finds as it was.
const DISCREPANCY: &str = "sql2.unit1.example";

/// The CIRT scans; one system is still vulnerable, so unit 1 is opened again and corrects it.
pub(super) async fn validated(play: &mut Play, event: &EventId, at_unit1: &EventId) -> Result<(), Failure> {
    play.step("The CIRT scans: unit 2 passes, one system of unit 1 is still vulnerable")?;
    let (unit1, unit2) = (play.stage.unit1.name.clone(), play.stage.unit2.name.clone());
    validate(play, event, unit2.as_str(), ("scan-unit2.csv", SCAN_UNIT2))?;
    validate(play, event, unit1.as_str(), ("scan-unit1.csv", SCAN_UNIT1))?;
    let now = detail(&play.stage.department, event).await?;
    check(unit(&now, &unit2).is_some_and(|unit| unit.validated.is_some()), "unit 2 is validated")?;
    let again = |detail: &EventDetail| {
        let Some(unit) = unit(detail, &unit1) else { return false };
        let open = unit.systems.iter().filter(|system| system.corrected.is_none());
        unit.completed.is_none() && open.map(|system| system.system.as_str()).eq([DISCREPANCY])
    };
    check(again(&now), format_args!("{DISCREPANCY} has opened unit 1 again"))?;
    play.event(|stage| &stage.unit1, at_unit1, "the request to look again at unit 1", again).await?;
    let contact = async |play: &Play| Ok((play.people.count("contact@unit1.example") > 1).then_some(()));
    play.until("the call to the contact of unit 1", contact).await?;

    play.step("Unit 1 corrects the system, completes again, and is scanned again")?;
    let restarted = "the service was restarted at last";
    play.order(&play.stage.unit1, &["system", "corrected", at_unit1.as_str(), DISCREPANCY, "--evidence", restarted])?;
    play.order(&play.stage.unit1, &["event", "complete", at_unit1.as_str()])?;
    let done = |detail: &EventDetail| unit(detail, &unit1).is_some_and(|unit| unit.completed.is_some());
    play.event(|stage| &stage.department, event, "the second completion of unit 1", done).await?;
    validate(play, event, unit1.as_str(), ("scan-unit1-again.xml", &scanned_now()))?;
    let valid = |detail: &EventDetail| {
        detail.units.iter().all(|unit| unit.validated.is_some()) && is_met(detail, "manager-informed", None)
    };
    play.event(|stage| &stage.department, event, "the answer of the program manager", valid).await.map(drop)
}

/// The last scan, made now: one that is older than the corrections would not count.
fn scanned_now() -> String {
    let now = SystemClock.now().to_string();
    let times = (1..=3).map(|second| format!("2003-01-26T01:00:0{second}+00:00"));
    times.fold(SCAN_UNIT1_AGAIN.to_owned(), |scan, time| scan.replace(&time, &now))
}

fn validate(play: &Play, event: &EventId, unit: &str, (name, scan): (&str, &str)) -> Result<(), Failure> {
    let file = play.stage.write(name, scan.as_bytes())?;
    play.order(&play.stage.department, &["event", "validate", event.as_str(), unit, "--result", &file]).map(drop)
}

/// The program manager confirms, the authority learns, the event is closed everywhere.
pub(super) async fn confirmed(play: &mut Play, event: &EventId) -> Result<(), Failure> {
    play.step("The program manager confirms; the authority gets the status as the Result of its Request")?;
    let id = event.as_str();
    play.order(&play.stage.department, &["event", "confirm", id, "--remark", "the inventory is up to date"])?;
    let authority = play.stage.authority.name.clone();
    let result = play.message("the Result at the authority", |seen| {
        seen.at == authority && seen.view.direction == Direction::In && seen.view.msg_type == "Result"
    });
    result.await?;
    play.order(&play.stage.department, &["event", "close", id])?;
    let now = detail(&play.stage.department, event).await?;
    check(
        is_met(&now, "confirmed", None) && now.event.state == EventState::Closed,
        "the event is confirmed and closed",
    )?;
    for node in [&play.stage.lab, &play.stage.unit1, &play.stage.unit2] {
        for ours in events(node).await? {
            play.order(node, &["event", "close", ours.as_str()])?;
            let closed = detail(node, &ours).await?.event.state == EventState::Closed;
            check(closed, format_args!("{} has closed its event", node.name))?;
        }
    }
    let system = play.order(&play.stage.department, &["inventory", "show", DISCREPANCY])?;
    check(system.contains("patched"), format_args!("the inventory knows {DISCREPANCY} as patched"))?;
    play.order(&play.stage.department, &["audit", "verify"]).map(drop)
}

/// The event as it ended, its timeline, and the report after action in both forms in that directory.
pub(super) fn reported(play: &mut Play, event: &EventId, directory: &Path) -> Result<(), Failure> {
    play.step("The event as it ended, and plan beside actual")?;
    let department = &play.stage.department;
    for noun in ["show", "timeline"] {
        print(format!("\n{}", department.command(&["event", noun, event.as_str()])?))?;
    }
    play.step("The report after action")?;
    for (format, ending) in [("html", "html"), ("markdown", "md")] {
        // No report of an earlier demonstration is replaced.
        let number = |number: u32| if number == 1 { String::new() } else { format!("-{number}") };
        let mut names = (1..=1000).map(|n| directory.join(format!("{event}{}.{ending}", number(n))));
        let full = || Failure::failed(format_args!("{} has too many reports already", directory.display()));
        let file = names.find(|file| !file.exists()).ok_or_else(full)?;
        let name = file.display().to_string();
        let department = &play.stage.department;
        department.command(&["event", "report", event.as_str(), "--format", format, "-o", &name])?;
        let size = std::fs::metadata(&file).map_or(0, |found| found.len());
        check(size > 0, format_args!("{name} has been written"))?;
        play.say(name)?;
    }
    Ok(())
}
