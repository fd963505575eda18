//! A few nodes that know each other, and the parcels between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;

use crate::clock::{Clock, ManualClock, Timestamp};
use crate::coordination::chain::Head;
use crate::coordination::state::State;
use crate::coordination::{Config, Coordination, CoordinationParts, Process};
use crate::envelope::testing::NoKeys;
use crate::envelope::{self, Limits, Source};
use crate::exchange::{self, Answer, Arrival, Exchange, ExchangeParts, Neighbours, Post, PostParts, Sending};
use crate::ids::{EventId, PeerName};
use crate::inventory::{self, Format, Inventory};
use crate::outbox::{self, Load, NoticeText, Outbox, Replies, Reply};
use crate::peers::{Admitted, MsgType, Peer, PeerState, Relation};
use crate::roster::Rosters;
use crate::routing;
use crate::store::records::{Body, Event, Message, Parcel, ParcelKind, ParcelState};
use crate::store::{self, Column, Record, Scan, Store};
use crate::telemetry::Metrics;

/// Ten minutes after the call of the fixture was issued.
pub(super) const NOW: &str = "2003-01-25T08:10:00Z";

pub(super) fn name(text: &str) -> PeerName {
    text.parse().unwrap()
}

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

fn peer(text: &str, relation: Relation) -> Arc<Peer> {
    let now = Timestamp::parse(NOW).unwrap();
    Arc::new(Peer {
        name: name(text),
        address: "127.0.0.1:4590".to_owned(),
        relation,
        state: PeerState::Active,
        policy: None,
        networks: None,
        revoked_because: None,
        added: now,
        changed: now,
    })
}

/// One node.
pub(super) struct Node {
    pub(super) coordination: Arc<Coordination>,
    pub(super) store: Arc<dyn Store>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) metrics: Arc<Metrics>,
    peers: Vec<Arc<Peer>>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) rosters: Arc<Rosters>,
    _directory: Option<TempDir>,
}

impl Node {
    pub(super) async fn new(
        own: &str,
        peers: &[(&str, Relation)],
        (systems, roster): (&str, &str),
        config: Config,
    ) -> Self {
        Self::reading(own, peers, (systems, roster), config, Limits::default()).await
    }

