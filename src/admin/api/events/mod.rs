//! `/api/v1/events`: significant events, and what staff order about them.

mod order;
mod view;

use std::sync::Arc;

use bytes::Bytes;
use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, listing, no_such_path};
use crate::admin::auth::{Coordinate, Follow, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::officers::OpenOrder;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::coordination::Entered;
use crate::coordination::decide::Made;
use crate::coordination::report::{Report, sentence};
use crate::coordination::state::{AlertState, State};
use crate::coordination::timeline::Timeline;
use crate::coordination::wire::AlertParts;
use crate::ids::{EventId, PeerName};
use crate::store::Scan;
use crate::store::records::{Event, EventState};

pub use order::{AlertEdit, EventOrder};
pub(in crate::admin) use order::{carry_out, right};
pub use view::{CallView, EventDetail, EventView, MarkView, SystemView, UnitView};

/// A listing of events, the last name first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventList {
    /// The time on the node's clock.
    pub now: Timestamp,
    /// The events.
    pub events: Vec<EventView>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// If there are: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One unit's part in an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertUnit {
    /// The unit.
    pub unit: String,
    /// What became of its alert.
    pub alert: AlertState,
    /// Whether systems were added since it was sent.
    pub stale: bool,
    /// How many of its systems are affected.
    pub systems: usize,
}

/// The alert of an event as it is drafted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertView {
    /// The event.
    pub event: EventId,
    /// When it was approved; nothing while it is a draft.
    pub approved: Option<Timestamp>,
    /// By whom.
    pub approved_by: Option<String>,
    /// What it says to every unit alike.
    pub parts: AlertParts,
    /// To whom it goes.
    pub units: Vec<AlertUnit>,
}

/// One entry of an event's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LogLine {
    /// Its number.
    pub number: i64,
    /// When it was written.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: String,
    /// What kind of entry it is.
    pub kind: String,
    /// What it says, as a sentence.
    pub text: String,
}

/// What became of a call that was entered by hand, and its event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OpenView {
    /// Whether it opened the event or joined it.
    pub entered: Entered,
    /// The event as it stands then.
    #[serde(flatten)]
    pub event: EventDetail,
}

/// The log of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LogView {
    /// The event.
    pub event: EventId,
    /// Its entries in order.
    pub entries: Vec<LogLine>,
}

/// Answers below `/api/v1/events`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => {
            call.ask.only(&["limit", "cursor", "all"])?;
            let all = call.ask.parameter::<bool>("all")?.unwrap_or(false);
            Reply::json(&list(call, &call.permit()?, |state| all || is_running(state)).await?)
        }
        ([], &Method::POST) => {
            let permitted = call.permit::<Coordinate>()?;
            let (state, entered) = open(call, &permitted, call.ask.json()?).await?;
            Reply::json(&OpenView { entered, event: detail(call, &permitted, &state) })
        }
        ([event], &Method::GET) => show(call, &call.permit()?, &event.parse()?).await,
        ([event, "alert"], &Method::GET) => {
            call.ask.only(&[])?;
            Reply::json(&alert(call, &call.permit()?, &event.parse()?).await?)
        }
        ([event, "alert", unit], &Method::GET) => {
            let document = document(call, &call.permit()?, &event.parse()?, &unit.parse()?).await?;
            Ok(Reply::bytes("text/xml", document))
        }
        ([event, "log"], &Method::GET) => {
            call.ask.only(&[])?;
            Reply::json(&log(call, &call.permit()?, &event.parse()?).await?)
        }
        ([event, "timeline"], &Method::GET) => timeline(call, &call.permit()?, &event.parse()?).await,
        ([event, "report"], &Method::GET) => in_format(call, &call.permit()?, &event.parse()?).await,
        ([event, "orders"], &Method::POST) => give(call, &event.parse()?).await,
        _ => Err(no_such_path(rest)),
    }
}

/// Whether the event is not over.
pub(in crate::admin) fn is_running(state: EventState) -> bool {
    matches!(state, EventState::Held | EventState::Open)
}

/// The events in these states, the last name first, as many as were asked for.
pub(in crate::admin) async fn list(
    call: &Call<'_>,
    permitted: &Permitted<Follow>,
    keep: impl Fn(EventState) -> bool,
) -> Result<EventList, Problem> {
    let (limit, cursor) = (call.limit()?, call.ask.parameter("cursor")?);
    let listing::Listed { records, next } = page(call, permitted, limit, cursor, keep).await?;
    let events = records.into_iter().map(EventView::from).collect();
    Ok(EventList { now: call.parts.clock.now(), events, more: next.is_some(), next })
}

/// The same as they are in the store, `most` of them; and whether there are more.
pub(in crate::admin) async fn rows(
    call: &Call<'_>,
    permitted: &Permitted<Follow>,
    most: usize,
    keep: impl Fn(EventState) -> bool,
) -> Result<(Vec<Event>, bool), Problem> {
    let listing::Listed { records, next } = page(call, permitted, most, None, keep).await?;
    Ok((records, next.is_some()))
}

