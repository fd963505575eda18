//! For tests: one event at a department with three units, written by hand. The north is quick, the south is late and has a
//! discrepancy, the west cannot be reached for half a day and keeps one system as it is.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::coordination::decide::Made;
use crate::coordination::entry::{Affected, Entry, Finding, Issued, Issuing, Opening, Policy, Source};
use crate::coordination::notice_id;
use crate::coordination::plan::{Milestone, Plan};
use crate::coordination::state::{Stamp, State};
use crate::coordination::subject::{About, Reason, Subject};
use crate::coordination::wire::{self, AlertParts};
use crate::ids::{Digest, EventId, IncidentName, MessageId};
use crate::iodef::summary::IncidentId;
use crate::store::records::{EventRole, ParcelKind};

pub(crate) const NORTH: &str = "rid.north.example";
pub(crate) const SOUTH: &str = "rid.south.example";
pub(crate) const WEST: &str = "rid.west.example";
/// Minutes after E at which the south is late.
pub(crate) const AT_14_HOURS: u64 = 14 * 60;
const OFFICER: &str = "officer";
const BY_ITSELF: &str = "ridd";

/// That many minutes after E.
pub(crate) fn at(minutes: u64) -> Timestamp {
    Timestamp::parse("2003-01-25T06:00:00Z").unwrap() + Duration::from_secs(minutes * 60)
}

fn id() -> EventId {
    "SE-2003-01-25-1".parse().unwrap()
}

/// The event with everything up to that minute after E.
pub(crate) fn event(until: u64) -> (State, Vec<Made>) {
    let mut script = Script::default();
    opening(&mut script);
    alerts(&mut script);
    work(&mut script);
    proof(&mut script);
    script.told(until)
}

/// The whole event.
pub(crate) fn whole() -> (State, Vec<Made>) {
    event(u64::MAX)
}

