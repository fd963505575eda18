//! Hours that pass by hand: a mail server that is down for one, and a clock that is set back. A whole department with the
//! real outbox and the real mail carrier, on a clock that the trial moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::calls::by_hand;
use super::mailbox::Mailbox;
use super::network::{NOW, Node, name};
use super::scene::{CALL, DEPARTMENT, SYSTEMS};
use super::wait::until;
use crate::clock::{Clock, Timestamp};
use crate::coordination::decide::Command;
use crate::coordination::{Config, Process as _};
use crate::notify::{self, EmailConfig, Security};
use crate::outbox::Worker;
use crate::store::records::{LogEntry, Notice, NoticeState, Parcel, ParcelState};

const MINUTES: Duration = Duration::from_secs(10 * 60);

const ROSTER: &str = "\
[[person]]
id = 'cipm'
name = 'Program manager'
place = 'program-manager'
channels = [{ email = 'cipm@department.example' }]

[[person]]
id = 'watch'
name = 'CIRT watch'
place = 'cirt-watch'
channels = [{ email = 'watch@department.example' }]
";

/// A department whose outbox hands mail to a server on the loopback.
struct Department {
    node: Node,
    mailbox: Mailbox,
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

impl Department {
    async fn start() -> Self {
        let node = Node::new(DEPARTMENT, &[], (SYSTEMS, ROSTER), Config::default()).await;
        let mailbox = Mailbox::start().await;
        let email = EmailConfig {
            server: Some(mailbox.address.clone()),
            security: Security::Plain,
            from: Some("cirt@department.example".to_owned()),
            ..EmailConfig::default()
        };
        // The call of the fixture is a drill, and this is what a drill would be without.
        let config = notify::Config { email, drill_pages_people: true, ..notify::Config::default() };
        let clock: Arc<dyn Clock> = node.clock.clone();
        let carriers = notify::carriers(&config, &name(DEPARTMENT), &clock, &node.metrics).unwrap();
        let (stop, stopping) = watch::channel(false);
        let worker = Worker::new(node.outbox.clone(), carriers, node.exchange.clone());
        Self { worker: tokio::spawn(worker.run(stopping)), node, mailbox, stop }
    }

    /// The clock moves on; what is due then is done, and every recipient has been tried.
    async fn pass(&self, span: Duration) {
        self.node.clock.advance(span);
        self.settle().await;
    }

    async fn settle(&self) {
        let now = self.node.clock.now();
        self.node.coordination.tick(now, None).await;
        self.node.outbox.wake();
        until(|| "the outbox comes to rest".to_owned(), async || self.rests(now).await.then_some(())).await;
    }

    /// Whether nothing is under way, and whoever has mail that is due was tried in vain just now.
    async fn rests(&self, now: Timestamp) -> bool {
        let mut tried: BTreeMap<String, bool> = BTreeMap::new();
        for parcel in self.node.all::<Parcel>().await {
            match parcel.state {
                ParcelState::Waiting => *tried.entry(parcel.recipient).or_default() |= parcel.due > now,
                ParcelState::Claimed => return false,
                _ => {}
            }
        }
        tried.values().all(|tried| *tried)
    }

