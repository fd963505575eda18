//! `/events/ID`: where the event stands, all units, who is being called, and what can be ordered about it.

use super::forms;
use super::head::{Head, Rights, back, frame};
use crate::admin::api::events::carry_out;
use crate::admin::auth::{Follow, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::page::Frame;
use crate::admin::page::card::{Card, Room, spoken};
use crate::admin::problem::Problem;
use crate::coordination::board::Board;
use crate::coordination::entry::Issued;
use crate::coordination::plan::Scope;
use crate::coordination::state::{Standing, State};
use crate::ids::EventId;

/// All that is shown of a large event; the rest is in its report.
const ROOM: Room = Room { units: 1_000, calls: 20 };

#[derive(askama::Template)]
#[template(path = "event/overview.html")]
struct Page {
    frame: Frame,
    head: Head,
    card: Card,
    rights: Rights,
    issued_is: Issued,
    incident: String,
    vulnerabilities: Vec<String>,
    plan: String,
    informed: Vec<String>,
    approved: bool,
    /// Whether an alert waits for its units.
    unsent: usize,
    /// The event's own milestones that are open: name, and as it is spoken.
    open: Vec<(String, String)>,
    has_source: bool,
}

/// The page.
pub(super) async fn show(call: &Call<'_>, permitted: &Permitted<Follow>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let state = call.parts.officers.state(event).await?;
    let board = call.parts.officers.board(event, state.head).await?;
    let limits = permitted.limits();
    let sees = |unit: &str| limits.show_unit(unit);
    let now = call.parts.clock.now();
    Reply::page(&Page {
        frame: frame(call, &state, ""),
        head: Head::of(call, &state, ""),
        card: Card::of(&board, now, ROOM, sees),
        rights: Rights::of(call),
        issued_is: state.issued_is,
        incident: state.call.incident.incident.to_string(),
        vulnerabilities: state.vulnerabilities().to_vec(),
        plan: state.plan.name.clone(),
        informed: state.informed.iter().filter(|unit| sees(unit)).cloned().collect(),
        approved: state.approved.is_some(),
        unsent: unsent(&state),
        open: open(&board, now),
        has_source: state.source.is_some(),
    })
}

fn unsent(state: &State) -> usize {
    use crate::coordination::state::AlertState;
    state.units.values().filter(|unit| unit.alert == AlertState::Unsent || unit.stale).count()
}

fn open(board: &Board, now: crate::clock::Timestamp) -> Vec<(String, String)> {
    let of_event = board.stages.iter().filter(|stage| stage.scope == Scope::Event);
    let open = of_event.filter(|stage| {
        let standing = stage.cell.map(|cell| cell.standing(now));
        matches!(standing, Some(Standing::Open | Standing::Missed))
    });
    open.map(|stage| (stage.milestone.to_string(), spoken(stage.milestone.as_str()))).collect()
}

/// Carries out what a form of the page, or of *Now*, asks for.
pub(super) async fn order(call: &Call<'_>, event: &EventId) -> Result<Reply, Problem> {
    let form = call.form()?;
    carry_out(call, event, forms::order(&form)?).await?;
    Ok(Reply::see_other(&back(event, &[])))
}
