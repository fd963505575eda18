//! The units correct their systems: the first with its laboratory, the second late, after its deputy was called.

use super::super::Failure;
use super::play::{Play, check, events, is_met, standing, unit};
use super::stage::Stage;
use crate::admin::api::events::EventDetail;
use crate::coordination::state::{AlertState, Standing};
use crate::ids::EventId;
use crate::store::records::{Direction, Verdict};

/// Unit 1 tells its people and its laboratory; they correct, and it completes. Its name for the event.
pub(super) async fn unit1(play: &mut Play, event: &EventId) -> Result<EventId, Failure> {
    play.step("Unit 1 and its laboratory tell their people; they correct their systems")?;
    let ours = play.opened(|stage| &stage.unit1).await?;
    let lab = play.opened(|stage| &stage.lab).await?;
    let own = play.stage.unit1.name.clone();
    let told = |detail: &EventDetail| is_met(detail, "owners-notified", Some(&own));
    let detail = play.event(|stage| &stage.unit1, &ours, "the answers of the owners", told).await?;
    let laboratory = unit(&detail, &play.stage.lab.name).map_or(0, |unit| unit.affected);
    check(laboratory == 1, "unit 1 has passed the alert on, narrowed to the one system of the laboratory")?;
    obtained(play, |stage| &stage.unit1, &ours)?;
    play.corrected("dba@unit1.example")?;

    let name = play.stage.lab.name.clone();
    let told = |detail: &EventDetail| is_met(detail, "owners-notified", Some(&name));
    play.event(|stage| &stage.lab, &lab, "the answer of the laboratory", told).await?;
    obtained(play, |stage| &stage.lab, &lab)?;
    play.corrected("admin@lab.unit1.example")?;
    play.order(&play.stage.lab, &["event", "complete", lab.as_str()])?;
    let done = |detail: &EventDetail| unit(detail, &name).is_some_and(|unit| unit.completed.is_some());
    play.event(|stage| &stage.unit1, &ours, "the completion of the laboratory", done).await?;

    play.order(&play.stage.unit1, &["event", "complete", ours.as_str()])?;
    completed(play, event, |stage| &stage.unit1).await?;
    Ok(ours)
}

/// The node's contact has reviewed the profiles and fetched the patch.
fn obtained(play: &Play, node: impl Fn(&Stage) -> &super::super::child::Node, event: &EventId) -> Result<(), Failure> {
    let node = node(&play.stage);
    let evidence = "MS02-039 fetched, its SHA-256 compared, the profiles reviewed";
    let words =
        ["event", "met", event.as_str(), "patches-obtained", "--unit", node.name.as_str(), "--evidence", evidence];
    play.order(node, &words).map(drop)
}

/// The department knows that the unit is done.
async fn completed(
    play: &mut Play,
    event: &EventId,
    node: impl Fn(&Stage) -> &super::super::child::Node,
) -> Result<(), Failure> {
    let name = node(&play.stage).name.clone();
    let done = |detail: &EventDetail| {
        unit(detail, &name).is_some_and(|unit| unit.completed.is_some() && unit.corrected == unit.affected)
    };
    play.event(|stage| &stage.department, event, "the completion at the department", done).await.map(drop)
}

/// Unit 2 lets the alert wait for a person who does not look. The department calls its contact, then the deputy.
pub(super) async fn unit2(play: &mut Play, event: &EventId) -> Result<(), Failure> {
    play.step("Unit 2 does not acknowledge: the department calls its contact, and then the deputy")?;
    let name = play.stage.unit2.name.clone();
    let missed = |detail: &EventDetail| standing(detail, "alert-acknowledged", Some(&name)) == Some(Standing::Missed);
    play.event(|stage| &stage.department, event, "the missed acknowledgement of unit 2", missed).await?;
    let deputy = async |play: &Play| Ok((play.people.count("deputy@unit2.example") > 0).then_some(()));
    play.until("the call to the deputy of unit 2", deputy).await?;
    check(play.people.count("contact@unit2.example") > 0, "the contact was called before the deputy")?;

    play.step("The deputy approves the alert; unit 2 corrects its systems and completes")?;
    let held = play.message("the alert that waits at unit 2", |seen| {
        let view = &seen.view;
        seen.at == name && view.direction == Direction::In && view.msg_type == "InvestigationRequest"
    });
    let held = held.await?;
    check(held.view.verdict == Verdict::Held, "unit 2 holds the alert for a person")?;
    check(events(&play.stage.unit2).await?.is_empty(), "unit 2 has opened nothing yet")?;
    play.order(&play.stage.unit2, &["message", "approve", &held.view.id.to_string()])?;
    let ours = play.opened(|stage| &stage.unit2).await?;
    let late = |detail: &EventDetail| {
        let known = unit(detail, &name).is_some_and(|unit| unit.alert == AlertState::Acknowledged);
        known && standing(detail, "alert-acknowledged", Some(&name)) == Some(Standing::Late)
    };
    play.event(|stage| &stage.department, event, "the late acknowledgement of unit 2", late).await?;
    let told = |detail: &EventDetail| is_met(detail, "owners-notified", Some(&name));
    play.event(|stage| &stage.unit2, &ours, "the answer of the administrator of unit 2", told).await?;
    obtained(play, |stage| &stage.unit2, &ours)?;
    play.corrected("admin@unit2.example")?;
    play.order(&play.stage.unit2, &["event", "complete", ours.as_str()])?;
    completed(play, event, |stage| &stage.unit2).await
}
