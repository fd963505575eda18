//! Rows as bytes: layout, version, revision, then each value with its kind.
//!
//! A row that is longer than [`LONGEST`] is cut. sled keeps up to some 18 records in a node and writes the node as one
//! piece, and a piece beyond about 128 KB goes to a file of its own, so records must stay well below 7 KB.

use crate::store::hexed;
use crate::store::table::{Row, Table, Value};

/// The longest record, in bytes.
pub(super) const LONGEST: usize = 4096;

const NULL: u8 = 0;
const INT: u8 = 1;
const TEXT: u8 = 2;
const BYTES: u8 = 3;
const SHORT: u8 = 4;

/// The row as bytes, with the number of its layout.
pub(super) fn encode(table: &Table, layout: u32, revision: i64, row: &Row) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    bytes.extend(layout.to_le_bytes());
    bytes.extend(row.version.to_le_bytes());
    bytes.extend(revision.to_le_bytes());
    for (spec, value) in table.columns.iter().zip(&row.values) {
        match value {
            Value::Null => bytes.push(NULL),
            Value::Int(number) => {
                bytes.push(INT);
                bytes.extend(number.to_le_bytes());
            }
            Value::Text(text) => match hexed::short(spec.kind, text) {
                Some(short) => push(&mut bytes, SHORT, &short),
                None => push(&mut bytes, TEXT, text.as_bytes()),
            },
            Value::Bytes(content) => push(&mut bytes, BYTES, content),
        }
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, kind: u8, content: &[u8]) {
    bytes.push(kind);
    // Longer than 4 GB cannot be: what is committed was in memory as a message, which has a limit.
    bytes.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(content);
}

/// What [`encode`] made bytes of, before the values are put in the order of today's layout.
pub(super) struct Decoded {
    pub(super) layout: u32,
    pub(super) version: i64,
    pub(super) revision: i64,
    pub(super) values: Vec<Value>,
}

/// `None` if the bytes are damaged. Bytes of columns are still packed.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Decoded> {
    let left = &mut bytes;
    let layout = u32::from_le_bytes(take(left)?);
    let version = i64::from_le_bytes(take(left)?);
    let revision = i64::from_le_bytes(take(left)?);
    let mut values = Vec::new();
    while let Some((kind, rest)) = left.split_first() {
        *left = rest;
        values.push(match *kind {
            NULL => Value::Null,
            INT => Value::Int(i64::from_le_bytes(take(left)?)),
            TEXT => Value::Text(String::from_utf8(content(left)?.to_vec()).ok()?),
            BYTES => Value::Bytes(content(left)?.to_vec()),
            SHORT => Value::Text(hexed::spelled(content(left)?)?),
            _ => return None,
        });
    }
    Some(Decoded { layout, version, revision, values })
}

fn take<const N: usize>(left: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = left.split_first_chunk()?;
    *left = rest;
    Some(*taken)
}

fn content<'b>(left: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(u32::from_le_bytes(take(left)?)).ok()?;
    let (content, rest) = left.split_at_checked(length)?;
    *left = rest;
    Some(content)
}

/// The first record of a row: how many others there are, then as much of the row as fits. And the others.
pub(super) fn cut(row: &[u8]) -> (Vec<u8>, std::slice::Chunks<'_, u8>) {
    let (head, rest) = row.split_at(row.len().min(LONGEST));
    let others = rest.chunks(LONGEST);
    let mut first = Vec::with_capacity(head.len() + 4);
    first.extend(u32::try_from(others.len()).unwrap_or(u32::MAX).to_le_bytes());
    first.extend(head);
    (first, others)
}

/// How many other records the row has, and the part of it that is in the first.
pub(super) fn first(mut record: &[u8]) -> Option<(u32, &[u8])> {
    let others = u32::from_le_bytes(take(&mut record)?);
    Some((others, record))
}

/// The revision of a row, from its first record.
pub(super) fn revision(record: &[u8]) -> Option<i64> {
    let (_, head) = first(record)?;
    let bytes = head.get(12..20)?;
    bytes.try_into().ok().map(i64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Record;
    use crate::store::records::Body;

    #[test]
    fn rows_come_back_and_damaged_ones_do_not() {
        let body = Body { id: crate::ids::MessageId::fresh(), bytes: vec![7; 20_000] };
        let row = body.to_row();
        let bytes = encode(Body::TABLE, 3, 9, &row);
        let (first_record, others) = cut(&bytes);
        let (count, head) = first(&first_record).unwrap();
        assert_eq!(count, 4);
        let whole: Vec<u8> = head.iter().chain(others.flatten()).copied().collect();
        let decoded = decode(&whole).unwrap();
        assert_eq!((decoded.layout, decoded.version, decoded.revision), (3, 1, 9));
        assert_eq!(decoded.values, row.values);
        assert_eq!(revision(&first_record), Some(9));
        for length in [0, 3, 11, 19, 21, 30, whole.len() - 1] {
            assert!(decode(&whole[..length]).is_none(), "{length}");
        }
    }
}
