//! The process walked through by hand, at a department and at a unit, with a roster of three people to a place.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::coordination::due::next_due;
use crate::coordination::entry::{Issued, Issuing, Policy};
use crate::coordination::follow::{Effect, follow};
use crate::coordination::plan::{Milestone, Plan};
use crate::coordination::state::{AlertState, Standing, TryFate};
use crate::coordination::subject::Reason;
use crate::ids::IncidentName;
use crate::iodef::summary::IncidentId;
use crate::store::records::{EventRole, EventState, ParcelKind};

const OWN: &str = "cirt.department.example";
const UNIT: &str = "rid.unit1.example";
const OTHER: &str = "rid.unit2.example";
const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// Two people in each place, an email and a pager each, and the manager above all.
struct People;

impl Ladders for People {
    fn ladder(&self, whom: &Whom, _: Timestamp) -> Vec<Rung> {
        let (place, unit) = match whom {
            Whom::Place { place, unit } => (place.clone(), unit.clone().unwrap_or_default()),
            Whom::Person(person) => (person.clone(), String::new()),
        };
        let rung = |person: String, channel| Rung { address: format!("{person}@example"), person, channel };
        let mut rungs = Vec::new();
        for person in [format!("{place}-1{unit}"), format!("{place}-2{unit}")] {
            rungs.push(rung(person.clone(), ParcelKind::Pager));
            rungs.push(rung(person, ParcelKind::Email));
        }
        rungs
    }

    fn people_of(&self, system: &str) -> Vec<String> {
        vec![format!("owner-of-{system}")]
    }
}

/// A place where nobody is.
struct Nobody;

impl Ladders for Nobody {
    fn ladder(&self, _: &Whom, _: Timestamp) -> Vec<Rung> {
        Vec::new()
    }

