//! The roster and the operators: who is called, who may give orders, and what orders were given.

use crate::clock::Timestamp;
use crate::ids::{Digest, MessageId};
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
    /// Someone who may give orders to the node: as a local user over the admin socket, over the page, or both.
    pub struct Operator: "staff", version 1, key(name), index by_user(user, name) {
        /// What the log calls the operator, and what they sign in with.
        name: String,
        /// The user's number on this machine (uid); nothing for whoever is no user there.
        user: Option<i64>,
        /// What the operator may do.
        role: Role,
        /// The person of the roster who this is.
        person: Option<String>,
        /// For a unit contact or an implementer: the unit whose systems those acts are limited to.
        unit: Option<String>,
        /// The keys of the certificates (SHA-256 of SPKI) with which the operator may sign in, one a line.
        certificates: Option<String>,
        /// When the operator was added or last changed.
        added: Timestamp,
        /// Who did that.
        by: String,
    }
}

record! {
    /// An operator as a local user: how operators were kept before there was a page. Read once, and moved to `staff`.
    pub struct LocalOperator: "operators", version 1, key(user) {
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
    /// With what an operator signs in at the page. Apart from [`Operator`], so that no listing comes near it.
    pub struct Credential: "credentials", version 1, key(operator) {
        /// The operator, by name.
        operator: String,
        /// The hash of the password, in the PHC form.
        password: String,
        /// Until when the password is good, if it is one that must be changed at the first sign-in.
        once: Option<Timestamp>,
        /// The secret of the one-time codes (RFC 6238), in base 32; nothing until it is set up.
        totp: Option<String>,
        /// The last step of time whose code was used: none up to it is taken again.
        step: Option<i64>,
        /// When the password was set.
        set: Timestamp,
    }
}

record! {
    /// One sign-in at the page, until it is signed out or has run out.
    pub struct Session: "sessions", version 1, key(token), index by_operator(operator, begun) {
        /// The SHA-256 of the token that the browser holds.
        token: Digest,
        /// Who signed in, by name.
        operator: String,
        /// How: `certificate`, `password and code`, or `one-time password`.
        means: String,
        /// From which address.
        remote: String,
        /// What the browser says it is; cut short.
        agent: Option<String>,
        /// When.
        begun: Timestamp,
        /// When it was last used, to the minute.
        seen: Timestamp,
        /// For a sign-in by certificate: its key (SHA-256 of SPKI), which each request must show again.
        certificate: Option<Digest>,
        /// The secret of the one-time codes that is being set up, in base 32: such a session can do nothing else.
        enrolling: Option<String>,
    }
}

record! {
    /// What an operator did: written before it is done, and anew when it is.
    pub struct StaffAct: "acts", version 1, key(id) {
        /// Our name for it; later acts have later names.
        id: MessageId,
        /// When it was asked for.
        at: Timestamp,
        /// The operator, as the log calls them.
        operator: String,
        /// The operator's number on this machine (uid); -1 for whoever acts over the page and is no user there.
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
