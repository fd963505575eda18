//! `/api/v1/incidents`: what incidents were exchanged, and each with its messages in the order of time.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::messages::{MessageView, by_incident};
use super::{Call, listing, no_such_path};
use crate::admin::auth::{Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::IncidentName;
use crate::store::records::{Incident, Message};
use crate::store::{Column, Scan};

/// One incident as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IncidentView {
    /// What names it.
    pub incident: IncidentName,
    /// What it is about.
    pub title: Option<String>,
    /// The purpose of its newest document.
    pub purpose: Option<String>,
    /// The restriction of its newest document; absent counts as `private` (RFC 7970 §3.3.1).
    pub restriction: Option<String>,
    /// When we first heard of it.
    pub opened: Timestamp,
    /// When we last heard or spoke of it.
    pub changed: Timestamp,
    /// The highest instance number used or seen.
    pub instance: i64,
}

impl From<Incident> for IncidentView {
    fn from(incident: Incident) -> Self {
        Self {
            incident: IncidentName { name: incident.name, id: incident.id },
            title: incident.title,
            purpose: incident.purpose,
            restriction: incident.restriction,
            opened: incident.opened,
            changed: incident.changed,
            instance: incident.instance,
        }
    }
}

/// One incident with its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IncidentDetail {
    /// The incident.
    #[serde(flatten)]
    pub incident: IncidentView,
    /// Its messages, the oldest first.
    pub messages: Vec<MessageView>,
    /// Whether there are more messages than are shown.
    pub more: bool,
    /// If there are: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A listing of incidents, the one changed last first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IncidentList {
    /// The incidents.
    pub incidents: Vec<IncidentView>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// If there are: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Answers below `/api/v1/incidents`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([incident], &Method::GET) => show(call, &call.permit()?, incident.parse()?).await,
        _ => Err(no_such_path(rest)),
    }
}

async fn list(call: &Call<'_>, _: &Permitted<Look>) -> Result<Reply, Problem> {
    call.ask.only(&["limit", "cursor", "name"])?;
    let name = call.ask.parameter::<String>("name")?;
    let scan = Scan::of::<Incident>(0).by("by_time").descending();
    let keep = |incident: &Incident| name.as_ref().is_none_or(|name| *name == incident.name);
    let (store, limit, cursor) = (call.parts.store.as_ref(), call.limit()?, call.ask.parameter("cursor")?);
    let listing::Listed { records, next } = listing::page(store, scan, limit, cursor, keep).await?;
    let incidents = records.into_iter().map(IncidentView::from).collect();
    Reply::json(&IncidentList { incidents, more: next.is_some(), next })
}

async fn show(call: &Call<'_>, _: &Permitted<Look>, name: IncidentName) -> Result<Reply, Problem> {
    call.ask.only(&["limit", "cursor"])?;
    let store = call.parts.store.as_ref();
    let found = store.find::<Incident>(vec![name.name.to_value(), name.id.to_value()]).await?;
    let incident = found.ok_or_else(|| Problem::not_found("incident", &name, "ridd incident list"))?;
    let (scan, cursor) = (by_incident(&name), call.ask.parameter("cursor")?);
    let listing::Listed { records, next } =
        listing::page::<Message>(store, scan, call.limit()?, cursor, |_| true).await?;
    let messages = records.into_iter().map(MessageView::from).collect();
    Reply::json(&IncidentDetail { incident: incident.into(), messages, more: next.is_some(), next })
}
