//! Listings walked by their cursors to the end: every row once, in the order of the whole listing, whatever is filtered.

use serde_json::{Value, json};

use super::super::with_parameters;
use super::events::write_log;
use super::pages::get;
use super::{Trial, trial};
use crate::clock::Timestamp;
use crate::ids::{Digest, MessageId};
use crate::outbox::NewParcel;
use crate::store::Batch;
use crate::store::records::{Incident, Notice, NoticeState, ParcelKind};

/// Rows of each kind, of which every third is found by the filter.
const ROWS: usize = 23;

/// Walks the listing, `limit` rows at a time.
async fn walk(trial: &Trial, path: &str, rows: &str, limit: usize, filter: &[(&str, &str)]) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let mut asked = vec![("limit", Some(limit.to_string())), ("cursor", cursor)];
        asked.extend(filter.iter().map(|(name, value)| (*name, Some((*value).to_owned()))));
        let list: Value = trial.client.get(&with_parameters(path, &asked)).await.unwrap();
        let page = list[rows].as_array().unwrap();
        assert!(page.len() <= limit);
        found.extend(page.iter().cloned());
        assert!(found.len() <= ROWS, "{path} goes round in circles");
        cursor = list.get("next").and_then(Value::as_str).map(str::to_owned);
        assert!(list.get("more").is_none_or(|more| *more == cursor.is_some()), "{path}");
        if cursor.is_none() {
            return found;
        }
    }
}

/// The listing in one go, and in steps of all kinds of sizes.
async fn is_walked(trial: &Trial, path: &str, rows: &str, filter: &[(&str, &str)], count: usize) {
    let whole = walk(trial, path, rows, 1_000, filter).await;
    assert_eq!(whole.len(), count, "{path} {filter:?}");
    // 1 at a time; so that the last page is full; so that it is not.
    for limit in [1, count, count - 1, 5] {
        assert_eq!(walk(trial, path, rows, limit, filter).await, whole, "{path} {filter:?} by {limit}");
    }
}

#[tokio::test]
async fn every_listing_is_walked_to_its_end() {
    let trial = trial().await;
    let store = trial.parts.store.as_ref();
    let (mut batch, thirds) = (Batch::new(), ROWS.div_ceil(3));
    for number in 0..ROWS {
        let third = number % 3 == 0;
        // Several at the same instant: the order must not hang on the time alone.
        let at = Timestamp::from_micros(1_000_000 * (number as i64 / 4));
        batch.insert(&Incident {
            name: if third { "one.example" } else { "two.example" }.to_owned(),
            id: number.to_string(),
            restriction: None,
            purpose: None,
            title: None,
            opened: at,
            changed: at,
            instance: 0,
        });
        let id = MessageId::fresh();
        batch.insert(&Notice {
            id: id.clone(),
            event: None,
            about: "cirt-notified".to_owned(),
            person: if third { "ann" } else { "bob" }.to_owned(),
            channel: ParcelKind::Email,
            address: "a@example.org".to_owned(),
            code: Digest::of(id.as_str().as_bytes()),
            link: None,
            code_until: at,
            systems: None,
            state: if third { NoticeState::Failed } else { NoticeState::Acknowledged },
            created: at,
            changed: at,
            reason: None,
        });
        let to = if third { "a.example" } else { "b.example" };
        trial.parts.outbox.post(&mut batch, NewParcel::rid(&to.parse().unwrap(), None, id)).unwrap();
        write_log(&trial, &format!("SE-{number:02}"), 1).await;
    }
    store.commit(batch).await.unwrap();
    is_walked(&trial, "incidents", "incidents", &[], ROWS).await;
    is_walked(&trial, "incidents", "incidents", &[("name", "one.example")], thirds).await;
    is_walked(&trial, "notices", "notices", &[], ROWS).await;
    is_walked(&trial, "notices", "notices", &[("person", "ann")], thirds).await;
    is_walked(&trial, "notices", "notices", &[("state", "failed")], thirds).await;
    is_walked(&trial, "events", "events", &[], ROWS).await;
    is_walked(&trial, "events", "events", &[("all", "true")], ROWS).await;
    for number in 0..ROWS {
        let relation = if number % 3 == 0 { "unit" } else { "peer" };
        let order = json!({ "name": format!("p{number:02}.example"), "address": "127.0.0.1:1", "relation": relation });
        let _: Value = trial.client.post("peers", &order).await.unwrap();
    }
    is_walked(&trial, "peers", "peers", &[], ROWS).await;
    is_walked(&trial, "peers", "peers", &[("relation", "unit")], thirds).await;
    let page = get(&trial, "/peers?limit=5&relation=unit").await.text;
    assert!(page.contains("5 shown, 23 in all; more follow") && page.contains("relation=unit&#38;cursor="), "{page}");
    is_walked(&trial, "outbox", "parcels", &[], ROWS).await;
    is_walked(&trial, "outbox", "parcels", &[("state", "waiting")], ROWS).await;
    is_walked(&trial, "outbox", "parcels", &[("to", "a.example")], thirds).await;
}
