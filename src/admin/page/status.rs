//! The page *Status*: versions, the store, what waits, what to act on.

use hyper::Method;

use super::Frame;
use crate::admin::api::node;
use crate::admin::api::status::{Status, status};
use crate::admin::api::wrong_method;
use crate::admin::auth::{Follow, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::Problem;

#[derive(askama::Template)]
#[template(path = "status.html")]
struct Page {
    frame: Frame,
    status: Status,
    /// The configuration in effect, for those who may look at it.
    config: Option<String>,
}

/// Answers `/status`.
pub(super) async fn serve(call: &Call<'_>, method: &Method) -> Result<Reply, Problem> {
    match *method {
        Method::GET => show(call, &call.permit()?).await,
        _ => Err(wrong_method(method, "GET")),
    }
}

async fn show(call: &Call<'_>, permitted: &Permitted<Follow>) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let status = status(call, permitted).await?;
    let config = match call.may::<Look>() {
        true => serde_json::to_string_pretty(&node::config(call, &call.permit()?)).ok(),
        false => None,
    };
    Reply::page(&Page { frame: call.frame("Status", "/status"), status, config })
}
