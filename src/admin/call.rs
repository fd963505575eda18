//! One request of staff, whichever way it came in: who asks, what for, and the way to the parts. `server` and `door` make
//! one for each request; the handlers of `api` and `page` take what they need from it.

use std::sync::{Mutex, PoisonError};

use hyper::{Method, Response};

use super::auth::{Act, Operator, Permitted, permit};
use super::http::{Ask, Body, Form, Reply, answer};
use super::problem::Problem;
use super::{Parts, api, page, trail};
use crate::store::records::StaffAct;

/// One request with what is needed to answer it.
pub(super) struct Call<'a> {
    pub(super) parts: &'a Parts,
    pub(super) operator: Operator,
    /// The user who owns the socket.
    pub(super) owner: u32,
    pub(super) ask: Ask,
    /// What every form of a page carries; nothing where no browser can be made to ask, on the socket.
    pub(super) csrf: Option<String>,
    begun: Mutex<Option<StaffAct>>,
}

impl<'a> Call<'a> {
    /// A request that came over the socket.
    pub(super) fn new(parts: &'a Parts, operator: Operator, owner: u32, ask: Ask) -> Self {
        Self { parts, operator, owner, ask, csrf: None, begun: Mutex::default() }
    }

    /// A request over the page: every form of the answer carries this token.
    pub(super) fn with_csrf(mut self, csrf: Option<String>) -> Self {
        self.csrf = csrf;
        self
    }

    /// The permission to do acts of this kind, if the operator has it.
    pub(super) fn permit<A: Act>(&self) -> Result<Permitted<A>, Problem> {
        permit(&self.operator)
    }

    /// Whether the operator may do acts of this kind: for what a page shows. Acting takes [`Call::permit`].
    pub(super) fn may<A: Act>(&self) -> bool {
        A::ROLES.contains(&self.operator.role)
    }

    /// Writes into the trail that the operator is about to do this; the outcome is written when the request is answered.
    /// Every handler that changes or sends something says so first, in the words of the command line.
    pub(super) async fn begin<A: Act>(
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
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let most = self.parts.config.list_limit;
        Ok(self.ask.parameter::<usize>("limit")?.unwrap_or(100).clamp(1, most))
    }

    /// The fields of the form that was sent.
    pub(super) fn form(&self) -> Result<Form, Problem> {
        self.ask.form()
    }

    /// Answers a request of that address which could not be read: in JSON or as a page, with the words of any other fault.
    pub(super) fn answer_unread(&self, path: &str, problem: Problem) -> Response<Body> {
        if Ask::is_of_api(path) { answer(Err(problem)) } else { page::problem(self.frame_of_problem(), &problem) }
    }

    /// Answers the request: the API in JSON, everything else with pages.
    pub(super) async fn answer(self) -> Response<Body> {
        let result = self.serve().await;
        match result {
            Err(problem) if !self.ask.is_api() => page::problem(self.frame_of_problem(), &problem),
            result => answer(result),
        }
    }

    async fn serve(&self) -> Result<Reply, Problem> {
        let result = self.dispatch().await;
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        match begun {
            Some(begun) => trail::end(self.parts, begun, &result).await,
            None => {
                let looked = matches!(self.ask.method, Method::GET | Method::HEAD);
                debug_assert!(looked || result.is_err(), "{:?} left no trail", self.ask.path);
            }
        }
        result
    }

    async fn dispatch(&self) -> Result<Reply, Problem> {
        let path: Vec<&str> = self.ask.path.iter().map(String::as_str).collect();
        let method = self.ask.method.clone();
        if self.ask.is_api() {
            return api::dispatch(self, &method, &path).await;
        }
        // Whoever asks for the head of a page gets that of the page; hyper leaves the body out.
        let method = if method == Method::HEAD { Method::GET } else { method };
        page::dispatch(self, &method, &path).await
    }
}
