//! One node is cut off from the database and the other is not.

use std::net::SocketAddr;
use std::time::Duration;

use super::load::Nodes;
use crate::harness::cable::Cable;
use crate::harness::postgres::{Manner, Server};
use crate::harness::wait;

/// A peer waits so long for its answer at most.
const BOUND: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_says_so_and_the_other_goes_on() {
    let Some(server) = Server::start(Manner { durable: false, tcp: true }) else { return };
    let database = server.database();
    let cable = Cable::to(SocketAddr::from(([127, 0, 0, 1], server.port()))).await;
    let url = |port: u16| format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable");
    let all = Nodes::on(&[url(server.port()), url(cable.address.port())]).await;
    let (well, cut) = (&all.nodes[0], &all.nodes[1]);
    let load = all.load();
    for _ in 0..2 {
        for node in &all.nodes {
            load.goes_on(node, 20).await;
        }
        cable.cut();
        load.is_refused(cut).await;
        wait::until(
            || "a node that says it is not ready".to_owned(),
            async || (cut.metric("ridd_ready") == 0.0).then_some(()),
        )
        .await;
        load.goes_on(well, 40).await;
        cable.mend();
        wait::until(
            || "a node that is ready again".to_owned(),
            async || (cut.metric("ridd_ready") == 1.0).then_some(()),
        )
        .await;
    }
    for node in &all.nodes {
        load.goes_on(node, 20).await;
    }
    assert!(load.slowest() < BOUND, "an answer took {:?}", load.slowest());
    let slowest = load.slowest();
    let acknowledged = all.judge(load).await;
    eprintln!("partition: {acknowledged} messages acknowledged, none lost; the slowest took {slowest:?}");
}
