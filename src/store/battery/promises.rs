//! Batches: preconditions, all or nothing, order, durability, versions.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Bench, Entry, TABLES, Thing, find, put, text, thing};
use crate::store::{Batch, Change, Precondition, Record, Scan, Store, StoreError, Table, Value, record};

fn conflicts(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
}

pub(super) async fn absent_means_no_row(bench: Bench) {
    let store = bench.open();
    let mut first = Batch::new();
    first.insert(&thing("a", None, 1));
    store.commit(first).await.unwrap();
    let mut second = Batch::new();
    second.insert(&thing("a", None, 2));
    assert!(conflicts(&store.commit(second).await));
    assert_eq!(find(&store, "a").await.unwrap().size, 1);
}

pub(super) async fn revision_means_written_so_often(bench: Bench) {
    let store = bench.open();
    put(&store, &[thing("a", None, 1)]).await;
    let (mut found, revision) = store.find_revised::<Thing>(vec![text("a")]).await.unwrap().unwrap();
    assert_eq!(revision, 1);
    found.size = 2;
    for (given, fits) in [(0, false), (2, false), (1, true), (1, false), (2, true)] {
        let mut batch = Batch::new();
        batch.update(&found, given);
        let result = store.commit(batch).await;
        assert_eq!(result.is_ok(), fits, "revision {given}: {result:?}");
        assert!(fits || conflicts(&result), "{result:?}");
    }
    let mut missing = Batch::new();
    missing.update(&thing("b", None, 1), 0);
    assert!(conflicts(&store.commit(missing).await), "a row that is not there has no revision");
}

pub(super) async fn head_means_the_last_number(bench: Bench) {
    let store = bench.open();
    let append = |log: &str, head: i64| {
        let mut batch = Batch::new();
        let prefix = vec![text(log)];
        batch.preconditions.push(Precondition::Head { table: Entry::TABLE, prefix, head });
        batch.put(&Entry { log: log.to_owned(), number: head + 1 });
        store.commit(batch)
    };
    assert!(conflicts(&append("a", 1).await), "an empty log has head 0");
    for head in 0..12 {
        append("a", head).await.unwrap();
        assert!(conflicts(&append("a", head).await), "{head}");
    }
    // Neighbours do not count.
    append("", 0).await.unwrap();
    append("a\0", 0).await.unwrap();
    append("aa", 0).await.unwrap();
    append("a", 12).await.unwrap();
}

pub(super) async fn the_first_failed_precondition_is_named(bench: Bench) {
    let store = bench.open();
    put(&store, &[thing("a", None, 1)]).await;
    let mut batch = Batch::new();
    batch.update(&thing("a", None, 2), 7);
    batch.preconditions.push(Precondition::Head { table: Entry::TABLE, prefix: vec![text("x")], head: 3 });
    match store.commit(batch).await {
        Err(StoreError::Conflict { table, expected }) => {
            assert_eq!((table, expected.as_str()), ("things", "revision 7"));
        }
        other => panic!("{other:?}"),
    }
}

pub(super) async fn all_or_nothing(bench: Bench) {
    let store = bench.open();
    put(&store, &[thing("kept", None, 1), thing("taken", None, 1)]).await;
    let mut batch = Batch::new();
    batch.put(&thing("new", Some("x"), 1)).put(&thing("kept", None, 2)).delete::<Thing>(vec![text("taken")]);
    batch.insert(&thing("kept", None, 3));
    assert!(conflicts(&store.commit(batch).await));
    assert_eq!(find(&store, "new").await, None);
    assert_eq!(find(&store, "kept").await.unwrap().size, 1);
    assert!(find(&store, "taken").await.is_some());
    assert!(store.list::<Thing>(Scan::of::<Thing>(9).by("by_owner").with(vec![text("x")])).await.unwrap().is_empty());
}

pub(super) async fn one_conflict_fails_only_its_own_batch(bench: Bench) {
    let store = bench.open();
    put(&store, &[thing("odd", None, 1)]).await;
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut batch = Batch::new();
            batch.put(&thing(&format!("{number:02}"), None, number));
            if number % 2 == 1 {
                batch.insert(&thing("odd", None, 2));
            }
            (number, store.commit(batch).await)
        });
    }
    for (number, result) in tasks.join_all().await {
        assert_eq!(conflicts(&result), number % 2 == 1, "{number}: {result:?}");
        assert_eq!(find(&store, &format!("{number:02}")).await.is_some(), number % 2 == 0, "{number}");
    }
}

