//! Operators over a real socket; who is on the other end is made up, for a test has one user only.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::net::UnixStream;

use super::super::api::audit::{ActList, ActView};
use super::super::api::messages::MessageView;
use super::super::api::operators::{OperatorList, OperatorView};
use super::super::api::peers::PeerList;
use super::super::api::status::Status;
use super::super::{Client, ClientError, Code, Problem};
use super::{Trial, trial_as};
use crate::store::records::Role;

pub(super) const ANN: u32 = 4_000_001;

thread_local! {
    /// Who connects next. The node of a test runs on the test's own thread.
    static USER: Cell<u32> = const { Cell::new(0) };
}

pub(super) fn become_user(user: u32) {
    USER.set(user);
}

pub(super) async fn trial() -> Trial {
    become_user(0);
    trial_as(Some(|_: &UnixStream| -> io::Result<u32> { Ok(USER.get()) })).await
}

pub(super) async fn add(client: &Client, role: Role) -> OperatorView {
    let user = USER.replace(0);
    let order = json!({ "user": ANN, "name": "ann", "role": role, "unit": null });
    let added = client.post("operators", &order).await.unwrap();
    become_user(user);
    added
}

/// Asks as root.
pub(super) async fn as_root<T>(asked: impl Future<Output = T>) -> T {
    let user = USER.replace(0);
    let answer = asked.await;
    become_user(user);
    answer
}

async fn acts(client: &Client) -> Vec<ActView> {
    let user = USER.replace(0);
    let list: ActList = client.get("audit/acts").await.unwrap();
    become_user(user);
    list.acts
}

pub(super) fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Problem {
    match answer {
        Err(ClientError::Problem(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

async fn code(client: &Client, role: Role, path: &str) -> Option<Code> {
    add(client, role).await;
    client.get::<serde_json::Value>(path).await.err().map(|error| refused::<()>(Err(error)).code)
}

#[tokio::test]
async fn a_user_is_let_in_by_an_administrator_and_only_so_far() {
    let trial = trial().await;
    let client = &trial.client;
    become_user(ANN);
    let stranger = refused(client.get::<Status>("status").await);
    assert_eq!(stranger.code, Code::NotPermitted);
    assert!(stranger.fix.contains(&format!("ridd operator add {ANN}")), "{stranger}");

    let added = add(client, Role::Viewer).await;
    assert_eq!((added.name.as_str(), added.by.as_str()), ("ann", "uid 0"));
    let _: PeerList = client.get("peers").await.unwrap();
    assert_eq!(refused(client.post::<MessageView>("messages", &json!({})).await).code, Code::NotPermitted);
    assert_eq!(refused(client.get::<ActList>("audit/acts").await).code, Code::NotPermitted);
    let grab = json!({ "user": ANN, "name": "ann", "role": "administrator" });
    assert_eq!(refused(client.post::<OperatorView>("operators", &grab).await).code, Code::NotPermitted);

    become_user(0);
    let list: OperatorList = client.get("operators").await.unwrap();
    assert_eq!(list.operators.iter().map(|one| one.role).collect::<Vec<_>>(), [Role::Viewer]);
    let _: OperatorView = client.delete("operators/ann").await.unwrap();
    assert_eq!(refused(client.delete::<OperatorView>("operators/ann").await).code, Code::NotFound);
    become_user(ANN);
    assert_eq!(refused(client.get::<PeerList>("peers").await).code, Code::NotPermitted);
}

#[tokio::test]
async fn what_each_role_sees() {
    let trial = trial().await;
    let client = &trial.client;
    become_user(ANN);
    for (role, status, peers, acts) in [
        (Role::Implementer, true, false, false),
        (Role::UnitContact, true, false, false),
        (Role::Viewer, true, true, false),
        (Role::Officer, true, true, false),
        (Role::Manager, true, true, true),
        (Role::Administrator, true, true, true),
    ] {
        for (path, may) in [("status", status), ("peers", peers), ("audit/acts", acts)] {
            let expected = (!may).then_some(Code::NotPermitted);
            assert_eq!(code(client, role, path).await, expected, "{role} {path}");
        }
    }
}

#[tokio::test]
async fn a_change_holds_on_a_connection_that_is_open() {
    let trial = trial().await;
    become_user(ANN);
    add(&trial.client, Role::Viewer).await;
    let stream = UnixStream::connect(trial.client.socket()).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, String>(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let get = || hyper::Request::get("/api/v1/peers").header("host", "x").body(String::new()).unwrap();
    assert_eq!(sender.send_request(get()).await.unwrap().status(), 200);
    become_user(0);
    let _: OperatorView = trial.client.delete("operators/ann").await.unwrap();
    sender.ready().await.unwrap();
    assert_eq!(sender.send_request(get()).await.unwrap().status(), 403);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn acts_leave_a_trail_with_their_outcome() {
    let trial = trial().await;
    let client = &trial.client;
    become_user(ANN);
    add(client, Role::Officer).await;
    let _: MessageView = client.post("messages", &json!({ "peer": "a.example", "document": "<x/>" })).await.unwrap();
    become_user(0);
    let _ = refused(client.post::<serde_json::Value>("reload", &()).await);
    let trail = acts(client).await;
    let words = trail.iter().map(|act| {
        let target = act.target.as_deref().unwrap_or("-");
        format!("{} {} {}: {target}: {}", act.operator, act.role, act.act, act.outcome)
    });
    let expected = [
        "uid 0 administrator reload: -: refused".to_owned(),
        "ann officer send: a.example: done".to_owned(),
        format!("uid 0 administrator operator add: ann (uid {ANN}), officer: done"),
    ];
    assert_eq!(words.collect::<Vec<_>>(), expected);
    for _ in 0..trial.parts.config.acts_kept {
        let _ = refused(client.post::<serde_json::Value>("reload", &()).await);
    }
    assert_eq!(acts(client).await.len(), trial.parts.config.acts_kept);
}

#[tokio::test]
async fn root_gets_in_when_the_table_says_otherwise() {
    let trial = trial().await;
    let client = &trial.client;
    let demoted = json!({ "user": 0, "name": "root", "role": "viewer" });
    assert_eq!(refused(client.post::<OperatorView>("operators", &demoted).await).code, Code::Refused);
    let named = json!({ "user": 0, "name": "Root of All", "role": "administrator" });
    let _: OperatorView = client.post("operators", &named).await.unwrap();
    let _: OperatorView = client.delete("operators/Root%20of%20All").await.unwrap();
    assert_eq!(acts(client).await[0].operator, "Root of All");
    let _: OperatorList = client.get("operators").await.unwrap();
}

#[tokio::test]
async fn one_user_cannot_hold_all_connections() {
    let trial = trial().await;
    become_user(ANN);
    let share = trial.parts.config.connections / 4;
    let mut held = Vec::new();
    for _ in 0..share {
        held.push(UnixStream::connect(trial.client.socket()).await.unwrap());
    }
    // One more than the share is closed without an answer; until the held ones are accepted, it may be answered.
    let closed = async {
        while !matches!(trial.client.get::<Status>("status").await, Err(ClientError::Broken { .. })) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed).await.unwrap();
    become_user(0);
    let _: Status = trial.client.get("status").await.unwrap();
}
