//! Two nodes on one store: each hears what the other changes, the clock of significant events is judged by one of them, and
//! whatever arrives may arrive at either.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::super::hearing::{Ears, listen};
use super::super::together::Together;
use super::calls::by_hand;
use super::network::{NOW, Node, name};
use super::scene::{AUTHORITY, CALL, DEPARTMENT, OTHER, ROSTER, SYSTEMS, UNIT, order};
use super::wait::until;
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::coordination::decide::Command;
use crate::coordination::{Config, Process as _};
use crate::envelope::Limits;
use crate::outbox::Reply;
use crate::peers::testing::Node as Pki;
use crate::peers::{MsgType, Relation};
use crate::store::lease::Fence;
use crate::store::pair::{Half, pair};
use crate::store::records::{LogEntry, Message, Request, RequestState};
use crate::store::{self, Duty, Holding, Scan, Store};
use crate::telemetry::Metrics;

const MINUTES: Duration = Duration::from_secs(10 * 60);

fn halves() -> (TempDir, Arc<Half>, Arc<Half>) {
    let place = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", place.path().join("store").display());
    let (one, other) = pair(store::open(&store::Config::at(url)).unwrap());
    (place, one, other)
}

async fn over(half: &Arc<Half>, own: &str, peers: &[(&str, Relation)], files: (&str, &str)) -> Node {
    let store: Arc<dyn Store> = Arc::<Half>::clone(half);
    Node::over(store, own, peers, files, Config::default(), Limits::default()).await
}

/// Two nodes of the department.
async fn department() -> (TempDir, [Node; 2], [Arc<Half>; 2]) {
    let (place, one, other) = halves();
    let below = [(AUTHORITY, Relation::Authority), (UNIT, Relation::Unit), (OTHER, Relation::Unit)];
    let first = over(&one, DEPARTMENT, &below, (SYSTEMS, ROSTER)).await;
    let second = over(&other, DEPARTMENT, &below, ("", "")).await;
    (place, [first, second], [one, other])
}

/// The daemon's ears for such a node.
async fn ears(pki: &Pki, node: &Node) -> (Ears, watch::Sender<bool>, JoinHandle<()>) {
    let ears = || async {
        Ears {
            directory: pki.over(node.store.clone()).await,
            rosters: node.rosters.clone(),
            inventory: node.inventory.clone(),
            coordination: node.coordination.clone(),
            exchange: node.exchange.clone(),
            outbox: node.outbox.clone(),
        }
    };
    let tidings = node.store.tidings().unwrap();
    let (stop, stopping) = watch::channel(false);
    let own = ears().await;
    let shared = Ears { directory: own.directory.clone(), ..ears().await };
    (own, stop, tokio::spawn(listen(shared, tidings, stopping)))
}

