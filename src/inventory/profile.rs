//! What is written down about a system: the fields that can be changed, their rules, and their form in files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cpe::Name;
use super::{Config, FieldFault};
use crate::ids::PeerName;
use crate::store::records::{Patch, PatchState, System};

/// What to change of a system. What is absent stays; an empty text or list clears the field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SystemChange {
    /// The unit that runs it: the DNS-ID of the unit's node. Never empty.
    pub unit: Option<String>,
    /// Who owns it: a person of the roster.
    pub owner: Option<String>,
    /// Who administers it: persons of the roster.
    pub administrators: Option<Vec<String>>,
    /// Its network addresses.
    pub addresses: Option<Vec<String>>,
    /// The CPE names of its platform, as formatted strings or URIs; kept as formatted strings.
    pub cpes: Option<Vec<String>>,
    /// What else people should know.
    pub note: Option<String>,
}

impl SystemChange {
    /// Brings the fields into the form in which they are kept; all that is wrong with them is added to `faults`.
    pub(super) fn check(&mut self, config: &Config, faults: &mut Vec<FieldFault>) {
        let mut fault = |field, why| faults.push(FieldFault { field, why });
        if let Some(unit) = &mut self.unit {
            match unit.trim().parse::<PeerName>() {
                Ok(name) => *unit = name.to_string(),
                Err(error) => fault("unit", error.to_string()),
            }
        }
        for (field, text) in [("owner", &mut self.owner), ("note", &mut self.note)] {
            let Some(text) = text else { continue };
            *text = text.trim().to_owned();
            if let Some(why) = unfit(text, config.field_bytes, field == "note") {
                fault(field, why);
            }
        }
        let lists = [
            ("administrators", &mut self.administrators),
            ("addresses", &mut self.addresses),
            ("cpes", &mut self.cpes),
        ];
        for (field, list) in lists {
            let Some(list) = list else { continue };
            list.iter_mut().for_each(|one| *one = one.trim().to_owned());
            list.retain(|one| !one.is_empty());
            if list.len() > config.entries {
                fault(field, format!("{} entries, more than inventory.entries = {}", list.len(), config.entries));
            }
            for one in list.iter_mut() {
                match one.parse::<Name>() {
                    _ if field != "cpes" => {
                        if let Some(why) = unfit(one, config.field_bytes, false) {
                            fault(field, why);
                        }
                    }
                    Ok(name) => *one = name.to_string(),
                    Err(error) => fault(field, error.to_string()),
                }
            }
        }
    }

    /// Changes the system, whose time and author stay.
    pub(super) fn apply(&self, system: &mut System) {
        if let Some(unit) = &self.unit {
            system.unit.clone_from(unit);
        }
        let texts = [(&self.owner, &mut system.owner), (&self.note, &mut system.note)];
        for (new, old) in texts {
            if let Some(text) = new {
                *old = Some(text.clone()).filter(|text| !text.is_empty());
            }
        }
        let lists = [
            (&self.administrators, &mut system.administrators),
            (&self.addresses, &mut system.addresses),
            (&self.cpes, &mut system.cpes),
        ];
        for (new, old) in lists {
            if let Some(list) = new {
                *old = Some(list.join("\n")).filter(|text| !text.is_empty());
            }
        }
    }
}

/// Why a text cannot be kept, if it cannot.
pub(super) fn unfit(text: &str, most: usize, lines: bool) -> Option<String> {
    if text.len() > most {
        return Some(format!("{} bytes, more than {most}", text.len()));
    }
    let control = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\t'));
    text.chars().any(control).then(|| "there are control characters in it".to_owned())
}

/// Why that is no name of a system, if it is none.
pub(super) fn unfit_name(name: &str) -> Option<String> {
    match name {
        "" => Some("a system has a name: its AssetID in reports".to_owned()),
        name => unfit(name, 255, false),
    }
}

/// The name of a vulnerability as it is kept and compared: without blanks around it, in upper case.
#[must_use]
pub fn vulnerability(name: &str) -> String {
    name.trim().to_ascii_uppercase()
}

/// The lines of a field that holds one entry a line.
pub fn entries(field: Option<&str>) -> impl Iterator<Item = &str> {
    field.into_iter().flat_map(str::lines).filter(|line| !line.is_empty())
}

/// A system as files and answers hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
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
    /// The vulnerabilities against which it is patched.
    pub patched: Vec<String>,
    /// The vulnerabilities that it keeps, with the reasons that were accepted.
    pub excepted: BTreeMap<String, String>,
}

impl Profile {
    /// What is known of a system and of its patches.
    pub(super) fn new(system: System, patches: &[Patch]) -> Self {
        let list = |field: Option<&str>| entries(field).map(str::to_owned).collect();
        let of = |state| patches.iter().filter(move |patch| patch.state == state);
        Self {
            administrators: list(system.administrators.as_deref()),
            addresses: list(system.addresses.as_deref()),
            cpes: list(system.cpes.as_deref()),
            name: system.name,
            unit: system.unit,
            owner: system.owner,
            note: system.note,
            patched: of(PatchState::Patched).map(|patch| patch.vulnerability.clone()).collect(),
            excepted: of(PatchState::Excepted)
                .map(|patch| (patch.vulnerability.clone(), patch.evidence.clone().unwrap_or_default()))
                .collect(),
        }
    }
}
