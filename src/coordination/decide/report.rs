//! What a unit reports: milestones it has met, systems it has corrected, exceptions, completion.

use std::collections::BTreeMap;

use super::{Draft, Refusal};
use crate::clock::Timestamp;
use crate::coordination::entry::Entry;
use crate::coordination::plan::{Milestone, Scope, milestone};
use crate::coordination::subject::Subject;
use crate::coordination::wire;

/// Milestones of a unit that are not for the unit to say.
const NOT_THE_UNITS: [&str; 4] =
    [milestone::ALERT_ISSUED, milestone::ALERT_ACKNOWLEDGED, milestone::VALIDATED, milestone::UNIT_COMPLETED];

impl Draft {
    pub(super) fn report(
        &mut self,
        unit: &str,
        work: &wire::Progress,
        completion: Option<bool>,
    ) -> Result<(), Refusal> {
        self.must_be_open("reports are taken")?;
        self.unit(unit)?;
        let named = work.corrected.iter().map(|one| &one.system).chain(work.exceptions.iter().map(|one| &one.system));
        let (foreign, unknown) = self.not_of(unit, named);
        if !foreign.is_empty() {
            let why = format!("{unit} reported systems of other units: {}", foreign.join(", "));
            let open: Vec<String> = self.unit(unit)?.unsettled().map(str::to_owned).collect();
            self.push(Entry::ReportRefused { unit: unit.to_owned(), systems: foreign, why: why.clone() });
            // A Result is answered with an empty response (RFC 6546 Table 1): its sender learns of it by another Request.
            if completion.is_some() && !open.is_empty() {
                self.send_discrepancy(unit, open, format!("nothing of the completion was taken: {why}"));
            }
            return Ok(());
        }
        self.acknowledged_by_acting(unit);
        if !unknown.is_empty() {
            let text =
                format!("{unit} also reports systems that are not among its affected ones: {}", unknown.join(", "));
            self.push(Entry::Noted { text });
        }
        self.milestones_met(unit, &work.met);
        self.corrections(unit, &work.corrected);
        for one in &work.exceptions {
            self.except(unit, &one.system, &one.reason);
        }
        match completion {
            Some(all) => self.completion(unit, all, work.written),
            None => Ok(()),
        }
    }

    /// Of these systems, those that are other units', and those that nobody knows.
    fn not_of<'a>(&self, unit: &str, named: impl Iterator<Item = &'a String>) -> (Vec<String>, Vec<String>) {
        let (mut foreign, mut unknown) = (Vec::new(), Vec::new());
        for system in named {
            let mut holders = self.state.units.iter().filter(|(_, unit)| unit.systems.contains_key(system)).peekable();
            if holders.peek().is_none() {
                unknown.push(system.clone());
            } else if holders.all(|(name, _)| name != unit) {
                foreign.push(system.clone());
            }
        }
        (foreign, unknown)
    }

    fn milestones_met(&mut self, unit: &str, met: &[wire::Met]) {
        for one in met {
            let Ok(milestone) = one.milestone.parse::<Milestone>() else { continue };
            let of_unit = self.state.plan.step(milestone.as_str()).is_some_and(|step| step.scope == Scope::Unit);
            let subject = Subject::unit(milestone, unit);
            let open = self.state.mark(&subject).is_some_and(crate::coordination::state::Mark::is_open);
            if of_unit && open && !NOT_THE_UNITS.contains(&subject.milestone.as_str()) {
                let evidence = one.text.clone().or_else(|| one.by.clone());
                self.push(Entry::Met { subject, when: one.at, evidence });
            }
        }
    }

    /// One entry for all that were corrected at the same time.
    fn corrections(&mut self, unit: &str, corrected: &[wire::Correction]) {
        let mut at: BTreeMap<(Option<Timestamp>, Option<String>), Vec<String>> = BTreeMap::new();
        let Some(known) = self.state.units.get(unit) else { return };
        for one in corrected {
            let news = known.systems.get(&one.system).is_some_and(|system| system.corrected.is_none());
            if news {
                at.entry((one.at, one.by.clone())).or_default().push(one.system.clone());
            }
        }
        for ((when, by), systems) in at {
            let evidence = by.map(|by| format!("by {by}"));
            self.push(Entry::Corrected { unit: unit.to_owned(), systems, when, evidence });
        }
    }

    pub(super) fn except(&mut self, unit: &str, system: &str, why: &str) {
        let known = self.state.units.get(unit).and_then(|unit| unit.systems.get(system));
        if known.is_some_and(|system| !system.is_settled()) {
            let (unit, system, why) = (unit.to_owned(), system.to_owned(), why.to_owned());
            self.push(Entry::Excepted { unit, system, why });
        }
    }

    fn completion(&mut self, unit: &str, all: bool, when: Option<Timestamp>) -> Result<(), Refusal> {
        let unsettled: Vec<String> = self.unit(unit)?.unsettled().map(str::to_owned).collect();
        if all && !unsettled.is_empty() {
            let evidence = Some("the unit reported completion of all its systems".to_owned());
            self.push(Entry::Corrected { unit: unit.to_owned(), systems: unsettled, when, evidence });
        } else if !unsettled.is_empty() {
            let systems = unsettled.clone();
            self.push(Entry::CompletionLacking { unit: unit.to_owned(), systems });
            self.send_discrepancy(unit, unsettled, "completion was reported, but not of these systems".to_owned());
            return Ok(());
        }
        if self.unit(unit)?.completed.is_none() {
            self.push(Entry::Completed { unit: unit.to_owned() });
        }
        Ok(())
    }
}