#[tokio::test]
async fn what_one_node_changes_the_other_knows() {
    let pki = Pki::new(DEPARTMENT).await;
    let (_place, [first, second], _) = department().await;
    let (at_first, _stop, _task) = ears(&pki, &first).await;
    let (at_second, _stop, _task) = ears(&pki, &second).await;

    // A peer is added, then revoked, at the one; the other admits it, then not, and its connections are looked at again.
    let leaf = pki.leaf(&["new.example"]);
    let mut generation = at_second.directory.changed();
    assert!(at_second.directory.admit(&leaf.chain()).is_err());
    let new = crate::peers::NewPeer {
        name: name("new.example"),
        address: "new.example:4590".to_owned(),
        relation: Relation::Unit,
        policy: None,
        networks: Vec::new(),
        pins: vec![crate::peers::PinBy::Certificate(leaf.der.clone()).into()],
    };
    at_first.directory.add(new).await.unwrap();
    timeout(Duration::from_secs(10), generation.changed()).await.unwrap().unwrap();
    let admitted = at_second.directory.admit(&leaf.chain()).unwrap();
    generation.mark_unchanged();
    at_first.directory.revoke(&name("new.example"), "lost its key").await.unwrap();
    timeout(Duration::from_secs(10), generation.changed()).await.unwrap().unwrap();
    assert!(at_second.directory.still_admits(&admitted).is_err());

    // A system and a roster.
    assert_eq!(second.inventory.affected(&[], &[]).await.unwrap().systems, 3);
    let more = Bytes::from("name,unit\nmore,rid.unit1.example\n");
    first.inventory.import(more, crate::inventory::Format::Csv, false, "officer").await.unwrap();
    let four = async || (second.inventory.affected(&[], &[]).await.unwrap().systems == 4).then_some(());
    until(|| "the other node knows the system".to_owned(), four).await;
    let roster = ROSTER.replace("Program manager", "Another manager");
    first.rosters.import(&roster, false, "officer", first.clock.now()).await.unwrap();
    let another = async || {
        let roster = second.rosters.current();
        (roster.person("cipm").is_some_and(|person| person.name == "Another manager")).then_some(())
    };
    until(|| "the other node has the roster".to_owned(), another).await;

    // An event: opened and changed at the one, the other's pages are told, and show it.
    let mut news = second.coordination.news(9).unwrap();
    first.coordination.open_by_hand(by_hand(CALL), "officer").await.unwrap();
    let event = timeout(Duration::from_secs(10), news.recv()).await.unwrap().unwrap();
    let board = second.coordination.board(&event, 1).await.unwrap();
    order(&first, Command::Note("told at the other".to_owned())).await;
    assert_eq!(timeout(Duration::from_secs(10), news.recv()).await.unwrap().unwrap(), event);
    let head = first.state().await.head;
    assert!(second.coordination.board(&event, head).await.unwrap().head > board.head);
    // And the other way: it takes the next step on what the first has done.
    order(&second, Command::Note("told back".to_owned())).await;
    assert_eq!(first.chained().await, head + 1);
}

/// Without any tiding, an order and a page still see what the other node has done.
#[tokio::test]
async fn a_node_that_hears_nothing_still_builds_on_what_others_did() {
    let (_place, [first, second], [one, other]) = department().await;
    one.mute(true);
    other.mute(true);
    first.coordination.open_by_hand(by_hand(CALL), "officer").await.unwrap();
    for round in 0..5 {
        for node in [&first, &second] {
            order(node, Command::Note(format!("round {round}"))).await;
            let (one, other) = (first.state().await, second.state().await);
            assert_eq!(one.head, other.head);
            assert!(one == other, "they differ in more than the head");
        }
    }
    assert_eq!(first.chained().await, second.state().await.head);
    assert_eq!((one.lost(), other.lost()), (0, 0), "whoever looks first loses no race");
}

/// Both go for the same event at once, again and again: nobody is turned away.
#[tokio::test]
async fn two_nodes_that_change_one_event_at_once_both_get_through() {
    let (_place, [first, second], [one, other]) = department().await;
    open(&first).await;
    let before = first.chained().await;
    let orders = async |node: &Node, own: &str| {
        for number in 0..40 {
            order(node, Command::Note(format!("{own} {number}"))).await;
        }
    };
    tokio::join!(orders(&first, "first"), orders(&second, "second"));
    assert_eq!(first.chained().await, before + 80);
    assert!(one.lost() + other.lost() > 0, "the trial tries nothing");
}

/// The log: nothing in it differs by chance.
async fn log(node: &Node) -> Vec<(Timestamp, String, String)> {
    let records = node.store.list::<LogEntry>(Scan::of::<LogEntry>(100_000)).await.unwrap();
    records.into_iter().map(|record| (record.at, record.actor, record.entry)).collect()
}

async fn open(node: &Node) {
    node.coordination.open_by_hand(by_hand(CALL), "officer").await.unwrap();
}

