//! Filtered listings over the store, page by page, so that no filter reads the whole store into memory.

use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::store::{Bound, Column, ColumnKind, Record, Scan, Store, Value};

/// Rows read from the store at a time.
const PAGE: usize = 256;

/// Rows looked at for one listing at most; a filter that matches nothing ends there.
const LOOKED_AT: usize = 100_000;

/// One page of a listing.
pub(super) struct Listed<R> {
    pub(super) records: Vec<R>,
    /// Where the next page begins, if there may be one: what the caller gives back as `cursor`.
    pub(super) next: Option<String>,
}

/// The records of the scan that pass `keep`, at most `limit`; and whether there may be more.
pub(super) async fn list<R: Record>(
    store: &dyn Store,
    scan: Scan,
    limit: usize,
    keep: impl Fn(&R) -> bool,
) -> Result<(Vec<R>, bool), Problem> {
    let Listed { records, next } = page(store, scan, limit, None, keep).await?;
    Ok((records, next.is_some()))
}

/// The records of the scan that pass `keep`, at most `limit`, after the place that `cursor` names.
pub(super) async fn page<R: Record>(
    store: &dyn Store,
    scan: Scan,
    limit: usize,
    cursor: Option<String>,
    keep: impl Fn(&R) -> bool,
) -> Result<Listed<R>, Problem> {
    let columns = order(&scan);
    let mut scan = Scan { limit: PAGE, ..scan };
    if let Some(cursor) = cursor {
        let place = read(&cursor, &scan, &columns).ok_or_else(|| {
            let message = format!("cursor: {cursor:?} is no place of this listing");
            Problem::bad_request(message, "leave it out to begin at the beginning")
        })?;
        go_on(&mut scan, place);
    }
    let mut records = Vec::new();
    // The place of the last record that was taken.
    let mut taken: Option<Vec<Value>> = None;
    let mut looked_at = 0;
    loop {
        let rows = store.rows(scan.clone()).await?;
        let last = rows.len() < PAGE;
        let place: Option<Vec<Value>> = rows.last().map(|row| row.select(scan.table, &columns));
        for row in rows {
            looked_at += 1;
            let here = row.select(scan.table, &columns);
            let record = R::from_row(row)?;
            if !keep(&record) {
                continue;
            }
            if records.len() == limit {
                return Ok(Listed { records, next: taken.map(|place| write(&place)) });
            }
            records.push(record);
            taken = Some(here);
        }
        let Some(place) = place.filter(|_| !last) else { return Ok(Listed { records, next: None }) };
        if looked_at >= LOOKED_AT {
            return Ok(Listed { records, next: Some(write(&place)) });
        }
        go_on(&mut scan, place);
    }
}

/// Has the scan begin beyond that place.
fn go_on(scan: &mut Scan, place: Vec<Value>) {
    if scan.descending {
        scan.to = Some(Bound::Excluding(place));
    } else {
        scan.from = Some(Bound::Excluding(place));
    }
}

/// The columns that the scan orders by after its prefix: those of the index, then those of the key that are not in it.
fn order(scan: &Scan) -> Vec<&'static str> {
    let index = scan.index.and_then(|name| scan.table.indexes.iter().find(|index| index.name == name));
    let by = index.map_or(&[][..], |index| index.columns);
    let all = by.iter().chain(scan.table.key.iter().filter(|column| !by.contains(column)));
    all.skip(scan.prefix.len()).copied().collect()
}

/// A place as the cursor that names it: a list of numbers and texts. No order of ours has bytes in it.
fn write(place: &[Value]) -> String {
    let values = place.iter().map(|value| match value {
        Value::Int(number) => serde_json::Value::from(*number),
        Value::Text(text) => serde_json::Value::from(text.as_str()),
        Value::Null | Value::Bytes(_) => serde_json::Value::Null,
    });
    serde_json::Value::from_iter(values).to_string()
}

/// The place that a cursor names; none if it has not the columns of this order.
fn read(cursor: &str, scan: &Scan, columns: &[&str]) -> Option<Vec<Value>> {
    let values: Vec<serde_json::Value> = serde_json::from_str(cursor).ok()?;
    let kind = |column: &&str| scan.table.columns.iter().find(|spec| spec.name == *column);
    let place: Option<Vec<Value>> = values
        .into_iter()
        .zip(columns.iter().map(kind))
        .map(|(value, spec)| {
            let spec = spec?;
            match (value, spec.kind) {
                (serde_json::Value::Null, _) if spec.optional => Some(Value::Null),
                (serde_json::Value::Number(number), ColumnKind::Int | ColumnKind::Instant) => {
                    number.as_i64().map(Value::Int)
                }
                (serde_json::Value::String(text), ColumnKind::Text | ColumnKind::Uuid | ColumnKind::Digest) => {
                    Some(Value::Text(text))
                }
                _ => None,
            }
        })
        .collect();
    place.filter(|place| place.len() == columns.len())
}

/// The instant as a value of a column: RFC 3339, or without a zone, as a browser's field has it, in UTC.
pub(super) fn instant(name: &str, text: Option<String>) -> Result<Option<Value>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let shapes = ["", "Z", ":00Z", "T00:00:00Z"];
    match shapes.iter().find_map(|rest| Timestamp::parse(&format!("{text}{rest}"))) {
        Some(instant) => Ok(Some(instant.to_value())),
        None => Err(Problem::bad_request(
            format!("{name}: {text:?} is no instant"),
            "write an RFC 3339 date and time, for instance 2026-11-21T20:00:00Z",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::records::Message;

    fn scan() -> Scan {
        Scan::of::<Message>(0).by("by_time").descending()
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let (scan, id) = (scan(), "0196a0c0-0000-7000-8000-000000000001");
        let place = vec![Value::Int(-5), Value::Text(id.to_owned())];
        let columns = order(&scan);
        assert_eq!(columns, ["received", "id"]);
        assert_eq!(read(&write(&place), &scan, &columns), Some(place));
    }

    #[test]
    fn a_cursor_of_another_listing_is_none() {
        let scan = scan();
        let columns = order(&scan);
        for bad in ["", "5", "[]", "[5]", "[5,5]", "[\"5\",\"x\"]", "[null,\"x\"]", "[5.5,\"x\"]", "{}", "[5,[5]]"] {
            assert_eq!(read(bad, &scan, &columns), None, "{bad}");
        }
    }

    #[test]
    fn instants_without_a_zone_are_utc() {
        let read = |text: &str| instant("after", Some(text.to_owned()));
        for text in ["2003-01-25T05:30:00Z", "2003-01-25T06:30:00+01:00", "2003-01-25T05:30", "2003-01-25T05:30:00"] {
            assert_eq!(read(text).unwrap(), Some(Value::Int(1_043_472_600_000_000)), "{text}");
        }
        assert!(read("2003-01-25").unwrap().is_some());
        assert!(read("yesterday").is_err());
    }
}