    fn people_of(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn e() -> Timestamp {
    Timestamp::parse("2003-01-25T05:30:00Z").unwrap()
}

fn incident(name: &str, id: &str) -> IncidentId {
    IncidentId { incident: IncidentName { name: name.to_owned(), id: id.to_owned() }, instance: None }
}

fn call() -> wire::Call {
    wire::Call {
        incident: incident("cert.authority.example", "2003-0017"),
        alternatives: Vec::new(),
        issued: Some(e()),
        title: Some("Slammer".to_owned()),
        descriptions: Vec::new(),
        severity: Some("high".to_owned()),
        vulnerabilities: vec!["CVE-2002-0649".to_owned()],
        platforms: vec!["cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*".to_owned()],
        software: Vec::new(),
        actions: Vec::new(),
        patches: Vec::new(),
        restriction: None,
        lang: None,
        drill: false,
    }
}

fn source(peer: &str) -> Source {
    Source {
        peer: peer.parse().unwrap(),
        message: MessageId::derived(peer),
        incident: incident("cert.authority.example", "2003-0017"),
        request: true,
    }
}

fn opening(role: EventRole, issuing: Issuing) -> Opening {
    Opening {
        role,
        title: "Slammer".to_owned(),
        issued: e(),
        issued_is: Issued::Stated,
        drill: false,
        held: false,
        source: Some(source("cert.authority.example")),
        own: OWN.to_owned(),
        call: call(),
        parts: wire::AlertParts::default(),
        plan: Plan::default(),
        policy: Policy { issuing, inform_unaffected: false, report_progress: true },
    }
}

fn target(name: &str) -> wire::Target {
    wire::Target { name: name.to_owned(), ..wire::Target::default() }
}

fn affected(of: &[(&str, &[&str])]) -> Affected {
    of.iter().map(|(unit, systems)| ((*unit).to_owned(), systems.iter().map(|name| target(name)).collect())).collect()
}

/// One event, walked through step by step.
struct Walk {
    state: State,
    log: Vec<Made>,
    effects: Vec<Effect>,
    now: Timestamp,
}

impl Walk {
    fn open(opening: Opening) -> Self {
        Self::open_with(opening, &People)
    }

    fn open_with(opening: Opening, ladders: &dyn Ladders) -> Self {
        let decision = open("SE-2003-01-25-1".parse().unwrap(), "officer", opening, e(), ladders);
        let mut walk = Self { state: decision.state.clone(), log: Vec::new(), effects: Vec::new(), now: e() };
        walk.take(None, decision);
        walk
    }

    fn department(issuing: Issuing) -> Self {
        let mut walk = Self::open(opening(EventRole::Department, issuing));
        walk.ok(Command::Identify {
            affected: affected(&[(UNIT, &["sql1", "sql2"]), (OTHER, &["sql3"])]),
            of: Some(10),
        });
        walk
    }

    fn take(&mut self, before: Option<State>, decision: Decision) {
        for made in &decision.entries {
            self.effects.extend(follow(before.as_ref(), &decision.state, made));
        }
        self.log.extend(decision.entries);
        self.state = decision.state;
    }

    fn attempt(&mut self, command: Command, ladders: &dyn Ladders) -> Result<(), Refusal> {
        let before = self.state.clone();
        let decision = decide(&before, "officer", command, self.now, ladders)?;
        self.take(Some(before), decision);
        Ok(())
    }

    fn ok(&mut self, command: Command) {
        self.attempt(command, &People).unwrap();
    }

    fn refused(&mut self, command: Command) -> String {
        let before = self.state.clone();
        let refusal = self.attempt(command, &People).unwrap_err();
        assert_eq!(self.state, before);
        refusal.to_string()
    }

    /// Lets the clock run to that time after E, looking at the event whenever it is due.
    fn run_to(&mut self, after: Duration, ladders: &dyn Ladders) {
        let end = e() + after;
        for _ in 0..10_000 {
            match next_due(&self.state) {
                Some(due) if due <= end => self.now = self.now.max(due),
                _ => {
                    self.now = end;
                    return;
                }
            }
            self.attempt(Command::Tick, ladders).unwrap();
            let next = next_due(&self.state);
            assert!(next.is_none_or(|next| next > self.now), "the clock would spin at {}: {next:?}", self.now);
        }
        panic!("the clock had to look at the event 10,000 times");
    }

    fn standing(&self, milestone: &'static str, unit: Option<&str>, system: Option<&str>) -> Standing {
        let subject = Subject {
            milestone: Milestone::known(milestone),
            unit: unit.map(str::to_owned),
            system: system.map(str::to_owned),
        };
        self.state.mark(&subject).unwrap().standing()
    }

    fn called(&self, reason: Reason, milestone: &str) -> Vec<(String, ParcelKind)> {
        let called = self.log.iter().filter_map(|made| match &made.entry {
            Entry::Called { about, person, channel, .. } if about.reason == reason && about.milestone == *milestone => {
                Some((person.clone(), *channel))
            }
            _ => None,
        });
        called.collect()
    }

    fn alerts(&self) -> Vec<(String, i64)> {
        let alerts = self.effects.iter().filter_map(|effect| match effect {
            Effect::Alert { unit, instance } => Some((unit.clone(), *instance)),
            _ => None,
        });
        alerts.collect()
    }

    fn answer_all(&mut self) {
        let waiting: Vec<MessageId> = self
            .state
            .calls
            .values()
            .filter(|call| call.is_open())
            .filter_map(|call| call.tries.last().filter(|last| last.fate != TryFate::Failed))
            .map(|last| last.notice.clone())
            .collect();
        for notice in waiting {
            self.ok(Command::NoticeAnswered(notice, "code".to_owned()));
        }
    }

    fn complete(&mut self, unit: &str) {
        let work = wire::Progress {
            incident: incident(OWN, "SE-2003-01-25-1"),
            written: None,
            corrected: Vec::new(),
            exceptions: Vec::new(),
            met: Vec::new(),
            note: None,
            drill: false,
        };
        self.ok(Command::Report { unit: unit.to_owned(), work: Box::new(work), completion: Some(true) });
    }
}

fn report(corrected: &[&str]) -> wire::Progress {
    wire::Progress {
        incident: incident(OWN, "SE-2003-01-25-1"),
        written: Some(e()),
        corrected: corrected
            .iter()
            .map(|name| wire::Correction { system: (*name).to_owned(), at: None, by: None })
            .collect(),
        exceptions: Vec::new(),
        met: Vec::new(),
        note: None,
        drill: false,
    }
}

#[test]
fn the_whole_process_ends_confirmed() {
    let mut walk = Walk::department(Issuing::Person);
    assert_eq!(walk.standing("units-identified", None, None), Standing::Met);
    assert_eq!(walk.called(Reason::Asked, "cirt-notified"), [("cirt-watch-1".to_owned(), ParcelKind::Pager)]);
    walk.answer_all();
    assert_eq!(walk.standing("cirt-notified", None, None), Standing::Met);
    assert!(walk.refused(Command::IssueAlert).contains("approve the alert first"));
    walk.now = e() + HOUR;
    walk.ok(Command::ApproveAlert);
    assert_eq!(walk.standing("alert-ready", None, None), Standing::Met);
    assert_eq!(walk.alerts(), []);
    walk.ok(Command::IssueAlert);
    assert_eq!(walk.alerts(), [(UNIT.to_owned(), 1), (OTHER.to_owned(), 2)]);
    for unit in [UNIT, OTHER] {
        walk.ok(Command::Delivered(unit.to_owned()));
        assert_eq!(walk.standing("alert-issued", Some(unit), None), Standing::Met);
        walk.ok(Command::Acknowledge(unit.to_owned(), Acknowledged::Approved));
        assert_eq!(walk.standing("alert-acknowledged", Some(unit), None), Standing::Met);
    }
    walk.now = e() + 11 * HOUR;
    let progress = Command::Report { unit: UNIT.to_owned(), work: Box::new(report(&["sql1"])), completion: None };
    walk.ok(progress);
    assert_eq!(walk.standing("corrected", Some(UNIT), Some("sql1")), Standing::Met);
    assert_eq!(walk.standing("corrected", Some(UNIT), Some("sql2")), Standing::Open);
    walk.complete(UNIT);
    walk.complete(OTHER);
    assert_eq!(walk.standing("unit-completed", Some(UNIT), None), Standing::Met);
    assert!(walk.refused(Command::Confirm { remark: None, despite: None }).contains("not all is validated"));
    // A scan finds one system as it was: the unit is open again.
    let findings = vec![
        ("sql1".to_owned(), Finding::Pass, None),
        ("sql2".to_owned(), Finding::Fail, Some("patch missing".to_owned())),
    ];
    let scan = |findings| Command::Scan {
        unit: UNIT.to_owned(),
        scan: "xccdf".to_owned(),
        digest: Digest::of(b"scan"),
        findings,
    };
    walk.ok(scan(findings));
    assert_eq!(walk.standing("unit-completed", Some(UNIT), None), Standing::Open);
    assert_eq!(walk.standing("corrected", Some(UNIT), Some("sql2")), Standing::Open);
    assert!(
        walk.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Discrepancy { instance: 3, systems, .. } if systems == &["sql2"]))
    );
    walk.complete(UNIT);
    let passed = ["sql1", "sql2"].map(|name| (name.to_owned(), Finding::Pass, None));
    walk.ok(scan(passed.to_vec()));
    assert_eq!(walk.standing("validated", Some(UNIT), None), Standing::Met);
    walk.ok(Command::SignOff(OTHER.to_owned(), "seen on site".to_owned()));
    assert_eq!(walk.called(Reason::Asked, "manager-informed"), [("program-manager-1".to_owned(), ParcelKind::Pager)]);
    walk.answer_all();
    assert_eq!(walk.standing("manager-informed", None, None), Standing::Met);
    walk.ok(Command::Confirm { remark: None, despite: None });
    assert!(walk.effects.iter().any(|effect| matches!(effect, Effect::Status { last: true, .. })));
    assert_eq!(walk.called(Reason::Asked, STATUS), [("cio-1".to_owned(), ParcelKind::Pager)]);
    walk.ok(Command::Close(None));
    assert!(!walk.effects.iter().any(|effect| matches!(effect, Effect::Withdraw { .. })));
    assert_eq!(walk.state.state, EventState::Closed);
    assert_eq!(next_due(&walk.state), None);
    assert!(walk.state.open_marks().next().is_none());
    // What completion alone shows to have been done counts from then.
    let late: Vec<_> = walk.state.marks.iter().filter(|(_, mark)| mark.standing() == Standing::Late).collect();
    assert!(
        late.iter().all(|(subject, _)| ["owners-notified", "patches-obtained"].contains(&subject.milestone.as_str())),
        "{late:#?}"
    );
    refold(&walk);
}

