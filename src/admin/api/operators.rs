//! `/api/v1/operators`: who may give orders, as a local user or over the page, and what each may do.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, no_such_path};
use crate::admin::auth::{ChangeNode, Look, Permitted};
use crate::admin::credentials;
use crate::admin::door::totp;
use crate::admin::http::Reply;
use crate::admin::operators::{self, Wanted};
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};
use crate::peers::Directory;
use crate::store::records::{Operator, Role};
use crate::store::{Column, Scan};

/// One operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OperatorView {
    /// What the log and the records call the operator, and what they sign in with.
    pub name: String,
    /// The user's number on the node's machine (uid), if they are one.
    pub user: Option<i64>,
    /// What the operator may do.
    pub role: Role,
    /// The person of the roster who this is.
    pub person: Option<String>,
    /// For a unit contact or an implementer: the unit whose systems those acts are limited to.
    pub unit: Option<String>,
    /// The keys of the certificates (SHA-256 of SPKI) with which the operator may sign in at the page.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// When the operator was added or last changed.
    pub added: Timestamp,
    /// By whom.
    pub by: String,
}

impl From<Operator> for OperatorView {
    fn from(operator: Operator) -> Self {
        let certificates = operators::pins(&operator).map(str::to_owned).collect();
        let Operator { name, user, role, person, unit, added, by, .. } = operator;
        Self { name, user, role, person, unit, certificates, added, by }
    }
}

/// A listing of operators in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OperatorList {
    /// The operators.
    pub operators: Vec<OperatorView>,
    /// The user who runs the node: administrator without being listed, as root is.
    pub owner: u32,
}

/// An operator to be added, or changed if there is one of that name or of that local user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorOrder {
    /// What to call the operator; absent: as the user is called already, or `uid NUMBER`.
    pub name: Option<String>,
    /// The user's number on the node's machine (uid), if the operator is to give orders there, too.
    pub user: Option<u32>,
    /// What the operator may do.
    pub role: Role,
    /// The person of the roster who this is.
    pub person: Option<String>,
    /// For a unit contact or an implementer: the unit; absent: this node.
    pub unit: Option<PeerName>,
    /// A certificate (PEM) to sign in with at the page, beside those that the operator has.
    #[serde(default)]
    pub certificate: Option<String>,
}

/// A password for one sign-in, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reset {
    /// The operator.
    pub name: String,
    /// The password.
    pub password: String,
    /// Until when it can be used.
    pub until: Timestamp,
}

/// Without the password.
impl std::fmt::Debug for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reset").field("name", &self.name).field("until", &self.until).finish_non_exhaustive()
    }
}

/// A new secret of one-time codes, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Enrolment {
    /// The operator.
    pub name: String,
    /// The secret, in base 32.
    pub secret: String,
    /// The same as authenticator apps read it (`otpauth:`).
    pub address: String,
}

/// Without the secret.
impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Answers below `/api/v1/operators`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => {
            call.ask.only(&[])?;
            Reply::json(&list(call, &call.permit()?).await?)
        }
        ([], &Method::POST) => Reply::json(&add(call, &call.permit()?, call.ask.json()?).await?),
        ([name], &Method::GET) => Reply::json(&show(call, &call.permit()?, name).await?),
        ([name], &Method::DELETE) => Reply::json(&remove(call, &call.permit()?, name).await?),
        ([name, "reset"], &Method::POST) => Reply::json(&reset(call, &call.permit()?, name).await?),
        ([name, "codes"], &Method::POST) => Reply::json(&renew_codes(call, &call.permit()?, name).await?),
        ([name, "certificates", spki], &Method::DELETE) => {
            Reply::json(&unpin(call, &call.permit()?, name, &spki.parse()?).await?)
        }
        _ => Err(no_such_path(rest)),
    }
}

/// Every operator.
pub(in crate::admin) async fn list(call: &Call<'_>, _: &Permitted<Look>) -> Result<OperatorList, Problem> {
    let operators = call.parts.store.list::<Operator>(Scan::of::<Operator>(operators::MOST)).await?;
    let operators = operators.into_iter().map(OperatorView::from).collect();
    Ok(OperatorList { operators, owner: call.owner })
}

