//! kill -9 while the store commits: nothing that was acknowledged is lost, nothing is there twice or by half.
//!
//! Each round starts this test binary again as a child that commits numbered messages through sixteen tasks and prints
//! each number when its commit has returned; kills it at a random moment; and looks into the store. `RIDD_CRASH_ROUNDS`
//! says how many rounds (default 5; before a release 50).
//!
//! A killed process leaves what it has written in the kernel's memory, so this says nothing about a power cut:
//! `store_power` does.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ridd::clock::Timestamp;
use ridd::ids::{Digest, MessageId};
use ridd::store::records::{Body, Direction, Incident, Message, Once, Verdict};
use ridd::store::{self, Batch, Column, Config, Record, Scan, Store};
use uuid::Uuid;

#[cfg(feature = "postgres")]
use crate::harness::postgres::{Manner, Server};

const URL: &str = "RIDD_TEST_STORE_URL";
const FIRST: &str = "RIDD_TEST_STORE_FIRST";
const LAST: &str = "RIDD_TEST_STORE_LAST";
const TASKS: &str = "RIDD_TEST_STORE_TASKS";
const CSIRT: &str = "crash.example";

/// A random number below `end`.
pub(crate) fn random(end: u64) -> u64 {
    u64::from_le_bytes(Uuid::new_v4().into_bytes()[..8].try_into().unwrap()) % end
}

/// The child's command: commits the numbers from `first` to `last` and prints each when it is durable.
pub(crate) fn committing(url: &str, first: i64, last: i64, tasks: u64) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "store_crash::the_child", "--nocapture", "--quiet"]);
    child.env(URL, url).env(FIRST, first.to_string()).env(LAST, last.to_string()).env(TASKS, tasks.to_string());
    child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    child
}

/// The number in a line of the child, if it is one; the test harness prints lines of its own.
pub(crate) fn acknowledged(line: &str) -> Option<i64> {
    line.strip_prefix("acknowledged ")?.parse().ok()
}

/// The bytes of message `number`: long and short ones, some that cannot be compressed.
fn bytes(number: i64) -> Vec<u8> {
    let length = [40, 700, 4_000, 9_000, 70_000][usize::try_from(number % 5).unwrap()];
    let mut state = number.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    if number % 3 == 0 {
        (0..length).map(|_| noise()).collect()
    } else {
        format!("<Report n=\"{number}\"/>").repeat(length / 20).into_bytes()
    }
}

fn digest(number: i64) -> Digest {
    Digest::of(&number.to_le_bytes())
}

fn batch(number: i64) -> Batch {
    let id = MessageId::fresh();
    let bytes = bytes(number);
    let mut batch = Batch::new();
    batch.insert(&Incident {
        name: CSIRT.to_owned(),
        id: number.to_string(),
        restriction: None,
        purpose: None,
        title: None,
        opened: Timestamp::from_micros(number),
        changed: Timestamp::from_micros(number),
        instance: 1,
    });
    batch.insert(&Once { digest: digest(number), message: id.clone() });
    batch.put(&Message {
        id: id.clone(),
        direction: Direction::In,
        peer: "unit.example".parse().unwrap(),
        msg_type: "Report".to_owned(),
        incident_name: Some(CSIRT.to_owned()),
        incident_id: Some(number.to_string()),
        instance: Some("1".to_owned()),
        restriction: None,
        received: Timestamp::from_micros(number),
        remote: None,
        certificate: None,
        size: i64::try_from(bytes.len()).unwrap(),
        digest: Digest::of(&bytes),
        payload: None,
        verdict: Verdict::Accepted,
        justification: None,
        warnings: None,
        answers: None,
        token: None,
        status: None,
        proven: None,
    });
    batch.put(&Body { id, bytes });
    batch
}

/// Not a test by itself: what the child does. Without the environment it does nothing.
#[test]
fn the_child() {
    let Ok(url) = std::env::var(URL) else { return };
    let number = |name| std::env::var(name).unwrap().parse::<i64>().unwrap();
    let (first, last, tasks) = (number(FIRST), number(LAST), number(TASKS));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = store::open(&Config::at(url)).unwrap();
        let next = Arc::new(AtomicI64::new(first));
        let mut working = tokio::task::JoinSet::new();
        for _ in 0..tasks {
            let (store, next) = (Arc::clone(&store), Arc::clone(&next));
            working.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number > last {
                        return;
                    }
                    store.commit(batch(number)).await.unwrap();
                    // In one write, so that a line is there whole or not at all.
                    std::io::stdout().write_all(format!("acknowledged {number}\n").as_bytes()).unwrap();
                }
            });
        }
        working.join_all().await;
    });
}

