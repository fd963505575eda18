//! Systems as JSON: a list of objects with the keys of the CSV's columns. `administrators`, `addresses`, `cpes` and
//! `patched` are lists of texts, `excepted` is an object of reasons by vulnerability.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{COLUMNS, Faults, Line};
use crate::inventory::profile::{Profile, SystemChange};

/// Reads all objects; what is wrong with their form is added to `faults`.
pub(super) fn read(bytes: &[u8], faults: &mut Faults) -> Vec<Line> {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = 1 + bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() as u64;
            faults.add(line, "file", "no UTF-8: save the file in this encoding");
            return Vec::new();
        }
    };
    let objects: Vec<&RawValue> = match serde_json::from_str(text) {
        Ok(objects) => objects,
        Err(error) => {
            faults.add(error.line() as u64, "file", format!("no list of systems in JSON: {error}"));
            return Vec::new();
        }
    };
    let (mut lines, mut line, mut counted) = (Vec::with_capacity(objects.len()), 1, 0);
    for object in objects {
        let object = object.get();
        // The object is a part of the text, so where it begins is the distance of the two.
        let begin = object.as_ptr() as usize - text.as_ptr() as usize;
        line += text.get(counted..begin).map_or(0, |passed| passed.matches('\n').count()) as u64;
        counted = begin;
        match serde_json::from_str::<Map<String, Value>>(object) {
            Ok(fields) => lines.push(read_line(line, fields, faults)),
            Err(error) => faults.add(line, "system", format!("no object: {error}")),
        }
    }
    lines
}

fn read_line(at: u64, fields: Map<String, Value>, faults: &mut Faults) -> Line {
    let mut line = Line { at, ..Line::default() };
    for (key, value) in fields {
        let SystemChange { unit, owner, administrators, addresses, cpes, note } = &mut line.change;
        let fitted = match key.as_str() {
            "name" => text(value).map(|name| line.name = name),
            "unit" => text(value).map(|text| *unit = Some(text)),
            "owner" => text(value).map(|text| *owner = Some(text)),
            "note" => text(value).map(|text| *note = Some(text)),
            "administrators" => list(value).map(|list| *administrators = Some(list)),
            "addresses" => list(value).map(|list| *addresses = Some(list)),
            "cpes" => list(value).map(|list| *cpes = Some(list)),
            "patched" => list(value).map(|list| line.patched = list),
            "excepted" => match value {
                Value::Null => Some(()),
                Value::Object(reasons) => {
                    let reasons = reasons.into_iter().map(|(name, reason)| Some((name, text(reason)?)));
                    reasons.collect::<Option<_>>().map(|reasons| line.excepted = reasons)
                }
                _ => None,
            },
            _ => {
                faults.add(at, &key, format!("no such key: expected one of {}", COLUMNS.join(", ")));
                continue;
            }
        };
        if fitted.is_none() {
            let expected = match key.as_str() {
                "name" | "unit" | "owner" | "note" => "a text",
                "excepted" => "an object of reasons by vulnerability",
                _ => "a list of texts",
            };
            faults.add(at, &key, format!("expected {expected}"));
        }
    }
    line
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

fn list(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(values) => values.into_iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// One system as an object on one line.
pub(super) fn write(profile: &Profile) -> Vec<u8> {
    serde_json::to_vec(profile).expect("texts and lists of texts are written without fail")
}
