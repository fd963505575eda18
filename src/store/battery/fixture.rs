//! Stores that were written with an older layout: `fixtures/stores/`, one folder for each layout ever released.
//!
//! What a record gains later must read as nothing from them. `BLESS=1 cargo test --lib store::battery` writes the
//! folder of the present layout anew, which is right only while no release has written it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::Bench;
use crate::clock::Timestamp;
use crate::ids::{CallbackToken, Digest, EventId, MessageId, ParcelId, PeerName};
use crate::store::records::*;
use crate::store::{Batch, Column, Record, Scan, Store, Value};

const ID: &str = "0190c3a4-5b6c-7d8e-9fa0-b1c2d3e4f506";
const TIME: Timestamp = Timestamp::from_micros(1_043_468_940_000_000);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/stores/1")
}

fn id() -> MessageId {
    ID.parse().unwrap()
}

fn peer() -> PeerName {
    "cert.authority.example".parse().unwrap()
}

fn token() -> Option<CallbackToken> {
    "2f1c9a".parse().ok()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn message() -> Message {
    Message {
        id: id(),
        direction: Direction::In,
        peer: peer(),
        msg_type: "InvestigationRequest".to_owned(),
        incident_name: some("cert.authority.example"),
        incident_id: some("2003-0017"),
        instance: some("2"),
        restriction: some("need-to-know"),
        received: TIME,
        remote: some("192.0.2.1:49152"),
        certificate: Some(Digest::of(b"key")),
        size: 9_000,
        digest: Digest::of(&body().bytes),
        payload: some("iodef-2.0"),
        verdict: Verdict::Held,
        justification: None,
        status: None,
        proven: Some("{}".to_owned()),
        warnings: some("one finding\nanother"),
        answers: Some(id()),
        token: token(),
    }
}

fn body() -> Body {
    Body { id: id(), bytes: b"<System/>".repeat(1_000) }
}

fn request() -> Request {
    Request {
        message: id(),
        direction: Direction::In,
        peer: peer(),
        msg_type: "InvestigationRequest".to_owned(),
        incident_name: some("cert.authority.example"),
        incident_id: some("2003-0017"),
        instance: some("2"),
        state: RequestState::Pending,
        open: true,
        opened: TIME,
        due: None,
        token: token(),
        address: some("192.0.2.1:4590"),
        refused: 1,
        parent: Some(id()),
    }
}

fn parcel() -> Parcel {
    Parcel {
        id: ID.parse::<ParcelId>().unwrap(),
        kind: ParcelKind::Rid,
        recipient: "cert.authority.example".to_owned(),
        lane: "cert.authority.example 2003-0017".to_owned(),
        message: Some(id()),
        token: token(),
        address: some("192.0.2.1:4590"),
        state: ParcelState::Waiting,
        created: TIME,
        due: TIME,
        expires: TIME,
        attempts: 3,
        holder: None,
        held_until: None,
        reason: some("connection refused"),
    }
}

fn incident() -> Incident {
    Incident {
        name: "cert.authority.example".to_owned(),
        id: "2003-0017".to_owned(),
        restriction: some("need-to-know"),
        purpose: some("mitigation"),
        title: some("Wurm über UDP 1434"),
        opened: TIME,
        changed: TIME,
        instance: 2,
    }
}

fn known_peer() -> Peer {
    Peer {
        name: peer(),
        address: "rid.authority.example:4590".to_owned(),
        relation: Relation::Authority,
        state: PeerState::Active,
        policy: None,
        revoked_because: None,
        networks: some("192.0.2.0/24"),
        added: TIME,
        changed: TIME,
    }
}

fn pin() -> Pin {
    let certificate = Some(vec![0x30; 300]);
    Pin { peer: peer(), spki: Digest::of(b"key"), certificate, not_after: Some(TIME), added: TIME, uses: None }
}

fn lease() -> Lease {
    Lease { name: "clock".to_owned(), holder: "node".to_owned(), fence: 7, until: TIME }
}

fn once() -> Once {
    Once { digest: Digest::of(b"payload"), message: id() }
}

fn event_id() -> EventId {
    "SE-2003-01-25-1".parse().unwrap()
}

fn event() -> Event {
    Event {
        id: event_id(),
        state: EventState::Open,
        role: EventRole::Department,
        drill: true,
        title: "Wurm über UDP 1434".to_owned(),
        severity: some("high"),
        source: Some(peer()),
        issued: TIME,
        opened: TIME,
        changed: TIME,
        head: 1,
        watched: true,
        due: Some(TIME),
        // Not there in the first version.
        overdue: None,
        unanswered: None,
    }
}

fn log_entry() -> LogEntry {
    LogEntry {
        event: event_id(),
        number: 1,
        at: TIME,
        actor: "cert.authority.example".to_owned(),
        kind: "opened".to_owned(),
        entry: "{}".to_owned(),
        previous: Some(Digest::of(b"before")),
        digest: Digest::of(b"entry"),
    }
}

fn event_incident() -> EventIncident {
    EventIncident { name: incident().name, id: incident().id, event: event_id() }
}

fn advisory() -> Advisory {
    Advisory {
        vulnerability: "CVE-2002-0649".to_owned(),
        message: id(),
        peer: peer(),
        received: TIME,
        title: some("MS02-039"),
    }
}

fn notice() -> Notice {
    Notice {
        id: id(),
        event: Some(event_id()),
        about: "cirt-notified".to_owned(),
        person: "watch".to_owned(),
        channel: ParcelKind::Email,
        address: "watch@cirt.example".to_owned(),
        code: Digest::of(b"code"),
        // Not there in the first version.
        link: None,
        code_until: TIME,
        systems: some("sql1\nsql2"),
        state: NoticeState::Delivered,
        created: TIME,
        changed: TIME,
        reason: some("taken by mail.example"),
    }
}

fn system() -> System {
    System {
        name: "sql1.unit.example".to_owned(),
        unit: "rid.unit.example".to_owned(),
        owner: some("owner"),
        administrators: some("first\nsecond"),
        addresses: some("192.0.2.17"),
        cpes: some("cpe:2.3:a:microsoft:sql_server:2000:sp2:*:*:*:*:*:*"),
        note: some("in the cellar"),
        changed: TIME,
        by: "uid 0".to_owned(),
    }
}

fn patch() -> Patch {
    Patch {
        system: system().name,
        vulnerability: advisory().vulnerability,
        state: PatchState::Patched,
        at: TIME,
        by: "rid.unit.example".to_owned(),
        evidence: some("MS02-039 installed"),
    }
}

fn contact() -> Contact {
    Contact {
        id: "watch".to_owned(),
        name: "CIRT watch".to_owned(),
        unit: some("rid.unit.example"),
        place: "cirt-watch".to_owned(),
        details: "{}".to_owned(),
        imported: TIME,
    }
}

fn operator() -> LocalOperator {
    LocalOperator {
        user: 1000,
        name: "officer".to_owned(),
        role: Role::Officer,
        person: some("watch"),
        unit: some("rid.unit.example"),
        added: TIME,
        by: "uid 0".to_owned(),
    }
}

fn staff_act() -> StaffAct {
    StaffAct {
        id: id(),
        at: TIME,
        operator: "officer".to_owned(),
        user: 1000,
        role: Role::Officer,
        act: "message approved".to_owned(),
        target: some(ID),
        outcome: "done".to_owned(),
    }
}

async fn same<R: Record + PartialEq + std::fmt::Debug>(store: &Arc<dyn Store>, record: R) {
    let key = record.to_row().key(R::TABLE);
    let (found, revision) = store.find_revised::<R>(key).await.unwrap().unwrap();
    assert_eq!((found, revision), (record, 1));
    assert_eq!(store.count(R::TABLE).await.unwrap(), 1);
    for index in R::TABLE.indexes {
        assert_eq!(store.rows(Scan::of::<R>(9).by(index.name)).await.unwrap().len(), 1, "{}", index.name);
    }
}

pub(super) async fn a_store_of_the_first_layout_is_read(bench: Bench) {
    let store = bench.place.path().join("store");
    if std::env::var_os("BLESS").is_some() {
        bless(&bench).await;
    }
    match bench.scheme {
        "sqlite" => {
            fs::create_dir_all(&store).unwrap();
            crate::store::sqlite::fixture::load(&folder().join("sqlite.sql"), &store);
        }
        #[cfg(feature = "postgres")]
        "postgres" => drop(bench.sql(&fs::read_to_string(folder().join("postgres.sql")).unwrap())),
        _ => {
            fs::create_dir_all(&store).unwrap();
            for file in ["db", "conf"] {
                fs::copy(folder().join("sled").join(file), store.join(file)).unwrap();
            }
        }
    }
    let store = bench.open_with(TABLES).unwrap();
    same(&store, message()).await;
    same(&store, body()).await;
    same(&store, request()).await;
    same(&store, parcel()).await;
    same(&store, incident()).await;
    same(&store, known_peer()).await;
    same(&store, pin()).await;
    same(&store, lease()).await;
    same(&store, once()).await;
    same(&store, event()).await;
    same(&store, log_entry()).await;
    same(&store, event_incident()).await;
    same(&store, advisory()).await;
    same(&store, notice()).await;
    same(&store, system()).await;
    same(&store, patch()).await;
    same(&store, contact()).await;
    same(&store, operator()).await;
    same(&store, staff_act()).await;
    let by_incident = vec![incident().name.to_value(), incident().id.to_value(), Value::Int(TIME.micros())];
    let found: Vec<Message> = store.list(Scan::of::<Message>(9).by("by_incident").with(by_incident)).await.unwrap();
    assert_eq!(found, [message()]);
}

pub(in crate::store) fn one_of_each() -> Batch {
    let mut batch = Batch::new();
    batch.put(&message()).put(&body()).put(&request()).put(&parcel()).put(&incident()).put(&known_peer());
    batch.put(&pin()).put(&lease()).put(&once());
    batch.put(&event()).put(&log_entry()).put(&event_incident()).put(&advisory()).put(&notice());
    batch.put(&system()).put(&patch()).put(&contact()).put(&operator()).put(&staff_act());
    batch
}

async fn bless(bench: &Bench) {
    let store = bench.open_with(TABLES).unwrap();
    store.commit(one_of_each()).await.unwrap();
    drop(store);
    let store = bench.place.path().join("store");
    match bench.scheme {
        "sqlite" => {
            fs::create_dir_all(folder()).unwrap();
            crate::store::sqlite::fixture::save(&store, &folder().join("sqlite.sql"));
            fs::remove_dir_all(&store).unwrap();
        }
        #[cfg(feature = "postgres")]
        "postgres" => {
            fs::write(folder().join("postgres.sql"), bench.dump()).unwrap();
            bench.sql("DROP SCHEMA ridd CASCADE");
        }
        _ => {
            fs::create_dir_all(folder().join("sled")).unwrap();
            for file in ["db", "conf"] {
                fs::copy(store.join(file), folder().join("sled").join(file)).unwrap();
            }
            fs::remove_dir_all(&store).unwrap();
        }
    }
}
