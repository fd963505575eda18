//! A scan of a unit's systems, read and judged against the event. Called by staff's order to validate.
//!
//! What a scan found before a system was reported corrected says nothing about the correction: it neither opens the system
//! again nor validates it, and a scan that is older throughout is refused. A finding without a time counts as made now; a time
//! without a zone counts as UTC, as scanners write it.

use std::sync::Arc;

use super::Coordination;
use super::orders::Order;
use super::refused::OrderError;
use crate::clock::Timestamp;
use crate::coordination::decide::{Command, Refusal};
use crate::coordination::entry::Finding;
use crate::coordination::state::{State, Unit};
use crate::evidence::{self, Evidence, Judgement, Scanned, Verdict};
use crate::ids::{Digest, EventId};

/// How many systems, hosts that nobody asked about, and warnings of a scan are named in the log.
const NAMED: usize = 10;

impl Coordination {
    /// Reads a scan of a unit's systems, and says what follows.
    ///
    /// # Errors
    /// If it cannot be read, is older than the corrections that it is to prove, or is not wanted.
    pub async fn scan(&self, event: &EventId, unit: &str, file: &[u8], actor: &str) -> Result<Arc<State>, OrderError> {
        let state = self.state(event).await?;
        let found = state.units.get(unit).ok_or_else(|| Refusal::NoSuchUnit { unit: unit.to_owned() })?;
        let evidence = evidence::read(file, &self.config.evidence)?;
        if let Some(finding) = evidence.findings.iter().find(|finding| at(finding).is_err()) {
            let found = finding.at.clone().unwrap_or_default();
            return Err(OrderError::NoTime { rule: finding.rule.clone(), found });
        }
        let judgement = judged(&state, found, &evidence);
        let (mut findings, mut outdated) = (Vec::new(), Vec::new());
        for (system, verdict) in judgement.verdicts {
            let (finding, why) = match verdict {
                Verdict::Pass => (Finding::Pass, None),
                Verdict::Fail { why } => (Finding::Fail, Some(why)),
                Verdict::Unknown { why } => (Finding::Unknown, Some(why)),
                Verdict::NotScanned => (Finding::NotScanned, None),
                Verdict::Outdated { at } => {
                    outdated.push((system, at));
                    continue;
                }
            };
            findings.push((system, finding, why));
        }
        if let Some((system, scanned)) = outdated.first()
            && findings.iter().all(|(_, finding, _)| *finding == Finding::NotScanned)
        {
            let corrected = corrected(found, system).unwrap_or_default();
            return Err(OrderError::OldScan { system: system.clone(), scanned: scanned.clone(), corrected });
        }
        let scan = match &evidence.tool {
            Some(tool) => format!("{} of {tool}", evidence.format),
            None => evidence.format.to_string(),
        };
        let mut commands = vec![Command::Scan { unit: unit.to_owned(), scan, digest: Digest::of(file), findings }];
        let olds = outdated.iter().map(|(system, at)| format!("{system} (scanned {at})"));
        commands.extend(note("older than the correction, does not count:", outdated.len(), olds));
        // Most often a name that is written otherwise in the inventory: whoever reads the log must see it.
        let strangers = judgement.strangers.iter().cloned();
        commands.extend(note("the scan also looked at hosts that nobody asked about:", strangers.len(), strangers));
        commands.extend(evidence.warnings.iter().take(NAMED).map(|what| Command::Note(format!("the scan: {what}"))));
        self.carry_order(&Order::Commands(event.clone(), commands), actor).await
    }
}

/// What the evidence says of the unit's systems.
fn judged(state: &State, unit: &Unit, evidence: &Evidence) -> Judgement {
    let systems = unit.systems.values().map(|system| Scanned {
        name: system.target.name.clone(),
        addresses: system.target.hosts.iter().chain(&system.target.addresses).cloned().collect(),
    });
    let systems: Vec<Scanned> = systems.collect();
    // Scanners tell the time to the second.
    evidence::judge(evidence, state.vulnerabilities(), &systems, &|system, finding| {
        let corrected = corrected(unit, &system.name).map(Timestamp::seconds);
        let scanned = at(finding).ok().flatten().map(Timestamp::seconds);
        scanned.zip(corrected).is_some_and(|(scanned, corrected)| scanned < corrected)
    })
}

/// When the system was corrected, as it was reported.
fn corrected(unit: &Unit, system: &str) -> Option<Timestamp> {
    unit.systems.get(system)?.corrected.as_ref().map(|(at, _)| *at)
}

/// When the check was made, if the file says so; an error if it is no time.
fn at(finding: &evidence::Finding) -> Result<Option<Timestamp>, ()> {
    let Some(text) = &finding.at else { return Ok(None) };
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}Z"))).map(Some).ok_or(())
}

/// A note that names the first of so many.
fn note(what: &str, all: usize, named: impl Iterator<Item = String>) -> Option<Command> {
    let mut text = named.take(NAMED).collect::<Vec<_>>().join(", ");
    if let more @ 1.. = all.saturating_sub(NAMED) {
        text += &format!(", and {more} more");
    }
    (all > 0).then(|| Command::Note(format!("{what} {text}")))
}