async fn ours(duty: &mut Duty) -> Fence {
    loop {
        if let Holding::Ours(fence) = duty.keep().await.unwrap() {
            return fence;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

fn duty(half: &Arc<Half>, clock: &Arc<ManualClock>, holder: &str) -> Duty {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    Duty::new(Arc::<Half>::clone(half), clock, "clock", holder, Duration::from_millis(50))
}

/// The whole day with nobody answering: every reminder, every call and every missed milestone, as one node alone would have
/// judged them, although the clock passes from one node to the other in the middle, and the first goes on as if it had not.
#[tokio::test]
async fn the_clock_is_judged_once_by_two_nodes_through_the_whole_timetable() {
    let alone = Node::new(DEPARTMENT, &[(UNIT, Relation::Unit)], (SYSTEMS, ROSTER), Config::default()).await;
    open(&alone).await;
    let (_place, [first, second], [one, other]) = department().await;
    open(&first).await;
    let mut at_first = duty(&one, &first.clock, "first");
    let mut at_second = duty(&other, &second.clock, "second");
    let mut held = ours(&mut at_first).await;
    let stale = held.clone();
    let mut holder = &first;
    for step in 0..26 * 6 {
        for node in [&alone, &first, &second] {
            node.clock.advance(MINUTES);
        }
        if step == 13 * 6 {
            // The first is gone without a word.
            held = ours(&mut at_second).await;
            holder = &second;
            assert!(held.number > stale.number);
        }
        let now = alone.clock.now();
        alone.coordination.tick(now, None).await;
        // Whoever lost the clock and does not know it; its clock is wrong besides.
        let zombie = async {
            if step >= 13 * 6 {
                first.coordination.tick(now + MINUTES * 18, Some(&stale)).await;
            }
        };
        tokio::join!(holder.coordination.tick(now, Some(&held)), zombie);
    }
    let (expected, found) = (log(&alone).await, log(&first).await);
    assert!(expected.len() > 30, "{}", expected.len());
    let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
    assert_eq!((differs, found.len()), (None, expected.len()));
    first.chained().await;
    assert!(one.lost() > 0, "the first did try to judge what was no longer its to judge");
}

/// A process that is killed gives no notice: within five seconds another runs the clock. One that stops hands it over.
#[tokio::test(start_paused = true)]
async fn the_clock_is_taken_over_within_five_seconds_and_handed_over_at_once() {
    let (_place, one, other) = halves();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp::parse(NOW).unwrap()));
    let start = |half: &Arc<Half>, own: &str| {
        let store: Arc<dyn Store> = Arc::<Half>::clone(half);
        let metrics = Metrics::new();
        let together = Together::new(store, Arc::clone(&clock), Arc::clone(&metrics), own.to_owned());
        let (take, turn) = watch::channel(None);
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(Arc::clone(&together).keep_clock(take, stopping));
        (together, metrics, turn, stop, task)
    };
    let held = |metrics: &Metrics| metrics.render().contains("\nridd_clock_held 1\n");
    let (_north, runs, mut turn, _stop, task) = start(&one, "north");
    let first: Fence = turn.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    let (south, waits, mut next, stop, other_task) = start(&other, "south");
    // Through many renewals it stays where it is.
    for _ in 0..10 {
        sleep(Duration::from_millis(1_730)).await;
        assert_eq!((turn.borrow().as_ref(), next.borrow().as_ref()), (Some(&first), None));
    }
    assert_eq!(south.sharing().unwrap().clock.as_deref(), Some("north"));
    assert_eq!((held(&runs), held(&waits)), (true, false));
    task.abort();
    let killed = Instant::now();
    let second = next.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert!(killed.elapsed() < Duration::from_secs(5) && second.number > first.number, "{:?}", killed.elapsed());
    assert_eq!(south.sharing().unwrap().clock.as_deref(), Some("south"));

    let (_west, _, mut last, _stop, _task) = start(&one, "west");
    sleep(Duration::from_secs(2)).await;
    let stopped = Instant::now();
    stop.send_replace(true);
    other_task.await.unwrap();
    last.wait_for(Option::is_some).await.unwrap();
    assert!(stopped.elapsed() <= Duration::from_secs(1), "{:?}", stopped.elapsed());
    assert!(!held(&waits), "it has given it back");
}

#[tokio::test(start_paused = true)]
async fn each_knows_who_else_lives_and_a_namesake_is_told_of() {
    let (_place, one, other) = halves();
    let manual = Arc::new(ManualClock::at(Timestamp::parse(NOW).unwrap()));
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&manual);
    let start = |half: &Arc<Half>, own: &str| {
        let store: Arc<dyn Store> = Arc::<Half>::clone(half);
        let together = Together::new(Arc::clone(&store), Arc::clone(&clock), Metrics::new(), own.to_owned());
        let config = crate::outbox::Config::default();
        let outbox = crate::outbox::Outbox::new(store, config, Arc::clone(&clock), Metrics::new());
        let (stop, stopping) = watch::channel(false);
        let crew = together.crew().unwrap();
        let task = tokio::spawn(Arc::clone(&together).be_present(crew, outbox.unwrap(), stopping));
        (together, stop, task)
    };
    let others = |together: &Together| {
        let sharing = together.sharing().unwrap();
        sharing.others.iter().map(|other| (other.name.clone(), other.alive)).collect::<Vec<_>>()
    };
    let (north, _stop, task) = start(&one, "north");
    let (south, stop, south_task) = start(&other, "south");
    sleep(Duration::from_secs(7)).await;
    assert_eq!(others(&north), [("south".to_owned(), true)]);
    assert_eq!(others(&south), [("north".to_owned(), true)]);
    let (twin, _twin_stop, _twin_task) = start(&other, "north");
    sleep(Duration::from_secs(7)).await;
    assert_eq!((twin.warnings().len(), south.warnings().len()), (1, 0), "{:?}", twin.warnings());
    task.abort();
    sleep(Duration::from_secs(20)).await;
    assert!(twin.warnings().is_empty(), "it has the name for itself now");
    assert_eq!(others(&south), [("north".to_owned(), true)]);
    stop.send_replace(true);
    south_task.await.unwrap();
    sleep(Duration::from_secs(4)).await;
    assert_eq!(others(&twin), [("south".to_owned(), false)]);
}

