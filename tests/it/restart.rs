//! Kill -9 under load: what was acknowledged is there, nothing is filed twice, and what is to be relayed is relayed once.
//!
//! `RIDD_CRASH_ROUNDS` says how many rounds for each engine; 3 if unset. The documented proof takes 50.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, RidSystem, Scripted};
use crate::harness::pki::{Papers, Pki};
use crate::harness::report;
use crate::harness::wait;

/// Senders at once.
const SENDERS: usize = 8;

fn rounds() -> u64 {
    std::env::var("RIDD_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// What the senders know.
#[derive(Default)]
struct Ledger {
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<String>>,
    /// Sent, but the answer never came: may be filed or not, and is sent again.
    unsure: Mutex<Vec<String>>,
}

/// Sends Reports one after the other until the node is gone or `stop` says so.
async fn sender(address: SocketAddr, papers: Papers, ledger: Arc<Ledger>, stop: Arc<AtomicBool>) {
    let Ok(mut stream) = peer::connect(address, Some(&papers)).await else { return };
    while !stop.load(Ordering::SeqCst) {
        let again = ledger.unsure.lock().unwrap().pop();
        let number = again.unwrap_or_else(|| format!("crash-{}", ledger.next.fetch_add(1, Ordering::SeqCst)));
        match peer::post(&mut stream, &report::report(&number), None).await {
            Ok(answer) if answer.status() == 200 => {
                ledger.acknowledged.lock().unwrap().insert(number);
            }
            Ok(answer) => panic!("{number}: {}\n{}", answer.first, answer.text()),
            Err(_) => {
                ledger.unsure.lock().unwrap().push(number);
                return;
            }
        }
    }
}

async fn load(node: &Daemon, papers: &Papers, ledger: &Arc<Ledger>, stop: &Arc<AtomicBool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..SENDERS {
        tasks.spawn(sender(node.rid, papers.clone(), Arc::clone(ledger), Arc::clone(stop)));
    }
    tasks
}

/// A spread of numbers below `limit` without a clock or a seed: each round another.
fn spread(round: u64, limit: u64) -> u64 {
    (round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) % limit
}

async fn survives(engine: &str) {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Crash CA");
    let (authority, unit) = (pki.issue("authority.example"), pki.issue("unit.example"));
    let tokens = AtomicU64::new(0);
    let system = RidSystem::start(&unit, &pki.ca(), move |_| {
        let token = tokens.fetch_add(1, Ordering::SeqCst);
        Scripted { status: 202, fields: format!("RID-Callback-Token: token-{token}\r\n"), body: Vec::new() }
    })
    .await;
    let setup = Setup::named("cirt.example")
        .with("coordination", "opening = \"never\"")
        .on(engine)
        .with("admin", "list-limit = 1000000");
    let mut node = Daemon::start(setup, &pki);
    node.knows_as("authority.example", "127.0.0.1:1", "authority", &authority);
    node.knows_as("unit.example", &system.address.to_string(), "unit", &unit);
    let ledger = Arc::new(Ledger::default());
    let go_on = Arc::new(AtomicBool::new(false));
    for round in 0..rounds() {
        let mut tasks = load(&node, &authority, &ledger, &go_on).await;
        // However slow the machine, each round has a load; where in it the kill falls is as good as random.
        let enough = ledger.acknowledged.lock().unwrap().len() + 10 + spread(round, 40) as usize;
        wait::until(
            || "some load".to_owned(),
            async || (ledger.acknowledged.lock().unwrap().len() >= enough).then_some(()),
        )
        .await;
        tokio::time::sleep(Duration::from_micros(spread(round, 50_000))).await;
        node.kill9();
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        node.restart();
    }
    // One more load without a kill: everything unsure is settled.
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = load(&node, &authority, &ledger, &stop).await;
    wait::until(|| "no message unsure".to_owned(), async || ledger.unsure.lock().unwrap().is_empty().then_some(()))
        .await;
    stop.store(true, Ordering::SeqCst);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let acknowledged = ledger.acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() > 20, "too little load to prove anything: {}", acknowledged.len());
    judge(&node, &system, &acknowledged).await;
    eprintln!(
        "{engine}: {} rounds, {} messages acknowledged, none lost, none filed twice",
        rounds(),
        acknowledged.len()
    );
}

/// Compares what the node has and what arrived at the unit with what was acknowledged.
async fn judge(node: &Daemon, system: &RidSystem, acknowledged: &BTreeSet<String>) {
    wait::until(
        || "an empty outbox".to_owned(),
        async || {
            let list = node.ask("outbox?limit=1000000").await;
            list["parcels"].as_array().is_some_and(Vec::is_empty).then_some(())
        },
    )
    .await;
    let list = node.ask("messages?limit=1000000").await;
    let messages = list["messages"].as_array().cloned().unwrap_or_default();
    let count = |direction: &str, msg_type: &str| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let of_kind = |message: &&Value| message["direction"] == direction && message["msg_type"] == msg_type;
        for message in messages.iter().filter(of_kind) {
            *counts.entry(message["incident"]["id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        counts
    };
    let filed = count("in", "Report");
    for number in acknowledged {
        assert_eq!(filed.get(number), Some(&1), "{number} was acknowledged");
    }
    assert!(filed.values().all(|count| *count == 1), "filed twice: {filed:?}");
    let relayed = count("out", "InvestigationRequest");
    assert_eq!(relayed, filed, "each that is filed is relayed once");
    let mut arrived: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for request in system.came() {
        let text = request.text();
        let number = filed.keys().find(|number| text.contains(&format!(">{number}<"))).expect("an incident of ours");
        arrived.entry(number.clone()).or_default().insert(request.body);
    }
    assert_eq!(arrived.len(), filed.len(), "each that is filed has arrived");
    assert!(arrived.values().all(|bodies| bodies.len() == 1), "the same bytes, however often they were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_under_load_loses_nothing_on_sqlite() {
    survives("sqlite").await;
}

#[cfg(feature = "sled")]
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_under_load_loses_nothing_on_sled() {
    survives("sled").await;
}
