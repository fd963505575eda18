//! The roster and the operators: who is called, who may give orders, and what orders were given.

use crate::clock::Timestamp;
use crate::ids::MessageId;
use crate::store::{record, worded};

record! {
    /// One person or team of the roster.
    pub struct Contact: "contacts", version 1, key(id), index by_unit(unit, id) {
        /// The name by which the roster and the inventory speak of the person.
        id: String,
        /// The person's name as people say it.
        name: String,
        /// The operating unit the person answers for or belongs to; nothing for the department itself.
        unit: Option<String>,
        /// The person's place in the process: `program-manager`, `cirt-watch`, `unit-contact`, `owner`, …
        place: String,
        /// Everything else (channels in order, shifts, deputies, who is next), as JSON.
        details: String,
        /// When the roster was imported.
        imported: Timestamp,
    }
}

worded! {
    /// What an operator may do.
    pub enum Role: "role" {
        /// Looks.
        Viewer = "viewer",
        /// The CIRT's officer: alerts, notices, validation.
        Officer = "officer",
        /// The program manager: confirms, waives, closes.
        Manager = "manager",
        /// Peers, certificates, configuration; and all the above.
        Administrator = "administrator",
        /// A unit's significant event contact: the unit's own progress and completion.
        UnitContact = "unit-contact",
        /// Reports systems corrected.
        Implementer = "implementer",
    }
}

record! {
    /// A local user who may give orders to the node.
    pub struct Operator: "operators", version 1, key(user) {
        /// The user's number on this machine (uid).
        user: i64,
        /// What the log calls the operator.
        name: String,
        /// What the operator may do.
        role: Role,
        /// The person of the roster who this is.
        person: Option<String>,
        /// For a unit contact or an implementer: the unit whose systems those acts are limited to.
        unit: Option<String>,
        /// When the operator was added.
        added: Timestamp,
        /// Who added the operator.
        by: String,
    }
}

record! {
    /// What an operator did over the admin socket: written before it is done, and anew when it is.
    pub struct StaffAct: "acts", version 1, key(id) {
        /// Our name for it; later acts have later names.
        id: MessageId,
        /// When it was asked for.
        at: Timestamp,
        /// The operator, as the log calls them.
        operator: String,
        /// The operator's number on this machine (uid).
        user: i64,
        /// The role in which the operator acted.
        role: Role,
        /// What was done, as a few words: `peer added`.
        act: String,
        /// To what: a name or an id.
        target: Option<String>,
        /// How it ended: `begun` until it has, `done`, or the code with which it was refused.
        outcome: String,
    }
}
