//! What goes to the server together: statements one behind the other without waiting, and rows as arrays of columns.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::Error;

use super::rows::Kept;
use super::statements::kinds;
use crate::store::table::{Row, Table, Value};

/// One statement on its way.
pub(super) type Step<'s, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 's>>;

/// At most so many rows go in one statement …
const ROWS: usize = 4096;
/// … and about so many bytes.
const BYTES: usize = 8 * 1024 * 1024;

/// Sends all statements in this order, and waits for all answers. The server answers in that order, too.
pub(super) async fn together<T: Unpin>(mut steps: Vec<Step<'_, T>>) -> Vec<Result<T, Error>> {
    let mut results: Vec<Option<Result<T, Error>>> = steps.iter().map(|_| None).collect();
    poll_fn(move |context| {
        let mut waiting = false;
        for (step, result) in steps.iter_mut().zip(&mut results) {
            if result.is_none() {
                // A statement is sent when it is first polled.
                match step.as_mut().poll(context) {
                    Poll::Ready(done) => *result = Some(done),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(results.iter_mut().filter_map(Option::take).collect()) }
    })
    .await
}

/// Keys, or their first columns, as arrays of columns; `numbered`: with their places before them.
pub(super) fn keys<'k>(table: &'static Table, keys: &[&'k Vec<Value>], numbered: bool) -> Vec<Vec<Kept<'k>>> {
    let length = keys.first().map_or(0, |key| key.len());
    let kinds = kinds(table, table.key.get(..length).unwrap_or(table.key));
    let mut columns = Vec::with_capacity(length + 1);
    if numbered {
        columns.push((0..).map(Kept::Int).take(keys.len()).collect());
    }
    for (at, kind) in kinds.into_iter().enumerate() {
        let value = |key: &&'k Vec<Value>| key.get(at).and_then(|value| Kept::of(kind, value)).unwrap_or(Kept::Null);
        columns.push(keys.iter().map(value).collect());
    }
    columns
}

/// Rows as arrays of columns, with their versions and revisions.
pub(super) fn rows<'r>(table: &'static Table, rows: &[(&'r Row, i64)]) -> Vec<Vec<Kept<'r>>> {
    let mut columns = Vec::with_capacity(table.columns.len() + 2);
    for (at, spec) in table.columns.iter().enumerate() {
        let value = |(row, _): &(&'r Row, i64)| row.values.get(at).and_then(|value| Kept::of(spec.kind, value));
        columns.push(rows.iter().map(|row| value(row).unwrap_or(Kept::Null)).collect());
    }
    columns.push(rows.iter().map(|(row, _)| Kept::Int(row.version)).collect());
    columns.push(rows.iter().map(|(_, revision)| Kept::Int(*revision)).collect());
    columns
}

/// The rows in pieces that are not too large for one statement.
pub(super) fn chunks<'c, 'r>(rows: &'c [(&'r Row, i64)]) -> Vec<&'c [(&'r Row, i64)]> {
    let mut chunks = Vec::new();
    let (mut begun, mut bytes) = (0, 0);
    for (at, (row, _)) in rows.iter().enumerate() {
        let size: usize = row.values.iter().map(size_of).sum();
        if at > begun && (at - begun >= ROWS || bytes + size > BYTES) {
            chunks.extend(rows.get(begun..at));
            (begun, bytes) = (at, 0);
        }
        bytes += size;
    }
    chunks.extend(rows.get(begun..).filter(|rest| !rest.is_empty()));
    chunks
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Int(_) | Value::Null => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_left_out_and_no_piece_is_too_large() {
        let row = |size| Row { version: 1, revision: 0, values: vec![Value::Bytes(vec![0; size])] };
        let all: Vec<_> = [1, BYTES, 1, BYTES - 1, 1].into_iter().map(row).collect();
        let list: Vec<_> = all.iter().map(|row| (row, 1)).collect();
        let sizes: Vec<_> = chunks(&list).iter().map(|chunk| chunk.len()).collect();
        assert_eq!(sizes, [1, 1, 2, 1]);
        let many: Vec<_> = std::iter::repeat_n((&all[0], 1), ROWS + 1).collect();
        assert_eq!(chunks(&many).len(), 2);
        assert!(chunks(&[]).is_empty());
    }
}
