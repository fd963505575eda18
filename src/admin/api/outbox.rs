//! `/api/v1/outbox`: what is on its way out, why each parcel stands where it stands, and what staff may do to it.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, no_such_path};
use crate::admin::auth::{ChangeNode, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::{CallbackToken, MessageId, ParcelId};
use crate::outbox::{Entry, Filter};
use crate::store::records::{Parcel, ParcelKind, ParcelState};

/// One parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ParcelView {
    /// Our name for it.
    pub id: ParcelId,
    /// How it travels.
    pub kind: ParcelKind,
    /// Whom it goes to.
    pub recipient: String,
    /// The message whose bytes it carries.
    pub message: Option<MessageId>,
    /// The token to send along, if it is a callback.
    pub token: Option<CallbackToken>,
    /// Where it goes instead of the peer's usual address.
    pub address: Option<String>,
    /// Where it stands.
    pub state: ParcelState,
    /// When it was made.
    pub created: Timestamp,
    /// When it is tried next; when it left, if it has.
    pub due: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// How often it has been tried.
    pub attempts: i64,
    /// What came of the last try.
    pub reason: Option<String>,
    /// Why it stands where it stands, in words an administrator can act on; only where the outbox was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl From<Parcel> for ParcelView {
    fn from(parcel: Parcel) -> Self {
        Self {
            id: parcel.id,
            kind: parcel.kind,
            recipient: parcel.recipient,
            message: parcel.message,
            token: parcel.token,
            address: parcel.address,
            state: parcel.state,
            created: parcel.created,
            due: parcel.due,
            expires: parcel.expires,
            attempts: parcel.attempts,
            reason: parcel.reason,
            why: None,
        }
    }
}

impl From<Entry> for ParcelView {
    fn from(entry: Entry) -> Self {
        Self { why: Some(entry.why), ..Self::from(entry.parcel) }
    }
}

/// A listing of parcels in the order of making.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ParcelList {
    /// The parcels.
    pub parcels: Vec<ParcelView>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// If there are: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Answers below `/api/v1/outbox`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => Reply::json(&list(call, &call.permit()?).await?),
        ([id], &Method::GET) => Reply::json(&show(call, &call.permit()?, &id.parse()?).await?),
        ([id, "retry"], &Method::POST) => Reply::json(&retry(call, &call.permit()?, &id.parse()?).await?),
        ([id, "cancel"], &Method::POST) => Reply::json(&cancel(call, &call.permit()?, &id.parse()?).await?),
        _ => Err(no_such_path(rest)),
    }
}

/// The parcels that the query string asks for.
pub(in crate::admin) async fn list(call: &Call<'_>, _: &Permitted<Look>) -> Result<ParcelList, Problem> {
    call.ask.only(&["limit", "cursor", "state", "to"])?;
    let limit = call.limit()?;
    let state = call.ask.parameter::<ParcelState>("state")?;
    let filter = Filter {
        states: state.into_iter().collect(),
        recipient: call.ask.parameter("to")?,
        after: call.ask.parameter("cursor")?,
        limit: limit + 1,
    };
    let mut parcels: Vec<ParcelView> =
        call.parts.outbox.list(&filter).await?.into_iter().map(ParcelView::from).collect();
    let more = parcels.len() > limit;
    parcels.truncate(limit);
    let next = parcels.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(ParcelList { parcels, more, next })
}

/// One parcel.
pub(in crate::admin) async fn show(call: &Call<'_>, _: &Permitted<Look>, id: &ParcelId) -> Result<ParcelView, Problem> {
    Ok(ParcelView::from(call.parts.outbox.show(id).await?))
}

/// Has a parcel tried at once.
pub(in crate::admin) async fn retry(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    id: &ParcelId,
) -> Result<ParcelView, Problem> {
    let operator = permitted.operator();
    call.begin(permitted, "outbox retry", id.to_string()).await?;
    tracing::info!(parcel = %id, %operator, "retry asked for");
    Ok(ParcelView::from(call.parts.outbox.retry(id).await?))
}

/// Withdraws a parcel.
pub(in crate::admin) async fn cancel(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    id: &ParcelId,
) -> Result<ParcelView, Problem> {
    let operator = permitted.operator();
    call.begin(permitted, "outbox cancel", id.to_string()).await?;
    tracing::info!(parcel = %id, %operator, "cancellation asked for");
    Ok(ParcelView::from(call.parts.outbox.cancel(id).await?))
}