/// The state is what its log says, also when it is read back from its records.
fn refold(walk: &Walk) {
    let mut head = crate::coordination::chain::Head::default();
    let mut state: Option<State> = None;
    for made in &walk.log {
        let record = head.append(&walk.state.id, made.stamp.at, &made.stamp.actor, &made.entry).unwrap();
        assert_eq!(record.number, made.stamp.number);
        let entry = Entry::read(&record).unwrap();
        assert_eq!(entry, made.entry);
        assert!(record.entry.contains(&format!("\"kind\":\"{}\"", entry.kind())), "{}", record.entry);
        match (&mut state, entry) {
            (None, Entry::Opened(opening)) => state = Some(State::opened(walk.state.id.clone(), &made.stamp, &opening)),
            (Some(state), entry) => state.apply(&made.stamp, &entry),
            (None, other) => panic!("the log begins with {}", other.kind()),
        }
    }
    assert_eq!(state.as_ref(), Some(&walk.state));
}

#[test]
fn policy_issues_without_a_person() {
    let walk = Walk::department(Issuing::Automatic);
    assert_eq!(walk.alerts(), [(UNIT.to_owned(), 1), (OTHER.to_owned(), 2)]);
    assert_eq!(walk.standing("alert-ready", None, None), Standing::Met);
}

