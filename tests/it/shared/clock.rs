//! The clock of significant events on two machines: one judges; killed, the other takes over within five seconds; stopped, it
//! hands over at once; every milestone is judged once.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use super::machines::Machines;
use crate::harness::postgres::{Manner, Server};
use crate::harness::wait;

const NAMES: [&str; 2] = ["north", "south"];
/// One milestone each second.
const MILESTONES: u32 = 16;

const CALL: &str = include_str!("../../../fixtures/coordination/call-structured-2.0.xml");

fn plan() -> String {
    let step = |number: u32| {
        format!(
            "[[step]]\nmilestone = \"step-{number}\"\nafter = \"{number}s\"\nof = \"issue\"\nowner = \"cirt-watch\"\n\
             scope = \"event\"\nremind = \"0s\"\nprocedure = \"Wait.\"\n"
        )
    };
    let steps: String = (1..=MILESTONES).map(step).collect();
    format!("name = \"seconds\"\nanswer-within = \"10m\"\nquiet = \"1h\"\n{steps}")
}

/// The milestones that the log says are missed, and how often it says so.
async fn missed(machines: &Machines, at: usize, event: &str) -> BTreeMap<String, usize> {
    let log = machines.nodes[at].ask(&format!("events/{event}/log")).await;
    let entries = log["entries"].as_array().unwrap_or_else(|| panic!("{log:#}"));
    let mut missed = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry["kind"] == "missed") {
        let text = entry.to_string();
        let milestone = text.split("step-").nth(1).and_then(|rest| rest.split('"').next());
        *missed.entry(milestone.unwrap_or_else(|| panic!("{text}")).to_owned()).or_default() += 1;
    }
    missed
}

#[tokio::test(flavor = "multi_thread")]
async fn every_milestone_is_judged_once_though_the_machine_that_judges_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let (file, call) = (dir.path().join("plan.toml"), dir.path().join("call.xml"));
    fs::write(&file, plan()).unwrap();
    fs::write(&call, CALL).unwrap();
    let coordination = format!("plan = {:?}", file.to_str().unwrap());
    let Some(mut machines) = Machines::start(&NAMES, &[("coordination", &coordination)]).await else { return };
    let (judge, names) = (machines.clock(0).await, NAMES);
    assert_eq!(machines.clock(1).await, judge, "both say the same");
    let (first, second) = match machines.place(&names, &judge) {
        0 => (0, 1),
        _ => (1, 0),
    };

    let opened = machines.nodes[second].json(&["event", "open", call.to_str().unwrap(), "--issued", "now"]);
    let event = opened["id"].as_str().unwrap_or_else(|| panic!("{opened:#}")).to_owned();
    // Opened at the one, judged by the other.
    wait::until(
        || "four are missed".to_owned(),
        async || (missed(&machines, second, &event).await.len() >= 4).then_some(()),
    )
    .await;
    machines.nodes[first].kill9();
    let took = machines.until_clock(second, names[second]).await;
    assert!(took < Duration::from_secs(5), "taken over after {took:?}");
    eprintln!("the clock was taken over {took:?} after a kill");

    machines.nodes[first].restart();
    wait::until(
        || "eleven are missed".to_owned(),
        async || (missed(&machines, second, &event).await.len() >= 11).then_some(()),
    )
    .await;
    assert_eq!(machines.clock(first).await, names[second], "who comes back does not take it back");
    assert!(machines.nodes[second].term().success());
    let took = machines.until_clock(first, names[first]).await;
    assert!(took < Duration::from_secs(2), "handed over after {took:?}");
    let all = || "all are missed".to_owned();
    wait::until(all, async || (missed(&machines, first, &event).await.len() == MILESTONES as usize).then_some(()))
        .await;
    let missed = missed(&machines, first, &event).await;
    assert!(missed.values().all(|times| *times == 1), "{missed:?}");
    machines.nodes[first].ridd(&["audit", "verify"]);
    let status = machines.nodes[first].ridd(&["status"]);
    assert!(status.contains(&format!("this is {}", names[first])), "{status}");
}

/// The server is killed and comes back: the clock goes on by itself, at one of the machines.
#[tokio::test(flavor = "multi_thread")]
async fn the_clock_goes_on_when_the_server_is_back() {
    let Some(mut server) = Server::start(Manner::default()) else { return };
    let machines = Machines::on(&server, &NAMES, &[]).await;
    let fence = |server: &Server, database: &str| {
        let asked = "SELECT until FROM ridd.leases WHERE name = 'the clock of significant events'";
        server.sql(database, asked).parse::<i64>().unwrap()
    };
    let before = fence(&server, &machines.database);
    server.kill();
    tokio::time::sleep(Duration::from_secs(5)).await;
    server.begin();
    let back = std::time::Instant::now();
    let renewed = async || (fence(&server, &machines.database) > before).then_some(());
    wait::until(|| "somebody runs the clock again".to_owned(), renewed).await;
    eprintln!("the clock went on {:?} after the server was back", back.elapsed());
    let agreed = async || (machines.clock(0).await == machines.clock(1).await).then_some(());
    wait::until(|| "both say who".to_owned(), agreed).await;
}
