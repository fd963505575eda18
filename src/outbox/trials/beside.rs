//! Several workers on one store: nothing is sent twice, lanes keep their order, and they seldom go for the same.

use std::collections::HashMap;

use super::*;
use crate::store::pair::{Half, pair};
use crate::store::{Column, Row, Scan, Table, Tiding, Tidings, Value};

/// One node: its view of the store, its outbox and its crew.
struct Node {
    half: Arc<Half>,
    outbox: Arc<Outbox>,
    crew: Arc<Crew>,
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

/// Two nodes that share a store, a carrier and the time.
struct Two {
    carrier: Arc<Scripted>,
    nodes: [Node; 2],
}

/// Wakes the outbox at what the other node does, as the daemon does.
async fn hear(outbox: Arc<Outbox>, mut tidings: Tidings) {
    while let Ok(tiding) = tidings.recv().await {
        if matches!(tiding, Tiding::Row { table: "parcels", .. }) {
            sleep(Duration::from_millis(20)).await;
            outbox.wake();
        }
    }
}

fn two(config: &Config) -> Two {
    let carrier = Arc::new(Scripted { start: Some(Instant::now()), ..Scripted::default() });
    let clock = Arc::new(Paused(Instant::now()));
    let (one, other) = pair(Arc::new(Memory::default()));
    let node = |half: Arc<Half>, own: &str, other: &str| {
        let store: Arc<dyn Store> = Arc::<Half>::clone(&half);
        let tidings = store.tidings().unwrap();
        let clock: Arc<dyn Clock> = Arc::<Paused>::clone(&clock);
        let outbox = Outbox::new(store, config.clone(), clock, Metrics::new()).unwrap();
        tokio::spawn(hear(Arc::clone(&outbox), tidings));
        let crew = Crew::new(own);
        crew.meet(vec![other.to_owned()]);
        let (stop, stopped) = watch::channel(false);
        let carriers: Vec<Arc<dyn Carrier>> = vec![Arc::<Scripted>::clone(&carrier)];
        let worker = Worker::new(Arc::clone(&outbox), carriers, Arc::new(Noted::default()));
        let worker = tokio::spawn(worker.beside_others(Arc::clone(&crew)).run(stopped));
        Node { half, outbox, crew, stop, worker }
    };
    let nodes = [node(one, "north", "south"), node(other, "south", "north")];
    Two { carrier, nodes }
}

async fn post_at(outbox: &Outbox, to: &str, incident: &str) -> ParcelId {
    let message = MessageId::fresh();
    let mut batch = Batch::new();
    batch.insert(&Body { id: message.clone(), bytes: b"message".to_vec() });
    let incident = IncidentName { name: "cert.example".to_owned(), id: incident.to_owned() };
    let id = outbox.post(&mut batch, NewParcel::rid(&to.parse().unwrap(), Some(&incident), message)).unwrap();
    outbox.store.commit(batch).await.unwrap();
    outbox.wake();
    id
}

/// Ten recipients with ten lanes of twenty parcels each, posted at both nodes in turn.
async fn post_many(two: &Two) -> HashMap<String, Vec<ParcelId>> {
    let mut lanes: HashMap<String, Vec<ParcelId>> = HashMap::new();
    for number in 0..200 {
        let (to, incident) = (format!("unit{}.example", number % 10), (number / 10 % 2).to_string());
        let id = post_at(&two.nodes[number % 2].outbox, &to, &incident).await;
        lanes.entry(format!("{to} {incident}")).or_default().push(id);
    }
    lanes
}

impl Two {
    /// The parcels in the order in which they were carried, lane by lane.
    fn carried(&self, lanes: &HashMap<String, Vec<ParcelId>>) -> HashMap<String, Vec<ParcelId>> {
        let tries = self.carrier.tries.lock().unwrap();
        let of_lane = |ids: &Vec<ParcelId>| {
            tries.iter().map(|(_, _, id)| id).filter(|id| ids.contains(id)).cloned().collect::<Vec<_>>()
        };
        lanes.iter().map(|(lane, ids)| (lane.clone(), of_lane(ids))).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn two_workers_send_each_parcel_once_in_order_and_seldom_go_for_the_same() {
    let two = two(&Config::default());
    for number in 0..10 {
        let slow: Script = Box::new(|_| (Duration::from_millis(30), taken()));
        two.carrier.scripts.lock().unwrap().insert(format!("unit{number}.example"), slow);
    }
    let lanes = post_many(&two).await;
    sleep(seconds(20)).await;
    assert_eq!(two.carried(&lanes), lanes, "each once, and each lane in the order of making");
    let lost = two.nodes.iter().map(|node| node.half.lost()).sum::<usize>();
    assert!(lost <= 10, "{lost} of 200 claims were lost races");
    for node in two.nodes {
        node.stop.send(true).unwrap();
        node.worker.await.unwrap();
    }
}

/// They disagree about who is alive: both go first to everyone.
#[tokio::test(start_paused = true)]
async fn workers_that_know_nothing_of_each_other_lose_races_and_nothing_else() {
    let two = two(&Config::default());
    for node in &two.nodes {
        node.crew.meet(Vec::new());
    }
    for number in 0..10 {
        let slow: Script = Box::new(|_| (Duration::from_millis(30), taken()));
        two.carrier.scripts.lock().unwrap().insert(format!("unit{number}.example"), slow);
    }
    let lanes = post_many(&two).await;
    sleep(seconds(60)).await;
    assert_eq!(two.carried(&lanes), lanes);
    let lost = two.nodes.iter().map(|node| node.half.lost()).sum::<usize>();
    assert!(lost > 10, "only {lost} of 200: the trial tries nothing");
}

#[tokio::test(start_paused = true)]
async fn what_is_dealt_to_a_worker_that_died_leaves_through_the_other() {
    let two = two(&Config::default());
    let [north, south] = &two.nodes;
    north.worker.abort();
    // Nobody has noticed yet that it is dead.
    let begun = Instant::now();
    let ids: Vec<ParcelId> = {
        let mut ids = Vec::new();
        for number in 0..20 {
            ids.push(post_at(&south.outbox, &format!("unit{number}.example"), "1").await);
        }
        ids
    };
    sleep(Duration::from_millis(500)).await;
    let early = two.carrier.tries.lock().unwrap().len();
    assert!((5..=15).contains(&early), "its own part leaves at once: {early}");
    sleep(Duration::from_millis(1_500)).await;
    for id in &ids {
        assert_eq!(south.outbox.show(id).await.unwrap().parcel.state, ParcelState::Delivered);
    }
    assert!(begun.elapsed() < seconds(3));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_started_again_takes_back_its_own_claims_and_no_others() {
    let two = two(&Config::default());
    let hang: fn() -> Script = || Box::new(|load| (seconds(if load.parcel.attempts == 1 { 80 } else { 0 }), taken()));
    let recipients: Vec<String> = (0..8).map(|number| format!("unit{number}.example")).collect();
    for to in &recipients {
        two.carrier.scripts.lock().unwrap().insert(to.clone(), hang());
        post_at(&two.nodes[0].outbox, to, "1").await;
    }
    sleep(seconds(1)).await;
    let [north, south] = &two.nodes;
    let claimed = async |holder: &str| {
        let filter = Filter { states: vec![ParcelState::Claimed], limit: 100, ..Filter::default() };
        let list = south.outbox.list(&filter).await.unwrap();
        list.iter().filter(|entry| entry.parcel.holder.as_deref() == Some(holder)).count()
    };
    let (of_north, of_south) = (claimed("north").await, claimed("south").await);
    assert!(of_north > 0 && of_south > 0 && of_north + of_south == 8, "{of_north} {of_south}");
    north.worker.abort();
    assert_eq!(south.outbox.take_back("north").await.unwrap(), of_north);
    assert_eq!(claimed("south").await, of_south, "those of others are theirs");
    sleep(seconds(5)).await;
    assert_eq!(two.carrier.tries.lock().unwrap().len(), 8 + of_north);
}

/// The head of one lane is about to be claimed by a third process: others are not held up by that, not even where only one may
/// be under way to the recipient.
#[tokio::test(start_paused = true)]
async fn what_another_has_in_hand_is_left_alone_for_a_moment_and_the_next_is_sent() {
    let two = two(&Config { concurrency_per_recipient: 1, ..Config::default() });
    let [north, south] = &two.nodes;
    south.worker.abort();
    north.crew.meet(Vec::new());
    // Before the worker looks.
    let first = post_at(&south.outbox, "unit.example", "1").await;
    north.half.in_hand(Some(first.to_value()));
    let second = post_at(&north.outbox, "unit.example", "2").await;
    sleep(Duration::from_millis(100)).await;
    let tried = || two.carrier.tries.lock().unwrap().iter().map(|(_, _, id)| id.clone()).collect::<Vec<_>>();
    assert_eq!(tried().as_slice(), std::slice::from_ref(&second));
    sleep(seconds(2)).await;
    assert_eq!(tried().as_slice(), std::slice::from_ref(&second));
    let lost = north.half.lost();
    assert!((2..=12).contains(&lost), "asked for again, but not all the time: {lost}");
    north.half.in_hand(None);
    sleep(seconds(1)).await;
    assert_eq!(tried(), [second, first]);
}

/// A store in which another process claims the first parcel of a lane just after somebody has looked who has claims.
struct Sly {
    store: Arc<Memory>,
    first: Mutex<Option<ParcelId>>,
}

#[async_trait]
impl Store for Sly {
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.store.commit(batch).await
    }

    async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError> {
        self.store.row(table, key).await
    }

    async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
        let claims = scan.index == Some("by_recipient") && scan.prefix.len() == 2;
        let claims = claims && scan.prefix.first() == Some(&Value::Text("claimed".to_owned()));
        let rows = self.store.rows(scan).await?;
        let first = if claims { self.first.lock().unwrap().take() } else { None };
        if let Some(first) = first {
            let (mut parcel, revision) = super::super::queue::parcel(&*self.store, &first).await.unwrap();
            parcel.state = ParcelState::Claimed;
            parcel.holder = Some("another".to_owned());
            parcel.held_until = Some(parcel.created + seconds(30));
            let mut batch = Batch::new();
            batch.update(&parcel, revision);
            self.store.commit(batch).await?;
        }
        Ok(rows)
    }

    async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        self.store.count(table).await
    }