#[test]
fn silence_goes_up_channel_by_channel_and_person_by_person() {
    let mut walk = Walk::department(Issuing::Automatic);
    walk.run_to(55 * MINUTE, &People);
    let called = walk.called(Reason::Asked, "cirt-notified");
    let expected = [
        ("cirt-watch-1", ParcelKind::Pager),
        ("cirt-watch-1", ParcelKind::Email),
        ("cirt-watch-2", ParcelKind::Pager),
        ("cirt-watch-2", ParcelKind::Email),
    ];
    assert_eq!(called, expected.map(|(person, channel)| (person.to_owned(), channel)));
    let nobody = walk.log.iter().filter(|made| matches!(made.entry, Entry::NobodyAnswered { .. })).count();
    assert_eq!(nobody, 1);
    // Nobody gets the same page again before the quiet time is over.
    walk.run_to(99 * MINUTE, &People);
    assert_eq!(walk.called(Reason::Asked, "cirt-notified").len(), 4);
    walk.run_to(101 * MINUTE, &People);
    assert_eq!(walk.called(Reason::Asked, "cirt-notified").len(), 5);
}

#[test]
fn a_channel_that_fails_is_not_waited_for() {
    let mut walk = Walk::department(Issuing::Automatic);
    let notice = walk.state.calls.values().next().unwrap().tries[0].notice.clone();
    walk.ok(Command::NoticeFailed(notice, "no such pager".to_owned()));
    assert_eq!(walk.called(Reason::Asked, "cirt-notified").len(), 2);
}

