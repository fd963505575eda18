//! Two nodes on one store: what one has committed holds for the other, nothing is there twice, and each hears of the other.
//! For stores that several nodes may share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Bench, Entry, TABLES, Thing, find, put, text, thing};
use crate::clock::Timestamp;
use crate::store::records::Lease;
use crate::store::{Batch, Precondition, Record, Scan, Store, StoreError, Tiding, Tidings, lease};

/// Tidings come soon, and lost ones within a few seconds.
const SOON: Duration = Duration::from_secs(20);

fn two(bench: &Bench) -> [Arc<dyn Store>; 2] {
    [bench.open(), bench.open()]
}

fn is_conflict(result: &Result<(), StoreError>) -> bool {
    match result {
        Ok(()) => false,
        Err(StoreError::Conflict { .. }) => true,
        Err(other) => panic!("{other}"),
    }
}

pub(super) async fn a_new_row_is_one_nodes(bench: Bench) {
    let stores = two(&bench);
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        for (node, store) in stores.iter().cloned().enumerate() {
            tasks.spawn(async move {
                let mut batch = Batch::new();
                batch.insert(&thing(&format!("{:03}", number), Some(["a", "b"][node]), number));
                batch.put(&Entry { log: format!("{node}"), number: number + 1 });
                (number, node, is_conflict(&store.commit(batch).await))
            });
        }
    }
    let mut won = [0, 0];
    for (number, node, lost) in tasks.join_all().await {
        let owner = find(&stores[0], &format!("{number:03}")).await.unwrap().owner.unwrap();
        assert_eq!(owner == ["a", "b"][node], !lost, "{number}: {owner}");
        won[node] += u64::from(!lost);
    }
    assert_eq!(won[0] + won[1], 200);
    assert_eq!(stores[0].count(Entry::TABLE).await.unwrap(), 200, "who lost has written nothing");
}

