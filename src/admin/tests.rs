//! The API over a real socket, with a real store, directory and outbox, and with a fake exchange and node.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::api::incidents::{IncidentDetail, IncidentList};
use super::api::messages::{MessageDetail, MessageList, MessageView};
use super::api::node::Reloaded;
use super::api::outbox::{ParcelList, ParcelView};
use super::api::peers::{PeerList, PeerView, Probed, Removed};
use super::api::status::Status;
use super::*;
use crate::clock::{ManualClock, SystemClock};
use crate::ids::{Digest, IncidentName, MessageId, PeerName};
use crate::outbox::NewParcel;
use crate::peers::bootstrap;
use crate::roster::Rosters;
use crate::store::records::{Body, Direction, EventRole, Incident, Message, Verdict};
use crate::store::{self, Batch, metered};

/// Orders that reached the exchange, and a node that is ready or not.
#[derive(Default)]
struct Fake {
    orders: Mutex<Vec<String>>,
    unready: Mutex<Option<String>>,
}

fn message(peer: &str, number: i64) -> Message {
    let third = number % 3 == 0;
    Message {
        id: MessageId::fresh(),
        direction: Direction::In,
        peer: peer.parse().unwrap(),
        msg_type: if third { "InvestigationRequest" } else { "Report" }.to_owned(),
        incident_name: Some("csirt#one.example".to_owned()),
        incident_id: Some("1".to_owned()),
        instance: None,
        restriction: None,
        received: Timestamp::from_micros(number * 1_000_000),
        remote: None,
        certificate: None,
        size: 6,
        digest: Digest::of(b"<RID/>"),
        payload: None,
        verdict: if third { Verdict::Held } else { Verdict::Accepted },
        justification: None,
        warnings: Some("one\ntwo".to_owned()),
        answers: None,
        token: None,
        status: None,
        proven: None,
    }
}

#[async_trait]
impl Staff for Fake {
    async fn send(&self, order: SendOrder, operator: &str) -> Result<Message, Problem> {
        self.orders.lock().unwrap().push(format!("{operator} sends {} bytes", order.document.len()));
        Ok(message("a.example", 1))
    }

    async fn query(&self, order: QueryOrder, operator: &str) -> Result<Message, Problem> {
        self.orders.lock().unwrap().push(format!("{operator} asks {} about {}", order.peer, order.incident));
        Ok(message("a.example", 1))
    }

    async fn decide(&self, id: MessageId, order: DecideOrder, operator: &str) -> Result<Message, Problem> {
        self.orders.lock().unwrap().push(format!("{operator} decides {id}: {}", order.approve));
        Ok(message("a.example", 1))
    }
}

#[async_trait]
impl Control for Fake {
    async fn reload(&self) -> Result<Reloaded, Vec<String>> {
        Err(vec!["ridd.toml:3: bogus: unknown key".to_owned()])
    }

    async fn probe(&self, peer: &PeerName) -> Probed {
        Probed { reached: false, failed: Some("DNS".to_owned()), why: format!("{peer} has no address") }
    }

    fn config(&self) -> Value {
        json!({ "admin": {} })
    }

    fn ready(&self) -> Result<(), String> {
        self.unready.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn warnings(&self) -> Vec<String> {
        vec!["something runs out".to_owned()]
    }
}

struct Trial {
    dir: TempDir,
    fake: Arc<Fake>,
    desk: Arc<desk::Desk>,
    parts: Arc<Parts>,
    client: Client,
    listen: std::net::SocketAddr,
    page: std::net::SocketAddr,
    clock: Arc<ManualClock>,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

async fn trial() -> Trial {
    trial_as(None).await
}

/// With another answer to who is on the other end than the kernel's.
async fn trial_as(user: Option<fn(&tokio::net::UnixStream) -> std::io::Result<u32>>) -> Trial {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemClock.now();
    let moved = Arc::new(ManualClock::at(now));
    let clock: Arc<dyn Clock> = moved.clone();
    let data = dir.path().join("data");
    bootstrap(&data, &"node.example".parse().unwrap(), now).unwrap();
    let store = store::open(&store::Config::default().resolved(&data)).unwrap();
    let peers = crate::peers::Config::default().resolved(&data);
    let metrics = Metrics::new();
    let store = metered(store, metrics.clone());
    let directory = Directory::open(store.clone(), &peers, clock.clone()).await.unwrap();
    let outbox = Outbox::new(store.clone(), Default::default(), clock.clone(), metrics.clone()).unwrap();
    let listen = Some(([127, 0, 0, 1], 0).into());
    let page = PageConfig { listen, connections: 16, ..PageConfig::default() };
    let config = Config { listen, body_limit: 4_096, connections: 8, acts_kept: 40, page, ..Config::default() };
    let config = config.resolved(&data);
    let fake = Arc::new(Fake::default());
    let (staff, control) = (fake.clone(), fake.clone());
    let desk = Arc::new(desk::Desk::new(EventRole::Department, "node.example"));
    let officers = desk.clone();
    let mut bound = bind(&config).await.unwrap();
    bound.users.ask = user.unwrap_or(bound.users.ask);
    let (client, listen) = (Client::new(bound.socket()), bound.listen().unwrap());
    let page = bound.page().unwrap();
    let rosters = Rosters::open(store.clone()).await.unwrap();
    let inventory = Inventory::new(store.clone(), Default::default(), clock.clone());
    let parts = Parts {
        config,
        started: now,
        clock,
        store,
        directory,
        outbox,
        reading: Reading::default(),
        rosters,
        inventory,
        staff,
        officers,
        control,
        metrics,
    };
    let parts = Arc::new(parts);
    let (stop, stopped) = watch::channel(false);
    let served = tokio::spawn(serve(parts.clone(), bound, stopped));
    Trial { dir, fake, desk, parts, client, listen, page, clock: moved, stop, served }
}

impl Trial {
    async fn code<T>(&self, answer: Result<T, ClientError>) -> Code {
        match answer {
            Err(ClientError::Problem(problem)) => problem.code,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("should have been refused"),
        }
    }

