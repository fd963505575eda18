//! What the types of the single keys cannot rule out: numbers that make no sense, keys that contradict each other. Each
//! part knows its own; what concerns two parts stands here.

use std::fmt::Display;

use super::{Config, Fault};
use crate::xml;

/// All that is wrong with the configuration; the lines are added by the reader.
pub(super) fn all(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(config.node.fault().map(|why| of("node", "name", &why)));
    faults.extend(config.transport.faults().into_iter().map(|fault| of("transport", fault.key, &fault.why)));
    faults.extend(config.admin.faults().into_iter().map(|fault| of("admin", fault.key, &fault.why)));
    faults.extend(config.exchange.faults().iter().map(|fault| in_words("exchange", fault)));
    faults.extend(config.routing.faults().iter().map(|fault| in_words("routing", fault)));
    faults.extend(config.outbox.faults().iter().map(|fault| in_words("outbox", fault)));
    faults.extend(config.notify.faults().iter().map(|fault| of("notify", fault.key, &fault.why)));
    faults.extend(config.inventory.faults().iter().map(|fault| in_words("inventory", fault)));
    faults.extend(config.coordination.faults().iter().map(|fault| in_words("coordination", fault)));
    faults.extend(config.store.check().err().iter().map(|fault| in_words("store", fault)));
    for (key, value, least) in xml_limits(&config.xml) {
        if value < least {
            faults.push(of("xml", key, &format!("{value} is too small: no message would pass; at least {least}")));
        }
    }
    if config.transport.body_bytes < config.xml.size {
        let why = format!(
            "{} is less than xml.size = {}: no document could be as large as that; raise it or lower xml.size",
            config.transport.body_bytes, config.xml.size
        );
        faults.push(of("transport", "body-bytes", &why));
    }
    faults
}

/// Below these the messages of the standards themselves would be refused.
fn xml_limits(xml: &xml::Config) -> [(&'static str, usize, usize); 8] {
    [
        ("size", xml.size, 1_024),
        ("depth", xml.depth, 16),
        ("elements", xml.elements, 16),
        ("attributes", xml.attributes, 16),
        ("attribute-bytes", xml.attribute_bytes, 1_024),
        ("name-bytes", xml.name_bytes, 64),
        ("text-bytes", xml.text_bytes, 1_024),
        ("digits", xml.digits, 20),
    ]
}

fn of(table: &str, key: &str, why: &dyn Display) -> Fault {
    Fault { line: None, key: format!("{table}.{key}"), message: why.to_string() }
}

/// A fault that a part tells in one sentence, which begins with the key: `TABLE.KEY = VALUE: why`, or
/// `TABLE.KEY: why`.
fn in_words(table: &str, fault: &dyn Display) -> Fault {
    let sentence = fault.to_string();
    let inner = sentence.strip_prefix(table).map_or(sentence.as_str(), |rest| rest.trim_start_matches(['.', ':', ' ']));
    let (key, rest) = inner.split_at(inner.find([' ', ':', '[']).unwrap_or(inner.len()));
    let message = match rest.strip_prefix(" = ").or_else(|| rest.strip_prefix(": ")) {
        Some(why) => why.to_owned(),
        None => inner.to_owned(),
    };
    Fault { line: None, key: format!("{table}.{key}"), message }
}
