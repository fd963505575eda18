//! Scans: order, prefixes, bounds, direction, limit.

use std::sync::Arc;

use super::{Bench, Entry, Thing, put, text, thing};
use crate::store::{Batch, Bound, Record, Scan, Store, StoreError, Value};

async fn names(store: &Arc<dyn Store>, scan: Scan) -> String {
    let things = store.list::<Thing>(scan).await.unwrap();
    things.iter().map(|thing| thing.name.as_str()).collect::<Vec<_>>().join(" ")
}

fn by_owner() -> Scan {
    Scan::of::<Thing>(99).by("by_owner")
}

/// `a` and `b` have no owner; `c` to `f` are x's, `g` is y's.
async fn seven(bench: &Bench) -> Arc<dyn Store> {
    let store = bench.open();
    let things = [
        thing("g", Some("y"), 1),
        thing("f", Some("x"), 9),
        thing("e", Some("x"), 5),
        thing("d", Some("x"), 5),
        thing("c", Some("x"), -5),
        thing("b", None, 7),
        thing("a", None, 300),
    ];
    put(&store, &things).await;
    store
}

pub(super) async fn by_key(bench: Bench) {
    let store = bench.open();
    for name in ["b", "", "a\0", "a", "ab", "B", "ä", "a\0b", "a\u{1}"] {
        put(&store, &[thing(name, None, 1)]).await;
    }
    let things = store.list::<Thing>(Scan::of::<Thing>(99)).await.unwrap();
    let found: Vec<_> = things.iter().map(|thing| thing.name.as_str()).collect();
    assert_eq!(found, ["", "B", "a", "a\0", "a\0b", "a\u{1}", "ab", "b", "ä"]);
    let mut batch = Batch::new();
    for number in [10, -1, 9, i64::MAX, 0, i64::MIN, 255, 256, -256] {
        batch.put(&Entry { log: "a".to_owned(), number });
    }
    store.commit(batch).await.unwrap();
    let entries = store.list::<Entry>(Scan::of::<Entry>(99).with(vec![text("a")])).await.unwrap();
    let numbers: Vec<_> = entries.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [i64::MIN, -256, -1, 0, 9, 10, 255, 256, i64::MAX]);
}

pub(super) async fn by_index_then_key(bench: Bench) {
    let store = seven(&bench).await;
    assert_eq!(names(&store, Scan::of::<Thing>(99).by("by_size")).await, "c g d e b f a");
}

pub(super) async fn missing_values_come_first(bench: Bench) {
    let store = seven(&bench).await;
    put(&store, &[thing("empty", Some(""), 0)]).await;
    assert_eq!(names(&store, by_owner()).await, "b a empty c d e f g");
}

pub(super) async fn prefixes_select(bench: Bench) {
    let store = seven(&bench).await;
    for (prefix, expected) in [
        (vec![text("x")], "c d e f"),
        (vec![Value::Null], "b a"),
        (vec![text("")], ""),
        (vec![text("x"), Value::Int(5)], "d e"),
        (vec![text("x"), Value::Int(5), text("e")], "e"),
    ] {
        assert_eq!(names(&store, by_owner().with(prefix.clone())).await, expected, "{prefix:?}");
    }
}

pub(super) async fn bounds_include_and_exclude(bench: Bench) {
    let store = seven(&bench).await;
    let x = || by_owner().with(vec![text("x")]);
    let including = |size| Bound::Including(vec![Value::Int(size)]);
    let excluding = |size| Bound::Excluding(vec![Value::Int(size)]);
    assert_eq!(names(&store, x().from(including(5))).await, "d e f");
    assert_eq!(names(&store, x().from(excluding(5))).await, "f");
    assert_eq!(names(&store, x().to(including(5))).await, "c d e");
    assert_eq!(names(&store, x().to(excluding(5))).await, "c");
    assert_eq!(names(&store, x().from(including(-5)).to(excluding(9))).await, "c d e");
    assert_eq!(names(&store, x().from(including(6)).to(including(8))).await, "");
    assert_eq!(names(&store, x().from(including(9)).to(including(5))).await, "", "ends that cross hold nothing");
    // The key continues an index's columns: where a page of a listing begins.
    let after_d = Bound::Excluding(vec![Value::Int(5), text("d")]);
    assert_eq!(names(&store, x().from(after_d.clone())).await, "e f");
    assert_eq!(names(&store, x().to(after_d)).await, "c");
}

pub(super) async fn bounds_of_fewer_columns_take_all_below_them(bench: Bench) {
    let store = seven(&bench).await;
    let x = vec![text("x")];
    assert_eq!(names(&store, by_owner().from(Bound::Including(x.clone()))).await, "c d e f g");
    assert_eq!(names(&store, by_owner().from(Bound::Excluding(x.clone()))).await, "g");
    assert_eq!(names(&store, by_owner().to(Bound::Including(x.clone()))).await, "b a c d e f");
    assert_eq!(names(&store, by_owner().to(Bound::Excluding(x))).await, "b a");
}

