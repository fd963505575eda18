//! `/api/v1/audit`: who did what.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, listing, no_such_path, wrong_method};
use crate::admin::auth::{Audit, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::MessageId;
use crate::store::Scan;
use crate::store::records::{Role, StaffAct};

/// One act of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActView {
    /// Our name for it.
    pub id: MessageId,
    /// When it was asked for.
    pub at: Timestamp,
    /// The operator.
    pub operator: String,
    /// The operator's number on this machine (uid).
    pub user: i64,
    /// The role in which the operator acted.
    pub role: Role,
    /// What was done, in the words of the command line.
    pub act: String,
    /// To what.
    pub target: Option<String>,
    /// How it ended: `begun` if that is not known, `done`, or the code with which it was refused.
    pub outcome: String,
}

impl From<StaffAct> for ActView {
    fn from(act: StaffAct) -> Self {
        let StaffAct { id, at, operator, user, role, act, target, outcome } = act;
        Self { id, at, operator, user, role, act, target, outcome }
    }
}

/// A listing of acts, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActList {
    /// The acts.
    pub acts: Vec<ActView>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// Answers below `/api/v1/audit`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        (["acts"], &Method::GET) => acts(call, &call.permit()?).await,
        (["acts"], _) => Err(wrong_method(method, "GET")),
        _ => Err(no_such_path(rest)),
    }
}

async fn acts(call: &Call<'_>, _: &Permitted<Audit>) -> Result<Reply, Problem> {
    call.ask.only(&["limit", "operator"])?;
    let operator = call.ask.parameter::<String>("operator")?;
    let keep = |act: &StaffAct| operator.as_ref().is_none_or(|name| act.operator.eq_ignore_ascii_case(name));
    let scan = Scan::of::<StaffAct>(0).descending();
    let (acts, more) = listing::list(call.parts.store.as_ref(), scan, call.limit()?, keep).await?;
    Reply::json(&ActList { acts: acts.into_iter().map(ActView::from).collect(), more })
}