#[test]
fn a_unit_that_is_silent_or_denies_is_called_by_other_means() {
    let mut walk = Walk::department(Issuing::Automatic);
    walk.answer_all();
    walk.ok(Command::Delivered(UNIT.to_owned()));
    walk.ok(Command::Delivered(OTHER.to_owned()));
    let delivered = |walk: &Walk| walk.log.iter().filter(|made| made.entry.kind() == "alert-delivered").count();
    let before = delivered(&walk);
    walk.ok(Command::Acknowledge(OTHER.to_owned(), Acknowledged::Pending));
    assert_eq!(delivered(&walk), before, "its delivery is known already");
    walk.ok(Command::Acknowledge(OTHER.to_owned(), Acknowledged::Denied("CannotProcess".to_owned())));
    let contact = |unit: &str| (format!("unit-contact-1{unit}"), ParcelKind::Pager);
    assert_eq!(walk.called(Reason::Trouble, "alert-acknowledged"), [contact(OTHER)]);
    walk.run_to(31 * MINUTE, &People);
    assert_eq!(walk.standing("alert-acknowledged", Some(UNIT), None), Standing::Missed);
    assert!(walk.called(Reason::Overdue, "alert-acknowledged").contains(&contact(UNIT)));
    walk.now = e() + 40 * MINUTE;
    walk.ok(Command::Acknowledge(UNIT.to_owned(), Acknowledged::Approved));
    assert_eq!(walk.standing("alert-acknowledged", Some(UNIT), None), Standing::Late);
}

#[test]
fn who_answers_has_the_alert_though_its_delivery_is_heard_of_later() {
    let denied = || Acknowledged::Denied("CannotProcess".to_owned());
    for answer in [Some(Acknowledged::Approved), Some(Acknowledged::Pending), Some(denied()), None] {
        let mut walk = Walk::department(Issuing::Automatic);
        match answer {
            Some(answer) => walk.ok(Command::Acknowledge(UNIT.to_owned(), answer)),
            None => walk.complete(UNIT),
        }
        let delivered = |walk: &Walk| walk.log.iter().filter(|made| made.entry.kind() == "alert-delivered").count();
        assert_eq!(delivered(&walk), 1);
        assert_eq!(walk.standing("alert-issued", Some(UNIT), None), Standing::Met);
        let length = walk.log.len();
        walk.ok(Command::Delivered(UNIT.to_owned()));
        assert_eq!(walk.log.len(), length, "it is known already");
    }
}

#[test]
fn a_scan_that_leaves_a_system_out_says_nothing_of_it() {
    let mut walk = Walk::department(Issuing::Automatic);
    walk.complete(UNIT);
    let scan = |first, second| Command::Scan {
        unit: UNIT.to_owned(),
        scan: "xccdf".to_owned(),
        digest: Digest::of(b"scan"),
        findings: vec![("sql1".to_owned(), first, None), ("sql2".to_owned(), second, None)],
    };
    walk.ok(scan(Finding::Pass, Finding::NotScanned));
    assert_eq!(walk.standing("validated", Some(UNIT), None), Standing::Open);
    walk.ok(scan(Finding::NotScanned, Finding::Pass));
    assert_eq!(walk.standing("validated", Some(UNIT), None), Standing::Met);
}

#[test]
fn a_unit_that_cannot_be_reached_is_missed_at_every_milestone_and_never_spins() {
    for ladders in [&People as &dyn Ladders, &Nobody] {
        let mut walk = Walk::department(Issuing::Automatic);
        walk.ok(Command::Undeliverable(UNIT.to_owned(), "connection refused".to_owned()));
        walk.run_to(48 * HOUR, ladders);
        for (milestone, system) in
            [("alert-issued", None), ("unit-completed", None), ("validated", None), ("corrected", Some("sql1"))]
        {
            assert_eq!(walk.standing(milestone, Some(UNIT), system), Standing::Missed, "{milestone}");
        }
        assert!(walk.log.len() < 2_000, "{}", walk.log.len());
    }
}

