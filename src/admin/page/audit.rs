//! The page *Audit*: what staff did, found by operator, act and target; and whether the logs of significant events are as
//! they were written.

use hyper::Method;

use super::Frame;
use super::turn::{Turn, asked};
use crate::admin::api::audit::{self, ActView, Verified};
use crate::admin::api::wrong_method;
use crate::admin::auth::{Audit, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::Problem;

#[derive(askama::Template)]
#[template(path = "audit.html")]
struct Acts {
    frame: Frame,
    acts: Vec<ActView>,
    turn: Turn,
    operator: String,
    act: String,
    target: String,
}

#[derive(askama::Template)]
#[template(path = "audit-log.html")]
struct Logs {
    frame: Frame,
    event: String,
    verified: Verified,
}

/// Answers below `/audit`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => acts(call, &call.permit()?).await,
        (["log"], &Method::GET) => verify(call, &call.permit()?).await,
        ([] | ["log"], _) => Err(wrong_method(method, "GET")),
        _ => Err(super::no_such_page(rest)),
    }
}

async fn acts(call: &Call<'_>, permitted: &Permitted<Audit>) -> Result<Reply, Problem> {
    let list = audit::acts(call, permitted).await?;
    let turn = Turn::of(call, "/audit", list.acts.len(), "cursor", list.next);
    let frame = call.frame("Audit", "/audit");
    let (operator, act, target) = (asked(call, "operator"), asked(call, "act"), asked(call, "target"));
    Reply::page(&Acts { frame, acts: list.acts, turn, operator, act, target })
}

async fn verify(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<Reply, Problem> {
    call.ask.only(&["event"])?;
    let verified = audit::verify(call, permitted, call.ask.parameter("event")?).await?;
    let frame = call.frame("Check of the logs", "/audit");
    Reply::page(&Logs { frame, event: asked(call, "event"), verified })
}