pub(super) async fn bounds_of_missing_values(bench: Bench) {
    let store = seven(&bench).await;
    let null = vec![Value::Null];
    assert_eq!(names(&store, by_owner().from(Bound::Including(null.clone()))).await, "b a c d e f g");
    assert_eq!(names(&store, by_owner().from(Bound::Excluding(null.clone()))).await, "c d e f g");
    assert_eq!(names(&store, by_owner().to(Bound::Including(null.clone()))).await, "b a");
    assert_eq!(names(&store, by_owner().to(Bound::Excluding(null))).await, "");
    let within = vec![Value::Null, Value::Int(100)];
    assert_eq!(names(&store, by_owner().from(Bound::Including(within.clone()))).await, "a c d e f g");
    assert_eq!(names(&store, by_owner().to(Bound::Including(within))).await, "b");
}

pub(super) async fn descending_is_the_reverse(bench: Bench) {
    let store = seven(&bench).await;
    assert_eq!(names(&store, by_owner().descending()).await, "g f e d c a b");
    let part = by_owner().with(vec![text("x")]).from(Bound::Excluding(vec![Value::Int(-5)]));
    assert_eq!(names(&store, part.clone().descending()).await, "f e d");
    let mut two = part.descending();
    two.limit = 2;
    assert_eq!(names(&store, two).await, "f e", "counted from the upper end");
}

pub(super) async fn limits_cut(bench: Bench) {
    let store = seven(&bench).await;
    for (limit, expected) in [(0, ""), (1, "b"), (3, "b a c"), (usize::MAX, "b a c d e f g")] {
        assert_eq!(names(&store, Scan { limit, ..by_owner() }).await, expected);
    }
}

pub(super) async fn a_changed_row_moves_in_its_indexes(bench: Bench) {
    let store = seven(&bench).await;
    put(&store, &[thing("c", Some("y"), 0), thing("a", Some("x"), 300)]).await;
    assert_eq!(names(&store, by_owner()).await, "b d e f a c g");
    let mut batch = Batch::new();
    batch.delete::<Thing>(vec![text("d")]);
    store.commit(batch).await.unwrap();
    assert_eq!(names(&store, by_owner()).await, "b e f a c g");
}

pub(super) async fn unknown_orders_are_refused(bench: Bench) {
    let store = bench.open();
    let five = vec![text("x"), Value::Int(5), text("d"), Value::Int(1)];
    for scan in
        [Scan::of::<Thing>(9).by("by_weight"), by_owner().with(five.clone()), by_owner().from(Bound::Including(five))]
    {
        let refused = store.rows(scan).await.unwrap_err();
        assert!(matches!(refused, StoreError::UnknownOrder { table: "things", .. }), "{refused}");
    }
}

/// Every combination of order, prefix, bounds and direction over a small table gives what sorting and filtering in
/// memory gives.
pub(super) async fn every_scan_agrees_with_sorting(bench: Bench) {
    let store = bench.open();
    let mut all = Vec::new();
    for owner in [None, Some("x"), Some("y")] {
        for size in [-1, 0, 1] {
            for name in ["m", "n"] {
                all.push(thing(&format!("{name}{}{size}", owner.unwrap_or("")), owner, size));
            }
        }
    }
    put(&store, &all).await;
    let key = |thing: &Thing| thing.to_row().select(Thing::TABLE, &["owner", "size", "name"]);
    all.sort_by_key(key);
    let points: Vec<Vec<Value>> = [Value::Null, text("x"), text("xx"), text("y")]
        .into_iter()
        .flat_map(|owner| {
            let sizes = [-2, 0, 1].map(|size| vec![owner.clone(), Value::Int(size)]);
            let named = vec![owner.clone(), Value::Int(0), text("mx0")];
            sizes.into_iter().chain([vec![owner], named])
        })
        .collect();
    let bounds = points.iter().flat_map(|at| [Bound::Including(at.clone()), Bound::Excluding(at.clone())]);
    let bounds: Vec<Option<Bound>> = bounds.map(Some).chain([None]).collect();
    for from in &bounds {
        for to in bounds.iter().step_by(3) {
            let above = |thing: &&Thing| match from {
                None => true,
                Some(Bound::Including(at)) => key(thing)[..at.len()] >= at[..],
                Some(Bound::Excluding(at)) => key(thing)[..at.len()] > at[..],
            };
            let below = |thing: &&Thing| match to {
                None => true,
                Some(Bound::Including(at)) => key(thing)[..at.len()] <= at[..],
                Some(Bound::Excluding(at)) => key(thing)[..at.len()] < at[..],
            };
            let mut expected: Vec<_> = all.iter().filter(above).filter(below).cloned().collect();
            let scan = Scan { from: from.clone(), to: to.clone(), ..by_owner() };
            let found: Vec<Thing> = store.list(scan.clone()).await.unwrap();
            assert_eq!(found, expected, "{scan:?}");
            expected.reverse();
            let found: Vec<Thing> = store.list(scan.clone().descending()).await.unwrap();
            assert_eq!(found, expected, "{scan:?} descending");
        }
    }
}