    async fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

#[tokio::test(start_paused = true)]
async fn a_parcel_waits_for_the_one_before_it_though_another_has_claimed_that_meanwhile() {
    let sly = Arc::new(Sly { store: Arc::default(), first: Mutex::default() });
    let store: Arc<dyn Store> = Arc::<Sly>::clone(&sly);
    let clock = Arc::new(Paused(Instant::now()));
    let outbox = Outbox::new(store, Config::default(), clock, Metrics::new()).unwrap();
    let carrier = Arc::new(Scripted { start: Some(Instant::now()), ..Scripted::default() });
    let first = post_at(&outbox, "a.example", "1").await;
    let second = post_at(&outbox, "a.example", "1").await;
    *sly.first.lock().unwrap() = Some(first.clone());
    let (_stop, stopped) = watch::channel(false);
    let carriers: Vec<Arc<dyn Carrier>> = vec![Arc::<Scripted>::clone(&carrier)];
    let worker = Worker::new(Arc::clone(&outbox), carriers, Arc::new(Noted::default()));
    tokio::spawn(worker.beside_others(Crew::new("north")).run(stopped));
    sleep(seconds(20)).await;
    assert_eq!(outbox.show(&second).await.unwrap().parcel.attempts, 0, "it was not its turn");
    assert!(carrier.tries.lock().unwrap().is_empty());
    sleep(seconds(20)).await;
    let tries = carrier.tries.lock().unwrap().clone();
    assert_eq!(tries.iter().map(|(_, _, id)| id.clone()).collect::<Vec<_>>(), [first, second]);
}
