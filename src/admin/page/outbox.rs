//! The page *Outbox*: what is on its way out, why each parcel stands where it stands, and trying again or giving up.

use hyper::Method;

use super::Frame;
use super::turn::{Turn, asked};
use crate::admin::api::outbox::{self, ParcelView};
use crate::admin::api::wrong_method;
use crate::admin::auth::{ChangeNode, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::ids::ParcelId;
use crate::store::records::{ParcelKind, ParcelState};

#[derive(askama::Template)]
#[template(path = "outbox.html")]
struct Outbox {
    frame: Frame,
    parcels: Vec<ParcelView>,
    turn: Turn,
    state: String,
    to: String,
    may_change: bool,
}

#[derive(askama::Template)]
#[template(path = "parcel.html")]
struct Page {
    frame: Frame,
    parcel: ParcelView,
    may_change: bool,
}

impl ParcelView {
    /// Whether it can be had tried at once: what is being sent or was delivered cannot.
    pub(super) fn can_be_tried(&self) -> bool {
        matches!(self.state, ParcelState::Waiting | ParcelState::Dead | ParcelState::Cancelled)
    }

    /// Whether it can be withdrawn.
    pub(super) fn can_be_cancelled(&self) -> bool {
        matches!(self.state, ParcelState::Waiting | ParcelState::Dead)
    }
}

/// Answers below `/outbox`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([id], &Method::GET) => show(call, &call.permit()?, &id.parse()?).await,
        ([id, "retry"], &Method::POST) => retry(call, &call.permit()?, &id.parse()?).await,
        ([id, "cancel"], &Method::POST) => cancel(call, &call.permit()?, &id.parse()?).await,
        ([] | [_], _) => Err(wrong_method(method, "GET")),
        ([_, "retry" | "cancel"], _) => Err(wrong_method(method, "POST")),
        _ => Err(super::no_such_page(rest)),
    }
}

async fn list(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<Reply, Problem> {
    let list = outbox::list(call, permitted).await?;
    let turn = Turn::of(call, "/outbox", list.parcels.len(), "cursor", list.next);
    let frame = call.frame("Outbox", "/outbox");
    let (state, to) = (asked(call, "state"), asked(call, "to"));
    Reply::page(&Outbox { frame, parcels: list.parcels, turn, state, to, may_change: call.may::<ChangeNode>() })
}

async fn show(call: &Call<'_>, permitted: &Permitted<Look>, id: &ParcelId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let parcel = outbox::show(call, permitted, id).await?;
    let frame = call.frame(format!("Parcel to {}", parcel.recipient), "/outbox");
    Reply::page(&Page { frame, parcel, may_change: call.may::<ChangeNode>() })
}

async fn retry(call: &Call<'_>, permitted: &Permitted<ChangeNode>, id: &ParcelId) -> Result<Reply, Problem> {
    outbox::retry(call, permitted, id).await?;
    Ok(Reply::see_other(&format!("/outbox/{id}")))
}

async fn cancel(call: &Call<'_>, permitted: &Permitted<ChangeNode>, id: &ParcelId) -> Result<Reply, Problem> {
    outbox::cancel(call, permitted, id).await?;
    Ok(Reply::see_other(&format!("/outbox/{id}")))
}
