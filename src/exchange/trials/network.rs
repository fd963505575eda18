//! A few nodes that know each other, and the parcels between them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use crate::clock::{Clock, ManualClock, Timestamp};
use crate::coordination::{Idle, Process};
use crate::envelope::testing::NoKeys;
use crate::envelope::{
    self, Carried, Draft, Envelopes, IncidentId, Keyring, Limits, MsgDestination, Opened, Reading, Standard,
};
use crate::exchange::{Answer, Arrival, Config, Exchange, ExchangeParts, Neighbours, Post, PostParts};
use crate::ids::{CallbackToken, IncidentName, PeerName};
use crate::outbox::{self, Load, Outbox, Replies, Reply};
use crate::peers::{Admitted, MsgType, Peer, PeerState, Relation};
use crate::routing;
use crate::store::records::{Body, Message, Parcel, ParcelState};
use crate::store::{self, Batch, Column, Record, Scan, Store};
use crate::telemetry::Metrics;

pub(super) const NOW: Timestamp = Timestamp::from_micros(1_043_472_600_000_000);

pub(super) fn name(text: &str) -> PeerName {
    text.parse().unwrap()
}

/// The peers of one node, fixed.
struct Known {
    own: PeerName,
    peers: Vec<Arc<Peer>>,
}

impl Neighbours for Known {
    fn own_name(&self) -> PeerName {
        self.own.clone()
    }

    fn peer(&self, name: &PeerName) -> Option<Arc<Peer>> {
        self.peers.iter().find(|peer| peer.name == *name).cloned()
    }

    fn peers(&self) -> Vec<Arc<Peer>> {
        self.peers.clone()
    }
}

pub(super) fn peer(text: &str, relation: Relation, networks: Option<&str>) -> Peer {
    Peer {
        name: name(text),
        address: "127.0.0.1:4590".to_owned(),
        relation,
        state: PeerState::Active,
        policy: None,
        networks: networks.map(str::to_owned),
        revoked_because: None,
        added: NOW,
        changed: NOW,
    }
}

pub(super) fn envelopes() -> Envelopes {
    Envelopes::new(Arc::new(NoKeys), Reading::default(), envelope::Config::default())
}

/// One node.
pub(super) struct Node {
    pub(super) exchange: Arc<Exchange>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<ManualClock>,
    peers: Vec<Arc<Peer>>,
    _directory: TempDir,
}

impl Node {
    pub(super) fn new(own: &str, peers: Vec<Peer>) -> Self {
        Self::with(own, peers, Config::default(), routing::Config::default())
    }

    pub(super) fn with(own: &str, peers: Vec<Peer>, config: Config, routing: routing::Config) -> Self {
        Self::keyed(own, peers, config, routing, Arc::new(NoKeys))
    }

    pub(super) fn keyed(
        own: &str,
        peers: Vec<Peer>,
        config: Config,
        routing: routing::Config,
        keyring: Arc<dyn Keyring>,
    ) -> Self {
        Self::whole(own, peers, (config, routing), keyring, Arc::new(Idle::default())).0
    }

    /// A node with that process of significant events, and its post.
    pub(super) fn processing(own: &str, peers: Vec<Peer>, process: Arc<dyn Process>) -> (Self, Arc<Post>) {
        Self::whole(own, peers, (Config::default(), routing::Config::default()), Arc::new(NoKeys), process)
    }

    fn whole(
        own: &str,
        peers: Vec<Peer>,
        (config, routing): (Config, routing::Config),
        keyring: Arc<dyn Keyring>,
        process: Arc<dyn Process>,
    ) -> (Self, Arc<Post>) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("store").display());
        let store = store::open(&store::Config::at(url)).unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let metrics = Metrics::new();
        let outbox = Outbox::new(store.clone(), outbox::Config::default(), clock.clone(), metrics.clone()).unwrap();
        let peers: Vec<Arc<Peer>> = peers.into_iter().map(Arc::new).collect();
        let neighbours = Arc::new(Known { own: name(own), peers: peers.clone() });
        let (limits, envelope) = (Limits::default(), envelope::Config::default());
        let post = Post::new(PostParts { store: store.clone(), outbox, neighbours, config, limits, envelope, keyring });
        let exchange =
            Exchange::new(ExchangeParts { post: Arc::clone(&post), process, routing, clock: clock.clone(), metrics });
        (Self { exchange, store, clock, peers, _directory: directory }, post)
    }

    /// What the node answers when that peer posts this.
    pub(super) async fn post(&self, from: &str, body: Bytes, token: Option<CallbackToken>) -> Answer {
        let sender = name(from);
        let peer = self.peers.iter().find(|peer| peer.name == sender).unwrap();
        let arrival = Arrival {
            admitted: Admitted::assumed(Peer::clone(peer)),
            remote: "127.0.0.1:50000".parse::<SocketAddr>().unwrap(),
            token,
            body,
            at: self.clock.now(),
        };
        self.exchange.receive(arrival).await
    }

    /// All records of one kind, in the order of their keys.
    pub(super) async fn all<R: Record>(&self) -> Vec<R> {
        self.store.list(Scan::of::<R>(10_000)).await.unwrap()
    }

    pub(super) async fn waiting(&self) -> Vec<Parcel> {
        let mut parcels = self.all::<Parcel>().await;
        parcels.retain(|parcel| parcel.state == ParcelState::Waiting);
        parcels
    }

    pub(super) async fn load(&self, parcel: &Parcel) -> Load {
        let key = vec![parcel.message.clone().unwrap().to_value()];
        let body = self.store.find::<Body>(key).await.unwrap().unwrap();
        Load { parcel: parcel.clone(), bytes: body.bytes.into() }
    }

    /// The messages in the order of receipt and making, as (direction, peer, type, verdict).
    pub(super) async fn journal(&self) -> Vec<String> {
        let messages = self.all::<Message>().await;
        let line = |m: &Message| {
            let instance = m.instance.as_deref().map(|instance| format!("-{instance}")).unwrap_or_default();
            let status = m.status.as_deref().map(|status| format!(" {status}")).unwrap_or_default();
            format!("{} {} {}{instance}{status} {}", m.direction, m.peer, m.msg_type, m.verdict)
        };
        messages.iter().map(line).collect()
    }

    /// What a parcel's delivery changes here, once the other side has answered.
    pub(super) async fn delivered(&self, parcel: &Parcel, reply: Reply) {
        let load = self.load(parcel).await;
        let mut batch: Batch = self.exchange.enter(&load, &reply).await.unwrap().batch;
        let mut parcel = parcel.clone();
        parcel.state = ParcelState::Delivered;
        batch.put(&parcel);
        self.store.commit(batch).await.unwrap();
    }
}

