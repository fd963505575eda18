//! The API, version 1: one file per noun, mirroring the address tree below `/api/v1/`.
//!
//! Each noun's file holds the JSON types that the command line reads too, and one `serve` that takes the rest of the
//! address. A handler gets its `Permitted` from `Call::permit` and hands it on, so that none runs unchecked.

pub mod audit;
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

use std::sync::{Mutex, PoisonError};

use hyper::Method;

use super::Parts;
use super::auth::{Act, Operator, Permitted, permit};
use super::http::{Ask, Reply};
use super::problem::{Code, Problem};
use super::trail;
use crate::store::records::StaffAct;

/// One request with what is needed to answer it.
pub(super) struct Call<'a> {
    parts: &'a Parts,
    operator: Operator,
    /// The user who owns the socket.
    owner: u32,
    ask: Ask,
    begun: Mutex<Option<StaffAct>>,
}

impl<'a> Call<'a> {
    pub(super) fn new(parts: &'a Parts, operator: Operator, owner: u32, ask: Ask) -> Self {
        Self { parts, operator, owner, ask, begun: Mutex::default() }
    }

    /// The permission to do acts of this kind, if the operator has it.
    fn permit<A: Act>(&self) -> Result<Permitted<A>, Problem> {
        permit(&self.operator)
    }

    /// Writes into the trail that the operator is about to do this; the outcome is written when the request is answered.
    /// Every handler that changes or sends something says so first, in the words of the command line.
    async fn begin<A: Act>(
        &self,
        permitted: &Permitted<A>,
        act: &str,
        target: impl Into<Option<String>>,
    ) -> Result<(), Problem> {
        let begun = trail::begin(self.parts, permitted.operator(), act, target.into()).await?;
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        Ok(())
    }

    /// How many rows the caller wants, under the configured limit.
    fn limit(&self) -> Result<usize, Problem> {
        let most = self.parts.config.list_limit;
        Ok(self.ask.parameter::<usize>("limit")?.unwrap_or(100).clamp(1, most))
    }

    /// Answers the request.
    pub(super) async fn serve(self) -> Result<Reply, Problem> {
        let result = self.dispatch().await;
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        match begun {
            Some(begun) => trail::end(self.parts, begun, &result).await,
            None => {
                debug_assert!(self.ask.method == Method::GET || result.is_err(), "{:?} left no trail", self.ask.path)
            }
        }
        result
    }

    async fn dispatch(&self) -> Result<Reply, Problem> {
        let path: Vec<&str> = self.ask.path.iter().map(String::as_str).collect();
        let ["api", "v1", rest @ ..] = path.as_slice() else { return Err(no_such_path(&path)) };
        let method = self.ask.method.clone();
        match rest {
            ["status"] => status::serve(self, &method).await,
            ["peers", rest @ ..] => peers::serve(self, &method, rest).await,
            ["messages", rest @ ..] => messages::serve(self, &method, rest).await,
            ["queries"] => messages::serve_queries(self, &method).await,
            ["incidents", rest @ ..] => incidents::serve(self, &method, rest).await,
            ["inventory", rest @ ..] => inventory::serve(self, &method, rest).await,
            ["outbox", rest @ ..] => outbox::serve(self, &method, rest).await,
            ["events", rest @ ..] => events::serve(self, &method, rest).await,
            ["notices", rest @ ..] => notices::serve(self, &method, rest).await,
            ["operators", rest @ ..] => operators::serve(self, &method, rest).await,
            ["roster", rest @ ..] => roster::serve(self, &method, rest).await,
            ["audit", rest @ ..] => audit::serve(self, &method, rest).await,
            ["reload"] => node::serve_reload(self, &method).await,
            ["config"] => node::serve_config(self, &method),
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
