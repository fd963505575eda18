//! The API, version 1: one file per noun, mirroring the address tree below `/api/v1/`.
//!
//! Each noun's file holds the JSON types that the command line reads too, and one `serve` that takes the rest of the
//! address. A handler gets its `Permitted` from `Call::permit` and hands it on, so that none runs unchecked.

pub mod incidents;
mod listing;
pub mod messages;
pub mod node;
pub mod outbox;
pub mod peers;
pub mod status;

use hyper::Method;

use super::Parts;
use super::auth::{Act, Operator, Permitted, permit};
use super::http::{Ask, Reply};
use super::problem::{Code, Problem};

/// One request with what is needed to answer it.
pub(super) struct Call<'a> {
    parts: &'a Parts,
    operator: Operator,
    ask: Ask,
}

impl<'a> Call<'a> {
    pub(super) fn new(parts: &'a Parts, operator: Operator, ask: Ask) -> Self {
        Self { parts, operator, ask }
    }

    /// The permission to do acts of this kind, if the operator has it.
    fn permit<A: Act>(&self) -> Result<Permitted<A>, Problem> {
        permit(&self.operator)
    }

    /// How many rows the caller wants, under the configured limit.
    fn limit(&self) -> Result<usize, Problem> {
        let most = self.parts.config.list_limit;
        Ok(self.ask.parameter::<usize>("limit")?.unwrap_or(100).clamp(1, most))
    }

    /// Answers the request.
    pub(super) async fn serve(self) -> Result<Reply, Problem> {
        let path: Vec<&str> = self.ask.path.iter().map(String::as_str).collect();
        let ["api", "v1", rest @ ..] = path.as_slice() else { return Err(no_such_path(&path)) };
        let method = self.ask.method.clone();
        match rest {
            ["status"] => status::serve(&self, &method).await,
            ["peers", rest @ ..] => peers::serve(&self, &method, rest).await,
            ["messages", rest @ ..] => messages::serve(&self, &method, rest).await,
            ["queries"] => messages::serve_queries(&self, &method).await,
            ["incidents", rest @ ..] => incidents::serve(&self, &method, rest).await,
            ["outbox", rest @ ..] => outbox::serve(&self, &method, rest).await,
            ["reload"] => node::serve_reload(&self, &method).await,
            ["config"] => node::serve_config(&self, &method),
            _ => Err(no_such_path(&path)),
        }
    }
}

fn no_such_path(path: &[&str]) -> Problem {
    let message = format!("/{} is no address of this API", path.join("/"));
    Problem::new(Code::NoSuchPath, message, "docs/operations.md lists them; is the command of the node's own version?")
}

fn wrong_method(method: &Method, right: &str) -> Problem {
    Problem::new(Code::WrongMethod, format!("{method} cannot be used here"), format!("use {right}"))
}
