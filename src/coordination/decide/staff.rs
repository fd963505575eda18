//! What staff order. Who may order what is `admin`'s to say; here stands what the process allows.

use std::collections::BTreeMap;

use super::{Command, Draft, Refusal};
use crate::clock::Timestamp;
use crate::coordination::entry::{Entry, Finding};
use crate::coordination::plan::milestone;
use crate::coordination::state::{Mark, Unit};
use crate::coordination::subject::Subject;
use crate::store::records::{EventRole, EventState};

impl Draft {
    pub(super) fn staff(&mut self, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Release => self.release(),
            Command::ConfirmIssue(issued) => self.confirm_issue(issued),
            Command::EditAlert(parts) => {
                self.not_over("its alert cannot be edited")?;
                self.push(Entry::AlertEdited { parts: *parts });
                Ok(())
            }
            Command::ApproveAlert => self.approve(),
            Command::IssueAlert => self.issue(),
            Command::Inform(units) => self.inform(units),
            Command::Meet { subject, when, evidence } => self.meet(subject, when, evidence),
            Command::Waive(subject, why) => self.waive(subject, why),
            Command::Correct { systems, when, evidence, only } => {
                self.correct(systems, (when, evidence), only.as_deref())
            }
            Command::Except { system, why, only } => self.except_by_staff(&system, &why, only.as_deref()),
            Command::ReportProgress => self.report_progress(),
            Command::Complete(unit) => self.complete(unit),
            Command::Scan { unit, scan, digest, findings } => {
                self.must_be_open("scans are read")?;
                self.unit(&unit)?;
                let failing = failing(&findings);
                self.push(Entry::Scanned { unit: unit.clone(), scan: scan.clone(), digest, findings });
                if !failing.is_empty() {
                    self.send_discrepancy(&unit, failing, format!("still vulnerable according to {scan}"));
                }
                Ok(())
            }
            Command::SignOff(unit, evidence) => self.sign_off(unit, evidence),
            Command::Confirm { remark, despite } => self.confirm(remark, despite),
            Command::SendStatus(to) => {
                self.push(Entry::StatusSent { to });
                Ok(())
            }
            Command::Note(text) => {
                self.push(Entry::Noted { text });
                Ok(())
            }
            Command::Close(why) => self.close(why),
            Command::Reopen(why) => self.reopen(why),
            Command::Cancel(why) => {
                self.not_over("it cannot be cancelled")?;
                self.push(Entry::Cancelled { why });
                self.tell_the_authority();
                Ok(())
            }
            // The rest is not staff's: `carry_out` has taken it.
            _ => Ok(()),
        }
    }

    fn not_over(&self, what: &str) -> Result<(), Refusal> {
        if self.state.is_over() { Err(self.not_now(what)) } else { Ok(()) }
    }

    fn release(&mut self) -> Result<(), Refusal> {
        if self.state.state != EventState::Held {
            return Err(self.not_now("only an event that is held waits to be opened"));
        }
        self.push(Entry::Released);
        Ok(())
    }

    fn confirm_issue(&mut self, issued: Timestamp) -> Result<(), Refusal> {
        self.not_over("its time cannot be set")?;
        self.push(Entry::IssueConfirmed { issued });
        Ok(())
    }

    fn approve(&mut self) -> Result<(), Refusal> {
        self.must_be_open("its alert can be approved")?;
        if let Some((at, by)) = &self.state.approved {
            return Err(Refusal::Already { what: format!("the alert was approved by {by} at {at}") });
        }
        self.push(Entry::AlertApproved);
        Ok(())
    }

    fn issue(&mut self) -> Result<(), Refusal> {
        self.must_be_open("its alert can be issued")?;
        if self.state.approved.is_none() {
            return Err(self.not_now("approve the alert first with `ridd alert approve`"));
        }
        let actor = self.actor().to_owned();
        if !self.send_alerts(&actor) {
            let what = if self.state.units.is_empty() {
                "no unit has affected systems: look at `ridd inventory affected`"
            } else {
                "every affected unit has the alert"
            };
            return Err(Refusal::Already { what: what.to_owned() });
        }
        Ok(())
    }

    fn inform(&mut self, units: Vec<String>) -> Result<(), Refusal> {
        self.must_be_open("units can be informed")?;
        for unit in units {
            if !self.state.units.contains_key(&unit) && !self.state.informed.contains(&unit) && unit != self.state.own {
                self.push(Entry::Informed { unit });
            }
        }
        Ok(())
    }

    fn known_mark(&self, subject: &Subject) -> Result<&Mark, Refusal> {
        self.state.mark(subject).ok_or_else(|| Refusal::NoSuchMilestone { subject: subject.clone() })
    }

    fn open_mark(&self, subject: &Subject) -> Result<(), Refusal> {
        let mark = self.known_mark(subject)?;
        if let Some(met) = &mark.met {
            return Err(Refusal::Already { what: format!("{subject} was met by {} at {}", met.by, met.at) });
        }
        if let Some(waived) = &mark.waived {
            return Err(Refusal::Already { what: format!("{subject} was waived by {} at {}", waived.by, waived.at) });
        }
        Ok(())
    }

    fn meet(&mut self, subject: Subject, when: Option<Timestamp>, evidence: Option<String>) -> Result<(), Refusal> {
        self.not_over("no milestone of it can be met")?;
        self.open_mark(&subject)?;
        self.push(Entry::Met { subject, when, evidence });
        Ok(())
    }

    fn waive(&mut self, subject: Subject, why: String) -> Result<(), Refusal> {
        self.not_over("no milestone of it can be waived")?;
        self.open_mark(&subject)?;
        self.push(Entry::Waived { subject, why });
        Ok(())
    }

    /// The affected systems of these names by unit.
    fn by_unit(&self, systems: Vec<String>, only: Option<&str>) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
        let mut by_unit: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let (mut unknown, mut foreign) = (Vec::new(), Vec::new());
        for system in systems {
            let holders: Vec<&String> = self
                .state
                .units
                .iter()
                .filter(|(_, unit)| unit.systems.contains_key(&system))
                .map(|(name, _)| name)
                .collect();
            let allowed = holders.iter().find(|name| only.is_none_or(|only| only == name.as_str()));
            match (allowed, holders.is_empty()) {
                (Some(unit), _) => by_unit.entry((*unit).clone()).or_default().push(system),
                (None, true) => unknown.push(system),
                (None, false) => foreign.push(system),
            }
        }
        if !unknown.is_empty() {
            return Err(Refusal::NoSuchSystems { systems: unknown });
        }
        if !foreign.is_empty() {
            return Err(Refusal::NotYours { unit: only.unwrap_or_default().to_owned(), systems: foreign });
        }
        Ok(by_unit)
    }

    fn correct(
        &mut self,
        systems: Vec<String>,
        (when, evidence): (Option<Timestamp>, Option<String>),
        only: Option<&str>,
    ) -> Result<(), Refusal> {
        self.must_be_open("systems can be reported corrected")?;
        for (unit, mut systems) in self.by_unit(systems, only)? {
            let known = self.unit(&unit)?;
            systems.retain(|name| known.systems.get(name).is_some_and(|system| system.corrected.is_none()));
            if !systems.is_empty() {
                self.push(Entry::Corrected { unit, systems, when, evidence: evidence.clone() });
            }
        }
        Ok(())
    }

    fn except_by_staff(&mut self, system: &str, why: &str, only: Option<&str>) -> Result<(), Refusal> {
        self.must_be_open("exceptions can be made")?;
        let units: Vec<String> = self.by_unit(vec![system.to_owned()], only)?.into_keys().collect();
        for unit in units {
            self.except(&unit, system, why);
        }
        Ok(())
    }

    fn report_progress(&mut self) -> Result<(), Refusal> {
        self.must_be_open("progress can be reported")?;
        if self.state.role != EventRole::Unit || self.state.source.is_none() {
            return Err(self.not_now("no node above has sent it: there is nobody to report to"));
        }
        self.push(Entry::ProgressSent);
        Ok(())
    }

    fn complete(&mut self, unit: Option<String>) -> Result<(), Refusal> {
        self.must_be_open("completion can be reported")?;
        let own = self.state.own.clone();
        let whole = unit.is_none() && self.state.role == EventRole::Unit;
        let units: Vec<String> =
            if whole { self.state.units.keys().cloned().collect() } else { vec![unit.unwrap_or(own)] };
        let mut open = Vec::new();
        for name in &units {
            let unit = self.unit(name)?;
            open.extend(unit.unsettled().map(|system| format!("{system} ({name})")));
            if *name != self.state.own && unit.completed.is_none() && unit.unsettled().next().is_none() && whole {
                open.push(format!("{name} has not reported completion"));
            }
        }
        if !open.is_empty() {
            let what = "corrective action is not complete: correct these systems or state an exception with \
                        `ridd system except`"
                .to_owned();
            return Err(Refusal::StillOpen { what, open });
        }
        for name in units {
            if self.unit(&name)?.completed.is_none() {
                self.push(Entry::Completed { unit: name });
            }
        }
        if whole && self.state.source.is_some() {
            self.push(Entry::CompletionSent);
        }
        Ok(())
    }

    fn sign_off(&mut self, unit: String, evidence: String) -> Result<(), Refusal> {
        self.must_be_open("units can be signed off")?;
        let found = self.unit(&unit)?;
        if found.completed.is_none() {
            let open: Vec<String> = found.unsettled().map(str::to_owned).collect();
            let what = format!("{unit} has not reported completion; what is open");
            return Err(Refusal::StillOpen { what, open });
        }
        self.push(Entry::SignedOff { unit, evidence });
        Ok(())
    }

    fn confirm(&mut self, remark: Option<String>, despite: Option<String>) -> Result<(), Refusal> {
        self.must_be_open("it can be confirmed")?;
        if self.state.event_mark(milestone::CONFIRMED).is_some_and(|mark| mark.met.is_some()) {
            return Err(Refusal::Already {
                what: "the event is confirmed: close it with `ridd event close`".to_owned(),
            });
        }
        let identified = self.state.event_mark(milestone::UNITS_IDENTIFIED).is_none_or(|mark| !mark.is_open());
        let unfinished = |(name, unit): (&String, &std::sync::Arc<Unit>)| {
            (unit.validated.is_none() && !self.is_waived(name)).then(|| name.clone())
        };
        let mut open: Vec<String> = self.state.units.iter().filter_map(unfinished).collect();
        if !identified {
            open.push("the affected units are not identified".to_owned());
        }
        if !open.is_empty() && despite.is_none() {
            let what = "not all is validated: validate or waive, or confirm with --despite and the reason".to_owned();
            return Err(Refusal::StillOpen { what, open });
        }
        let remark = match despite {
            Some(why) if !open.is_empty() => Some(format!("despite {}: {why}", open.join(", "))),
            _ => remark,
        };
        self.push(Entry::Confirmed { remark });
        self.tell_the_authority();
        Ok(())
    }

    fn close(&mut self, why: Option<String>) -> Result<(), Refusal> {
        self.not_over("it is closed already")?;
        let done = match self.state.role {
            EventRole::Department => self.state.event_mark(milestone::CONFIRMED).is_some_and(|mark| !mark.is_open()),
            EventRole::Unit => self.state.units.values().all(|unit| unit.completed.is_some()),
        };
        if !done && why.is_none() {
            let open = self.state.open_marks().map(|(subject, _)| subject.to_string()).take(20).collect();
            let what =
                "the process is not at its end: say why it is closed all the same (--why); still open".to_owned();
            return Err(Refusal::StillOpen { what, open });
        }
        let told = self.has_been_told();
        self.push(Entry::Closed { why });
        if !told {
            self.tell_the_authority();
        }
        Ok(())
    }

    fn reopen(&mut self, why: String) -> Result<(), Refusal> {
        if !self.state.is_over() {
            return Err(self.not_now("only what is closed or cancelled can be opened again"));
        }
        self.push(Entry::Reopened { why });
        Ok(())
    }

    /// Whether the authority knows of the confirmation, and of all that its status says.
    fn has_been_told(&self) -> bool {
        let state = &self.state;
        let told = state.source.as_ref().and_then(|source| state.told.get(&source.peer));
        let confirmed = state.event_mark(milestone::CONFIRMED).and_then(|mark| mark.met.as_ref());
        told.zip(confirmed).is_some_and(|(told, _)| state.news <= *told)
    }

    /// The authority whose call opened the event gets its status.
    fn tell_the_authority(&mut self) {
        if self.state.role == EventRole::Department
            && let Some(source) = self.state.source.clone()
        {
            self.push_by(super::BY_ITSELF, Entry::StatusSent { to: source.peer });
        }
    }
}

fn failing(findings: &[(String, Finding, Option<String>)]) -> Vec<String> {
    findings.iter().filter(|(_, finding, _)| *finding == Finding::Fail).map(|(name, _, _)| name.clone()).collect()
}