pub(super) async fn a_later_change_sees_the_earlier(bench: Bench) {
    let store = bench.open();
    let mut batch = Batch::new();
    batch.put(&thing("a", Some("x"), 1)).put(&thing("a", Some("y"), 2)).put(&thing("b", None, 1));
    batch.delete::<Thing>(vec![text("b")]).delete::<Thing>(vec![text("c")]).put(&thing("c", None, 1));
    store.commit(batch).await.unwrap();
    let (found, revision) = store.find_revised::<Thing>(vec![text("a")]).await.unwrap().unwrap();
    assert_eq!((found.owner.as_deref(), revision), (Some("y"), 2));
    assert_eq!(find(&store, "b").await, None);
    assert!(find(&store, "c").await.is_some());
    let of_x = store.list::<Thing>(Scan::of::<Thing>(9).by("by_owner").with(vec![text("x")])).await.unwrap();
    assert_eq!(of_x, [], "no index entry of the overwritten row is left");
}

pub(super) async fn a_key_that_was_deleted_starts_anew(bench: Bench) {
    let store = bench.open();
    for _ in 0..2 {
        put(&store, &[thing("a", None, 1)]).await;
        put(&store, &[thing("a", None, 1)]).await;
        let (_, revision) = store.find_revised::<Thing>(vec![text("a")]).await.unwrap().unwrap();
        assert_eq!(revision, 2);
        let mut batch = Batch::new();
        batch.delete::<Thing>(vec![text("a")]);
        store.commit(batch).await.unwrap();
        assert_eq!(find(&store, "a").await, None);
    }
}

pub(super) async fn what_does_not_fit_its_table_is_refused(bench: Bench) {
    let store = bench.open();
    let fit = thing("a", None, 1).to_row();
    for (at, value) in [(0, Value::Null), (0, Value::Int(1)), (2, Value::Null), (2, text("1")), (3, text("x"))] {
        let mut row = fit.clone();
        row.values[at] = value;
        let mut batch = Batch::new();
        batch.put(&thing("b", None, 1));
        batch.changes.push(Change::Put { table: Thing::TABLE, row });
        let refused = store.commit(batch).await.unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { table: "things", .. }), "{at}: {refused}");
    }
    assert!(matches!(store.row(Thing::TABLE, vec![]).await, Err(StoreError::Damaged { .. })));
    assert_eq!(store.count(Thing::TABLE).await.unwrap(), 0);
}

pub(super) async fn a_row_is_kept_as_another_store_has_it(bench: Bench) {
    let store = bench.open();
    let kept = |size, version, revision| {
        let mut row = Thing { content: Some(b"<Report/>".repeat(100)), ..thing("a", Some("x"), size) }.to_row();
        (row.version, row.revision) = (version, revision);
        row
    };
    // New, then over it, with a smaller revision; afterwards it is a row like any other.
    for (row, others) in [(kept(1, 1, 7), 0), (kept(2, 1, 3), 1)] {
        let mut batch = Batch::new();
        batch.changes.push(Change::Keep { table: Thing::TABLE, row: row.clone() });
        store.commit(batch).await.unwrap();
        assert_eq!(store.row(Thing::TABLE, vec![text("a")]).await.unwrap(), Some(row));
        let listed = store.rows(Scan::of::<Thing>(9).by("by_owner").with(vec![text("x")])).await.unwrap();
        assert_eq!(listed.len(), 1, "after {others} others");
    }
    let mut batch = Batch::new();
    batch.update(&thing("a", None, 3), 3);
    store.commit(batch).await.unwrap();
    assert_eq!(store.find_revised::<Thing>(vec![text("a")]).await.unwrap().unwrap().1, 4);
}

pub(super) async fn unknown_tables_are_refused(bench: Bench) {
    let store = bench.open_with(&[Thing::TABLE]).unwrap();
    let mut batch = Batch::new();
    batch.put(&thing("a", None, 1)).put(&Entry { log: "a".to_owned(), number: 1 });
    let refused = store.commit(batch).await.unwrap_err();
    assert!(matches!(refused, StoreError::UnknownTable { table: "entries" }), "{refused}");
    assert_eq!(find(&store, "a").await, None);
    put(&store, &[thing("b", None, 1)]).await;
    assert!(matches!(store.count(Entry::TABLE).await, Err(StoreError::UnknownTable { .. })));
}

