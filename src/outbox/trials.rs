//! Trials of the whole outbox under tokio's paused clock: a scripted carrier, a store in memory, no real time.

mod beside;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::memory::Memory;
use super::{
    Carrier, Config, Crew, Entered, Filter, Load, NewParcel, Outbox, OutboxError, Outcome, Replies, Reply, Worker,
};
use crate::clock::{Clock, Timestamp};
use crate::ids::{IncidentName, MessageId, ParcelId, PeerName};
use crate::store::records::{Body, Parcel, ParcelKind, ParcelState};
use crate::store::{Batch, Store, StoreError};
use crate::telemetry::Metrics;

/// Tells the time of tokio's clock.
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_000_000_000_000) + self.0.elapsed()
    }
}

/// What the other side does: how long a try takes and how it ends.
type Script = Box<dyn FnMut(&Load) -> (Duration, Outcome) + Send>;

/// Carries parcels as scripted for each recipient; takes at once what goes to anyone else.
#[derive(Default)]
struct Scripted {
    scripts: Mutex<HashMap<String, Script>>,
    /// Every try: when it began, in seconds, to whom, and which parcel.
    tries: Mutex<Vec<(u64, String, ParcelId)>>,
    start: Option<Instant>,
}

fn taken() -> Outcome {
    Outcome::Delivered(Reply { status: 200, token: None, body: Bytes::new(), remote: None, note: None })
}

fn later(why: &str) -> Outcome {
    Outcome::Later { why: why.to_owned(), after: None }
}

#[async_trait]
impl Carrier for Scripted {
    fn kind(&self) -> ParcelKind {
        ParcelKind::Rid
    }

    async fn carry(&self, load: &Load) -> Outcome {
        let second = self.start.map_or(0, |start| start.elapsed().as_secs());
        let to = load.parcel.recipient.clone();
        self.tries.lock().unwrap().push((second, to.clone(), load.parcel.id.clone()));
        let (span, outcome) = match self.scripts.lock().unwrap().get_mut(&to) {
            Some(script) => script(load),
            None => (Duration::ZERO, taken()),
        };
        sleep(span).await;
        outcome
    }
}

/// Notes what it was told; its part of the batch is one body under a new name.
#[derive(Default)]
struct Noted(Mutex<Vec<String>>);

fn mark() -> Batch {
    let mut batch = Batch::new();
    batch.insert(&Body { id: MessageId::fresh(), bytes: b"reply".to_vec() });
    batch
}

#[async_trait]
impl Replies for Noted {
    async fn enter(&self, load: &Load, reply: &Reply) -> Result<Entered, StoreError> {
        assert_eq!(&load.bytes[..], b"message");
        self.0.lock().unwrap().push(format!("{} {}", reply.status, load.parcel.recipient));
        Ok(mark().into())
    }

    async fn given_up(&self, load: &Load, reply: Option<&Reply>, why: &str) -> Result<Entered, StoreError> {
        if let Some(reply) = reply {
            self.enter(load, reply).await?;
        }
        self.0.lock().unwrap().push(format!("given up {}: {why}", load.parcel.recipient));
        Ok(mark().into())
    }
}

/// An outbox with everything around it.
struct Trial {
    memory: Arc<Memory>,
    outbox: Arc<Outbox>,
    carrier: Arc<Scripted>,
    replies: Arc<Noted>,
}

impl Trial {
    fn new(config: Config) -> Self {
        let memory = Arc::new(Memory::default());
        let store: Arc<dyn Store> = Arc::<Memory>::clone(&memory);
        let clock = Arc::new(Paused(Instant::now()));
        let outbox = Outbox::new(store, config, clock, Metrics::new()).unwrap();
        let carrier = Arc::new(Scripted { start: Some(Instant::now()), ..Scripted::default() });
        Self { memory, outbox, carrier, replies: Arc::default() }
    }

    fn plain() -> Self {
        Self::new(Config { retry_jitter_percent: 0, ..Config::default() })
    }

    fn script(&self, to: &str, script: impl FnMut(&Load) -> (Duration, Outcome) + Send + 'static) {
        self.carrier.scripts.lock().unwrap().insert(to.to_owned(), Box::new(script));
    }

