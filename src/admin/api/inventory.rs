//! `/api/v1/inventory`: the systems, and which of them a data call concerns.

use bytes::Bytes;
use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, no_such_path};
use crate::admin::auth::{ChangeNode, Follow, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::{Code, Problem};
use crate::clock::Timestamp;
use crate::ids::EventId;
use crate::inventory::{Affected, Filter, Format, ImportReport, InventoryError, SystemChange, entries};
use crate::store::records::{Patch, PatchState, System};

/// One system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemView {
    /// Its name.
    pub name: String,
    /// The unit that runs it.
    pub unit: String,
    /// Who owns it.
    pub owner: Option<String>,
    /// Who administers it.
    pub administrators: Vec<String>,
    /// Its network addresses.
    pub addresses: Vec<String>,
    /// The CPE names of its platform.
    pub cpes: Vec<String>,
    /// What else people should know.
    pub note: Option<String>,
    /// When the profile was last changed.
    pub changed: Timestamp,
    /// By whom.
    pub by: String,
}

impl From<System> for SystemView {
    fn from(system: System) -> Self {
        let list = |field: Option<String>| entries(field.as_deref()).map(str::to_owned).collect();
        let System { name, unit, owner, administrators, addresses, cpes, note, changed, by } = system;
        let (administrators, addresses, cpes) = (list(administrators), list(addresses), list(cpes));
        Self { name, unit, owner, administrators, addresses, cpes, note, changed, by }
    }
}

/// How a system stands to one vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PatchView {
    /// The vulnerability.
    pub vulnerability: String,
    /// How it stands.
    pub state: PatchState,
    /// When that was reported.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// On what evidence, or for what reason.
    pub evidence: Option<String>,
}

impl From<Patch> for PatchView {
    fn from(patch: Patch) -> Self {
        let Patch { system: _, vulnerability, state, at, by, evidence } = patch;
        Self { vulnerability, state, at, by, evidence }
    }
}

/// One system with what is known of its patches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemDetail {
    /// The system.
    pub system: SystemView,
    /// The vulnerabilities that were looked at, by name.
    pub patches: Vec<PatchView>,
}

/// A listing of systems by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemList {
    /// The systems.
    pub systems: Vec<SystemView>,
    /// There are more after the last one.
    pub more: bool,
    /// If there are: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// That a system is no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemRemoved {
    /// Its name.
    pub removed: String,
}

impl From<InventoryError> for Problem {
    fn from(error: InventoryError) -> Self {
        let code = match &error {
            InventoryError::Store(_) => Code::StoreFailed,
            InventoryError::NoSuchSystem { .. } => Code::NotFound,
            InventoryError::Fields { .. } | InventoryError::File { .. } => Code::BadRequest,
            InventoryError::TooLarge { .. } => Code::TooLarge,
            InventoryError::TooMany { .. } => Code::Refused,
            InventoryError::BrokeOff => Code::Failed,
        };
        match error {
            InventoryError::Store(error) => error.into(),
            InventoryError::File { faults, total } => {
                let mut message = format!("the file has {total} faults; nothing was changed");
                faults.iter().for_each(|fault| message.push_str(&format!("\n{fault}")));
                let fix = match total - faults.len() {
                    0 => "mend them all and import the file again".to_owned(),
                    more => format!("and {more} more; mend them all and import the file again"),
                };
                Self::new(code, message, fix)
            }
            // The inventory's own words name the fix.
            error => Self::new(code, error.to_string(), ""),
        }
    }
}

/// Answers below `/api/v1/inventory`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        (["systems"], &Method::GET) => Reply::json(&list(call, &call.permit()?).await?),
        (["systems", name], &Method::GET) => Reply::json(&show(call, &call.permit()?, name).await?),
        (["systems", name], &Method::PATCH) => Reply::json(&set(call, &call.permit()?, name, call.ask.json()?).await?),
        (["systems", name], &Method::DELETE) => Reply::json(&remove(call, &call.permit()?, name).await?),
        (["file"], &Method::GET) => export(call, &call.permit()?).await,
        (["file"], &Method::POST) => import_body(call, &call.permit()?).await,
        (["affected"], &Method::GET) => Reply::json(&affected(call, &call.permit()?).await?),
        _ => Err(no_such_path(rest)),
    }
}

