//! `ridd bench log`: how long the log of a significant event takes to read: its chain verified, its entries read and folded
//! into the state. That is what a start after a crash, and `ridd audit verify`, cost for each event.

use std::time::Duration;

use serde::Serialize;

use super::timing::{Samples, Times};
use crate::cli::{Ended, Exit, Failure, Globals, print::print};
use crate::clock::Timestamp;
use crate::coordination::chain::Head;
use crate::coordination::decide::{Acknowledged, Command, Ladders, Rung, Whom, decide, open};
use crate::coordination::entry::{Affected, Entry, Issued, Issuing, Opening, Policy};
use crate::coordination::plan::Plan;
use crate::coordination::state::{Stamp, State};
use crate::coordination::wire::{AlertParts, Call, Target};
use crate::ids::{EventId, IncidentName};
use crate::rid::IncidentId;
use crate::store::records::{EventRole, LogEntry, ParcelKind};

/// So many systems each unit has.
const SYSTEMS: usize = 40;
/// When the measured event begins.
const BEGIN: Timestamp = Timestamp::from_micros(1_043_472_600_000_000);

/// Arguments of `ridd bench log`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many entries the log has at least
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    entries: usize,
    /// For how long to measure
    #[arg(long, default_value_t = 2.0, value_name = "N")]
    seconds: f64,
}

/// What was measured, in microseconds for the whole log.
#[derive(Debug, Serialize)]
struct Figures {
    entries: usize,
    units: usize,
    systems: usize,
    /// Entries as they are in memory, folded into the state.
    fold: Times,
    /// Records as the store gives them: chain verified, entries read, and folded.
    read: Times,
}

/// Somebody is always there.
struct Watch;

impl Ladders for Watch {
    fn ladder(&self, _: &Whom, _: Timestamp) -> Vec<Rung> {
        let rung = |person: &str| Rung {
            person: person.to_owned(),
            channel: ParcelKind::Email,
            address: format!("{person}@department.example"),
        };
        vec![rung("watch"), rung("deputy"), rung("manager")]
    }

    fn people_of(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// Carries out `ridd bench log`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let broken = |error: &dyn std::fmt::Display| Failure::failed(format_args!("the log cannot be made: {error}"));
    let event: EventId = "SE-2003-01-25-1".parse().map_err(|error| broken(&error))?;
    let made = walk(&event, args.entries).map_err(|error| broken(&error))?;
    let mut head = Head::default();
    let records = made
        .iter()
        .map(|(stamp, entry)| head.append(&event, stamp.at, &stamp.actor, entry))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(&error))?;
    let time = Duration::try_from_secs_f64(args.seconds).unwrap_or(Duration::from_secs(2));
    let (mut folded, mut read) = (Samples::default(), Samples::default());
    folded.repeat(time, || fold(&event, made.iter().map(|(stamp, entry)| (stamp.clone(), entry))).is_some());
    read.repeat(time, || read_back(&event, &records).is_some());
    let units = args.entries.div_ceil(SYSTEMS).max(1);
    let figures =
        Figures { entries: made.len(), units, systems: units * SYSTEMS, fold: folded.times(), read: read.times() };
    if globals.json {
        print(serde_json::to_string_pretty(&figures).map_err(|error| broken(&error))?)?;
    } else {
        let Figures { entries, fold, read, .. } = &figures;
        print(format!(
            "{entries} entries: fold {:.1} ms (least {:.1}), verified, read and folded {:.1} ms (least {:.1})",
            fold.median / 1e3,
            fold.min / 1e3,
            read.median / 1e3,
            read.min / 1e3
        ))?;
    }
    Ok(Exit::Done)
}

