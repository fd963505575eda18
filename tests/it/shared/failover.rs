//! PostgreSQL dies under the nodes: it is started again, or its standby takes its place.

use std::time::Duration;

use super::load::Nodes;
use crate::harness::postgres::{Manner, Server};

/// A peer waits so long for its answer at most, whatever has become of the database (RFC 6546 §3: about thirty seconds).
const BOUND: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_postgresql_loses_nothing_and_the_nodes_go_on_by_themselves() {
    let Some(mut server) = Server::start(Manner { durable: true, tcp: false }) else { return };
    let url = server.url("postgres", &server.database());
    let all = Nodes::on(&[url.clone(), url]).await;
    let load = all.load();
    for _ in 0..2 {
        for node in &all.nodes {
            load.goes_on(node, 20).await;
        }
        server.kill();
        for node in &all.nodes {
            load.is_refused(node).await;
        }
        server.begin();
    }
    for node in &all.nodes {
        load.goes_on(node, 20).await;
    }
    assert!(load.slowest() < BOUND, "an answer took {:?}", load.slowest());
    let slowest = load.slowest();
    let acknowledged = all.judge(load).await;
    eprintln!("PostgreSQL killed twice: {acknowledged} messages acknowledged, none lost; the slowest took {slowest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standby_has_everything_that_was_acknowledged() {
    let manner = Manner { durable: true, tcp: true };
    let Some(mut primary) = Server::start(manner) else { return };
    let database = primary.database();
    let standby = primary.standby();
    // From now on nothing is acknowledged that the standby does not have.
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.sql("postgres", "SELECT pg_reload_conf()");
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", primary.port(), standby.port());
    let url = format!("postgres://postgres@{hosts}/{database}?sslmode=disable");
    let all = Nodes::on(&[url.clone(), url]).await;
    let load = all.load();
    for node in &all.nodes {
        load.goes_on(node, 30).await;
    }
    primary.kill();
    for node in &all.nodes {
        load.is_refused(node).await;
    }
    standby.promote();
    for node in &all.nodes {
        load.goes_on(node, 30).await;
    }
    assert!(load.slowest() < BOUND, "an answer took {:?}", load.slowest());
    let slowest = load.slowest();
    let acknowledged = all.judge(load).await;
    eprintln!("failover: {acknowledged} messages acknowledged, none lost; the slowest took {slowest:?}");
}