/// One operator.
pub(in crate::admin) async fn show(call: &Call<'_>, _: &Permitted<Look>, name: &str) -> Result<OperatorView, Problem> {
    call.ask.only(&[])?;
    Ok(operators::known(call.parts.store.as_ref(), name).await?.0.into())
}

/// Adds or changes an operator.
pub(in crate::admin) async fn add(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    order: OperatorOrder,
) -> Result<OperatorView, Problem> {
    let OperatorOrder { name, user, role, person, unit, certificate } = order;
    let store = call.parts.store.as_ref();
    let name = match (name, user) {
        (Some(name), _) => name,
        (None, Some(user)) => {
            let scan = Scan::of::<Operator>(1).by("by_user").with(vec![i64::from(user).to_value()]);
            let row = store.list::<Operator>(scan).await?.into_iter().next();
            row.map_or_else(|| format!("uid {user}"), |row| row.name)
        }
        (None, None) => return Err(Problem::bad_request("an operator has a name, or is a user", "give one of them")),
    };
    let uid = user.map_or_else(String::new, |user| format!(" (uid {user})"));
    call.begin(permitted, "operator add", format!("{name}{uid}, {role}")).await?;
    let certificate = certificate.map(|pem| Directory::key_of(&pem)).transpose()?;
    let wanted = Wanted { name, user, role, person, unit, certificate };
    let own_name = call.parts.directory.own_name();
    let by = permitted.operator();
    let added = operators::put(store, wanted, (call.owner, &own_name), (by, call.parts.clock.now())).await?;
    tracing::info!(user, name = added.name, %role, operator = %by, "operator added or changed");
    Ok(OperatorView::from(added))
}

/// Takes all rights from the operator.
pub(in crate::admin) async fn remove(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &str,
) -> Result<OperatorView, Problem> {
    call.begin(permitted, "operator remove", name.to_owned()).await?;
    let removed = operators::remove(call.parts.store.as_ref(), name).await?;
    tracing::info!(name = removed.name, operator = %permitted.operator(), "operator removed");
    Ok(OperatorView::from(removed))
}

/// Gives the operator a new password for one sign-in at the page; the former one, the one-time codes and all sessions end.
pub(in crate::admin) async fn reset(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &str,
) -> Result<Reset, Problem> {
    call.begin(permitted, "operator reset", name.to_owned()).await?;
    let (store, now) = (call.parts.store.as_ref(), call.parts.clock.now());
    let (password, until) = credentials::reset(store, name, now, call.parts.config.page.first_sign_in).await?;
    tracing::info!(name, operator = %permitted.operator(), "operator given a new password");
    Ok(Reset { name: name.to_owned(), password, until })
}

/// Gives the operator a new secret of one-time codes; the password stays, all sessions end.
pub(in crate::admin) async fn renew_codes(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &str,
) -> Result<Enrolment, Problem> {
    call.begin(permitted, "operator reset --totp", name.to_owned()).await?;
    let secret = credentials::renew_codes(call.parts.store.as_ref(), name).await?;
    tracing::info!(name, operator = %permitted.operator(), "operator given new one-time codes");
    let address = totp::address(&secret, call.parts.directory.own_name().as_str(), name);
    Ok(Enrolment { name: name.to_owned(), secret, address })
}

/// Takes one certificate from the operator.
pub(in crate::admin) async fn unpin(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &str,
    spki: &Digest,
) -> Result<OperatorView, Problem> {
    call.begin(permitted, "operator unpin", format!("{name} {spki}")).await?;
    let by = (permitted.operator(), call.parts.clock.now());
    let changed = operators::unpin(call.parts.store.as_ref(), name, spki, by).await?;
    tracing::info!(name, %spki, operator = %permitted.operator(), "certificate of an operator taken away");
    Ok(OperatorView::from(changed))
}
