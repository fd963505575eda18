//! `/api/v1/roster`: who is called, and who is next.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, no_such_path};
use crate::admin::auth::{ChangeNode, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::PeerName;
pub use crate::roster::{Fault, Imported, Person, Place, Rung};

/// The whole roster, in the order of its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PersonList {
    /// When it was imported; nothing if none was.
    pub imported: Option<Timestamp>,
    /// Everybody.
    pub persons: Vec<Person>,
}

/// One person of the roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PersonView {
    /// The person.
    pub person: Person,
    /// Who is on shift for a watch at this moment, by id.
    pub on_shift: Vec<String>,
}

/// A roster to put in the place of the present one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportOrder {
    /// The text of the file.
    pub text: String,
    /// Only say what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// Who is called in which order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ladder {
    /// For which place, if not for a person.
    pub place: Option<Place>,
    /// Of which unit; nothing for this node itself.
    pub unit: Option<String>,
    /// For which person, if not for a place.
    pub person: Option<String>,
    /// At which instant.
    pub at: Timestamp,
    /// One try after the other.
    pub rungs: Vec<Rung>,
}

/// Answers below `/api/v1/roster`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => {
            call.ask.only(&[])?;
            Reply::json(&list(call, &call.permit()?))
        }
        ([], &Method::POST) => Reply::json(&import(call, &call.permit()?, call.ask.json()?).await?),
        (["ladder"], &Method::GET) => Reply::json(&ladder(call, &call.permit()?)?),
        (["persons", id], &Method::GET) => {
            call.ask.only(&[])?;
            Reply::json(&show(call, &call.permit()?, id)?)
        }
        _ => Err(no_such_path(rest)),
    }
}

/// The whole roster.
pub(in crate::admin) fn list(call: &Call<'_>, _: &Permitted<Look>) -> PersonList {
    let rosters = &call.parts.rosters;
    PersonList { imported: rosters.imported(), persons: rosters.current().persons().to_vec() }
}

fn nobody(id: &str) -> Problem {
    Problem::not_found("person of the roster", id, "ridd roster list")
}

/// One person.
pub(in crate::admin) fn show(call: &Call<'_>, _: &Permitted<Look>, id: &str) -> Result<PersonView, Problem> {
    let roster = call.parts.rosters.current();
    let person = roster.person(id).ok_or_else(|| nobody(id))?;
    let on_shift = person.on_shift(call.parts.clock.now()).into_iter().map(str::to_owned).collect();
    Ok(PersonView { person: person.clone(), on_shift })
}

/// Puts a roster in the place of the present one.
pub(in crate::admin) async fn import(
    call: &Call<'_>,
    permitted: &Permitted<ChangeNode>,
    order: ImportOrder,
) -> Result<Imported, Problem> {
    let ImportOrder { text, dry_run } = order;
    call.begin(permitted, "roster import", dry_run.then(|| "dry run".to_owned())).await?;
    let operator = permitted.operator();
    let parts = call.parts;
    let imported = parts.rosters.import(&text, dry_run, &operator.to_string(), parts.clock.now()).await?;
    let (added, changed, removed) = (imported.added.len(), imported.changed.len(), imported.removed.len());
    tracing::info!(persons = imported.persons, added, changed, removed, dry_run, %operator, "roster imported");
    Ok(imported)
}

/// Whom to call in which order, for what the query string asks.
pub(in crate::admin) fn ladder(call: &Call<'_>, _: &Permitted<Look>) -> Result<Ladder, Problem> {
    call.ask.only(&["place", "unit", "person", "at"])?;
    let (parts, roster) = (call.parts, call.parts.rosters.current());
    let at = match call.ask.parameter::<String>("at")? {
        None => parts.clock.now(),
        Some(text) => Timestamp::parse(&text).ok_or_else(|| {
            let message = format!("at: {text:?} is no RFC 3339 date and time");
            Problem::bad_request(message, "write one such as 2003-01-25T05:30:00Z")
        })?,
    };
    let (unit, person) = (call.ask.parameter::<PeerName>("unit")?, call.ask.parameter::<String>("person")?);
    let place = call.ask.parameter::<Place>("place")?;
    if let Some(id) = person {
        if place.is_some() || unit.is_some() {
            let message = "a ladder begins with a person, or with a place of a unit".to_owned();
            return Err(Problem::bad_request(message, "give either person, or place and unit"));
        }
        roster.person(&id).ok_or_else(|| nobody(&id))?;
        let rungs = roster.ladder_of(&id, at);
        return Ok(Ladder { place: None, unit: None, person: Some(id), at, rungs });
    }
    // Whoever belongs to this node itself stands in the roster without a unit.
    let unit = unit.filter(|unit| *unit != parts.directory.own_name()).map(|unit| unit.to_string());
    // An operating unit's own roster has a contact at its head and no watch.
    let first = || match unit.is_none() && !roster.at(Place::CirtWatch, None).is_empty() {
        true => Place::CirtWatch,
        false => Place::UnitContact,
    };
    let place = place.unwrap_or_else(first);
    let rungs = roster.ladder(place, unit.as_deref(), at);
    Ok(Ladder { place: Some(place), unit, person: None, at, rungs })
}