#[test]
fn after_downtime_everything_due_is_noted_once_and_few_are_called() {
    let mut walk = Walk::department(Issuing::Automatic);
    walk.now = e() + 30 * HOUR;
    let before = walk.log.len();
    walk.ok(Command::Tick);
    let new = &walk.log[before..];
    let missed = new.iter().filter(|made| matches!(made.entry, Entry::Missed { .. })).count();
    let called = new.iter().filter(|made| matches!(made.entry, Entry::Called { .. })).count();
    assert_eq!(missed, walk.state.open_marks().count());
    // The watch twice (as asked, and that it is overdue), the manager twice, and each unit's contact once.
    assert!(called <= 6, "{called}");
    walk.ok(Command::Tick);
    assert_eq!(walk.log.len(), before + missed + called);
}

#[test]
fn an_answer_covers_what_the_notice_named() {
    let mut walk = Walk::department(Issuing::Automatic);
    walk.now = e() + 30 * HOUR;
    walk.ok(Command::Tick);
    walk.answer_all();
    let before = walk.log.len();
    walk.now = e() + 31 * HOUR;
    walk.ok(Command::Tick);
    assert_eq!(walk.log.len(), before, "{:#?}", &walk.log[before..]);
}

#[test]
fn a_clock_that_is_set_back_repeats_nothing() {
    let mut walk = Walk::department(Issuing::Automatic);
    walk.run_to(3 * HOUR, &People);
    let before = walk.log.len();
    walk.now = e() + HOUR;
    walk.ok(Command::Tick);
    assert_eq!(walk.log.len(), before);
    walk.ok(Command::Note("the clock was set back".to_owned()));
    let stamps: Vec<_> = walk.log.iter().map(|made| made.stamp.at).collect();
    assert!(stamps.is_sorted());
}

#[test]
fn a_unit_may_not_report_for_another() {
    let mut walk = Walk::department(Issuing::Automatic);
    let foreign =
        Command::Report { unit: UNIT.to_owned(), work: Box::new(report(&["sql1", "sql3"])), completion: None };
    walk.ok(foreign);
    assert!(matches!(&walk.log.last().unwrap().entry, Entry::ReportRefused { systems, .. } if systems == &["sql3"]));
    assert_eq!(walk.standing("corrected", Some(UNIT), Some("sql1")), Standing::Open);
    let only =
        Command::Correct { systems: vec!["sql3".to_owned()], when: None, evidence: None, only: Some(UNIT.to_owned()) };
    assert!(walk.refused(only).contains("systems of others: sql3"));
}

#[test]
fn completion_that_leaves_systems_out_is_questioned() {
    let mut walk = Walk::department(Issuing::Automatic);
    let part = Command::Report { unit: UNIT.to_owned(), work: Box::new(report(&["sql1"])), completion: Some(false) };
    walk.ok(part);
    assert!(
        walk.log
            .iter()
            .any(|made| matches!(&made.entry, Entry::CompletionLacking { systems, .. } if systems == &["sql2"]))
    );
    assert_eq!(walk.standing("unit-completed", Some(UNIT), None), Standing::Open);
    assert_eq!(walk.standing("corrected", Some(UNIT), Some("sql1")), Standing::Met);
}