    /// Files messages number 1 to `count`, one a second; every third comes from b.example and is held.
    async fn file(&self, count: i64) -> Vec<MessageId> {
        let mut ids = Vec::new();
        let mut batch = Batch::new();
        for number in 1..=count {
            let message = message(if number % 3 == 0 { "b.example" } else { "a.example" }, number);
            batch.insert(&message);
            batch.insert(&Body { id: message.id.clone(), bytes: b"<RID/>".to_vec() });
            ids.push(message.id);
        }
        batch.insert(&Incident {
            name: "csirt#one.example".to_owned(),
            id: "1".to_owned(),
            restriction: None,
            purpose: Some("mitigation".to_owned()),
            title: None,
            opened: Timestamp::from_micros(1_000_000),
            changed: Timestamp::from_micros(count * 1_000_000),
            instance: 0,
        });
        self.parts.store.commit(batch).await.unwrap();
        ids
    }
}

mod cursors;
mod description;
mod desk;
mod door;
mod event_pages;
mod events;
mod keeping;
mod lists;
mod operators;
mod pages;
mod proofs;

#[tokio::test]
async fn peers_are_managed_over_the_socket() {
    let trial = trial().await;
    let client = &trial.client;
    let certificate = fs::read_to_string(trial.dir.path().join("data/pki/node.pem")).unwrap();
    let order = json!({ "name": "a.example", "address": "a.example:4590", "relation": "unit",
                        "networks": ["192.0.2.0/24"], "pins": [{ "spki": "a".repeat(64) }] });
    let added: PeerView = client.post("peers", &order).await.unwrap();
    assert_eq!((added.address.as_str(), added.pins.len()), ("a.example:4590", 1));
    assert_eq!(trial.code(client.post::<PeerView>("peers", &order).await).await, Code::Conflict);

    let wrong = json!({ "certificate": certificate });
    assert_eq!(trial.code(client.post::<PeerView>("peers/a.example/pins", &wrong).await).await, Code::Refused);
    let pinned: PeerView = client.post("peers/a.example/pins", &json!({ "spki": "b".repeat(64) })).await.unwrap();
    assert_eq!(pinned.pins.len(), 2);
    let unpinned: PeerView = client.delete(&format!("peers/a.example/pins/{}", "a".repeat(64))).await.unwrap();
    assert_eq!(unpinned.pins[0].spki.as_str(), "b".repeat(64));

    let change = json!({ "address": "192.0.2.1:4590", "policy": { "iodef": "1.0" } });
    let changed: PeerView = client.patch("peers/a.example", &change).await.unwrap();
    assert_eq!(changed.address, "192.0.2.1:4590");
    assert_eq!(changed.networks, ["192.0.2.0/24"]);
    assert_eq!(changed.policy.iodef.as_str(), "1.0");

    let probed: Probed = client.post("peers/a.example/test", &()).await.unwrap();
    assert_eq!(probed.failed.as_deref(), Some("DNS"));
    let revoked: PeerView = client.post("peers/a.example/revocation", &json!({ "why": "key lost" })).await.unwrap();
    assert_eq!(revoked.revoked_because.as_deref(), Some("key lost"));
    let none: PeerList = client.get("peers?state=active").await.unwrap();
    assert!(none.peers.is_empty());
    let removed: Removed = client.delete("peers/a.example").await.unwrap();
    assert_eq!(removed.removed.as_str(), "a.example");
    assert_eq!(trial.code(client.get::<PeerView>("peers/a.example").await).await, Code::NotFound);
}

#[tokio::test]
async fn messages_are_listed_newest_first_and_filtered() {
    let trial = trial().await;
    let client = &trial.client;
    // More than a page of the store, so that a filter has to turn pages.
    let ids = trial.file(700).await;
    let all: MessageList = client.get("messages?limit=1000").await.unwrap();
    assert_eq!((all.messages.len(), all.more), (700, false));
    assert_eq!(all.messages[0].id, ids[699]);
    assert_eq!(all.messages[0].warnings, ["one", "two"]);
    let some: MessageList = client.get("messages?limit=700").await.unwrap();
    assert!(!some.more);
    let some: MessageList = client.get("messages?limit=5").await.unwrap();
    assert_eq!((some.messages.len(), some.more), (5, true));
    assert_eq!(some.filed, 700);
    let held: MessageList = client.get("messages?limit=1000&verdict=held").await.unwrap();
    assert_eq!(held.messages.len(), 233);
    for filter in ["peer=b.example", "type=investigation-request", "peer=b.example&type=InvestigationRequest"] {
        let list: MessageList = client.get(&format!("messages?limit=1000&{filter}")).await.unwrap();
        assert_eq!(list.messages, held.messages, "{filter}");
    }
    // Page by page the same, with a last page that is not full.
    let (mut turned, mut cursor) = (Vec::new(), None);
    loop {
        let asked = [("limit", Some("100".to_owned())), ("verdict", Some("held".to_owned())), ("cursor", cursor)];
        let list: MessageList = client.get(&with_parameters("messages", &asked)).await.unwrap();
        assert_eq!(list.more, list.next.is_some());
        turned.extend(list.messages);
        cursor = list.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(turned, held.messages);
    let incident = path(["incidents", "csirt#one.example#1"]);
    let detail: IncidentDetail = client.get(&format!("{incident}?limit=3")).await.unwrap();
    assert_eq!(detail.messages.iter().map(|message| &message.id).collect::<Vec<_>>(), [&ids[0], &ids[1], &ids[2]]);
    assert!(detail.more);
    let about = with_parameters("messages", &[("incident", Some("csirt#one.example#1".to_owned()))]);
    let between = format!("{about}&after=1970-01-01T00:00:10Z&before=1970-01-01T00:00:13Z");
    let list: MessageList = client.get(&between).await.unwrap();
    assert_eq!(list.messages.iter().map(|message| &message.id).collect::<Vec<_>>(), [&ids[11], &ids[10], &ids[9]]);
    let incidents: IncidentList = client.get("incidents").await.unwrap();
    assert_eq!(incidents.incidents.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let trial = trial().await;
    let client = &trial.client;
    let unknown = MessageId::fresh();
    for (path, code) in [
        ("messages?lmit=5", Code::BadRequest),
        ("messages?limit=many", Code::BadRequest),
        ("messages?before=yesterday", Code::BadRequest),
        ("messages?cursor=%5B5%5D", Code::BadRequest),
        ("messages/5", Code::BadRequest),
        (&*format!("messages/{unknown}"), Code::NotFound),
        (&*format!("messages/{unknown}/body"), Code::NotFound),
        ("incidents/one%231", Code::NotFound),
        ("incidents/one", Code::BadRequest),
        ("outbox/5", Code::BadRequest),
        ("weather", Code::NoSuchPath),
        ("status/weather", Code::NoSuchPath),
        ("reload", Code::WrongMethod),
        ("peers/%ff", Code::BadRequest),
    ] {
        assert_eq!(trial.code(client.get::<Value>(path).await).await, code, "{path}");
    }
    assert_eq!(trial.code(client.post::<Value>("status", &()).await).await, Code::WrongMethod);
    assert_eq!(trial.code(client.post::<Value>("messages", &"x".repeat(5_000)).await).await, Code::TooLarge);
    assert_eq!(trial.code(client.post::<Value>("messages", &"x").await).await, Code::BadRequest);
    let Err(ClientError::Problem(problem)) = client.post::<Reloaded>("reload", &()).await else { panic!() };
    assert!(problem.message.contains("ridd.toml:3"), "{problem}");
}

#[tokio::test]
async fn bodies_are_exported_byte_for_byte_and_orders_name_their_operator() {
    let trial = trial().await;
    let client = &trial.client;
    let ids = trial.file(3).await;
    assert_eq!(client.bytes(&format!("messages/{}/body", ids[2])).await.unwrap(), "<RID/>");
    let detail: MessageDetail = client.get(&format!("messages/{}", ids[2])).await.unwrap();
    assert_eq!(detail.message.incident, Some(IncidentName { name: "csirt#one.example".into(), id: "1".into() }));
    let deny = DecideOrder { approve: false, justification: None };
    let _: MessageView = client.post(&format!("messages/{}/decision", ids[2]), &deny).await.unwrap();
    let order = json!({ "peer": "a.example", "document": "<x/>" });
    let _: MessageView = client.post("messages", &order).await.unwrap();
    let order = json!({ "peer": "a.example", "incident": { "name": "one", "id": "1" } });
    let _: MessageView = client.post("queries", &order).await.unwrap();
    let uid = std::os::unix::fs::MetadataExt::uid(&fs::metadata(trial.dir.path()).unwrap());
    let said = [format!("decides {}: false", ids[2]), "sends 4 bytes".into(), "asks a.example about one#1".into()];
    assert_eq!(*trial.fake.orders.lock().unwrap(), said.map(|said| format!("uid {uid} {said}")));
}

#[tokio::test]
async fn the_outbox_says_why() {
    let trial = trial().await;
    let client = &trial.client;
    let message = trial.file(1).await.remove(0);
    let mut batch = Batch::new();
    let new = NewParcel::rid(&"a.example".parse().unwrap(), None, message.clone());
    let id = trial.parts.outbox.post(&mut batch, new).unwrap();
    trial.parts.store.commit(batch).await.unwrap();
    let list: ParcelList = client.get("outbox").await.unwrap();
    assert!(list.parcels[0].why.as_ref().is_some_and(|why| why.contains("its turn")), "{list:?}");
    let detail: MessageDetail = client.get(&format!("messages/{message}")).await.unwrap();
    assert_eq!(detail.parcels[0].id, id);
    let status: Status = client.get("status").await.unwrap();
    assert_eq!((status.outbox["waiting"], status.messages, status.name.as_str()), (1, 1, "node.example"));
    let cancelled: ParcelView = client.post(&format!("outbox/{id}/cancel"), &()).await.unwrap();
    assert_eq!(cancelled.state.as_str(), "cancelled");
    let again = client.post::<ParcelView>(&format!("outbox/{id}/cancel"), &()).await;
    assert_eq!(trial.code(again).await, Code::Conflict);
    let retried: ParcelView = client.post(&format!("outbox/{id}/retry"), &()).await.unwrap();
    assert_eq!(retried.state.as_str(), "waiting");
}

async fn ask_health(trial: &Trial, head: &str) -> String {
    let mut stream = TcpStream::connect(trial.listen).await.unwrap();
    stream.write_all(format!("{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_listener_serves_figures_and_nothing_else() {
    let trial = trial().await;
    assert!(ask_health(&trial, "GET /healthz").await.starts_with("HTTP/1.1 200"));
    assert!(ask_health(&trial, "GET /readyz").await.ends_with("ready\n"));
    *trial.fake.unready.lock().unwrap() = Some("the disk is full".to_owned());
    let unready = ask_health(&trial, "GET /readyz").await;
    assert!(unready.starts_with("HTTP/1.1 503") && unready.ends_with("the disk is full\n"), "{unready}");
    let status: Status = trial.client.get("status").await.unwrap();
    assert_eq!((status.ready, status.unready.as_deref()), (false, Some("the disk is full")));
    assert!(ask_health(&trial, "GET /metrics").await.contains("# TYPE ridd_"));
    assert!(ask_health(&trial, "GET /api/v1/status").await.starts_with("HTTP/1.1 404"));
    assert!(ask_health(&trial, "POST /metrics").await.starts_with("HTTP/1.1 405"));
}

#[tokio::test]
async fn the_socket_is_private_and_goes_with_the_node() {
    let trial = trial().await;
    let socket = trial.client.socket().to_owned();
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(bind(&trial.parts.config).await, Err(BindError::InUse { .. })));
    trial.stop.send(true).unwrap();
    trial.served.await.unwrap();
    assert!(!socket.exists());
    let gone = trial.client.get::<Value>("status").await;
    assert!(matches!(gone, Err(ClientError::Unreachable { .. })));
}

#[tokio::test]
async fn a_dead_nodes_socket_is_replaced_but_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config { listen: None, ..Config::default() }.resolved(dir.path());
    drop(UnixListener::bind(&config.socket).unwrap());
    assert!(Path::new(&config.socket).exists());
    let bound = bind(&config).await.unwrap();
    assert_eq!(bound.listen(), None);
    drop(bound);
    fs::remove_file(&config.socket).unwrap();
    fs::write(&config.socket, "not a socket").unwrap();
    assert!(matches!(bind(&config).await, Err(BindError::NoSocket { .. })));
    assert_eq!(fs::read(&config.socket).unwrap(), b"not a socket");
}
