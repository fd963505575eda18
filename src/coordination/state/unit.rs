//! One affected unit, and its systems.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::coordination::entry::Finding;
use crate::coordination::wire::Target;
use crate::store::worded;

worded! {
    /// What became of the alert to a unit.
    pub enum AlertState: "state of an alert" {
        /// It has not been sent.
        Unsent = "unsent",
        /// It is in the outbox.
        Sent = "sent",
        /// The unit's node has it.
        Delivered = "delivered",
        /// Nobody at the unit has decided yet.
        Pending = "pending",
        /// The unit acknowledged it.
        Acknowledged = "acknowledged",
        /// The unit denied it.
        Denied = "denied",
        /// It could not be delivered.
        Failed = "failed",
    }
}

/// One affected system.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct SystemState {
    /// The system as it was described.
    pub target: Target,
    /// When it was reported corrected, and on what evidence.
    pub corrected: Option<(Timestamp, Option<String>)>,
    /// Why it stays as it is.
    pub excepted: Option<String>,
    /// What the last scan says of it.
    pub finding: Option<(Finding, Option<String>)>,
}

impl SystemState {
    /// Whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        self.corrected.is_some() || self.excepted.is_some()
    }
}

/// One affected unit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Unit {
    /// What became of its alert.
    pub alert: AlertState,
    /// The instance of our incident that its newest Request uses; 0 for our own systems.
    pub instance: i64,
    /// When the alert was delivered first.
    pub delivered: Option<Timestamp>,
    /// Its affected systems by name.
    pub systems: BTreeMap<String, SystemState>,
    /// Whether systems were added since the alert was sent.
    pub stale: bool,
    /// When it reported completion; nothing again when a discrepancy is found.
    pub completed: Option<Timestamp>,
    /// When its corrections were validated.
    pub validated: Option<Timestamp>,
    /// Who signed it off without a scan.
    pub signed_off: Option<String>,
    /// How often it was asked to look again.
    pub discrepancies: u32,
}

impl Unit {
    pub(in crate::coordination) fn new() -> Self {
        Self {
            alert: AlertState::Unsent,
            instance: 0,
            delivered: None,
            systems: BTreeMap::new(),
            stale: false,
            completed: None,
            validated: None,
            signed_off: None,
            discrepancies: 0,
        }
    }

    /// The systems that are neither corrected nor excepted.
    pub fn unsettled(&self) -> impl Iterator<Item = &str> {
        self.systems.iter().filter(|(_, system)| !system.is_settled()).map(|(name, _)| name.as_str())
    }

    /// How many systems are corrected.
    pub fn corrected(&self) -> usize {
        self.systems.values().filter(|system| system.corrected.is_some()).count()
    }

    /// How many stay as they are.
    pub fn excepted(&self) -> usize {
        self.systems.values().filter(|system| system.excepted.is_some() && system.corrected.is_none()).count()
    }

    /// Whether it is corrected, and either signed off or passed by scans, wherever no exception stands.
    pub fn holds(&self) -> bool {
        let passed = |system: &SystemState| matches!(system.finding, Some((Finding::Pass, _)));
        let excused = |system: &SystemState| system.corrected.is_none() && system.excepted.is_some();
        self.completed.is_some()
            && (self.signed_off.is_some() || self.systems.values().all(|system| excused(system) || passed(system)))
    }
}