    /// Everyone who was called, in order, by the log.
    async fn called(&self) -> Vec<(String, String)> {
        let entries = self.node.coordination.log(&self.node.event().await).await.unwrap();
        let called = entries.iter().filter(|one| one.record.kind == "called");
        called.map(|one| whom(&one.record)).collect()
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.worker.await.unwrap();
    }
}

/// The address that a call went to, and what it was about.
fn whom(record: &LogEntry) -> (String, String) {
    let entry: serde_json::Value = serde_json::from_str(&record.entry).unwrap();
    (entry["address"].as_str().unwrap().to_owned(), entry["about"].to_string())
}

#[tokio::test]
async fn a_mail_server_that_is_down_for_an_hour_costs_no_mail_doubles_none_and_mixes_none_up() {
    let department = Department::start().await;
    let node = &department.node;
    department.mailbox.out_of_order(true);
    node.coordination.open_by_hand(by_hand(CALL), "officer").await.unwrap();
    for _ in 0..6 {
        department.pass(MINUTES).await;
    }
    assert!(department.mailbox.mails().is_empty());
    let tries: i64 = node.all::<Parcel>().await.iter().map(|parcel| parcel.attempts).sum();
    assert!(tries >= 6, "it was tried all the time: {tries}");
    let called = department.called().await;
    let whom: BTreeSet<&str> = called.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(whom.len(), 2, "whoever does not answer is followed by the next, down or not: {called:?}");

    department.mailbox.out_of_order(false);
    department.pass(MINUTES).await;
    let mails = department.mailbox.mails();
    let called = department.called().await;
    for to in whom_all(&called) {
        let theirs: Vec<_> = mails.iter().filter(|mail| mail.to == to).collect();
        let notices: Vec<Notice> = notices(node, &to).await;
        assert_eq!(theirs.len(), called.iter().filter(|(one, _)| *one == to).count(), "each call to {to} is one mail");
        let ids: Vec<String> = notices.iter().map(|notice| notice.id.to_string()).collect();
        let came: Vec<&str> = theirs.iter().map(|mail| mail.field("message-id")).collect();
        let right = came.iter().zip(&ids).all(|(came, id)| came.contains(id.as_str()));
        assert!(right, "in the order of the calls: {came:?}, {ids:?}");
        assert!(notices.iter().all(|notice| notice.state == NoticeState::Delivered), "{notices:?}");
    }
    // Whoever reads the late mail can still answer it, and is not called about it again.
    let late = department.mailbox.mail("watch@department.example", "Answer with the code").await;
    node.coordination.answer(late.code(), false, "officer").await.unwrap();
    department.end().await;
}

fn whom_all(called: &[(String, String)]) -> BTreeSet<String> {
    called.iter().map(|(to, _)| to.clone()).collect()
}

/// The notices to an address, in the order of their calls.
async fn notices(node: &Node, to: &str) -> Vec<Notice> {
    let mut notices = node.all::<Notice>().await;
    notices.retain(|notice| notice.address == to);
    notices.sort_by_key(|notice| notice.created);
    notices
}

#[tokio::test]
async fn a_clock_that_is_set_back_calls_nobody_twice_and_no_log_goes_back() {
    let (steady, mended) = (Department::start().await, Department::start().await);
    for department in [&steady, &mended] {
        department.node.coordination.open_by_hand(by_hand(CALL), "officer").await.unwrap();
        for _ in 0..12 {
            department.pass(MINUTES).await;
        }
    }
    let before = mended.called().await;
    assert!(before.len() > 2, "{before:?}");

    // Two hours back, in the middle of the event: whatever is done meanwhile has the time of the last entry.
    mended.node.clock.set(Timestamp::parse(NOW).unwrap());
    mended.settle().await;
    let event = mended.node.event().await;
    mended.node.coordination.order(&event, Command::Note("set back".to_owned()), "officer").await.unwrap();
    for _ in 0..12 {
        mended.pass(MINUTES).await;
        assert_eq!(mended.called().await, before, "nobody is called a second time for the same hours");
    }
    // From then on it goes on as if nothing had been.
    for department in [&steady, &mended] {
        for _ in 0..6 {
            department.pass(MINUTES).await;
        }
    }
    assert_eq!(mended.called().await, steady.called().await);
    // Two recipients are served at once: which of them comes first is nobody's promise.
    let mails = |of: &Department| {
        let mut to: Vec<_> = of.mailbox.mails().iter().map(|mail| mail.to.clone()).collect();
        to.sort();
        to
    };
    assert_eq!(mails(&mended), mails(&steady));
    let log = mended.node.coordination.log(&event).await.unwrap();
    assert!(log.iter().map(|one| one.record.at).is_sorted());
    assert_eq!(mended.node.chained().await, mended.node.state().await.head);
    steady.end().await;
    mended.end().await;
}
