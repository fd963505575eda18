//! Two nodes on one PostgreSQL under load, killed one after the other.

use super::load::Nodes;
use crate::harness::postgres::{Manner, Server};

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_either_node_loses_nothing_and_files_nothing_twice() {
    let Some(server) = Server::start(Manner::default()) else { return };
    let url = server.url("postgres", &server.database());
    let mut all = Nodes::on(&[url.clone(), url]).await;
    let load = all.load();
    for killed in [0, 1, 0] {
        for node in &all.nodes {
            load.goes_on(node, 20).await;
        }
        all.nodes[killed].kill9();
        load.goes_on(&all.nodes[1 - killed], 40).await;
        all.nodes[killed].restart();
    }
    for node in &all.nodes {
        load.goes_on(node, 20).await;
    }
    let slowest = load.slowest();
    let acknowledged = all.judge(load).await;
    eprintln!(
        "two nodes: {acknowledged} messages acknowledged, none lost, none filed twice; the slowest took {slowest:?}"
    );
}
