//! The alert: who gets it, and what becomes of it.

use super::{Acknowledged, BY_ITSELF, Draft, Refusal};
use crate::coordination::entry::{Affected, Entry, Issuing};
use crate::coordination::plan::milestone;
use crate::coordination::state::{AlertState, Mark};
use crate::store::records::EventState;

/// The actor of what the configured policy lets happen.
const BY_POLICY: &str = "policy";

impl Draft {
    /// Systems that are affected. What is known already is no news.
    pub(super) fn identify(&mut self, mut affected: Affected, of: Option<u64>) -> Result<(), Refusal> {
        if self.state.is_over() {
            return Err(self.not_now("its units cannot be identified; reopen it first"));
        }
        for (unit, systems) in &mut affected {
            let known = self.state.units.get(unit);
            systems.retain(|target| !known.is_some_and(|unit| unit.systems.contains_key(&target.name)));
        }
        affected.retain(|_, systems| !systems.is_empty());
        let first = self.state.event_mark(milestone::UNITS_IDENTIFIED).is_none_or(Mark::is_open);
        if first || !affected.is_empty() {
            self.push(Entry::UnitsIdentified { affected, of });
        }
        Ok(())
    }

    pub(super) fn delivered(&mut self, unit: String) -> Result<(), Refusal> {
        let found = self.unit(&unit)?;
        if found.alert == AlertState::Sent || found.delivered.is_none() {
            // However we hear of it, it was our own parcel that came there.
            self.push_by(BY_ITSELF, Entry::AlertDelivered { unit });
        }
        Ok(())
    }

    pub(super) fn undeliverable(&mut self, unit: String, why: String) -> Result<(), Refusal> {
        if matches!(self.unit(&unit)?.alert, AlertState::Sent) {
            self.push(Entry::AlertFailed { unit, why });
        }
        Ok(())
    }

    pub(super) fn acknowledge(&mut self, unit: String, answer: Acknowledged) -> Result<(), Refusal> {
        // Whoever answers has it, also where the delivery is not known yet.
        let alert = self.unit(&unit)?.alert;
        match answer {
            Acknowledged::Approved if alert != AlertState::Acknowledged => {
                self.delivered(unit.clone())?;
                self.push(Entry::AlertAcknowledged { unit });
            }
            Acknowledged::Pending if !matches!(alert, AlertState::Acknowledged | AlertState::Pending) => {
                self.delivered(unit.clone())?;
                self.push(Entry::AlertPending { unit });
            }
            Acknowledged::Denied(justification) => {
                self.delivered(unit.clone())?;
                self.push(Entry::AlertDenied { unit, justification });
            }
            Acknowledged::Approved | Acknowledged::Pending => {}
        }
        Ok(())
    }

    pub(super) fn approve_by_policy(&mut self) {
        let identified = self
            .state
            .event_mark(milestone::UNITS_IDENTIFIED)
            .map_or_else(|| !self.state.units.is_empty(), |mark| mark.met.is_some());
        if self.state.policy.issuing == Issuing::Automatic && self.state.approved.is_none() && identified {
            self.push_by(BY_POLICY, Entry::AlertApproved);
        }
    }

    pub(super) fn issue_by_policy(&mut self) {
        if self.state.policy.issuing == Issuing::Automatic && self.state.approved.is_some() {
            self.send_alerts(BY_POLICY);
        }
    }

    /// The alert goes to each affected unit that has not got it, or has got more systems since. True if any did.
    pub(super) fn send_alerts(&mut self, actor: &str) -> bool {
        let due: Vec<String> = self
            .state
            .units
            .iter()
            .filter(|(_, unit)| unit.alert == AlertState::Unsent || unit.stale)
            .map(|(name, _)| name.clone())
            .collect();
        for unit in &due {
            let instance = self.next_instance(unit);
            self.push_by(actor, Entry::AlertSent { unit: unit.clone(), instance });
        }
        !due.is_empty()
    }

    /// Each Request to a peer takes an instance of its own (RFC 6545 §6.1); our own systems need no Request.
    pub(super) fn next_instance(&self, unit: &str) -> i64 {
        if unit == self.state.own { 0 } else { self.state.instance + 1 }
    }

    pub(super) fn unit(&self, unit: &str) -> Result<&crate::coordination::state::Unit, Refusal> {
        self.state.units.get(unit).map(AsRef::as_ref).ok_or_else(|| Refusal::NoSuchUnit { unit: unit.to_owned() })
    }

    pub(super) fn not_now(&self, what: &str) -> Refusal {
        Refusal::NotNow { state: self.state.state.as_str(), what: what.to_owned() }
    }

    pub(super) fn must_be_open(&self, what: &str) -> Result<(), Refusal> {
        match self.state.state {
            EventState::Open => Ok(()),
            EventState::Held => Err(self.not_now(&format!("{what} once it is opened with `ridd event release`"))),
            EventState::Closed | EventState::Cancelled => {
                Err(self.not_now(&format!("{what} once it is opened again with `ridd event reopen`")))
            }
        }
    }

    /// A unit that completed has acknowledged, whatever it said before.
    pub(super) fn acknowledged_by_acting(&mut self, unit: &str) {
        let silent = self.state.units.get(unit).is_some_and(|unit| unit.alert != AlertState::Acknowledged);
        if silent {
            // An alert that is under way has come, though its delivery is not known yet. One that could not be delivered came
            // by other means.
            if self.state.units.get(unit).is_some_and(|unit| unit.alert == AlertState::Sent) {
                self.push_by(BY_ITSELF, Entry::AlertDelivered { unit: unit.to_owned() });
            }
            self.push(Entry::AlertAcknowledged { unit: unit.to_owned() });
        }
    }

    /// Units are asked to look at systems again.
    pub(super) fn send_discrepancy(&mut self, unit: &str, systems: Vec<String>, why: String) {
        let instance = self.next_instance(unit);
        self.push_by(BY_ITSELF, Entry::DiscrepancySent { unit: unit.to_owned(), instance, systems, why });
    }
}