async fn page(
    call: &Call<'_>,
    _: &Permitted<Follow>,
    most: usize,
    cursor: Option<String>,
    keep: impl Fn(EventState) -> bool,
) -> Result<listing::Listed<Event>, Problem> {
    let scan = Scan::of::<Event>(0).descending();
    listing::page(call.parts.store.as_ref(), scan, most, cursor, |event: &Event| keep(event.state)).await
}

/// Opens an event by hand.
pub(in crate::admin) async fn open(
    call: &Call<'_>,
    permitted: &Permitted<Coordinate>,
    order: OpenOrder,
) -> Result<(Arc<State>, Entered), Problem> {
    call.begin(permitted, "event open", order.title.clone()).await?;
    let operator = permitted.operator().to_string();
    let (state, entered) = call.parts.officers.open(order, &operator).await?;
    tracing::info!(event = %state.id, operator, ?entered, "data call entered by hand");
    Ok((state, entered))
}

async fn show(call: &Call<'_>, permitted: &Permitted<Follow>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    shown(call, permitted, &*call.parts.officers.state(event).await?)
}

/// The event as far as the operator may see it.
fn shown<A>(call: &Call<'_>, permitted: &Permitted<A>, state: &State) -> Result<Reply, Problem> {
    Reply::json(&detail(call, permitted, state))
}

fn detail<A>(call: &Call<'_>, permitted: &Permitted<A>, state: &State) -> EventDetail {
    let limits = permitted.limits();
    EventDetail::new(state, call.parts.clock.now(), |unit| limits.show_unit(unit))
}

/// All that happened, each entry as a sentence.
pub(in crate::admin) async fn log(call: &Call<'_>, _: &Permitted<Look>, event: &EventId) -> Result<LogView, Problem> {
    let log = call.parts.officers.log(event).await?;
    Ok(LogView { event: event.clone(), entries: log.into_iter().map(line).collect() })
}

/// What happened last, the newest first: at most so many entries, all with a number below `below`.
pub(in crate::admin) async fn latest(
    call: &Call<'_>,
    _: &Permitted<Look>,
    event: &EventId,
    (below, most): (i64, usize),
) -> Result<Vec<LogLine>, Problem> {
    Ok(call.parts.officers.latest(event, below, most).await?.into_iter().map(line).collect())
}

fn line(Made { stamp, entry }: Made) -> LogLine {
    LogLine {
        number: stamp.number,
        at: stamp.at,
        actor: stamp.actor,
        kind: entry.kind().to_owned(),
        text: sentence(&entry),
    }
}

/// Plan beside actual.
async fn timeline(call: &Call<'_>, _: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let state = call.parts.officers.state(event).await?;
    Reply::json(&Timeline::of(&state, call.parts.clock.now()))
}

/// The report after action as it stands now.
pub(in crate::admin) async fn report(call: &Call<'_>, _: &Permitted<Look>, event: &EventId) -> Result<Report, Problem> {
    let officers = &call.parts.officers;
    Ok(Report::of(&*officers.state(event).await?, &officers.log(event).await?, call.parts.clock.now()))
}

/// The report after action: `format` is `json`, `markdown` or `html`.
async fn in_format(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&["format"])?;
    let format = call.ask.parameter::<String>("format")?.unwrap_or_else(|| "json".to_owned());
    let report = report(call, permitted, event).await?;
    match format.as_str() {
        "json" => Reply::json(&report),
        "markdown" => Ok(Reply::bytes("text/markdown; charset=utf-8", report.markdown())),
        "html" => Ok(Reply::bytes("text/html; charset=utf-8", report.html())),
        _ => Err(Problem::bad_request(format!("{format:?} is no format"), "write json, markdown or html")),
    }
}

async fn give(call: &Call<'_>, event: &EventId) -> Result<Reply, Problem> {
    let state = carry_out(call, event, call.ask.json()?).await?;
    shown(call, &call.permit::<Follow>()?, &state)
}

/// The alert as it is drafted.
pub(in crate::admin) async fn alert(
    call: &Call<'_>,
    _: &Permitted<Look>,
    event: &EventId,
) -> Result<AlertView, Problem> {
    let state = call.parts.officers.state(event).await?;
    let units = state.units.iter().map(|(name, unit)| AlertUnit {
        unit: name.clone(),
        alert: unit.alert,
        stale: unit.stale,
        systems: unit.systems.len(),
    });
    Ok(AlertView {
        event: state.id.clone(),
        approved: state.approved.as_ref().map(|(at, _)| *at),
        approved_by: state.approved.as_ref().map(|(_, by)| by.clone()),
        units: units.collect(),
        parts: state.parts.as_ref().clone(),
    })
}

/// The document that goes, or would go, to one unit.
pub(in crate::admin) async fn document(
    call: &Call<'_>,
    permitted: &Permitted<Look>,
    event: &EventId,
    unit: &PeerName,
) -> Result<Bytes, Problem> {
    let bytes = call.parts.officers.alert(event, unit).await?;
    tracing::info!(%event, %unit, operator = %permitted.operator(), size = bytes.len(), "alert shown");
    Ok(bytes)
}
