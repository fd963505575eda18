//! The outbox on two machines: each message arrives once and in order, whichever machine it was given to; a machine that is
//! killed costs nothing but a second try of what it was sending.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::machines::Machines;
use crate::harness::peer::{RidSystem, Scripted};
use crate::harness::{postgres, wait};

const NAMES: [&str; 2] = ["north", "south"];
const PEERS: usize = 5;
const DOCUMENT: &str = include_str!("../../../fixtures/coordination/call-structured-2.0.xml");

/// Peers that take what comes, each message after a while; while they are to hold their answers back, they give none.
async fn peers(machines: &Machines, pause: u64, hold: &Arc<AtomicBool>) -> Vec<RidSystem> {
    let mut peers = Vec::new();
    for number in 0..PEERS {
        let name = format!("peer{number}.example");
        let papers = machines.pki.issue(&name);
        let held = Arc::clone(hold);
        let system = RidSystem::start(&papers, &machines.pki.ca(), move |_| {
            if held.load(Ordering::SeqCst) {
                return Scripted::silence();
            }
            std::thread::sleep(std::time::Duration::from_millis(pause));
            Scripted::empty(200)
        })
        .await;
        // Whom one machine knows, the other does.
        machines.nodes[number % 2].knows_as(&name, &system.address.to_string(), "peer", &papers);
        peers.push(system);
    }
    let all = || "both machines know all peers".to_owned();
    wait::until(all, async || {
        for node in &machines.nodes {
            if node.ask("peers").await["peers"].as_array()?.len() < PEERS {
                return None;
            }
        }
        Some(())
    })
    .await;
    peers
}

/// Gives the machine a document for a peer.
async fn send(machines: &Machines, at: usize, peer: usize, number: usize) {
    let document = DOCUMENT
        .replace("2003-0125-2", &format!("lane-{}", number % 2))
        .replace("SQL Slammer", &format!("number {number};"));
    let order = json!({"peer": format!("peer{peer}.example"), "document": document});
    let client = ridd::admin::Client::new(machines.nodes[at].data().join("admin.sock"));
    let sent: Result<Value, _> = client.post("messages", &order).await;
    sent.unwrap_or_else(|error| panic!("{error}: {}", machines.nodes[at].log()));
}

impl Machines {
    /// Waits until whatever was sent is with its peer, who gives no answer; which of them has most under way, and how many.
    async fn busiest(&self, peers: &[RidSystem]) -> (usize, usize) {
        let count = |sql: &str| {
            let found = postgres::shared().unwrap().sql(&self.database, &format!("SELECT {sql} FROM ridd.parcels"));
            found.parse::<usize>().unwrap()
        };
        let claims =
            |at: usize| count(&format!("count(*) FILTER (WHERE state = 'claimed' AND holder LIKE '{}/%')", NAMES[at]));
        let shown = || format!("parcels under way; the log of {}:\n{}", NAMES[0], self.nodes[0].log());
        wait::until(shown, async || {
            let [north, south] = [0, 1].map(claims);
            let (more, at) = if north > south { (north, 0) } else { (south, 1) };
            let arrived: usize = peers.iter().map(|peer| peer.came().len()).sum();
            (more >= 2 && arrived == count("sum(attempts)")).then_some((at, more))
        })
        .await
    }
}

/// What came to a peer, by lane, in order.
fn came(peer: &RidSystem) -> BTreeMap<usize, Vec<usize>> {
    let mut lanes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for http in peer.came() {
        let text = http.text();
        let number = text.split_once("number ").and_then(|(_, rest)| rest.split_once(';')).map(|(number, _)| number);
        let number: usize = number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{text}"));
        lanes.entry(number % 2).or_default().push(number);
    }
    lanes
}

fn evens_and_odds(count: usize) -> BTreeMap<usize, Vec<usize>> {
    (0..2).map(|lane| (lane, (0..count).filter(|number| number % 2 == lane).collect())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_machines_deliver_each_message_once_and_in_order() {
    const EACH: usize = 24;
    let Some(machines) = Machines::start(&NAMES, &[]).await else { return };
    let peers = peers(&machines, 10, &Arc::default()).await;
    for number in 0..EACH {
        for peer in 0..PEERS {
            send(&machines, (number / 2 + peer) % 2, peer, number).await;
        }
    }
    for node in &machines.nodes {
        node.drained().await;
    }
    for (at, peer) in peers.iter().enumerate() {
        assert_eq!(came(peer), evens_and_odds(EACH), "peer{at}");
    }
    let lost = machines.lost(0) + machines.lost(1);
    eprintln!("{lost} batches of both lost a race, for {} messages", EACH * PEERS);
    assert!(lost < 30.0, "{lost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_killed_loses_no_message() {
    const EACH: usize = 16;
    let Some(mut machines) = Machines::start(&NAMES, &[("outbox", "claim = \"5s\"")]).await else { return };
    let hold = Arc::new(AtomicBool::new(true));
    let peers = peers(&machines, 40, &hold).await;
    for number in 0..EACH / 2 {
        for peer in 0..PEERS {
            // What the one was given is in the store before it is killed.
            send(&machines, peer % 2, peer, number).await;
        }
    }
    let (killed, under_way) = machines.busiest(&peers).await;
    let left = 1 - killed;
    machines.nodes[killed].kill9();
    hold.store(false, Ordering::SeqCst);
    for number in EACH / 2..EACH {
        for peer in 0..PEERS {
            send(&machines, left, peer, number).await;
        }
    }
    machines.nodes[left].drained().await;
    let mut twice = 0;
    for (at, peer) in peers.iter().enumerate() {
        for (lane, numbers) in came(peer) {
            let mut once = numbers.clone();
            once.dedup();
            twice += numbers.len() - once.len();
            assert_eq!(once, evens_and_odds(EACH)[&lane], "peer{at}, lane {lane}");
        }
    }
    assert!(twice >= under_way, "{under_way} were being sent by the one that was killed, and {twice} came twice");
    assert!(twice <= PEERS * 4, "only what was being sent is sent again: {twice}");
    eprintln!("{twice} messages were sent twice");
}
