//! `/api/v1/peers`: whom the node exchanges with.

use hyper::Method;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};

use super::{Call, listing, no_such_path};
use crate::admin::auth::{ChangeNode, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};
use crate::peers::{NewPeer, NewPin, Peer, PeerChange, PeerState, Pin, PinBy, PinUse, Policy, Relation};
use crate::store::records::Message;
use crate::store::{Column, Scan};

/// Certificates of one peer, or peers, at most in one answer.
const MANY: usize = 100_000;

/// One certificate that a peer may prove itself with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PinView {
    /// SHA-256 of its public key.
    pub spki: Digest,
    /// When the certificate ends that it was pinned from.
    pub not_after: Option<Timestamp>,
    /// When it was pinned.
    pub added: Timestamp,
    /// What the key may be used for.
    pub uses: Vec<PinUse>,
}

impl PinView {
    fn new(pin: Pin) -> Self {
        let uses = PinUse::all_of(&pin);
        Self { spki: pin.spki, not_after: pin.not_after, added: pin.added, uses }
    }
}

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PeerView {
    /// Its DNS-ID.
    pub name: PeerName,
    /// Where it listens.
    pub address: String,
    /// How it stands to us.
    pub relation: Relation,
    /// Whether we exchange with it.
    pub state: PeerState,
    /// Why it was revoked, if it was.
    pub revoked_because: Option<String>,
    /// The networks that are reached through it.
    pub networks: Vec<String>,
    /// What it may send and how we send to it.
    pub policy: Policy,
    /// Its pinned certificates.
    pub pins: Vec<PinView>,
    /// When it was added.
    pub added: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
    /// When the newest message came from it or was made for it; nothing if none was yet.
    #[serde(default)]
    pub last_message: Option<Timestamp>,
}

impl PeerView {
    fn new(peer: Peer, pins: Vec<Pin>, last_message: Option<Timestamp>) -> Self {
        Self {
            name: peer.name,
            address: peer.address,
            relation: peer.relation,
            state: peer.state,
            revoked_because: peer.revoked_because,
            networks: peer.networks.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect(),
            policy: Policy::read(peer.policy.as_deref()).unwrap_or_default(),
            pins: pins.into_iter().map(PinView::new).collect(),
            added: peer.added,
            changed: peer.changed,
            last_message,
        }
    }
}

/// Peers by name: all of them, unless fewer were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PeerList {
    /// The peers.
    pub peers: Vec<PeerView>,
    /// If there are more than were asked for: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What a peer is pinned by: a certificate or a key's digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PinOrder {
    /// Its certificate, PEM; if there are several, the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// SHA-256 of its public key, where the certificate is not at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spki: Option<Digest>,
    /// What the key may be used for; if absent, everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<PinUse>,
}

impl PinOrder {
    fn pin(self) -> Result<NewPin, Problem> {
        let by = match (self.certificate, self.spki) {
            (None, Some(digest)) => PinBy::Key(digest),
            (Some(pem), None) => match CertificateDer::from_pem_slice(pem.as_bytes()) {
                Ok(certificate) => PinBy::Certificate(certificate),
                Err(error) => {
                    return Err(Problem::bad_request(
                        format!("the certificate to pin is no PEM certificate: {error}"),
                        "it begins with -----BEGIN CERTIFICATE-----",
                    ));
                }
            },
            (None, None) | (Some(_), Some(_)) => {
                return Err(Problem::bad_request(
                    "a pin is a certificate or a key's digest".to_owned(),
                    "give exactly one of certificate and spki",
                ));
            }
        };
        Ok(NewPin { by, uses: self.uses })
    }
}

/// A peer to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddOrder {
    /// Its DNS-ID.
    pub name: PeerName,
    /// Where it listens, `HOST:PORT`.
    pub address: String,
    /// How it stands to us.
    pub relation: Relation,
    /// How it is treated; absent means the defaults.
    pub policy: Option<Policy>,
    /// The networks that are reached through it.
    #[serde(default)]
    pub networks: Vec<String>,
    /// What it proves itself with.
    #[serde(default)]
    pub pins: Vec<PinOrder>,
}