    /// A node that reads messages under these limits.
    pub(super) async fn reading(
        own: &str,
        peers: &[(&str, Relation)],
        (systems, roster): (&str, &str),
        config: Config,
        limits: Limits,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("store").display());
        let store = store::open(&store::Config::at(url)).unwrap();
        let node = Self::over(store, own, peers, (systems, roster), config, limits).await;
        Self { _directory: Some(directory), ..node }
    }

    /// A node on that store, which others may share.
    pub(super) async fn over(
        store: Arc<dyn Store>,
        own: &str,
        peers: &[(&str, Relation)],
        (systems, roster): (&str, &str),
        config: Config,
        limits: Limits,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::parse(NOW).unwrap()));
        let metrics = Metrics::new();
        let outbox = Outbox::new(store.clone(), outbox::Config::default(), clock.clone(), metrics.clone()).unwrap();
        let peers: Vec<Arc<Peer>> = peers.iter().map(|(name, relation)| peer(name, *relation)).collect();
        let post = Post::new(PostParts {
            store: store.clone(),
            outbox: outbox.clone(),
            neighbours: Arc::new(Known { own: name(own), peers: peers.clone() }),
            config: exchange::Config::default(),
            limits,
            envelope: envelope::Config::default(),
            keyring: Arc::new(NoKeys),
        });
        let inventory = Inventory::new(store.clone(), inventory::Config::default(), clock.clone());
        if !systems.is_empty() {
            inventory.import(Bytes::from(systems.to_owned()), Format::Csv, false, "officer").await.unwrap();
        }
        let rosters = Rosters::open(store.clone()).await.unwrap();
        if !roster.is_empty() {
            rosters.import(roster, false, "officer", clock.now()).await.unwrap();
        }
        let coordination = Coordination::new(CoordinationParts {
            store: store.clone(),
            outbox: outbox.clone(),
            postman: post.clone(),
            inventory: inventory.clone(),
            rosters: rosters.clone(),
            reading: post.reading().clone(),
            plan: config.read_plan().unwrap(),
            config,
            clock: clock.clone(),
            metrics: metrics.clone(),
            links: None,
        });
        let exchange = Exchange::new(ExchangeParts {
            post,
            process: coordination.clone(),
            routing: routing::Config::default(),
            clock: clock.clone(),
            metrics: metrics.clone(),
        });
        Self { coordination, store, outbox, exchange, clock, metrics, peers, inventory, rosters, _directory: None }
    }

    pub(super) async fn receive(&self, from: &str, body: Bytes, parcel: &Parcel) -> Answer {
        let peer = self.peers.iter().find(|peer| peer.name == name(from)).unwrap();
        let arrival = Arrival {
            admitted: Admitted::assumed(Peer::clone(peer)),
            remote: "127.0.0.1:50000".parse().unwrap(),
            token: parcel.token.clone(),
            body,
            at: self.clock.now(),
        };
        self.exchange.receive(arrival).await
    }

    pub(super) async fn send(&self, to: &str, msg_type: MsgType, document: &str) {
        let sending = Sending {
            to: Some(name(to)),
            document: Bytes::from(document.to_owned()),
            msg_type: Some(msg_type),
            source_of_incident: None,
            answers: None,
            source: Source::default(),
            readers: Vec::new(),
        };
        self.exchange.send(sending, "officer").await.unwrap();
    }

    pub(super) async fn all<R: Record>(&self) -> Vec<R> {
        self.store.list(Scan::of::<R>(10_000)).await.unwrap()
    }

    pub(super) async fn waiting(&self) -> Vec<Parcel> {
        let mut parcels = self.all::<Parcel>().await;
        parcels.retain(|parcel| parcel.state == ParcelState::Waiting);
        parcels
    }

    pub(super) async fn body(&self, parcel: &Parcel) -> Bytes {
        let key = vec![parcel.message.clone().unwrap().to_value()];
        self.store.find::<Body>(key).await.unwrap().unwrap().bytes.into()
    }

    /// The parcel was taken, with this reply.
    pub(super) async fn delivered(&self, parcel: &Parcel, reply: &Reply) {
        let load = Load { parcel: parcel.clone(), bytes: self.body(parcel).await };
        let mut entered = self.exchange.enter(&load, reply).await.unwrap();
        entered.batch.put(&Parcel { state: ParcelState::Delivered, ..parcel.clone() });
        self.store.commit(entered.batch).await.unwrap();
        entered.hold.unwrap().committed();
    }

    /// Takes all notices off the outbox as their channels would: who was told, and the codes.
    pub(super) async fn told(&self) -> Vec<(String, NoticeText)> {
        let mut told = Vec::new();
        for parcel in self.waiting().await {
            if parcel.kind != ParcelKind::Rid {
                told.push((parcel.recipient.clone(), NoticeText::read(&self.body(&parcel).await).unwrap()));
                self.delivered(&parcel, &Reply::noted("taken")).await;
            }
        }
        told
    }

    /// The only event of this node.
    pub(super) async fn event(&self) -> EventId {
        let events = self.all::<Event>().await;
        assert_eq!(events.len(), 1, "{events:?}");
        events[0].id.clone()
    }

    /// How many entries the log of the only event has; its chain is whole.
    pub(super) async fn chained(&self) -> i64 {
        let mut head = Head::default();
        for logged in self.coordination.log(&self.event().await).await.unwrap() {
            head.follow(&logged.record).unwrap();
        }
        head.number
    }

    pub(super) async fn state(&self) -> Arc<State> {
        self.coordination.state(&self.event().await).await.unwrap()
    }

    /// The kinds of the entries of the only event, with who caused each.
    pub(super) async fn log(&self) -> Vec<String> {
        let log = self.coordination.log(&self.event().await).await.unwrap();
        log.iter().map(|one| format!("{} {}", one.record.actor, one.record.kind)).collect()
    }

    /// The messages as (direction, peer, type, verdict).
    pub(super) async fn journal(&self) -> Vec<String> {
        let line = |m: &Message| {
            let instance = m.instance.as_deref().map(|instance| format!("-{instance}")).unwrap_or_default();
            let status = m.status.as_deref().map(|status| format!(" {status}")).unwrap_or_default();
            format!("{} {} {}{instance}{status} {}", m.direction, m.peer, m.msg_type, m.verdict)
        };
        self.all::<Message>().await.iter().map(line).collect()
    }
}

/// All nodes, by name.
pub(super) type Nodes = BTreeMap<&'static str, Node>;

/// Carries all messages between the nodes until nothing waits.
pub(super) async fn carry(nodes: &Nodes) {
    for _ in 0..100 {
        let mut carried = false;
        for (own, node) in nodes {
            for parcel in node.waiting().await {
                let Some(other) = nodes.get(parcel.recipient.as_str()) else { continue };
                let body = node.body(&parcel).await;
                let answer = other.receive(own, body, &parcel).await;
                assert!(answer.status < 300, "{own} -> {}: {answer:?}", parcel.recipient);
                let reply = Reply {
                    status: answer.status,
                    token: answer.token,
                    body: answer.body,
                    remote: Some("127.0.0.1:4590".to_owned()),
                    note: None,
                };
                node.delivered(&parcel, &reply).await;
                carried = true;
            }
        }
        if !carried {
            return;
        }
    }
    panic!("the nodes never come to rest");
}

/// Lets time pass on all nodes, and does what is due then.
pub(super) async fn pass(nodes: &Nodes, span: Duration) {
    for node in nodes.values() {
        node.clock.advance(span);
        node.coordination.tick(node.clock.now(), None).await;
    }
}