pub(super) fn reply(answer: &Answer) -> Reply {
    let remote = Some("127.0.0.1:4590".to_owned());
    Reply { status: answer.status, token: answer.token.clone(), body: answer.body.clone(), remote, note: None }
}

/// Carries all parcels between the nodes until nothing waits.
pub(super) async fn carry_all(nodes: &HashMap<&str, Node>) {
    for _ in 0..100 {
        let mut carried = false;
        for (own, node) in nodes {
            for parcel in node.waiting().await {
                let load = node.load(&parcel).await;
                let answer = match nodes.get(parcel.recipient.as_str()) {
                    Some(other) => other.post(own, load.bytes, parcel.token.clone()).await,
                    None => continue,
                };
                assert!(answer.status < 300, "{own} -> {}: {answer:?}", parcel.recipient);
                node.delivered(&parcel, reply(&answer)).await;
                carried = true;
            }
        }
        if !carried {
            return;
        }
    }
    panic!("the nodes never come to rest");
}

/// An IODEF 2.0 document about that incident.
pub(super) fn document(id: &str, purpose: &str, restriction: &str) -> Bytes {
    format!(
        "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\" version=\"2.00\" xml:lang=\"en\">\
         <Incident purpose=\"{purpose}\" restriction=\"{restriction}\">\
         <IncidentID name=\"csirt.example\">{id}</IncidentID>\
         <GenerationTime>2003-01-25T05:30:00Z</GenerationTime>\
         <Description>worm on 1434/udp</Description>\
         <Contact role=\"creator\" type=\"organization\"><ContactName>CSIRT</ContactName></Contact>\
         </Incident></IODEF-Document>"
    )
    .into()
}

pub(super) fn draft(msg_type: MsgType, id: &str, instance: Option<&str>) -> Draft {
    Draft {
        msg_type,
        to: name("us.example"),
        address: Some("127.0.0.1".parse().unwrap()),
        destination: MsgDestination::RidSystem,
        incident: Some(IncidentId {
            incident: IncidentName { name: "csirt.example".to_owned(), id: id.to_owned() },
            instance: instance.map(str::to_owned),
        }),
        restriction: None,
        regions: vec!["PeerToPeer".to_owned()],
        traffic: vec!["Attack".to_owned()],
        status: None,
        source: None,
        payload: None,
        readers: Vec::new(),
    }
}

pub(super) fn bytes_of(draft: &Draft) -> Bytes {
    envelopes().seal(draft).unwrap().bytes
}

/// A message with a document about that incident.
pub(super) fn message(msg_type: MsgType, id: &str, instance: Option<&str>, purpose: &str) -> Bytes {
    let bytes = document(id, purpose, "need-to-know");
    let payload = Some(Carried { standard: Standard::Iodef2, bytes, namespaces: Vec::new(), signatures: Vec::new() });
    let source = (msg_type == MsgType::Result).then(envelope::IncidentSource::default);
    bytes_of(&Draft { payload, source, ..draft(msg_type, id, instance) })
}

pub(super) fn opened(body: &Bytes) -> Opened {
    envelopes().open(&name("us.example"), body.clone()).unwrap()
}

/// The Acknowledgement in an answer, as `Denied CannotProcess`.
pub(super) fn status(body: &Bytes) -> String {
    let opened = opened(body);
    assert_eq!(opened.content().type_word, "Acknowledgement");
    let status = opened.content().status.unwrap();
    let justification = status.justification.map(|word| format!(" {word}")).unwrap_or_default();
    format!("{}{justification}", status.authorization)
}