pub(super) async fn everything_is_there_after_reopening(bench: Bench) {
    let mut full = thing("a", Some("x"), i64::MIN);
    full.content = Some(b"<Report/>".repeat(100));
    let store = bench.open();
    put(&store, &[full.clone(), thing("b", None, i64::MAX)]).await;
    put(&store, std::slice::from_ref(&full)).await;
    drop(store);
    let store = bench.open();
    let (found, revision) = store.find_revised::<Thing>(vec![text("a")]).await.unwrap().unwrap();
    assert_eq!((found, revision), (full, 2));
    assert_eq!(find(&store, "b").await, Some(thing("b", None, i64::MAX)));
    let listed = store.list::<Thing>(Scan::of::<Thing>(9).by("by_size")).await.unwrap();
    assert_eq!(listed.len(), 2);
}

pub(super) async fn everything_that_waits_is_written_before_closing(bench: Bench) {
    let store = bench.open();
    for number in 0..200 {
        let mut batch = Batch::new();
        batch.put(&thing(&format!("{number}"), None, number));
        // Asked once, which puts it in line, and then given up.
        let _ = tokio::time::timeout(Duration::ZERO, store.commit(batch)).await;
    }
    drop(store);
    assert_eq!(bench.open().count(Thing::TABLE).await.unwrap(), 200);
}

pub(super) async fn bodies_of_any_size_come_back(bench: Bench) {
    let noise = |length: usize| {
        let mut state = 1u64;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        std::iter::repeat_with(next).take(length).collect::<Vec<u8>>()
    };
    let store = bench.open();
    let mut expected = Vec::new();
    for length in [0, 1, 127, 128, 4_096, 60_000, 65_536, 300_000, 3_000_000] {
        for content in [noise(length), b"<System/>".iter().copied().cycle().take(length).collect()] {
            let name = format!("{length} {}", expected.len());
            expected.push(Thing { name, owner: None, size: 1, content: Some(content) });
        }
    }
    for thing in &expected {
        put(&store, std::slice::from_ref(thing)).await;
    }
    // A long body made short leaves nothing behind.
    let last = expected.last_mut().unwrap();
    last.content = Some(b"short".to_vec());
    put(&store, std::slice::from_ref(last)).await;
    drop(store);
    let store = bench.open();
    for thing in &expected {
        let found = find(&store, &thing.name).await.unwrap();
        assert!(found == *thing, "{}: {:?} bytes", thing.name, found.content.map(|content| content.len()));
    }
}

pub(super) async fn sixty_four_tasks_commit_at_once(bench: Bench) {
    const ROUNDS: i64 = 10;
    let store = bench.open();
    put(&store, &[thing("sum", None, 0)]).await;
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                add_one(&store, Entry { log: format!("{task}"), number: round + 1 }).await;
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(find(&store, "sum").await.unwrap().size, 64 * ROUNDS);
    assert_eq!(store.count(Entry::TABLE).await.unwrap(), 640);
}