    fn start(&self) -> (watch::Sender<bool>, JoinHandle<()>) {
        let (stop, stopped) = watch::channel(false);
        let carrier: Arc<dyn Carrier> = Arc::<Scripted>::clone(&self.carrier);
        let replies: Arc<dyn Replies> = Arc::<Noted>::clone(&self.replies);
        let worker = Worker::new(Arc::clone(&self.outbox), vec![carrier], replies);
        (stop, tokio::spawn(worker.run(stopped)))
    }

    async fn post(&self, to: &str, incident: Option<&str>) -> ParcelId {
        let message = MessageId::fresh();
        let mut batch = Batch::new();
        batch.insert(&Body { id: message.clone(), bytes: b"message".to_vec() });
        let peer: PeerName = to.parse().unwrap();
        let incident = incident.map(|id| IncidentName { name: "cert.example".to_owned(), id: id.to_owned() });
        let id = self.outbox.post(&mut batch, NewParcel::rid(&peer, incident.as_ref(), message)).unwrap();
        self.outbox.store.commit(batch).await.unwrap();
        self.outbox.wake();
        id
    }

    async fn state(&self, id: &ParcelId) -> ParcelState {
        self.outbox.show(id).await.unwrap().parcel.state
    }

    fn tries_to(&self, to: &str) -> Vec<u64> {
        let tries = self.carrier.tries.lock().unwrap();
        tries.iter().filter(|(_, name, _)| name == to).map(|(second, ..)| *second).collect()
    }