/// A department's event of that many entries: every unit acknowledges and reports each of its systems by itself.
fn walk(event: &EventId, entries: usize) -> Result<Vec<(Stamp, Entry)>, Box<dyn std::error::Error>> {
    let units = entries.div_ceil(SYSTEMS).max(1);
    let opened = open(event.clone(), "officer", opening(), BEGIN, &Watch);
    let mut state = opened.state;
    let mut log: Vec<_> = opened.entries.into_iter().map(|made| (made.stamp, made.entry)).collect();
    let unit = |number: usize| format!("rid.unit{number}.example");
    let system = |unit: usize, number: usize| format!("sql{number}.unit{unit}.example");
    let mut affected = Affected::new();
    for number in 0..units {
        let target = |one| Target { name: system(number, one), ..Target::default() };
        affected.insert(unit(number), (0..SYSTEMS).map(target).collect());
    }
    let mut commands = vec![Command::Identify { affected, of: None }];
    for number in 0..units {
        commands.push(Command::Acknowledge(unit(number), Acknowledged::Approved));
        commands.extend((0..SYSTEMS).map(|one| Command::Correct {
            systems: vec![system(number, one)],
            when: None,
            evidence: Some("MS02-039".to_owned()),
            only: None,
        }));
    }
    for command in commands {
        if log.len() >= entries {
            break;
        }
        // What follows by itself is left out: only how long the entries take to read is measured.
        let stamp = |state: &State| Stamp { number: state.head + 1, at: BEGIN, actor: "unit".to_owned() };
        match command {
            Command::Correct { systems, when, evidence, .. } => {
                let of = systems.first().and_then(|name| name.split_once('.')).map(|(_, rest)| format!("rid.{rest}"));
                let entry = Entry::Corrected { unit: of.unwrap_or_default(), systems, when, evidence };
                let stamp = stamp(&state);
                state.apply(&stamp, &entry);
                log.push((stamp, entry));
            }
            other => {
                let decision = decide(&state, "unit", other, BEGIN, &Watch)?;
                state = decision.state;
                log.extend(decision.entries.into_iter().map(|made| (made.stamp, made.entry)));
            }
        }
    }
    Ok(log)
}

fn opening() -> Opening {
    let incident = IncidentName { name: "cert.authority.example".to_owned(), id: "2003-0017".to_owned() };
    Opening {
        role: EventRole::Department,
        title: "SQL Slammer".to_owned(),
        issued: BEGIN,
        issued_is: Issued::Stated,
        drill: false,
        held: false,
        source: None,
        own: "cirt.department.example".to_owned(),
        call: Call {
            incident: IncidentId { incident, instance: None },
            alternatives: Vec::new(),
            issued: Some(BEGIN),
            title: None,
            descriptions: Vec::new(),
            severity: None,
            vulnerabilities: vec!["CVE-2002-0649".to_owned()],
            platforms: Vec::new(),
            software: Vec::new(),
            actions: Vec::new(),
            patches: Vec::new(),
            restriction: None,
            lang: None,
            drill: false,
        },
        parts: AlertParts::default(),
        plan: Plan::default(),
        policy: Policy { issuing: Issuing::Automatic, inform_unaffected: false, report_progress: false },
    }
}

fn fold<'a>(event: &EventId, mut log: impl Iterator<Item = (Stamp, &'a Entry)>) -> Option<State> {
    let (stamp, first) = log.next()?;
    let Entry::Opened(opening) = first else { return None };
    let mut state = State::opened(event.clone(), &stamp, opening);
    log.for_each(|(stamp, entry)| state.apply(&stamp, entry));
    Some(state)
}

fn read_back(event: &EventId, records: &[LogEntry]) -> Option<State> {
    let mut head = Head::default();
    let mut log = Vec::with_capacity(records.len());
    for record in records {
        head.follow(record).ok()?;
        let stamp = Stamp { number: record.number, at: record.at, actor: record.actor.clone() };
        log.push((stamp, Entry::read(record).ok()?));
    }
    fold(event, log.iter().map(|(stamp, entry)| (stamp.clone(), entry)))
}