/// What happens when: minutes after E, actor, entry.
#[derive(Default)]
struct Script(Vec<(u64, &'static str, Entry)>);

impl Script {
    fn add(&mut self, minute: u64, actor: &'static str, entry: Entry) {
        assert!(self.0.last().is_none_or(|(last, _, _)| *last <= minute), "the script goes back at {minute}");
        self.0.push((minute, actor, entry));
    }

    /// A call, and what became of its notice some minutes later.
    fn call(&mut self, minute: u64, about: &About, person: &str, channel: ParcelKind) -> MessageId {
        let (person, address) = (person.to_owned(), "+1 555 0100".to_owned());
        self.add(minute, BY_ITSELF, Entry::Called { about: about.clone(), person, channel, address });
        let number = i64::try_from(self.0.len()).unwrap();
        notice_id(&id(), number)
    }

    fn told(self, until: u64) -> (State, Vec<Made>) {
        let mut state = None;
        let mut log = Vec::new();
        for ((minute, actor, entry), number) in
            self.0.into_iter().zip(1..).take_while(|((minute, _, _), _)| *minute <= until)
        {
            let stamp = Stamp { number, at: at(minute), actor: actor.to_owned() };
            match (&entry, &mut state) {
                (Entry::Opened(opening), _) => state = Some(State::opened(id(), &stamp, opening)),
                (entry, state) => state.as_mut().unwrap().apply(&stamp, entry),
            }
            log.push(Made { stamp, entry });
        }
        (state.unwrap(), log)
    }
}

fn incident(name: &str, id: &str) -> IncidentId {
    IncidentId { incident: IncidentName { name: name.to_owned(), id: id.to_owned() }, instance: None }
}

fn about(reason: Reason, milestone: &'static str, unit: Option<&str>) -> About {
    About { reason, milestone: Milestone::known(milestone), unit: unit.map(str::to_owned), person: None }
}

fn missed(milestone: &'static str, unit: Option<&str>, system: Option<&str>) -> Entry {
    let milestone = Milestone::known(milestone);
    Entry::Missed { subject: Subject { milestone, unit: unit.map(str::to_owned), system: system.map(str::to_owned) } }
}

fn met(milestone: &'static str, unit: &str) -> Entry {
    let evidence = Some("progress report".to_owned());
    Entry::Met { subject: Subject::unit(Milestone::known(milestone), unit), when: None, evidence }
}

fn corrected(unit: &str, systems: &[&str]) -> Entry {
    let systems = systems.iter().map(|name| (*name).to_owned()).collect();
    Entry::Corrected { unit: unit.to_owned(), systems, when: None, evidence: None }
}

fn scanned(unit: &str, findings: &[(&str, Finding)]) -> Entry {
    let why = |finding| (finding == Finding::Fail).then(|| "patch true: <MS02-039> is missing".to_owned());
    Entry::Scanned {
        unit: unit.to_owned(),
        scan: "OVAL, cpe:/a:open-scap:oscap 1.3.7".to_owned(),
        digest: Digest::of(unit.as_bytes()),
        findings: findings.iter().map(|(system, finding)| ((*system).to_owned(), *finding, why(*finding))).collect(),
    }
}

fn opening(script: &mut Script) {
    let authority = "cert.authority.example";
    let source = Source {
        peer: authority.parse().unwrap(),
        message: MessageId::derived("call"),
        incident: incident(authority, "2003-0017"),
        request: true,
    };
    let call = wire::Call {
        incident: incident(authority, "2003-0017"),
        alternatives: Vec::new(),
        issued: Some(at(0)),
        title: Some("Worm in database servers".to_owned()),
        descriptions: Vec::new(),
        severity: Some("high".to_owned()),
        vulnerabilities: vec!["CVE-2002-0649".to_owned()],
        platforms: Vec::new(),
        software: Vec::new(),
        actions: Vec::new(),
        patches: Vec::new(),
        restriction: None,
        lang: None,
        drill: false,
    };
    let opening = Opening {
        role: EventRole::Department,
        // What others write must not become markup.
        title: "Worm in database servers <b>| *all* of them".to_owned(),
        issued: at(0),
        issued_is: Issued::Stated,
        drill: false,
        held: false,
        source: Some(source),
        own: "cirt.department.example".to_owned(),
        call,
        parts: AlertParts::default(),
        plan: Plan::default(),
        policy: Policy { issuing: Issuing::Person, inform_unaffected: false, report_progress: true },
    };
    script.add(0, "cert.authority.example", Entry::Opened(Box::new(opening)));
    let cirt = about(Reason::Asked, "cirt-notified", None);
    let page = script.call(1, &cirt, "watch-1", ParcelKind::Pager);
    script.add(2, BY_ITSELF, Entry::NoticeDelivered { notice: page });
    let mail = script.call(11, &cirt, "watch-1", ParcelKind::Email);
    script.add(12, BY_ITSELF, Entry::NoticeFailed { notice: mail, why: "550 mailbox full".to_owned() });
    let second = script.call(12, &cirt, "watch-2", ParcelKind::Pager);
    script.add(13, BY_ITSELF, Entry::NoticeDelivered { notice: second.clone() });
    script.add(35, "watch-2", Entry::NoticeAnswered { notice: second, by: "watch-2".to_owned() });
}

fn alerts(script: &mut Script) {
    let target = |name: &&str| wire::Target { name: (*name).to_owned(), ..wire::Target::default() };
    let systems = |names: &[&str]| names.iter().map(target).collect();
    let affected = Affected::from([
        (NORTH.to_owned(), systems(&["db1.north.example", "db2.north.example"])),
        (SOUTH.to_owned(), systems(&["sql1.south.example", "sql2.south.example"])),
        (WEST.to_owned(), systems(&["mail1.west.example", "mail2.west.example"])),
    ]);
    script.add(60, "manager", Entry::UnitsIdentified { affected, of: Some(1_200) });
    script.add(70, OFFICER, Entry::AlertEdited { parts: AlertParts::default() });
    script.add(120, BY_ITSELF, missed("alert-ready", None, None));
    for unit in [NORTH, SOUTH, WEST] {
        script.add(120, BY_ITSELF, missed("alert-issued", Some(unit), None));
    }
    script.add(130, OFFICER, Entry::AlertApproved);
    for (unit, instance) in [(NORTH, 1), (SOUTH, 2), (WEST, 3)] {
        script.add(131, OFFICER, Entry::AlertSent { unit: unit.to_owned(), instance });
    }
    script.add(132, NORTH, Entry::AlertDelivered { unit: NORTH.to_owned() });
    script.add(133, SOUTH, Entry::AlertDelivered { unit: SOUTH.to_owned() });
    script.add(134, BY_ITSELF, Entry::AlertFailed { unit: WEST.to_owned(), why: "connection refused".to_owned() });
    script.call(134, &about(Reason::Trouble, "alert-issued", Some(WEST)), "watch-2", ParcelKind::Pager);
    script.add(147, NORTH, Entry::AlertAcknowledged { unit: NORTH.to_owned() });
    script.add(163, BY_ITSELF, missed("alert-acknowledged", Some(SOUTH), None));
    let late = about(Reason::Overdue, "alert-acknowledged", Some(SOUTH));
    let fax = script.call(163, &late, "contact-south", ParcelKind::Fax);
    script.add(165, BY_ITSELF, Entry::NoticeDelivered { notice: fax.clone() });
    script.add(180, NORTH, met("owners-notified", NORTH));
    script.add(183, "contact-south", Entry::NoticeAnswered { notice: fax, by: "contact-south".to_owned() });
    script.add(183, SOUTH, Entry::AlertAcknowledged { unit: SOUTH.to_owned() });
}

fn work(script: &mut Script) {
    script.add(200, NORTH, met("patches-obtained", NORTH));
    for unit in [SOUTH, WEST] {
        for milestone in ["owners-notified", "patches-obtained"] {
            script.add(240, BY_ITSELF, missed(milestone, Some(unit), None));
        }
    }
    script.add(270, SOUTH, met("owners-notified", SOUTH));
    script.add(280, SOUTH, met("patches-obtained", SOUTH));
    script.add(540, NORTH, corrected(NORTH, &["db1.north.example", "db2.north.example"]));
    script.add(600, NORTH, Entry::Completed { unit: NORTH.to_owned() });
    script.add(660, SOUTH, corrected(SOUTH, &["sql1.south.example"]));
    script.add(720, BY_ITSELF, missed("corrected", Some(SOUTH), Some("sql2.south.example")));
    for system in ["mail1.west.example", "mail2.west.example"] {
        script.add(720, BY_ITSELF, missed("corrected", Some(WEST), Some(system)));
    }
    let overdue = about(Reason::Overdue, "corrected", Some(SOUTH));
    let page = script.call(720, &overdue, "admin-south", ParcelKind::Pager);
    script.add(721, BY_ITSELF, Entry::NoticeDelivered { notice: page });
    let mail = script.call(730, &overdue, "contact-south", ParcelKind::Email);
    script.add(731, BY_ITSELF, Entry::NoticeDelivered { notice: mail });
    script.add(741, BY_ITSELF, Entry::NobodyAnswered { about: overdue });
    script.add(870, WEST, Entry::AlertDelivered { unit: WEST.to_owned() });
    script.add(875, WEST, Entry::AlertAcknowledged { unit: WEST.to_owned() });
    script.add(900, WEST, corrected(WEST, &["mail1.west.example"]));
    let why = "no patch for this version; taken off the network".to_owned();
    script.add(905, WEST, Entry::Excepted { unit: WEST.to_owned(), system: "mail2.west.example".to_owned(), why });
    script.add(930, WEST, Entry::Completed { unit: WEST.to_owned() });
    script.add(960, SOUTH, corrected(SOUTH, &["sql2.south.example"]));
    script.add(1_020, SOUTH, Entry::Completed { unit: SOUTH.to_owned() });
}

fn proof(script: &mut Script) {
    let passed = |names: [&'static str; 2]| names.map(|name| (name, Finding::Pass));
    script.add(1_080, OFFICER, scanned(NORTH, &passed(["db1.north.example", "db2.north.example"])));
    script.add(1_080, OFFICER, Entry::Validated { unit: NORTH.to_owned() });
    script.add(
        1_090,
        OFFICER,
        Entry::Waived {
            subject: Subject::unit(Milestone::known("validated"), WEST),
            why: "off the network, seen by an officer".to_owned(),
        },
    );
    script.add(
        1_100,
        OFFICER,
        scanned(SOUTH, &[("sql1.south.example", Finding::Pass), ("sql2.south.example", Finding::Fail)]),
    );
    script.add(
        1_100,
        OFFICER,
        Entry::DiscrepancySent {
            unit: SOUTH.to_owned(),
            instance: 4,
            systems: vec!["sql2.south.example".to_owned()],
            why: "patch true: <MS02-039> is missing".to_owned(),
        },
    );
    script.add(1_150, SOUTH, corrected(SOUTH, &["sql2.south.example"]));
    script.add(1_160, SOUTH, Entry::Completed { unit: SOUTH.to_owned() });
    script.add(1_200, BY_ITSELF, missed("validated", Some(SOUTH), None));
    script.add(1_200, BY_ITSELF, missed("manager-informed", None, None));
    script.add(1_380, OFFICER, scanned(SOUTH, &passed(["sql1.south.example", "sql2.south.example"])));
    script.add(1_380, OFFICER, Entry::Validated { unit: SOUTH.to_owned() });
    let informed = about(Reason::Asked, "manager-informed", None);
    let mail = script.call(1_381, &informed, "manager", ParcelKind::Email);
    script.add(1_382, BY_ITSELF, Entry::NoticeDelivered { notice: mail.clone() });
    script.add(1_400, "manager", Entry::NoticeAnswered { notice: mail, by: "manager".to_owned() });
    script.add(1_410, "manager", Entry::Confirmed { remark: Some("all units done".to_owned()) });
    script.add(1_410, "manager", Entry::StatusSent { to: "cert.authority.example".parse().unwrap() });
    script.add(1_411, "manager", Entry::Closed { why: None });
}
