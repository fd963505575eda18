//! The page *Now*: every significant event that is open, those with something overdue first, and those that wait for a person
//! to open them. The clock on the wall.

use hyper::Method;

use super::Frame;
use super::card::{Card, Room};
use crate::admin::api::events::{EventView, is_running, rows};
use crate::admin::api::wrong_method;
use crate::admin::auth::{Coordinate, Follow, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::store::records::{Event, EventState};

/// Events that are shown; the others are in the list of events.
const EVENTS: usize = 50;
/// Rows of all grids together, so that the page stays small however many events are open.
const ROWS: usize = 240;
/// Of one grid: no fewer, even if many events are open, and no more, even if only one is.
const ROWS_OF_ONE: (usize, usize) = (4, 40);
/// Calls of one event.
const CALLS: usize = 3;

#[derive(askama::Template)]
#[template(path = "now.html")]
struct Page {
    frame: Frame,
    cards: Vec<Card>,
    held: Vec<EventView>,
    may_release: bool,
    /// Whether more events are open than are shown.
    more: bool,
    /// The event that ended last, if none is open.
    last: Option<EventView>,
    overdue: usize,
}

/// Answers `/`.
pub(super) async fn serve(call: &Call<'_>, method: &Method) -> Result<Reply, Problem> {
    match *method {
        Method::GET => show(call, &call.permit()?).await,
        _ => Err(wrong_method(method, "GET")),
    }
}

async fn show(call: &Call<'_>, permitted: &Permitted<Follow>) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let (events, more) = rows(call, permitted, EVENTS, is_running).await?;
    let (held, open): (Vec<Event>, Vec<Event>) = events.into_iter().partition(|event| event.state == EventState::Held);
    let last = match open.is_empty() {
        true => rows(call, permitted, 1, |state| !is_running(state)).await?.0.pop(),
        false => None,
    };
    let room = Room { units: (ROWS / open.len().max(1)).clamp(ROWS_OF_ONE.0, ROWS_OF_ONE.1), calls: CALLS };
    let (now, limits) = (call.parts.clock.now(), permitted.limits());
    let mut cards = Vec::with_capacity(open.len());
    for event in &open {
        let board = call.parts.officers.board(&event.id, event.head).await?;
        cards.push(Card::of(&board, now, room, |unit| limits.show_unit(unit)));
    }
    cards.sort_by_key(Card::urgency);
    let overdue = cards.iter().map(|card| card.overdue).sum();
    let mut frame = call.frame("Now", "/");
    if !cards.is_empty() && cards.iter().all(|card| card.drill) {
        frame = frame.with_banner("Drill: every event on this page is an exercise");
    }
    Reply::page(&Page {
        frame,
        cards,
        held: held.into_iter().map(EventView::from).collect(),
        may_release: call.may::<Coordinate>(),
        more,
        last: last.map(EventView::from),
        overdue,
    })
}