/// Opens the store and checks that every acknowledged number is there once and whole, and that what else is there is
/// whole too. How many there are.
pub(crate) async fn inspect(url: &str, acknowledged: &BTreeSet<i64>) -> u64 {
    let store = store::open(&Config::at(url)).unwrap_or_else(|why| panic!("the store does not open: {why}"));
    let messages: Vec<Message> = store.list(Scan::of::<Message>(usize::MAX)).await.unwrap();
    let mut there = BTreeSet::new();
    for message in &messages {
        let number: i64 = message.incident_id.as_deref().unwrap().parse().unwrap();
        assert!(there.insert(number), "{number} is there twice");
        whole(&store, number, message).await;
    }
    let lost: Vec<_> = acknowledged.difference(&there).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    for table in [Message::TABLE, Body::TABLE, Incident::TABLE, Once::TABLE] {
        assert_eq!(store.count(table).await.unwrap(), there.len() as u64, "{}", table.name);
    }
    // The store still takes new ones.
    let mut batch = Batch::new();
    let mark = Incident { id: format!("mark {}", Uuid::new_v4()), ..incident(&store, messages.first()).await };
    batch.insert(&mark);
    store.commit(batch).await.unwrap();
    let mut batch = Batch::new();
    batch.delete::<Incident>(vec![mark.name.to_value(), mark.id.to_value()]);
    store.commit(batch).await.unwrap();
    there.len() as u64
}

async fn whole(store: &Arc<dyn Store>, number: i64, message: &Message) {
    let body: Body = store.find(vec![message.id.to_value()]).await.unwrap().unwrap();
    assert!(body.bytes == bytes(number), "the bytes of {number}");
    assert_eq!(message.digest, Digest::of(&body.bytes));
    let once: Once = store.find(vec![digest(number).to_value()]).await.unwrap().unwrap();
    assert_eq!(once.message, message.id);
    let by_incident = Scan::of::<Message>(9).by("by_incident");
    let prefix = vec![CSIRT.to_owned().to_value(), number.to_string().to_value()];
    let found: Vec<Message> = store.list(by_incident.with(prefix.clone())).await.unwrap();
    assert_eq!(found.as_slice(), std::slice::from_ref(message));
    assert!(store.find::<Incident>(prefix).await.unwrap().is_some());
}

async fn incident(store: &Arc<dyn Store>, message: Option<&Message>) -> Incident {
    let number = message.and_then(|message| message.incident_id.clone());
    let key = vec![CSIRT.to_owned().to_value(), number.unwrap_or_default().to_value()];
    store.find(key).await.unwrap().unwrap_or_else(|| Incident {
        name: CSIRT.to_owned(),
        id: String::new(),
        restriction: None,
        purpose: None,
        title: None,
        opened: Timestamp::from_micros(0),
        changed: Timestamp::from_micros(0),
        instance: 1,
    })
}

fn rounds() -> u64 {
    std::env::var("RIDD_CRASH_ROUNDS").map_or(5, |rounds| rounds.parse().expect("RIDD_CRASH_ROUNDS is a number"))
}

async fn survives(scheme: &str) {
    let place = tempfile::tempdir().unwrap();
    survives_at(&url(scheme, place.path())).await;
}

async fn survives_at(url: &str) {
    let mut acknowledged_numbers = BTreeSet::new();
    for round in 0..rounds() {
        let first = i64::try_from(round).unwrap() * 1_000_000 + 1;
        let mut child = committing(url, first, i64::MAX - 100, 16).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Every fifth child dies while it opens the store, or soon after.
        let until = if round % 5 == 4 { 0 } else { 1 + random(400) };
        let mut seen = 0;
        if seen == until {
            child.kill().unwrap();
        }
        for line in lines.map_while(Result::ok) {
            let Some(number) = acknowledged(&line) else { continue };
            acknowledged_numbers.insert(number);
            seen += 1;
            if seen == until {
                child.kill().unwrap();
            }
        }
        let status = child.wait().unwrap();
        assert!(!status.success(), "the child must have been killed, not have ended: {status}");
        let there = inspect(url, &acknowledged_numbers).await;
        assert!(there >= acknowledged_numbers.len() as u64);
    }
    assert!(!acknowledged_numbers.is_empty());
}

pub(crate) fn url(scheme: &str, place: &Path) -> String {
    format!("{scheme}:{}", place.join("store").display())
}

#[tokio::test]
async fn sqlite_survives_kill_9() {
    survives("sqlite").await;
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn sled_survives_kill_9() {
    survives("sled").await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_survives_kill_9_of_the_node() {
    let Some(server) = Server::start(Manner { durable: true, ..Manner::default() }) else { return };
    survives_at(&server.url("postgres", &server.database())).await;
}

/// The server ends at a random moment, and starts again while the node goes on committing.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_survives_the_end_of_the_server() {
    let Some(mut server) = Server::start(Manner { durable: true, ..Manner::default() }) else { return };
    let url = server.url("postgres", &server.database());
    let patience = std::time::Duration::from_secs(2);
    let store = store::open(&Config { statement_timeout: patience, ..Config::at(url.clone()) }).unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..i64::try_from(rounds()).unwrap() {
        let mut working = tokio::task::JoinSet::new();
        for task in 0..16 {
            let store = Arc::clone(&store);
            working.spawn(async move {
                let first = round * 1_000_000 + task * 10_000;
                let mut done = Vec::new();
                for number in first.. {
                    match store.commit(batch(number)).await {
                        Ok(()) => done.push(number),
                        Err(_) => return done,
                    }
                }
                done
            });
        }
        tokio::time::sleep(std::time::Duration::from_millis(50 + random(300))).await;
        server.kill();
        acknowledged.extend(working.join_all().await.into_iter().flatten());
        server.begin();
    }
    drop(store);
    let there = inspect(&url, &acknowledged).await;
    assert!(!acknowledged.is_empty() && there >= acknowledged.len() as u64);
}
