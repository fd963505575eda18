//! `/api/v1/peers`: whom the node exchanges with.

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, listing, no_such_path, wrong_method};
use crate::admin::auth::{Change, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};
use crate::store::records::{Peer, PeerState, Pin, Relation};
use crate::store::{Column, Scan};

/// Certificates of one peer, or peers, at most in one answer.
const MANY: usize = 100_000;

/// One certificate that a peer may prove itself with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinView {
    /// SHA-256 of its public key.
    pub spki: Digest,
    /// When the certificate ends that it was pinned from.
    pub not_after: Option<Timestamp>,
    /// When it was pinned.
    pub added: Timestamp,
}

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    /// Its DNS-ID.
    pub name: PeerName,
    /// Where it listens.
    pub address: String,
    /// How it stands to us.
    pub relation: Relation,
    /// Whether we exchange with it.
    pub state: PeerState,
    /// The networks that are reached through it.
    pub networks: Vec<String>,
    /// What differs from the defaults in what it may send and how we send to it.
    pub policy: Option<Value>,
    /// Its pinned certificates.
    pub pins: Vec<PinView>,
    /// When it was added.
    pub added: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl PeerView {
    fn new(peer: Peer, pins: Vec<Pin>) -> Self {
        let pins = pins.into_iter().map(|pin| PinView { spki: pin.spki, not_after: pin.not_after, added: pin.added });
        Self {
            name: peer.name,
            address: peer.address,
            relation: peer.relation,
            state: peer.state,
            networks: peer.networks.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect(),
            policy: peer.policy.and_then(|text| serde_json::from_str(&text).ok()),
            pins: pins.collect(),
            added: peer.added,
            changed: peer.changed,
        }
    }
}

/// All peers, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerList {
    /// The peers.
    pub peers: Vec<PeerView>,
}

/// How far an attempt to reach a peer got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// Whether every step succeeded.
    pub reached: bool,
    /// The step that failed, if one did: DNS, TCP, TLS, our certificate refused, theirs refused, RID.
    pub failed: Option<String>,
    /// What happened and what to do, in one line.
    pub why: String,
}

/// Answers below `/api/v1/peers`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([], _) => Err(wrong_method(method, "GET or POST")),
        ([name], &Method::GET) => show(call, &call.permit()?, &name.parse()?).await,
        ([_], _) => Err(wrong_method(method, "GET, PATCH or DELETE")),
        ([name, "test"], &Method::POST) => test(call, &call.permit()?, &name.parse()?).await,
        ([_, "test"], _) => Err(wrong_method(method, "POST")),
        _ => Err(no_such_path(rest)),
    }
}

async fn list(call: &Call<'_>, _: &Permitted<Look>) -> Result<Reply, Problem> {
    call.ask.only(&["relation", "state"])?;
    let relation = call.ask.parameter::<Relation>("relation")?;
    let state = call.ask.parameter::<PeerState>("state")?;
    let keep = |peer: &Peer| {
        relation.is_none_or(|relation| relation == peer.relation) && state.is_none_or(|state| state == peer.state)
    };
    let (found, _) = listing::list(call.parts.store.as_ref(), Scan::of::<Peer>(0), MANY, keep).await?;
    let mut peers = Vec::with_capacity(found.len());
    for peer in found {
        let pins = pins(call, &peer.name).await?;
        peers.push(PeerView::new(peer, pins));
    }
    Reply::json(&PeerList { peers })
}

async fn pins(call: &Call<'_>, name: &PeerName) -> Result<Vec<Pin>, Problem> {
    Ok(call.parts.store.list::<Pin>(Scan::of::<Pin>(MANY).with(vec![name.to_value()])).await?)
}

async fn view(call: &Call<'_>, name: &PeerName) -> Result<PeerView, Problem> {
    let found = call.parts.store.find::<Peer>(vec![name.to_value()]).await?;
    let peer = found.ok_or_else(|| Problem::not_found("peer", name, "ridd peer list"))?;
    Ok(PeerView::new(peer, pins(call, name).await?))
}

async fn show(call: &Call<'_>, _: &Permitted<Look>, name: &PeerName) -> Result<Reply, Problem> {
    Reply::json(&view(call, name).await?)
}

async fn test(call: &Call<'_>, permitted: &Permitted<Change>, name: &PeerName) -> Result<Reply, Problem> {
    let operator = permitted.operator();
    let peer = view(call, name).await?;
    let probed = call.parts.control.probe(&peer.name).await;
    tracing::info!(peer = %name, %operator, reached = probed.reached, "peer tested");
    Reply::json(&probed)
}
