//! The API, version 1: one file per noun, mirroring the address tree below `/api/v1/`.
//!
//! Each noun's file holds the JSON types that the command line reads too, and one `serve` that takes the rest of the
//! address, which `description` has let in with its method and its parameters. A handler gets its `Permitted` from `Call::permit` and hands it on, so that none runs unchecked.

pub mod audit;
pub(super) mod description;
pub mod events;
pub mod incidents;
pub mod inventory;
mod listing;
pub mod messages;
pub mod node;
pub mod notices;
pub mod operators;
pub mod outbox;
pub mod peers;
pub mod roster;
pub mod status;
pub mod store;

use hyper::Method;

use super::call::Call;
use super::http::Reply;
use super::problem::{Code, Problem};

/// Answers what stands below `/api/v1/`.
pub(super) async fn dispatch(call: &Call<'_>, method: &Method, path: &[&str]) -> Result<Reply, Problem> {
    let ["api", "v1", rest @ ..] = path else { return Err(no_such_path(path)) };
    description::admit(call, method, rest)?;
    match rest {
        ["openapi.json"] => description::serve(call),
        ["status"] => status::serve(call).await,
        ["peers", rest @ ..] => peers::serve(call, method, rest).await,
        ["messages", rest @ ..] => messages::serve(call, method, rest).await,
        ["queries"] => messages::serve_queries(call).await,
        ["incidents", rest @ ..] => incidents::serve(call, method, rest).await,
        ["inventory", rest @ ..] => inventory::serve(call, method, rest).await,
        ["outbox", rest @ ..] => outbox::serve(call, method, rest).await,
        ["events", rest @ ..] => events::serve(call, method, rest).await,
        ["notices", rest @ ..] => notices::serve(call, method, rest).await,
        ["operators", rest @ ..] => operators::serve(call, method, rest).await,
        ["roster", rest @ ..] => roster::serve(call, method, rest).await,
        ["audit", rest @ ..] => audit::serve(call, method, rest).await,
        ["reload"] => node::serve_reload(call).await,
        ["config"] => node::serve_config(call),
        ["store", "backup"] => store::serve_backup(call).await,
        _ => Err(no_such_path(path)),
    }
}

fn no_such_path(path: &[&str]) -> Problem {
    let message = format!("/{} is no address of this API", path.join("/"));
    Problem::new(
        Code::NoSuchPath,
        message,
        "/api/v1/openapi.json lists them; is the command of the node's own version?",
    )
}

pub(super) fn wrong_method(method: &Method, right: &str) -> Problem {
    Problem::new(Code::WrongMethod, format!("{method} cannot be used here"), format!("use {right}"))
}
