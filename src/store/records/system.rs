//! The inventory: a system, and how it stands to each vulnerability that was looked at.

use crate::clock::Timestamp;
use crate::store::{record, worded};

record! {
    /// One system profile.
    pub struct System: "systems", version 1, key(name), index by_unit(unit, name) {
        /// Its name, by which reports speak of it (IODEF AssetID).
        name: String,
        /// The operating unit that runs it: the DNS-ID of the unit's node.
        unit: String,
        /// Who owns it: a person of the roster.
        owner: Option<String>,
        /// Who administers it: persons of the roster, one a line.
        administrators: Option<String>,
        /// Its network addresses, one a line.
        addresses: Option<String>,
        /// The CPE 2.3 names of its platform, as formatted strings (NISTIR 7695 §6.2), one a line.
        cpes: Option<String>,
        /// What else people should know.
        note: Option<String>,
        /// When the profile was last changed.
        changed: Timestamp,
        /// Who changed it.
        by: String,
    }
}

worded! {
    /// How a system stands to a vulnerability.
    pub enum PatchState: "state of a patch" {
        /// It is vulnerable as far as is known.
        Unpatched = "unpatched",
        /// Corrective action is complete.
        Patched = "patched",
        /// It stays as it is, for a reason that was accepted.
        Excepted = "excepted",
    }
}

record! {
    /// How one system stands to one vulnerability. No row counts as unpatched.
    pub struct Patch: "patches", version 1, key(system, vulnerability), index by_vulnerability(vulnerability, system) {
        /// The system.
        system: String,
        /// The vulnerability's name: `CVE-2002-0649`.
        vulnerability: String,
        /// How it stands.
        state: PatchState,
        /// When that was reported.
        at: Timestamp,
        /// Who reported it.
        by: String,
        /// On what evidence, or for what reason.
        evidence: Option<String>,
    }
}