/// Reads the sum, adds one and writes it with the entry; again if somebody else was faster.
async fn add_one(store: &Arc<dyn Store>, entry: Entry) {
    loop {
        let (mut sum, revision) = store.find_revised::<Thing>(vec![text("sum")]).await.unwrap().unwrap();
        sum.size += 1;
        let mut batch = Batch::new();
        batch.update(&sum, revision).put(&entry);
        match store.commit(batch).await {
            Ok(()) => return,
            Err(StoreError::Conflict { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

pub(super) async fn batches_are_seen_in_the_order_of_their_commits(bench: Bench) {
    let store = bench.open();
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for number in 1..=300 {
            put(&writer, &[thing("first", None, number)]).await;
            put(&writer, &[thing("second", None, number)]).await;
        }
    });
    let mut seen = 0;
    while seen < 300 {
        let second = find(&store, "second").await.map_or(0, |thing| thing.size);
        let first = find(&store, "first").await.map_or(0, |thing| thing.size);
        assert!(first >= second, "the second batch is seen, then so is the first: {first} {second}");
        assert!(second >= seen, "nothing goes back");
        seen = second;
    }
    writing.await.unwrap();
}

pub(super) async fn counts_follow(bench: Bench) {
    let store = bench.open();
    assert_eq!(store.count(Thing::TABLE).await.unwrap(), 0);
    let things: Vec<_> = (0..100).map(|number| thing(&format!("{number}"), None, number)).collect();
    put(&store, &things).await;
    put(&store, &things).await;
    let mut batch = Batch::new();
    batch.delete::<Thing>(vec![text("7")]).delete::<Thing>(vec![text("none")]);
    store.commit(batch).await.unwrap();
    assert_eq!(store.count(Thing::TABLE).await.unwrap(), 99);
    drop(store);
    assert_eq!(bench.open().count(Thing::TABLE).await.unwrap(), 99);
}

pub(super) async fn one_process_at_a_time(bench: Bench) {
    let store = bench.open();
    let refused = bench.open_with(TABLES).err().unwrap();
    assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
    drop(store);
    bench.open();
}

mod older {
    use super::record;

    record! {
        /// The thing before it had a size and an owner.
        pub struct Thing: "things", version 1, key(name) {
            /// Its name.
            name: String,
            /// Its content.
            content: Option<Vec<u8>>,
        }
    }
}

mod newer {
    use super::record;

    record! {
        /// The thing as it will be: it has gained columns, in the middle too, and indexes over them.
        pub struct Thing: "things", version 2, key(name), index by_owner(owner, weight), index by_size(size) {
            /// Its name.
            name: String,
            /// Its owner.
            owner: Option<String>,
            /// Its size.
            size: Option<i64>,
            /// Its weight.
            weight: Option<i64>,
            /// Its content.
            content: Option<Vec<u8>>,
        }
    }
}

pub(super) async fn an_older_row_is_read_and_rewritten(bench: Bench) {
    const NEWER: &Table = <newer::Thing as Record>::TABLE;
    let store = bench.open_with(&[<older::Thing as Record>::TABLE]).unwrap();
    for name in ["a", "b"] {
        let mut batch = Batch::new();
        batch.put(&older::Thing { name: name.to_owned(), content: Some(b"<a/>".to_vec()) });
        store.commit(batch).await.unwrap();
    }
    drop(store);
    let store = bench.open_with(&[NEWER]).unwrap();
    let (mut found, revision) = store.find_revised::<newer::Thing>(vec![text("a")]).await.unwrap().unwrap();
    assert_eq!((found.content.as_deref(), found.owner.as_deref(), revision), (Some(&b"<a/>"[..]), None, 1));
    assert_eq!(store.row(NEWER, vec![text("a")]).await.unwrap().unwrap().version, 1);
    found.owner = Some("x".to_owned());
    found.weight = Some(3);
    let mut batch = Batch::new();
    batch.update(&found, revision);
    store.commit(batch).await.unwrap();
    assert_eq!(store.row(NEWER, vec![text("a")]).await.unwrap().unwrap().version, 2);
    // The rows that were there are in the new index too, as rows without a value.
    let listed = store.list::<newer::Thing>(Scan::of::<newer::Thing>(9).by("by_owner")).await.unwrap();
    let names: Vec<_> = listed.iter().map(|thing| thing.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
}

pub(super) async fn a_newer_row_is_refused(bench: Bench) {
    let store = bench.open_with(&[<newer::Thing as Record>::TABLE]).unwrap();
    let mut batch = Batch::new();
    let content = Some(b"x".to_vec());
    batch.put(&newer::Thing { name: "a".to_owned(), owner: None, size: Some(1), weight: Some(3), content });
    store.commit(batch).await.unwrap();
    drop(store);
    let store = bench.open();
    let refused = store.find::<Thing>(vec![text("a")]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { table: "things", found: 2, known: 1 }), "{refused}");
    assert!(store.list::<Thing>(Scan::of::<Thing>(9)).await.is_err());
}

pub(super) async fn facts_name_the_engine(bench: Bench) {
    let facts = bench.open().facts().await;
    assert!(facts.iter().any(|(name, value)| *name == "engine" && value.starts_with(bench.scheme)), "{facts:?}");
    assert!(facts.iter().all(|(name, _)| *name != "fault"), "{facts:?}");
}
