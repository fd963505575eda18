//! `/api/v1/incidents`: what incidents were exchanged, and each with its messages in the order of time.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::messages::{MessageView, by_incident};
use super::{Call, listing, no_such_path, wrong_method};
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
}

/// A listing of incidents, the one changed last first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IncidentList {
    /// The incidents.
    pub incidents: Vec<IncidentView>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// Answers below `/api/v1/incidents`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([incident], &Method::GET) => show(call, &call.permit()?, incident.parse()?).await,
        ([] | [_], _) => Err(wrong_method(method, "GET")),
        _ => Err(no_such_path(rest)),
    }
}

async fn list(call: &Call<'_>, _: &Permitted<Look>) -> Result<Reply, Problem> {
    call.ask.only(&["limit", "name"])?;
    let name = call.ask.parameter::<String>("name")?;
    let scan = Scan::of::<Incident>(0).by("by_time").descending();
    let keep = |incident: &Incident| name.as_ref().is_none_or(|name| *name == incident.name);
    let (incidents, more) = listing::list(call.parts.store.as_ref(), scan, call.limit()?, keep).await?;
    Reply::json(&IncidentList { incidents: incidents.into_iter().map(IncidentView::from).collect(), more })
}

async fn show(call: &Call<'_>, _: &Permitted<Look>, name: IncidentName) -> Result<Reply, Problem> {
    call.ask.only(&["limit"])?;
    let store = call.parts.store.as_ref();
    let found = store.find::<Incident>(vec![name.name.to_value(), name.id.to_value()]).await?;
    let incident = found.ok_or_else(|| Problem::not_found("incident", &name, "ridd incident list"))?;
    let (messages, more) = listing::list::<Message>(store, by_incident(&name), call.limit()?, |_| true).await?;
    let messages = messages.into_iter().map(MessageView::from).collect();
    Reply::json(&IncidentDetail { incident: incident.into(), messages, more })
}