pub(super) async fn no_change_is_lost(bench: Bench) {
    let stores = two(&bench);
    put(&stores[0], &[thing("sum", None, 0), thing("other", None, 0)]).await;
    let mut tasks = JoinSet::new();
    for task in 0..32 {
        let store = Arc::clone(&stores[task % 2]);
        tasks.spawn(async move {
            // Half of them take the two rows in the other order.
            let names = if task % 4 < 2 { ["sum", "other"] } else { ["other", "sum"] };
            for _ in 0..5 {
                loop {
                    let mut batch = Batch::new();
                    for name in names {
                        let (mut found, revision) =
                            store.find_revised::<Thing>(vec![text(name)]).await.unwrap().unwrap();
                        found.size += 1;
                        batch.update(&found, revision);
                    }
                    if !is_conflict(&store.commit(batch).await) {
                        break;
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    for name in ["sum", "other"] {
        let (found, revision) = stores[1].find_revised::<Thing>(vec![text(name)]).await.unwrap().unwrap();
        assert_eq!((found.size, revision), (160, 161), "{name}");
    }
}

pub(super) async fn a_log_has_no_number_twice(bench: Bench) {
    let stores = two(&bench);
    let mut tasks = JoinSet::new();
    for task in 0..16_usize {
        let store = Arc::clone(&stores[task % 2]);
        tasks.spawn(async move {
            for _ in 0..10 {
                loop {
                    let scan = Scan::of::<Entry>(1).with(vec![text("log")]).descending();
                    let head = store.list::<Entry>(scan).await.unwrap().first().map_or(0, |entry| entry.number);
                    let mut batch = Batch::new();
                    let prefix = vec![text("log")];
                    batch.preconditions.push(Precondition::Head { table: Entry::TABLE, prefix, head });
                    batch.put(&Entry { log: "log".to_owned(), number: head + 1 });
                    batch.put(&thing(&format!("{task} {head}"), None, head));
                    if !is_conflict(&store.commit(batch).await) {
                        break;
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    let entries = stores[0].list::<Entry>(Scan::of::<Entry>(999)).await.unwrap();
    let numbers: Vec<_> = entries.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=160).collect::<Vec<_>>());
    assert_eq!(stores[1].count(Thing::TABLE).await.unwrap(), 160, "who lost has written nothing");
    let (_, revision) =
        stores[1].find_revised::<Entry>(vec![text("log"), super::Value::Int(7)]).await.unwrap().unwrap();
    assert_eq!(revision, 1, "no entry was written over");
}

/// Each of two batches relies on the absence of what the other writes, and does not write it itself.
pub(super) async fn an_absence_that_nobody_fills_holds_too(bench: Bench) {
    let stores = two(&bench);
    for round in 0..25 {
        let batch = |absent: &str, written: &str| {
            let mut batch = Batch::new();
            let key = vec![text(&format!("{absent}{round}"))];
            batch.preconditions.push(Precondition::Absent { table: Thing::TABLE, key });
            batch.put(&thing(&format!("{written}{round}"), None, round));
            batch
        };
        let (one, other) = tokio::join!(stores[0].commit(batch("a", "b")), stores[1].commit(batch("b", "a")));
        assert!(is_conflict(&one) ^ is_conflict(&other), "{round}: {one:?} {other:?}");
        let append = |log: &str, other: &str| {
            let mut batch = Batch::new();
            let prefix = vec![text(&format!("{other}{round}"))];
            batch.preconditions.push(Precondition::Head { table: Entry::TABLE, prefix, head: 0 });
            batch.put(&Entry { log: format!("{log}{round}"), number: 1 });
            batch
        };
        let (one, other) = tokio::join!(stores[0].commit(append("a", "b")), stores[1].commit(append("b", "a")));
        assert!(is_conflict(&one) ^ is_conflict(&other), "{round}: {one:?} {other:?}");
    }
}

pub(super) async fn a_row_that_is_relied_on_does_not_change(bench: Bench) {
    let stores = two(&bench);
    for round in 0..25 {
        let name = |which: &str| format!("{which}{round}");
        put(&stores[0], &[thing(&name("a"), None, 1), thing(&name("b"), None, 1)]).await;
        // Each relies on the row that the other changes.
        let batch = |relied: &str, changed: &str| {
            let mut batch = Batch::new();
            let key = vec![text(&name(relied))];
            batch.preconditions.push(Precondition::Revision { table: Thing::TABLE, key, revision: 1 });
            batch.put(&thing(&name(changed), None, 2));
            batch
        };
        let (one, other) = tokio::join!(stores[0].commit(batch("a", "b")), stores[1].commit(batch("b", "a")));
        assert!(is_conflict(&one) ^ is_conflict(&other), "{round}: {one:?} {other:?}");
    }
}

pub(super) async fn a_claim_waits_for_nobody_and_a_change_does(bench: Bench) {
    let store = bench.open();
    put(&store, &[thing("held", None, 1), thing("own", None, 1), thing("free", None, 1)]).await;
    let other = bench.hold("SELECT FROM ridd.things WHERE name IN ('held', 'own') FOR UPDATE");
    let claim = |name: &str, revision: i64| {
        let mut batch = Batch::new();
        batch.claim(&thing(name, None, 2), revision);
        batch
    };
    let mut new = Batch::new();
    new.insert(&thing("new", None, 2));
    let mut line = Vec::new();
    for batch in [claim("held", 1), claim("free", 1), claim("missing", 1), new] {
        line.push(store.enqueue(batch).await.unwrap());
    }
    let mut lost = Vec::new();
    for committing in line {
        lost.push(is_conflict(&timeout(SOON, committing).await.expect("nobody waits")));
    }
    assert_eq!(lost, [true, false, true, false]);
    assert_eq!(find(&store, "free").await.map(|thing| thing.size), Some(2));
    assert!(find(&store, "new").await.is_some());

    let mut change = Batch::new();
    change.update(&thing("own", None, 2), 1);
    let changing = tokio::spawn(store.enqueue(change).await.unwrap());
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let waited = timeout(SOON, async {
        while bench.sql(waits) == "0" {
            assert!(!changing.is_finished(), "it does not wait for who has the row");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("it waits");
    drop(other);
    assert!(!is_conflict(&timeout(SOON, changing).await.unwrap().unwrap()));
    assert!(!is_conflict(&store.commit(claim("held", 1)).await));
    assert!(is_conflict(&store.commit(claim("held", 1)).await), "it has been changed");
}

/// Many at once ask for rows, of keys of one column and of several: each gets his own, and what was committed before he asked,
/// though some give up waiting.
pub(super) async fn rows_asked_for_together_are_as_they_were_committed(bench: Bench) {
    let stores = two(&bench);
    let mut tasks = JoinSet::new();
    for task in 0..64_i64 {
        let stores = stores.clone();
        tasks.spawn(async move {
            let name = format!("{task}");
            for round in 1..=20 {
                put(&stores[0], &[thing(&name, None, round)]).await;
                let mut batch = Batch::new();
                batch.put(&Entry { log: name.clone(), number: round });
                stores[0].commit(batch).await.unwrap();
                for store in &stores {
                    let given_up = find(store, &name);
                    let _ = timeout(Duration::ZERO, given_up).await;
                    let key = vec![text(&name), super::Value::Int(round)];
                    let missing = format!("{name} is not there");
                    let (thing, entry, missing) =
                        tokio::join!(find(store, &name), store.find::<Entry>(key), find(store, &missing));
                    assert_eq!(thing.map(|thing| (thing.name, thing.size)), Some((name.clone(), round)));
                    assert_eq!(entry.unwrap().map(|entry| (entry.log, entry.number)), Some((name.clone(), round)));
                    assert_eq!(missing, None);
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

pub(super) async fn a_duty_is_one_nodes(bench: Bench) {
    const SPAN: Duration = Duration::from_secs(3);
    let tables = [TABLES, &[Lease::TABLE]].concat();
    let stores = [bench.open_with(&tables).unwrap(), bench.open_with(&tables).unwrap()];
    for round in 0..25 {
        let duty = format!("duty {round}");
        let now = Timestamp::from_micros(1_000_000_000);
        let (one, other) = tokio::join!(
            lease::acquire(&stores[0], &duty, "a", now, SPAN),
            lease::acquire(&stores[1], &duty, "b", now, SPAN)
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(one.is_some() ^ other.is_some(), "{one:?} {other:?}");
        let (held, loser) = one.map_or((other, 0), |one| (Some(one), 1));
        let held = held.unwrap();
        let taken = lease::acquire(&stores[loser], &duty, "c", now + SPAN, SPAN).await.unwrap().unwrap();
        assert!(taken.fence() > held.fence());
        let mut late = Batch::new();
        held.guard(&mut late);
        late.put(&thing(&duty, None, 1));
        assert!(is_conflict(&stores[1 - loser].commit(late).await));
    }
}

/// The next tiding that fits.
async fn next(tidings: &mut Tidings, fits: impl Fn(&Tiding) -> bool) -> Tiding {
    let waited = timeout(SOON, async {
        loop {
            let tiding = tidings.recv().await.unwrap();
            if fits(&tiding) {
                return tiding;
            }
        }
    });
    waited.await.expect("a tiding")
}

/// Waits until what one commits is heard by the other.
async fn hears(from: &Arc<dyn Store>, tidings: &mut Tidings) {
    let waited = timeout(SOON, async {
        for round in 0.. {
            put(from, &[thing("hello", None, round)]).await;
            if timeout(Duration::from_millis(200), tidings.recv()).await.is_ok() {
                return;
            }
        }
    });
    waited.await.expect("a tiding");
}

pub(super) async fn what_the_other_changes_is_heard_and_ones_own_is_not(bench: Bench) {
    let [ours, other] = two(&bench);
    let (mut heard, mut own) = (ours.tidings().unwrap(), other.tidings().unwrap());
    hears(&other, &mut heard).await;
    put(&other, &[thing("it's", None, 1)]).await;
    let key = "it's".to_owned();
    next(&mut heard, |tiding| *tiding == Tiding::Row { table: "things", key: key.clone() }).await;
    let mut batch = Batch::new();
    batch.delete::<Thing>(vec![text("it's")]).put(&Entry { log: "log".to_owned(), number: 1 });
    other.commit(batch).await.unwrap();
    next(&mut heard, |tiding| matches!(tiding, Tiding::Row { table: "entries", key } if key == "log")).await;
    let many: Vec<_> = (0..100).map(|number| thing(&format!("{number}"), None, number)).collect();
    put(&other, &many).await;
    next(&mut heard, |tiding| *tiding == Tiding::Table { table: "things" }).await;
    // Once ours was heard by the other, so would have been what the other told itself before.
    put(&ours, &[thing("mark", None, 1)]).await;
    let first = next(&mut own, |_| true).await;
    assert_eq!(first, Tiding::Row { table: "things", key: "mark".to_owned() });
}

pub(super) async fn what_was_not_told_is_noticed(bench: Bench) {
    let store = bench.open();
    let mut heard = store.tidings().unwrap();
    let other = bench.open();
    hears(&other, &mut heard).await;
    // A node that died between its commit and its telling.
    bench.sql("INSERT INTO ridd.commits VALUES (gen_random_uuid(), 7, now())");
    next(&mut heard, |tiding| *tiding == Tiding::Anything).await;
}

pub(super) async fn lines_that_are_cut_are_made_anew(bench: Bench) {
    let [ours, other] = two(&bench);
    let mut heard = ours.tidings().unwrap();
    hears(&other, &mut heard).await;
    for round in 0..5 {
        bench.sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ridd' \
             AND datname = current_database()",
        );
        put(&ours, &[thing("after", None, round)]).await;
        assert_eq!(find(&ours, "after").await.unwrap().size, round);
    }
    next(&mut heard, |tiding| *tiding == Tiding::Anything).await;
    hears(&other, &mut heard).await;
}

/// Commits go on while lines are cut, again after each few that succeeded: each is there once, and whoever was told so finds it.
pub(super) async fn a_cut_commit_is_there_or_not_as_told(bench: Bench) {
    let store = bench.open();
    let succeeded = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let (store, succeeded) = (Arc::clone(&store), Arc::clone(&succeeded));
        tasks.spawn(async move {
            let mut told = Vec::new();
            let mut number = 0;
            while succeeded.load(Ordering::SeqCst) < 1_200 {
                number += 1;
                let mut batch = Batch::new();
                batch.insert(&thing(&format!("{task} {number}"), None, number));
                let outcome = store.commit(batch).await;
                succeeded.fetch_add(usize::from(outcome.is_ok()), Ordering::SeqCst);
                told.push((number, outcome));
            }
            (task, told)
        });
    }
    let cutting = async {
        loop {
            bench.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ridd' \
                 AND datname = current_database()",
            );
            let enough = succeeded.load(Ordering::SeqCst) + 20;
            while succeeded.load(Ordering::SeqCst) < enough {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let told = tokio::select! {
        told = tasks.join_all() => told,
        () = cutting => Vec::new(),
    };
    for (task, results) in told {
        for (number, result) in results {
            let found = find(&store, &format!("{task} {number}")).await.is_some();
            match result {
                Ok(()) => assert!(found, "{task} {number} is lost"),
                // A conflict would be with ourselves: written, taken for lost, and written again.
                Err(StoreError::Conflict { .. }) => panic!("{task} {number} was written twice"),
                Err(StoreError::Undecided { .. }) => {}
                Err(why) => assert!(!found, "{task} {number} is there: {why}"),
            }
        }
    }
}
