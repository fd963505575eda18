//! Reading many records page by page, so that no reading connection is held for long.

use std::sync::Arc;

use crate::store::{Bound, Record, Scan, Store, StoreError};

/// Rows read at a time.
const PAGE: usize = 4_096;

/// Hands every record of the scan, with its revision, to `each`, in order, until that returns false. The scan's own limit
/// does not count.
pub(super) async fn walk<R: Record>(
    store: &Arc<dyn Store>,
    scan: Scan,
    mut each: impl FnMut(R, i64) -> bool + Send,
) -> Result<(), StoreError> {
    let columns: Vec<_> = scan.table.order(scan.index).into_iter().skip(scan.prefix.len()).collect();
    let mut scan = Scan { limit: PAGE, ..scan };
    loop {
        let rows = store.rows(scan.clone()).await?;
        let last = rows.len() < PAGE;
        let place = rows.last().map(|row| row.select(scan.table, &columns));
        for row in rows {
            let revision = row.revision;
            if !each(R::from_row(row)?, revision) {
                return Ok(());
            }
        }
        match place {
            Some(place) if !last => scan.from = Some(Bound::Excluding(place)),
            _ => return Ok(()),
        }
    }
}
