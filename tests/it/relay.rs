//! Relay over real nodes: there and back, around in a circle, and past a hop that is dead for a while.

use serde_json::Value;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::Pki;
use crate::harness::wait;

const CALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data-call/slammer-2.0.xml");

fn is(message: &Value, direction: &str, msg_type: &str) -> bool {
    message["direction"] == direction && message["msg_type"] == msg_type
}

/// A node that opens no events: it relays by its rules alone.
fn relaying(name: &str) -> Setup {
    Setup::named(name).with("coordination", "opening = \"never\"")
}

/// Three nodes in a row; each knows its neighbours.
fn row(pki: &Pki) -> [Daemon; 3] {
    let nodes = ["authority.example", "cirt.example", "unit.example"].map(|name| Daemon::start(relaying(name), pki));
    let [authority, department, unit] = &nodes;
    authority.knows(department, "peer");
    department.knows(authority, "authority");
    department.knows(unit, "unit");
    unit.knows(department, "parent");
    nodes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_down_and_its_result_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Relay CA");
    let [authority, department, unit] = row(&pki);
    authority.ridd(&["send", "cirt.example", CALL, "--type", "investigation-request"]);
    let request = unit.message("the request", |message| is(message, "in", "InvestigationRequest")).await;
    assert_eq!(request["incident"]["id"], "2003-0125-1");
    let completion = dir.path().join("completion.xml");
    std::fs::write(
        &completion,
        std::fs::read_to_string(CALL).unwrap().replace("status=\"new\"", "status=\"resolved\""),
    )
    .unwrap();
    let id = request["id"].as_str().unwrap();
    unit.ridd(&["send", "cirt.example", completion.to_str().unwrap(), "--type", "result", "--answers", id]);
    department.message("the unit's result", |message| is(message, "in", "Result")).await;
    let result = authority.message("the result", |message| is(message, "in", "Result")).await;
    assert_eq!(result["incident"]["id"], "2003-0125-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_is_refused_where_it_closes() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Circle CA");
    let nodes = ["a.example", "b.example", "c.example"].map(|name| Daemon::start(relaying(name), &pki));
    for (at, node) in nodes.iter().enumerate() {
        node.knows(&nodes[(at + 1) % 3], "unit");
        node.knows(&nodes[(at + 2) % 3], "authority");
    }
    let [a, b, c] = &nodes;
    a.ridd(&["send", "b.example", CALL, "--type", "investigation-request"]);
    b.message("the call", |message| is(message, "in", "InvestigationRequest")).await;
    c.message("the call", |message| is(message, "in", "InvestigationRequest")).await;
    let closing = a.message("the call, come round", |message| is(message, "in", "InvestigationRequest")).await;
    assert_eq!(closing["verdict"], "denied", "{closing}");
    // Whatever follows from the refusal ends, too.
    for node in &nodes {
        node.drained().await;
        let requests =
            node.messages().await.iter().filter(|message| is(message, "out", "InvestigationRequest")).count();
        assert_eq!(requests, 1, "{} relays once", node.setup.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_hop_cannot_take_waits_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Dead hop CA");
    let [authority, mut department, mut unit] = row(&pki);
    unit.kill9();
    authority.ridd(&["send", "cirt.example", CALL, "--type", "investigation-request"]);
    let parcel = wait::until(
        || "the parcel at the department".to_owned(),
        async || {
            let list = department.ask("outbox").await;
            let parcels = list["parcels"].as_array()?.clone();
            parcels.into_iter().find(|parcel| {
                parcel["recipient"] == "unit.example"
                    && parcel["state"] == "waiting"
                    && parcel["attempts"].as_i64() > Some(1)
            })
        },
    )
    .await;
    let why = parcel["why"].as_str().unwrap_or_default();
    let port = unit.rid.port().to_string();
    assert!(why.contains("Next try at") && why.contains(&port), "{why}");
    // It also survives the department.
    department.kill9();
    department.restart();
    unit.restart();
    unit.message("the request", |message| is(message, "in", "InvestigationRequest")).await;
    department.drained().await;
}