/// What to change of a peer; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeOrder {
    /// Where it listens, `HOST:PORT`.
    pub address: Option<String>,
    /// How it stands to us.
    pub relation: Option<Relation>,
    /// How it is treated.
    pub policy: Option<Policy>,
    /// The networks that are reached through it, all of them.
    pub networks: Option<Vec<String>>,
}

/// Why a peer is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeOrder {
    /// In words, for the record.
    pub why: String,
}

/// That a peer is no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Removed {
    /// Its DNS-ID.
    pub removed: PeerName,
}

/// How far an attempt to reach a peer got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
        ([], &Method::GET) => Reply::json(&list(call, &call.permit()?).await?),
        ([], &Method::POST) => Reply::json(&add(call, &call.permit()?, call.ask.json()?).await?),
        ([name], &Method::GET) => Reply::json(&show(call, &call.permit()?, &name.parse()?).await?),
        ([name], &Method::PATCH) => {
            Reply::json(&change(call, &call.permit()?, &name.parse()?, call.ask.json()?).await?)
        }
        ([name], &Method::DELETE) => Reply::json(&remove(call, &call.permit()?, name.parse()?).await?),
        ([name, "pins"], &Method::POST) => {
            Reply::json(&pin(call, &call.permit()?, &name.parse()?, call.ask.json()?).await?)
        }
        ([name, "pins", spki], &Method::DELETE) => {
            Reply::json(&unpin(call, &call.permit()?, &name.parse()?, &spki.parse()?).await?)
        }
        ([name, "revocation"], &Method::POST) => {
            Reply::json(&revoke(call, &call.permit()?, &name.parse()?, call.ask.json()?).await?)
        }
        ([name, "test"], &Method::POST) => Reply::json(&test(call, &call.permit()?, &name.parse()?).await?),
        _ => Err(no_such_path(rest)),
    }
}

