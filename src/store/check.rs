//! Looks through the whole store: can every record be read, is every index whole, are the messages' bytes as received.

use std::sync::Arc;

use super::records::{Body, Message, TABLES};
use super::table::{Bound, Row, Scan, Table};
use super::{Column, Record, Store, StoreError};
use crate::ids::Digest;

/// How many rows are read at a time.
const PAGE: usize = 1000;
/// After so many faults the rest is not listed.
const MOST: usize = 100;

/// What was found wrong, one sentence each; nothing if the store is sound. Reads everything: some seconds for a million
/// messages.
///
/// # Errors
/// If the store cannot be read at all.
pub async fn check(store: &Arc<dyn Store>) -> Result<Vec<String>, StoreError> {
    let mut faults = store.engine_faults().await?;
    for table in TABLES {
        let count = store.count(table).await?;
        let orders = table.indexes.iter().map(|index| Some(index.name));
        for order in [None].into_iter().chain(orders) {
            match walk(store, table, order, &mut faults).await {
                Ok(seen) if seen == count => {}
                Ok(seen) => {
                    let order = order.unwrap_or("its key");
                    faults.push(format!("{}: {count} rows, but {seen} in the order of {order}", table.name));
                }
                Err(why) => faults.push(why.to_string()),
            }
            if faults.len() >= MOST {
                faults.push("and perhaps more".to_owned());
                return Ok(faults);
            }
        }
    }
    Ok(faults)
}

/// Reads a table in one order; how many rows there are in it.
async fn walk(
    store: &Arc<dyn Store>,
    table: &'static Table,
    index: Option<&'static str>,
    faults: &mut Vec<String>,
) -> Result<u64, StoreError> {
    let mut seen = 0;
    let mut from = None;
    let columns = table.order(index);
    loop {
        let scan = Scan { table, index, prefix: Vec::new(), from, to: None, descending: false, limit: PAGE };
        let rows = store.rows(scan).await?;
        seen += rows.len() as u64;
        let Some(last) = rows.last() else { return Ok(seen) };
        from = Some(Bound::Excluding(last.select(table, &columns)));
        let messages = index.is_none() && table.name == Message::TABLE.name;
        for row in rows {
            if row.version > table.version {
                faults.push(
                    StoreError::Newer { table: table.name, found: row.version, known: table.version }.to_string(),
                );
            }
            if messages {
                faults.extend(bytes_of(store, row).await?);
            }
        }
    }
}

/// What is wrong with the bytes of a message.
async fn bytes_of(store: &Arc<dyn Store>, row: Row) -> Result<Option<String>, StoreError> {
    let message = match Message::from_row(row) {
        Ok(message) => message,
        Err(why) => return Ok(Some(why.to_string())),
    };
    Ok(match store.find::<Body>(vec![message.id.to_value()]).await? {
        None => Some(format!("message {} has no bytes", message.id)),
        Some(body) if Digest::of(&body.bytes) != message.digest => {
            Some(format!("the bytes of message {} are not those it came with", message.id))
        }
        Some(_) => None,
    })
}