#[tokio::test]
async fn the_same_message_at_both_nodes_is_filed_once_and_requests_of_both_take_different_instances() {
    let (_place, [first, second], _) = department().await;
    let authority = Node::new(AUTHORITY, &[(DEPARTMENT, Relation::Peer)], ("", ""), Config::default()).await;
    authority.send(DEPARTMENT, MsgType::Report, CALL).await;
    let parcel = authority.waiting().await.remove(0);
    let body = authority.body(&parcel).await;
    let (one, other) =
        tokio::join!(first.receive(AUTHORITY, body.clone(), &parcel), second.receive(AUTHORITY, body.clone(), &parcel));
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(first.all::<Message>().await.len(), 1, "{:?}", first.journal().await);

    // The same document leaves both nodes at the same time, to two units.
    let (to_one, to_other) = (
        first.send(UNIT, MsgType::InvestigationRequest, CALL),
        second.send(OTHER, MsgType::InvestigationRequest, CALL),
    );
    tokio::join!(to_one, to_other);
    let requests = first.all::<Request>().await;
    let instances: BTreeSet<_> = requests.iter().map(|request| request.instance.clone()).collect();
    assert_eq!((requests.len(), instances.len()), (2, 2), "{requests:?}");
}

/// The pair is the authority: one node sends the request and is given the token, the callback comes to the other.
#[tokio::test]
async fn a_callback_may_come_to_another_node_than_the_one_that_sent() {
    let (_place, one, other) = halves();
    let to = [(DEPARTMENT, Relation::Peer)];
    let (sender, receiver) = (over(&one, AUTHORITY, &to, ("", "")).await, over(&other, AUTHORITY, &to, ("", "")).await);
    let department =
        Node::new(DEPARTMENT, &[(AUTHORITY, Relation::Authority)], (SYSTEMS, ROSTER), Config::default()).await;
    sender.send(DEPARTMENT, MsgType::InvestigationRequest, CALL).await;
    let parcel = sender.waiting().await.remove(0);
    let answer = department.receive(AUTHORITY, sender.body(&parcel).await, &parcel).await;
    assert_eq!(answer.status, 202);
    let reply = |answer: crate::exchange::Answer| Reply {
        status: answer.status,
        token: answer.token,
        body: answer.body,
        remote: None,
        note: None,
    };
    sender.delivered(&parcel, &reply(answer)).await;
    let callbacks: Vec<_> = department.waiting().await.into_iter().filter(|one| one.token.is_some()).collect();
    assert!(!callbacks.is_empty());
    for callback in callbacks {
        let answer = receiver.receive(DEPARTMENT, department.body(&callback).await, &callback).await;
        assert!(answer.status < 300, "{answer:?}");
        department.delivered(&callback, &reply(answer)).await;
    }
    let request = sender.all::<Request>().await.remove(0);
    assert_eq!(request.state, RequestState::Approved, "{request:?}");
}
