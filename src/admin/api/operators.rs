//! `/api/v1/operators`: the local users who may give orders, and what each may do.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, no_such_path, wrong_method};
use crate::admin::auth::{ChangeNode, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::operators::{self, Wanted};
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::PeerName;
use crate::store::Scan;
use crate::store::records::{Operator, Role};

/// One operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorView {
    /// The user's number on the node's machine (uid).
    pub user: i64,
    /// What the log and the records call the operator.
    pub name: String,
    /// What the operator may do.
    pub role: Role,
    /// The person of the roster who this is.
    pub person: Option<String>,
    /// For a unit contact or an implementer: the unit whose systems those acts are limited to.
    pub unit: Option<String>,
    /// When the operator was added or last changed.
    pub added: Timestamp,
    /// By whom.
    pub by: String,
}

impl From<Operator> for OperatorView {
    fn from(operator: Operator) -> Self {
        let Operator { user, name, role, person, unit, added, by } = operator;
        Self { user, name, role, person, unit, added, by }
    }
}

/// A listing of operators in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorList {
    /// The operators.
    pub operators: Vec<OperatorView>,
    /// The user who runs the node: administrator without being listed, as root is.
    pub owner: u32,
}

/// An operator to be added, or changed if the user is one already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorOrder {
    /// The user's number on the node's machine (uid).
    pub user: u32,
    /// What to call the operator; absent: `uid NUMBER`.
    pub name: Option<String>,
    /// What the operator may do.
    pub role: Role,
    /// The person of the roster who this is.
    pub person: Option<String>,
    /// For a unit contact or an implementer: the unit; absent: this node.
    pub unit: Option<PeerName>,
}

/// Answers below `/api/v1/operators`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([], &Method::POST) => add(call, &call.permit()?).await,
        ([], _) => Err(wrong_method(method, "GET or POST")),
        ([user], &Method::DELETE) => remove(call, &call.permit()?, user).await,
        ([_], _) => Err(wrong_method(method, "DELETE")),
        _ => Err(no_such_path(rest)),
    }
}

async fn list(call: &Call<'_>, _: &Permitted<Look>) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let operators = call.parts.store.list::<Operator>(Scan::of::<Operator>(operators::MOST)).await?;
    let operators = operators.into_iter().map(OperatorView::from).collect();
    Reply::json(&OperatorList { operators, owner: call.owner })
}

async fn add(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    let OperatorOrder { user, name, role, person, unit } = call.ask.json()?;
    let name = name.unwrap_or_else(|| format!("uid {user}"));
    call.begin(permitted, "operator add", format!("{name} (uid {user}), {role}")).await?;
    let wanted = Wanted { user, name, role, person, unit };
    let parts = call.parts;
    let own_name = parts.directory.own_name();
    let node = (call.owner, &own_name);
    let by = permitted.operator();
    let added = operators::put(parts.store.as_ref(), wanted, node, (by, parts.clock.now())).await?;
    tracing::info!(user, name = added.name, %role, operator = %by, "operator added or changed");
    Reply::json(&OperatorView::from(added))
}

async fn remove(call: &Call<'_>, permitted: &Permitted<ChangeNode>, user: &str) -> Result<Reply, Problem> {
    let unclear = |_| Problem::bad_request(format!("{user:?} is no user's number"), "`ridd operator list` shows them");
    let user: u32 = user.parse().map_err(unclear)?;
    call.begin(permitted, "operator remove", format!("uid {user}")).await?;
    let removed = operators::remove(call.parts.store.as_ref(), user).await?;
    tracing::info!(user, name = removed.name, operator = %permitted.operator(), "operator removed");
    Reply::json(&OperatorView::from(removed))
}