/// The systems that the query string asks for.
pub(in crate::admin) async fn list(call: &Call<'_>, permitted: &Permitted<Follow>) -> Result<SystemList, Problem> {
    call.ask.only(&["limit", "cursor", "unit", "text"])?;
    let filter = Filter {
        // Whose acts are limited to a unit has one.
        unit: permitted.operator().unit.clone().or(call.ask.parameter("unit")?),
        text: call.ask.parameter("text")?,
        after: call.ask.parameter("cursor")?,
    };
    let (systems, more) = call.parts.inventory.list(&filter, call.limit()?).await?;
    // Of all that were looked at, also where none of them is within the limits.
    let next = systems.last().filter(|_| more).map(|last| last.name.clone());
    let limits = permitted.limits();
    let systems = systems.into_iter().filter(|system| limits.cover(system)).map(SystemView::from).collect();
    Ok(SystemList { systems, more, next })
}

/// One system.
pub(in crate::admin) async fn show(
    call: &Call<'_>,
    permitted: &Permitted<Follow>,
    name: &str,
) -> Result<SystemDetail, Problem> {
    let found = call.parts.inventory.show(name).await?.filter(|(system, _)| permitted.limits().cover(system));
    let (system, patches) = found.ok_or_else(|| Problem::not_found("system", name, "ridd inventory list"))?;
    Ok(SystemDetail { system: system.into(), patches: patches.into_iter().map(PatchView::from).collect() })
}

/// Changes a system, or adds it.
pub(in crate::admin) async fn set(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &str,
    change: SystemChange,
) -> Result<SystemView, Problem> {
    call.begin(permitted, "inventory set", name.to_owned()).await?;
    let operator = permitted.operator();
    let system = call.parts.inventory.set(name, change, &operator.name).await?;
    tracing::info!(system = system.name, %operator, "system changed");
    Ok(SystemView::from(system))
}

/// Takes a system out.
pub(in crate::admin) async fn remove(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    name: &str,
) -> Result<SystemRemoved, Problem> {
    call.begin(permitted, "inventory remove", name.to_owned()).await?;
    call.parts.inventory.remove(name).await?;
    tracing::info!(system = name, operator = %permitted.operator(), "system removed");
    Ok(SystemRemoved { removed: name.to_owned() })
}

/// The whole inventory as a file.
pub(in crate::admin) async fn export(call: &Call<'_>, _: &Permitted<Look>) -> Result<Reply, Problem> {
    call.ask.only(&["format"])?;
    let format = call.ask.parameter::<Format>("format")?.unwrap_or_default();
    let content_type = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Json => "application/json",
    };
    Ok(Reply::bytes(content_type, call.parts.inventory.export(format).await?))
}

async fn import_body(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    call.ask.only(&["format", "dry-run"])?;
    let format = call.ask.parameter::<Format>("format")?.unwrap_or_default();
    let dry_run = call.ask.parameter::<bool>("dry-run")?.unwrap_or(false);
    Reply::json(&import(call, permitted, call.ask.body.clone(), format, dry_run).await?)
}

/// Takes in a file of systems.
pub(in crate::admin) async fn import(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    file: Bytes,
    format: Format,
    dry_run: bool,
) -> Result<ImportReport, Problem> {
    let target = format!("{} bytes of {format}{}", file.len(), if dry_run { ", dry run" } else { "" });
    call.begin(permitted, "inventory import", target).await?;
    let operator = permitted.operator();
    let report = call.parts.inventory.import(file, format, dry_run, &operator.name).await?;
    tracing::info!(added = report.added, changed = report.changed, dry_run, %operator, "inventory imported");
    Ok(report)
}

/// What the platforms, or the event, of the query string concern.
pub(in crate::admin) async fn affected(call: &Call<'_>, _: &Permitted<Look>) -> Result<Affected, Problem> {
    call.ask.only(&["cpe", "cve", "event"])?;
    if let Some(event) = call.ask.parameter::<EventId>("event")? {
        let state = call.parts.officers.state(&event).await?;
        return Ok(call.parts.inventory.affected(&state.call.platforms, state.vulnerabilities()).await?);
    }
    let all = |name: &str| -> Vec<String> {
        let named = call.ask.query.iter().filter(|(key, value)| key == name && !value.is_empty());
        named.map(|(_, value)| value.clone()).collect()
    };
    let platforms = all("cpe");
    if platforms.is_empty() {
        return Err(Problem::bad_request(
            "no platform is named",
            "name one by its CPE name, cpe=cpe:2.3:…, or an event",
        ));
    }
    Ok(call.parts.inventory.affected(&platforms, &all("cve")).await?)
}
