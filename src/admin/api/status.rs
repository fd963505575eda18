//! `/api/v1/status`: how the node does, on one page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Call, listing};
use crate::admin::auth::{Follow, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::store::records::{
    Direction, Event, EventState, Incident, Message, Parcel, ParcelState, Peer, PeerState, Request, RequestState,
};
use crate::store::{Column, Record, Scan, Store};

/// How many peers, parcels of a state and open requests are counted at most.
const COUNTED: usize = 10_000;

/// How the node does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Status {
    /// The node's own DNS-ID.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// When it was started.
    pub started: Timestamp,
    /// The time on the node's clock.
    pub now: Timestamp,
    /// Whether messages can be taken now.
    pub ready: bool,
    /// Why not, if not.
    pub unready: Option<String>,
    /// What should be acted on, a line each.
    pub warnings: Vec<String>,
    /// How many peers are active.
    pub peers: usize,
    /// How many messages are filed.
    pub messages: u64,
    /// How many requests wait for a person's decision.
    pub held: usize,
    /// How many incidents are known.
    pub incidents: u64,
    /// The significant events that are not over.
    pub events: EventFigures,
    /// How many parcels stand where, without those that have left.
    pub outbox: BTreeMap<String, usize>,
    /// When the oldest waiting parcel was made.
    pub oldest_parcel: Option<Timestamp>,
    /// Connections of peers that are open.
    pub connections: u64,
    /// What the store says of itself.
    pub store: BTreeMap<String, String>,
    /// Who else works on it; nothing if it is this node's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
}

/// The machines that share one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Sharing {
    /// The name of this machine (`node.name`).
    pub instance: String,
    /// The machine that runs the clock of significant events; nothing if none is known to.
    pub clock: Option<String>,
    /// The others, by name: those that are alive, and those that were in the last day.
    pub others: Vec<Neighbour>,
}

/// Another machine on the same store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// Whether it gives signs of life.
    pub alive: bool,
    /// Until when its last one holds, by its own clock; nothing if it has said that it stops.
    pub until: Option<Timestamp>,
}

/// What the significant events that are not over add up to, drills included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventFigures {
    /// Events that run.
    pub open: usize,
    /// Events that wait for a person to confirm them.
    pub held: usize,
    /// Milestones that are past due and still open; the systems of a unit count as one.
    pub overdue: u64,
    /// Notices that are out and not answered, about things that nobody has answered.
    pub unanswered: u64,
}

/// Answers `/api/v1/status`.
pub(super) async fn serve(call: &Call<'_>) -> Result<Reply, Problem> {
    Reply::json(&status(call, &call.permit()?).await?)
}

/// How the node does now. If the store cannot be read, its figures are 0, the node is not ready, and what the store says of
/// itself tells why.
pub(in crate::admin) async fn status(call: &Call<'_>, _: &Permitted<Follow>) -> Result<Status, Problem> {
    let parts = call.parts;
    let unready = parts.control.ready().err();
    let facts = parts.store.facts().await.into_iter().map(|(name, value)| (name.to_owned(), value));
    let mut status = Status {
        name: parts.directory.own_name().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: parts.started,
        now: parts.clock.now(),
        ready: unready.is_none(),
        unready,
        warnings: parts.control.warnings(),
        peers: 0,
        messages: 0,
        held: 0,
        incidents: 0,
        events: EventFigures::default(),
        outbox: BTreeMap::new(),
        oldest_parcel: None,
        connections: parts.metrics.open_connections(),
        store: facts.collect(),
        sharing: parts.control.sharing(),
    };
    if let Err(problem) = count(parts.store.as_ref(), &mut status).await {
        status.ready = false;
        status.unready.get_or_insert_with(|| "the store cannot be read".to_owned());
        status.store.insert("cannot be read".to_owned(), problem.message);
    }
    Ok(status)
}

/// Fills in what stands in the store.
async fn count(store: &dyn Store, status: &mut Status) -> Result<(), Problem> {
    let active = |peer: &Peer| peer.state == PeerState::Active;
    status.peers = listing::list(store, Scan::of::<Peer>(0), COUNTED, active).await?.0.len();
    let open = Scan::of::<Request>(0).by("by_due").with(vec![true.to_value()]);
    let waits = |request: &Request| {
        request.direction == Direction::In && matches!(request.state, RequestState::Undecided | RequestState::Pending)
    };
    status.held = listing::list(store, open, COUNTED, waits).await?.0.len();
    for state in [ParcelState::Waiting, ParcelState::Claimed, ParcelState::Dead] {
        let scan = Scan::of::<Parcel>(0).by("by_recipient").with(vec![state.to_value()]);
        let (parcels, _) = listing::list::<Parcel>(store, scan, COUNTED, |_| true).await?;
        if state == ParcelState::Waiting {
            status.oldest_parcel = parcels.iter().map(|parcel| parcel.created).min();
        }
        status.outbox.insert(state.to_string(), parcels.len());
    }
    status.messages = store.count(Message::TABLE).await?;
    status.incidents = store.count(Incident::TABLE).await?;
    status.events = events(store).await?;
    Ok(())
}

async fn events(store: &dyn Store) -> Result<EventFigures, Problem> {
    let mut figures = EventFigures::default();
    for state in [EventState::Open, EventState::Held] {
        let scan = Scan::of::<Event>(0).by("by_state").with(vec![state.to_value()]);
        let (events, _) = listing::list::<Event>(store, scan, COUNTED, |_| true).await?;
        let sum = |figure: fn(&Event) -> Option<i64>| {
            let figures = events.iter().filter_map(figure).filter_map(|figure| u64::try_from(figure).ok());
            figures.sum::<u64>()
        };
        figures.overdue += sum(|event| event.overdue);
        figures.unanswered += sum(|event| event.unanswered);
        let count = if state == EventState::Open { &mut figures.open } else { &mut figures.held };
        *count = events.len();
    }
    Ok(figures)
}
