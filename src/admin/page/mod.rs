//! The operators' pages: rendered here, on the node, and complete without script; one file per page, one row of
//! [`NAVIGATION`] and one line of [`dispatch`] each.
//!
//! `call` asks here for every address that is not of the API. A page takes its `Permitted` from `Call::permit` as a
//! handler of the API does, gets what it shows from the same functions, and carries out its forms by the same orders. Every
//! text goes through the template's escaping; nothing here writes HTML by hand.

pub(super) mod acknowledge;
pub(super) mod assets;
mod audit;
mod card;
mod count;
mod event;
mod frame;
mod inventory;
mod live;
mod messages;
mod now;
mod operators;
mod outbox;
mod peers;
mod roster;
mod status;
mod turn;
mod when;

use hyper::{Method, Response};

use super::auth::{Audit, ChangeNode, Follow, Look};
use super::call::Call;
use super::http::{Body, Reply, answer};
use super::problem::{Code, Problem};

pub(super) use frame::Frame;

/// One row of the navigation.
struct Row {
    address: &'static str,
    words: &'static str,
    /// Whether this operator can use the page.
    shown: fn(&Call<'_>) -> bool,
}

/// The pages in the order in which they are offered.
const NAVIGATION: &[Row] = &[
    // One row a page.
    Row { address: "/", words: "Now", shown: |call| call.may::<Follow>() },
    Row { address: "/events", words: "Events", shown: |call| call.may::<Follow>() },
    Row { address: "/messages", words: "Messages", shown: |call| call.may::<Look>() },
    Row { address: "/outbox", words: "Outbox", shown: |call| call.may::<Look>() },
    Row { address: "/peers", words: "Peers", shown: |call| call.may::<Look>() },
    Row { address: "/inventory", words: "Inventory", shown: |call| call.may::<Follow>() },
    Row { address: "/roster", words: "Roster", shown: |call| call.may::<Look>() },
    Row { address: "/audit", words: "Audit", shown: |call| call.may::<Audit>() },
    Row { address: "/operators", words: "Operators", shown: |call| call.may::<ChangeNode>() },
    Row { address: "/status", words: "Status", shown: |call| call.may::<Follow>() },
];

/// Answers a request for a page.
pub(super) async fn dispatch(call: &Call<'_>, method: &Method, path: &[&str]) -> Result<Reply, Problem> {
    match path {
        [""] => now::serve(call, method).await,
        ["live"] => live::serve(call, method).await,
        ["events", rest @ ..] => event::serve(call, method, rest).await,
        ["assets", name] => assets::serve(method, name),
        ["messages", rest @ ..] => messages::serve(call, method, rest).await,
        ["outbox", rest @ ..] => outbox::serve(call, method, rest).await,
        ["peers", rest @ ..] => peers::serve(call, method, rest).await,
        ["inventory", rest @ ..] => inventory::serve(call, method, rest).await,
        ["roster", rest @ ..] => roster::serve(call, method, rest).await,
        ["audit", rest @ ..] => audit::serve(call, method, rest).await,
        ["operators", rest @ ..] => operators::serve(call, method, rest).await,
        ["status"] => status::serve(call, method).await,
        _ => Err(no_such_page(path)),
    }
}

fn no_such_page(path: &[&str]) -> Problem {
    let message = format!("/{} is no page of this node", path.join("/"));
    Problem::new(Code::NoSuchPath, message, "go on with the navigation")
}

/// What went wrong, as a page.
#[derive(askama::Template)]
#[template(path = "problem.html")]
struct Trouble<'a> {
    frame: Frame,
    problem: &'a Problem,
}

/// The page that says what went wrong, with its status.
pub(super) fn problem(frame: Frame, problem: &Problem) -> Response<Body> {
    let page = Reply::page(&Trouble { frame, problem });
    answer(page.map(|page| page.status(problem.code.status())))
}