#[test]
fn a_unit_calls_its_people_reports_and_completes_only_when_all_is_done() {
    let mut walk = Walk::open(opening(EventRole::Unit, Issuing::Automatic));
    walk.ok(Command::Identify { affected: affected(&[(OWN, &["sql1", "sql2"]), (UNIT, &["sql9"])]), of: None });
    assert_eq!(walk.alerts(), [(UNIT.to_owned(), 1)]);
    assert_eq!(walk.called(Reason::Asked, "owners-notified").len(), 2);
    assert_eq!(walk.state.units[OWN].alert, AlertState::Acknowledged);
    walk.answer_all();
    assert_eq!(walk.standing("owners-notified", Some(OWN), None), Standing::Met);
    assert_eq!(walk.effects.iter().filter(|effect| **effect == Effect::Progress).count(), 1);
    walk.ok(Command::Correct { systems: vec!["sql1".to_owned()], when: None, evidence: None, only: None });
    let refused = walk.refused(Command::Complete(None));
    assert!(refused.contains("sql2 (cirt.department.example)") && refused.contains("sql9"), "{refused}");
    walk.ok(Command::Except { system: "sql2".to_owned(), why: "will be scrapped".to_owned(), only: None });
    assert!(walk.refused(Command::Complete(None)).contains("sql9"));
    walk.complete(UNIT);
    walk.ok(Command::Complete(None));
    assert_eq!(walk.effects.iter().filter(|effect| **effect == Effect::Completion).count(), 1);
    let again = Command::Discrepancy {
        source: source("above.example"),
        systems: vec!["sql1".to_owned()],
        why: "open".to_owned(),
    };
    walk.ok(again);
    assert_eq!(walk.standing("corrected", Some(OWN), Some("sql1")), Standing::Open);
    assert_eq!(walk.called(Reason::Trouble, "corrected").len(), 1);
    walk.ok(Command::Correct { systems: vec!["sql1".to_owned()], when: None, evidence: None, only: None });
    walk.ok(Command::Complete(None));
    assert_eq!(walk.effects.iter().filter(|effect| **effect == Effect::Completion).count(), 2);
    refold(&walk);
}

#[test]
fn an_event_that_is_held_waits_for_a_person_while_the_clock_runs() {
    let mut walk = Walk::open(Opening {
        held: true,
        issued_is: Issued::Doubted,
        ..opening(EventRole::Department, Issuing::Automatic)
    });
    assert_eq!(walk.called(Reason::Asked, "opening").len(), 1);
    assert_eq!(walk.called(Reason::Asked, "issue").len(), 1);
    walk.ok(Command::Identify { affected: affected(&[(UNIT, &["sql1"])]), of: None });
    assert_eq!(walk.alerts(), []);
    walk.run_to(3 * HOUR, &People);
    assert_eq!(walk.standing("cirt-notified", None, None), Standing::Missed);
    walk.ok(Command::Release);
    assert_eq!(walk.alerts(), [(UNIT.to_owned(), 1)]);
    walk.ok(Command::ConfirmIssue(e() + 2 * HOUR));
    assert_eq!(walk.standing("alert-issued", Some(UNIT), None), Standing::Open);
    let due: BTreeMap<_, _> = walk.state.marks.iter().map(|(subject, mark)| (subject.to_string(), mark.due)).collect();
    assert_eq!(due["confirmed"], e() + 26 * HOUR);
}

#[test]
fn what_is_waived_or_over_is_left_alone() {
    let mut walk = Walk::department(Issuing::Person);
    let subject = Subject::unit(Milestone::known("validated"), UNIT);
    walk.ok(Command::Waive(subject.clone(), "taken off the network".to_owned()));
    assert!(walk.refused(Command::Waive(subject, "twice".to_owned())).contains("was waived by officer"));
    let nothing = Subject::unit(Milestone::known("validated"), "nobody.example");
    assert!(walk.refused(Command::Waive(nothing, "?".to_owned())).contains("no milestone of this event"));
    walk.ok(Command::Cancel("false alarm".to_owned()));
    assert!(walk.effects.iter().any(|effect| matches!(effect, Effect::Withdraw { .. })));
    assert!(walk.refused(Command::ApproveAlert).contains("ridd event reopen"));
    walk.now = e() + 40 * HOUR;
    let before = walk.log.len();
    walk.ok(Command::Tick);
    assert_eq!(walk.log.len(), before);
    walk.ok(Command::Reopen("it was none".to_owned()));
    assert!(walk.state.is_open());
    refold(&walk);
}
