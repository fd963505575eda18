//! Systems as CSV (RFC 4180): a line of headings, one system a record.

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};

use super::{COLUMNS, Faults, Line};
use crate::inventory::profile::{Profile, SystemChange};

/// Reads all records; what is wrong with their form is added to `faults`.
pub(super) fn read(bytes: &[u8], faults: &mut Faults) -> Vec<Line> {
    // Every record may have its own length, so that a wrong one is a fault at its line and the reading goes on.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let headings = match reader.byte_headers() {
        Ok(headings) => headings.clone(),
        Err(error) => {
            faults.add(1, "headings", error.to_string());
            return Vec::new();
        }
    };
    let columns = columns(&headings, faults);
    let mut lines = Vec::new();
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return lines,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                faults.add(line, "record", error.to_string());
                return lines;
            }
        }
        let at = record.position().map_or(0, csv::Position::line);
        if record.len() != headings.len() {
            let why = format!("{} cells, but {} headings: quote cells that have a comma", record.len(), headings.len());
            faults.add(at, "record", why);
            continue;
        }
        lines.push(line(at, &record, &columns, faults));
    }
}

/// The column under each heading; empty where it is not known.
fn columns(headings: &ByteRecord, faults: &mut Faults) -> Vec<&'static str> {
    let mut found = Vec::new();
    for heading in headings {
        let heading = String::from_utf8_lossy(heading).trim().to_ascii_lowercase();
        let column = COLUMNS.into_iter().find(|column| *column == heading).unwrap_or_default();
        if column.is_empty() {
            faults.add(1, &heading, format!("no such column: expected one of {}", COLUMNS.join(", ")));
        } else if found.contains(&column) {
            faults.add(1, column, "the column stands twice");
        }
        found.push(column);
    }
    if !found.contains(&"name") {
        faults.add(1, "name", "the column is missing: the first line names the columns");
    }
    found
}

fn line(at: u64, record: &ByteRecord, columns: &[&'static str], faults: &mut Faults) -> Line {
    let mut line = Line { at, ..Line::default() };
    for (cell, column) in record.iter().zip(columns) {
        let Ok(text) = str::from_utf8(cell) else {
            faults.add(at, column, "no UTF-8: save the file in this encoding");
            continue;
        };
        let list = || Some(text.split_whitespace().map(str::to_owned).collect());
        let SystemChange { unit, owner, administrators, addresses, cpes, note } = &mut line.change;
        match *column {
            "name" => line.name = text.to_owned(),
            "unit" => *unit = Some(text.to_owned()),
            "owner" => *owner = Some(text.to_owned()),
            "administrators" => *administrators = list(),
            "addresses" => *addresses = list(),
            "cpes" => *cpes = list(),
            "note" => *note = Some(text.to_owned()),
            "patched" => line.patched = list().unwrap_or_default(),
            "excepted" => {
                let exceptions = text.lines().map(str::trim).filter(|one| !one.is_empty());
                line.excepted.extend(exceptions.map(|one| {
                    let (name, reason) = one.split_once(char::is_whitespace).unwrap_or((one, ""));
                    (name.to_owned(), reason.trim().to_owned())
                }));
            }
            _ => {}
        }
    }
    line
}

/// One system as a record.
pub(super) fn write(profile: &Profile) -> Vec<u8> {
    let excepted: Vec<_> =
        profile.excepted.iter().map(|(name, reason)| format!("{name} {reason}").trim_end().to_owned()).collect();
    let cells = COLUMNS.map(|column| match column {
        "name" => profile.name.clone(),
        "unit" => profile.unit.clone(),
        "owner" => profile.owner.clone().unwrap_or_default(),
        "administrators" => profile.administrators.join(" "),
        "addresses" => profile.addresses.join(" "),
        "cpes" => profile.cpes.join(" "),
        "note" => profile.note.clone().unwrap_or_default(),
        "patched" => profile.patched.join(" "),
        _ => excepted.join("\n"),
    });
    record(cells.iter().map(String::as_str))
}

/// These cells as one record.
pub(super) fn record<'c>(cells: impl Iterator<Item = &'c str>) -> Vec<u8> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells).expect("writing into memory does not fail");
    writer.into_inner().expect("flushing into memory does not fail")
}
