//! Filtered listings over the store, page by page, so that no filter reads the whole store into memory.

use crate::admin::problem::Problem;
use crate::store::{Bound, Record, Scan, Store, Value};

/// Rows read from the store at a time.
const PAGE: usize = 256;

/// Rows looked at for one listing at most; a filter that matches nothing ends there.
const LOOKED_AT: usize = 100_000;

/// The records of the scan that pass `keep`, at most `limit`; and whether there may be more.
pub(super) async fn list<R: Record>(
    store: &dyn Store,
    scan: Scan,
    limit: usize,
    keep: impl Fn(&R) -> bool,
) -> Result<(Vec<R>, bool), Problem> {
    let columns = order(&scan);
    let mut scan = Scan { limit: PAGE, ..scan };
    let mut found = Vec::new();
    let mut looked_at = 0;
    loop {
        let rows = store.rows(scan.clone()).await?;
        let last = rows.len() < PAGE;
        let place: Option<Vec<Value>> = rows.last().map(|row| row.select(scan.table, &columns));
        for row in rows {
            looked_at += 1;
            let record = R::from_row(row)?;
            if !keep(&record) {
                continue;
            }
            if found.len() == limit {
                return Ok((found, true));
            }
            found.push(record);
        }
        let Some(place) = place.filter(|_| !last) else { return Ok((found, false)) };
        if looked_at >= LOOKED_AT {
            return Ok((found, true));
        }
        if scan.descending {
            scan.to = Some(Bound::Excluding(place));
        } else {
            scan.from = Some(Bound::Excluding(place));
        }
    }
}

/// The columns that the scan orders by after its prefix: those of the index, then those of the key that are not in it.
fn order(scan: &Scan) -> Vec<&'static str> {
    let index = scan.index.and_then(|name| scan.table.indexes.iter().find(|index| index.name == name));
    let by = index.map_or(&[][..], |index| index.columns);
    let all = by.iter().chain(scan.table.key.iter().filter(|column| !by.contains(column)));
    all.skip(scan.prefix.len()).copied().collect()
}