    fn waiting(&self, to: &str) -> usize {
        self.outbox.counts.waiting(to)
    }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_leaves_with_what_follows_from_the_reply() {
    let trial = Trial::plain();
    let _worker = trial.start();
    let id = trial.post("a.example", None).await;
    sleep(seconds(1)).await;
    assert_eq!(trial.state(&id).await, ParcelState::Delivered);
    assert_eq!(*trial.replies.0.lock().unwrap(), ["200 a.example"]);
    assert_eq!(trial.memory.count(<Body as crate::store::Record>::TABLE).await.unwrap(), 2);
    assert_eq!(trial.waiting("a.example"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_ever_less_often_and_says_why() {
    let trial = Trial::plain();
    trial.script("a.example", |_| (Duration::ZERO, later("nobody listens on 192.0.2.1:4590")));
    let _worker = trial.start();
    let id = trial.post("a.example", None).await;
    sleep(seconds(40)).await;
    assert_eq!(trial.tries_to("a.example"), [0, 1, 3, 7, 15, 31]);
    let entry = trial.outbox.show(&id).await.unwrap();
    assert_eq!(entry.parcel.attempts, 6);
    assert!(entry.why.starts_with("try 6 failed: nobody listens on 192.0.2.1:4590. Next try at"), "{}", entry.why);
}

#[tokio::test(start_paused = true)]
async fn a_lane_keeps_its_order_and_other_lanes_go_on() {
    let trial = Trial::plain();
    let mut first = None;
    trial.script("a.example", move |load| {
        let poison = first.get_or_insert_with(|| load.parcel.id.clone());
        let failed = *poison == load.parcel.id && load.parcel.attempts < 4;
        (Duration::ZERO, if failed { later("cannot take this one") } else { taken() })
    });
    let first = trial.post("a.example", Some("1")).await;
    let second = trial.post("a.example", Some("1")).await;
    let _worker = trial.start();
    sleep(Duration::from_millis(100)).await;
    let other = trial.post("a.example", Some("2")).await;
    sleep(seconds(2)).await;
    assert_eq!(trial.state(&other).await, ParcelState::Delivered);
    let why = trial.outbox.show(&second).await.unwrap().why;
    assert!(why.starts_with(&format!("waits behind parcel {first} of the same incident")), "{why}");
    sleep(seconds(10)).await;
    let tries = trial.carrier.tries.lock().unwrap().clone();
    let order: Vec<&ParcelId> = tries.iter().map(|(_, _, id)| id).filter(|id| **id != other).collect();
    assert_eq!(order, [&first, &first, &first, &first, &second]);
}

#[tokio::test(start_paused = true)]
async fn a_recipient_that_hangs_delays_no_other() {
    let trial = Trial::plain();
    trial.script("a.example", |_| (seconds(3_600), taken()));
    let _worker = trial.start();
    for n in 0..500 {
        trial.post("a.example", Some(&n.to_string())).await;
    }
    sleep(seconds(1)).await;
    let good: Vec<ParcelId> = [trial.post("b.example", None).await, trial.post("c.example", None).await].into();
    sleep(seconds(1)).await;
    for id in &good {
        assert_eq!(trial.state(id).await, ParcelState::Delivered);
    }
    assert_eq!(trial.tries_to("a.example").len(), 4, "as many at once as one recipient may have");
    // Broken off after three quarters of the claim, then alone and ever less often.
    sleep(seconds(100)).await;
    let tries = trial.tries_to("a.example");
    assert!(tries.len() <= 6, "{tries:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dead_recipient_is_not_stormed_whatever_waits_for_it() {
    let trial = Trial::plain();
    trial.script("a.example", |_| (Duration::ZERO, later("nobody listens")));
    let _worker = trial.start();
    for n in 0..1_000 {
        trial.post("a.example", Some(&n.to_string())).await;
    }
    sleep(seconds(600)).await;
    let tries = trial.tries_to("a.example").len();
    assert!((8..=20).contains(&tries), "{tries} tries in ten minutes");
    trial.carrier.scripts.lock().unwrap().clear();
    sleep(seconds(900)).await;
    assert_eq!(trial.waiting("a.example"), 0, "all of it leaves once the recipient answers");
}

#[tokio::test(start_paused = true)]
async fn a_recipient_that_asks_for_time_gets_it() {
    let trial = Trial::plain();
    trial.script("a.example", |load| {
        let busy = Outcome::Later { why: "busy".to_owned(), after: Some(seconds(120)) };
        (Duration::ZERO, if load.parcel.attempts == 1 { busy } else { taken() })
    });
    let _worker = trial.start();
    let id = trial.post("a.example", None).await;
    sleep(seconds(1)).await;
    let parcel = trial.outbox.show(&id).await.unwrap().parcel;
    assert_eq!(parcel.due.since(parcel.created).as_secs(), 120, "also after a restart");
    sleep(seconds(199)).await;
    assert_eq!(trial.tries_to("a.example"), [0, 120]);
}

#[tokio::test(start_paused = true)]
async fn what_expires_is_a_dead_letter_until_someone_retries_it() {
    let trial = Trial::new(Config { expiry: seconds(60), retry_jitter_percent: 0, ..Config::default() });
    trial.script("a.example", |_| (Duration::ZERO, later("nobody listens")));
    let _worker = trial.start();
    let id = trial.post("a.example", Some("1")).await;
    sleep(seconds(70)).await;
    let entry = trial.outbox.show(&id).await.unwrap();
    assert_eq!(entry.parcel.state, ParcelState::Dead);
    assert_eq!(entry.parcel.reason.as_deref(), Some("expired after 6 tries; the last: nobody listens"));
    assert_eq!(trial.replies.0.lock().unwrap().len(), 1);
    trial.carrier.scripts.lock().unwrap().clear();
    trial.outbox.retry(&id).await.unwrap();
    sleep(seconds(1)).await;
    assert_eq!(trial.state(&id).await, ParcelState::Delivered);
    let again = trial.outbox.retry(&id).await;
    assert!(matches!(again, Err(OutboxError::WrongState { state: ParcelState::Delivered, .. })));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_given_up_at_once_and_the_lane_goes_on() {
    let trial = Trial::plain();
    trial.script("a.example", |load| {
        let reply = Reply { status: 400, token: None, body: Bytes::new(), remote: None, note: None };
        let refused = Outcome::Refused { why: "400: it cannot read this".to_owned(), reply: Some(reply) };
        (Duration::ZERO, if load.parcel.attempts == 1 && load.parcel.token.is_none() { refused } else { taken() })
    });
    let _worker = trial.start();
    let first = trial.post("a.example", Some("1")).await;
    sleep(seconds(1)).await;
    trial.carrier.scripts.lock().unwrap().clear();
    let second = trial.post("a.example", Some("1")).await;
    sleep(seconds(1)).await;
    assert_eq!(trial.state(&first).await, ParcelState::Dead);
    assert_eq!(trial.state(&second).await, ParcelState::Delivered);
    let noted = trial.replies.0.lock().unwrap().clone();
    assert_eq!(noted, ["400 a.example", "given up a.example: 400: it cannot read this", "200 a.example"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_was_sending_is_sent_again_at_the_start() {
    let trial = Trial::plain();
    trial.script("a.example", |_| (seconds(20), taken()));
    let (_stop, worker) = trial.start();
    let id = trial.post("a.example", Some("1")).await;
    sleep(seconds(1)).await;
    assert_eq!(trial.state(&id).await, ParcelState::Claimed);
    assert!(matches!(trial.outbox.cancel(&id).await, Err(OutboxError::Busy { .. })));
    worker.abort();
    worker.await.unwrap_err();
    let _second = trial.start();
    sleep(seconds(30)).await;
    assert_eq!(trial.state(&id).await, ParcelState::Delivered);
    assert_eq!(trial.tries_to("a.example"), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn beside_others_a_claim_is_taken_back_only_when_it_has_run_out() {
    let trial = Trial::plain();
    trial.script("a.example", |_| (seconds(20), taken()));
    let (_stop, worker) = trial.start();
    let id = trial.post("a.example", Some("1")).await;
    sleep(seconds(1)).await;
    worker.abort();
    worker.await.unwrap_err();
    let (_stop, stopped) = watch::channel(false);
    let carrier: Arc<dyn Carrier> = Arc::<Scripted>::clone(&trial.carrier);
    let replies: Arc<dyn Replies> = Arc::<Noted>::clone(&trial.replies);
    let crew = Crew::new("another");
    tokio::spawn(Worker::new(Arc::clone(&trial.outbox), vec![carrier], replies).beside_others(crew).run(stopped));
    sleep(seconds(200)).await;
    assert_eq!(trial.state(&id).await, ParcelState::Delivered);
    assert_eq!(trial.tries_to("a.example"), [0, 120]);
}

#[tokio::test(start_paused = true)]
async fn a_full_store_stops_nothing_for_good() {
    let trial = Trial::plain();
    let memory = Arc::clone(&trial.memory);
    trial.script("a.example", move |_| {
        memory.full.store(true, Ordering::SeqCst);
        (Duration::ZERO, taken())
    });
    let _worker = trial.start();
    let id = trial.post("a.example", Some("1")).await;
    sleep(seconds(30)).await;
    assert_eq!(trial.state(&id).await, ParcelState::Claimed, "the outcome cannot be written");
    trial.memory.full.store(false, Ordering::SeqCst);
    sleep(seconds(5)).await;
    assert_eq!(trial.state(&id).await, ParcelState::Delivered);
    assert_eq!(trial.tries_to("a.example"), [0]);
}

#[tokio::test(start_paused = true)]
async fn too_much_for_one_recipient_is_refused_and_others_are_not() {
    let trial = Trial::new(Config { waiting_per_recipient: 3, ..Config::default() });
    for _ in 0..3 {
        trial.post("a.example", None).await;
    }
    let full =
        trial.outbox.post(&mut Batch::new(), NewParcel::rid(&"a.example".parse().unwrap(), None, MessageId::fresh()));
    assert!(matches!(full, Err(OutboxError::Full { waiting: 3, .. })));
    trial.post("b.example", None).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_is_not_sent_and_what_is_old_is_removed() {
    let trial = Trial::plain();
    trial.script("a.example", |_| (Duration::ZERO, later("nobody listens")));
    let (stop, worker) = trial.start();
    let id = trial.post("a.example", Some("1")).await;
    sleep(seconds(2)).await;
    trial.outbox.cancel(&id).await.unwrap();
    sleep(seconds(60)).await;
    assert_eq!(trial.tries_to("a.example"), [0, 1]);
    let filter = Filter { states: vec![ParcelState::Cancelled], limit: 10, ..Filter::default() };
    assert_eq!(trial.outbox.list(&filter).await.unwrap().len(), 1);
    sleep(seconds(8 * 24 * 3_600)).await;
    assert!(matches!(trial.outbox.show(&id).await, Err(OutboxError::Unknown { .. })));
    stop.send(true).unwrap();
    worker.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_list_shows_what_has_not_left_in_the_order_of_making() {
    let trial = Trial::plain();
    let ids =
        [trial.post("b.example", None).await, trial.post("a.example", None).await, trial.post("b.example", None).await];
    let list = trial.outbox.list(&Filter { limit: 2, ..Filter::default() }).await.unwrap();
    let found: Vec<&Parcel> = list.iter().map(|entry| &entry.parcel).collect();
    assert_eq!(found.iter().map(|parcel| &parcel.id).collect::<Vec<_>>(), [&ids[0], &ids[1]]);
    let rest = Filter { limit: 2, after: Some(ids[1].clone()), ..Filter::default() };
    assert_eq!(trial.outbox.list(&rest).await.unwrap()[0].parcel.id, ids[2]);
    let to_a = Filter { limit: 9, recipient: Some("a.example".to_owned()), ..Filter::default() };
    assert_eq!(trial.outbox.list(&to_a).await.unwrap().len(), 1);
}

/// Sends on to `b.example` whatever `a.example` has answered.
struct Onward(Arc<Outbox>);

#[async_trait]
impl Replies for Onward {
    async fn enter(&self, load: &Load, _: &Reply) -> Result<Entered, StoreError> {
        let mut batch = Batch::new();
        if load.parcel.recipient == "a.example" {
            let parcel = NewParcel::rid(&"b.example".parse().unwrap(), None, load.parcel.message.clone().unwrap());
            self.0.post(&mut batch, parcel).unwrap();
        }
        Ok(batch.into())
    }

    async fn given_up(&self, _: &Load, _: Option<&Reply>, _: &str) -> Result<Entered, StoreError> {
        Ok(Entered::default())
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_makes_us_send_on_leaves_at_once() {
    let trial = Trial::plain();
    let (_stop, stopped) = watch::channel(false);
    let carrier: Arc<dyn Carrier> = Arc::<Scripted>::clone(&trial.carrier);
    let replies = Arc::new(Onward(Arc::clone(&trial.outbox)));
    tokio::spawn(Worker::new(Arc::clone(&trial.outbox), vec![carrier], replies).run(stopped));
    trial.script("a.example", |_| (seconds(2), taken()));
    trial.post("a.example", None).await;
    sleep(seconds(5)).await;
    assert_eq!(trial.tries_to("b.example"), [2]);
}

/// A channel that takes notices and says so in words of its own.
struct Channel(ParcelKind);

#[async_trait]
impl Carrier for Channel {
    fn kind(&self) -> ParcelKind {
        self.0
    }

    async fn carry(&self, load: &Load) -> Outcome {
        Outcome::Delivered(Reply::noted(format!("{} took {} bytes", self.0, load.bytes.len())))
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_leaves_on_its_channel_and_what_the_channel_said_is_kept() {
    let trial = Trial::plain();
    let replies: Arc<dyn Replies> = Arc::<Noted>::clone(&trial.replies);
    let worker = Worker::new(Arc::clone(&trial.outbox), vec![Arc::new(Channel(ParcelKind::Pager))], replies);
    let (_stop, stopped) = watch::channel(false);
    let _worker = tokio::spawn(worker.run(stopped));
    let mut batch = Batch::new();
    let notice = MessageId::fresh();
    batch.insert(&Body { id: notice.clone(), bytes: b"message".to_vec() });
    let parcel = NewParcel::notice(ParcelKind::Pager, "+15550100", notice);
    let id = trial.outbox.post(&mut batch, parcel).unwrap();
    trial.outbox.store.commit(batch).await.unwrap();
    trial.outbox.wake();
    sleep(seconds(1)).await;
    let entry = trial.outbox.show(&id).await.unwrap();
    assert_eq!(entry.parcel.reason.as_deref(), Some("pager took 7 bytes"));
    assert_eq!(entry.parcel.lane, "+15550100 pager");
    assert_eq!(*trial.replies.0.lock().unwrap(), ["200 +15550100"]);
}
