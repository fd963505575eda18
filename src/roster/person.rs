//! One person or team of the roster, and the row it is kept as.

use serde::{Deserialize, Serialize};

use super::RosterError;
use super::place::Place;
use super::week::{self, Override, Shift, Zone};
use crate::clock::Timestamp;
use crate::store::records::{Contact, ParcelKind};

/// One way to reach a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Channel {
    /// How a notice travels there; never RID.
    pub kind: ParcelKind,
    /// Where it goes: an email address; a pager's id, or an email address that pages; a fax number; a URL.
    pub address: String,
}

/// A person or a team that is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Person {
    /// The name by which the roster and the inventory speak of the person.
    pub id: String,
    /// The name as people say it.
    pub name: String,
    /// What the person is called as.
    pub place: Place,
    /// The operating unit, by its node's DNS-ID; none for whoever belongs to this node itself.
    pub unit: Option<String>,
    /// How the person is reached, in the order in which it is tried.
    pub channels: Vec<Channel>,
    /// Who is called next, by id, if the person does not answer.
    pub deputies: Vec<String>,
    /// Who is called when the deputies do not answer either; by the place if absent.
    pub above: Option<String>,
    /// The time zone of the shifts.
    pub zone: Zone,
    /// A watch's weekly table.
    pub shifts: Vec<Shift>,
    /// What holds on some dates instead of it.
    pub overrides: Vec<Override>,
}

/// What a row keeps beside its columns.
#[derive(Serialize, Deserialize)]
struct Details {
    /// The place in the file: persons of one place are called in that order.
    order: usize,
    /// Who imported it.
    by: String,
    channels: Vec<Channel>,
    deputies: Vec<String>,
    above: Option<String>,
    zone: Zone,
    shifts: Vec<Shift>,
    overrides: Vec<Override>,
}

impl Person {
    /// Whether others take turns for it.
    pub fn is_watch(&self) -> bool {
        !self.shifts.is_empty() || !self.overrides.is_empty()
    }

    /// Who of others is on for it at that instant, by id.
    pub fn on_shift(&self, at: Timestamp) -> Vec<&str> {
        week::on(&self.zone, &self.shifts, &self.overrides, at)
    }

    /// The person as a row.
    pub(super) fn to_contact(&self, order: usize, by: &str, imported: Timestamp) -> Result<Contact, RosterError> {
        let details = Details {
            order,
            by: by.to_owned(),
            channels: self.channels.clone(),
            deputies: self.deputies.clone(),
            above: self.above.clone(),
            zone: self.zone.clone(),
            shifts: self.shifts.clone(),
            overrides: self.overrides.clone(),
        };
        let details = serde_json::to_string(&details)
            .map_err(|error| RosterError::Damaged { id: self.id.clone(), why: error.to_string() })?;
        Ok(Contact {
            id: self.id.clone(),
            name: self.name.clone(),
            unit: self.unit.clone(),
            place: self.place.to_string(),
            details,
            imported,
        })
    }

    /// The person of the row, and its place in the file.
    pub(super) fn from_contact(row: Contact) -> Result<(usize, Self), RosterError> {
        let damaged = |why: String| RosterError::Damaged { id: row.id.clone(), why };
        let details: Details = serde_json::from_str(&row.details).map_err(|error| damaged(error.to_string()))?;
        let place = row.place.parse().map_err(damaged)?;
        let person = Self {
            id: row.id,
            name: row.name,
            place,
            unit: row.unit,
            channels: details.channels,
            deputies: details.deputies,
            above: details.above,
            zone: details.zone,
            shifts: details.shifts,
            overrides: details.overrides,
        };
        Ok((details.order, person))
    }
}