/// The peers that the query string asks for.
pub(in crate::admin) async fn list(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<PeerList, Problem> {
    some(call, permitted, MANY).await
}

/// The same, at most so many unless the query string says how many.
pub(in crate::admin) async fn some(call: &Call<'_>, _: &Permitted<Look>, most: usize) -> Result<PeerList, Problem> {
    call.ask.only(&["limit", "cursor", "relation", "state"])?;
    let limit = call.ask.parameter::<usize>("limit")?.unwrap_or(most).clamp(1, MANY);
    let cursor = call.ask.parameter("cursor")?;
    let relation = call.ask.parameter::<Relation>("relation")?;
    let state = call.ask.parameter::<PeerState>("state")?;
    let keep = |peer: &Peer| {
        relation.is_none_or(|relation| relation == peer.relation) && state.is_none_or(|state| state == peer.state)
    };
    let listing::Listed { records, next } =
        listing::page(call.parts.store.as_ref(), Scan::of::<Peer>(0), limit, cursor, keep).await?;
    let mut peers = Vec::with_capacity(records.len());
    for peer in records {
        peers.push(whole(call, peer).await?);
    }
    Ok(PeerList { peers, next })
}

async fn pins(call: &Call<'_>, name: &PeerName) -> Result<Vec<Pin>, Problem> {
    Ok(call.parts.store.list::<Pin>(Scan::of::<Pin>(MANY).with(vec![name.to_value()])).await?)
}

async fn view(call: &Call<'_>, name: &PeerName) -> Result<PeerView, Problem> {
    let found = call.parts.store.find::<Peer>(vec![name.to_value()]).await?;
    let peer = found.ok_or_else(|| Problem::not_found("peer", name, "ridd peer list"))?;
    whole(call, peer).await
}

/// The peer with what is kept beside it.
async fn whole(call: &Call<'_>, peer: Peer) -> Result<PeerView, Problem> {
    let pins = pins(call, &peer.name).await?;
    let newest = Scan::of::<Message>(1).by("by_peer").with(vec![peer.name.to_value()]).descending();
    let newest = call.parts.store.list::<Message>(newest).await?;
    Ok(PeerView::new(peer, pins, newest.first().map(|message| message.received)))
}

/// One peer.
pub(in crate::admin) async fn show(call: &Call<'_>, _: &Permitted<Look>, name: &PeerName) -> Result<PeerView, Problem> {
    view(call, name).await
}

/// Tries to reach the peer.
pub(in crate::admin) async fn test(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &PeerName,
) -> Result<Probed, Problem> {
    let operator = permitted.operator();
    let peer = view(call, name).await?;
    call.begin(permitted, "peer test", name.to_string()).await?;
    let probed = call.parts.control.probe(&peer.name).await;
    tracing::info!(peer = %name, %operator, reached = probed.reached, "peer tested");
    Ok(probed)
}

/// Adds a peer.
pub(in crate::admin) async fn add(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    order: AddOrder,
) -> Result<PeerView, Problem> {
    let name = order.name.clone();
    call.begin(permitted, "peer add", name.to_string()).await?;
    let new = NewPeer {
        name: order.name,
        address: order.address,
        relation: order.relation,
        policy: order.policy,
        networks: order.networks,
        pins: order.pins.into_iter().map(PinOrder::pin).collect::<Result<_, _>>()?,
    };
    call.parts.directory.add(new).await?;
    changed(call, permitted, &name, "added").await
}

/// Changes a peer.
pub(in crate::admin) async fn change(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &PeerName,
    order: ChangeOrder,
) -> Result<PeerView, Problem> {
    call.begin(permitted, "peer change", name.to_string()).await?;
    let change =
        PeerChange { address: order.address, relation: order.relation, policy: order.policy, networks: order.networks };
    call.parts.directory.change(name, change).await?;
    changed(call, permitted, name, "changed").await
}

/// Pins a key.
pub(in crate::admin) async fn pin(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &PeerName,
    order: PinOrder,
) -> Result<PeerView, Problem> {
    call.begin(permitted, "peer pin", name.to_string()).await?;
    let spki = call.parts.directory.pin(name, order.pin()?).await?;
    tracing::info!(peer = %name, %spki, "key pinned");
    changed(call, permitted, name, "pinned").await
}

/// Pins a key no longer.
pub(in crate::admin) async fn unpin(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &PeerName,
    spki: &Digest,
) -> Result<PeerView, Problem> {
    call.begin(permitted, "peer unpin", format!("{name} {spki}")).await?;
    call.parts.directory.unpin(name, spki).await?;
    tracing::info!(peer = %name, %spki, "key unpinned");
    changed(call, permitted, name, "unpinned").await
}

/// Withdraws the trust in a peer.
pub(in crate::admin) async fn revoke(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &PeerName,
    order: RevokeOrder,
) -> Result<PeerView, Problem> {
    call.begin(permitted, "peer revoke", name.to_string()).await?;
    call.parts.directory.revoke(name, &order.why).await?;
    changed(call, permitted, name, "revoked").await
}

/// Takes a peer off the list.
pub(in crate::admin) async fn remove(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: PeerName,
) -> Result<Removed, Problem> {
    call.begin(permitted, "peer remove", name.to_string()).await?;
    call.parts.directory.remove(&name).await?;
    let operator = permitted.operator();
    tracing::info!(peer = %name, %operator, act = "removed", "list of peers changed");
    Ok(Removed { removed: name })
}

/// Writes the edit into the log with whoever made it, and answers with the peer as it is now.
async fn changed(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &PeerName,
    act: &'static str,
) -> Result<PeerView, Problem> {
    let operator = permitted.operator();
    tracing::info!(peer = %name, %operator, act, "list of peers changed");
    view(call, name).await
}
