//! `ridd cert show` and `ridd cert check`: what the files contain, in words.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::table::card;
use super::super::{Ended, Exit, Failure, print};
use super::{Place, refusal};
use crate::clock::Timestamp;
use crate::peers::issue::{self, Contents, contents};
use crate::peers::{CrlFacts, Facts, PeersError};

/// Shows the files, or those of the node.
pub(super) fn run(place: &Place, files: &[PathBuf]) -> Ended {
    let now = place.clock.now();
    let mut cards = Vec::new();
    let mut list = Vec::new();
    let files = if files.is_empty() { own_files(place)? } else { files.to_vec() };
    for file in &files {
        let Contents { certificates, crls } = contents(file).map_err(refusal)?;
        for facts in &certificates {
            cards.push(certificate_card(file, facts, now));
            list.push(json!({ "file": file, "certificate": facts }));
        }
        for facts in &crls {
            cards.push(crl_card(file, facts, now));
            list.push(json!({ "file": file, "revocation-list": facts }));
        }
    }
    place.say(&Value::Array(list), cards.join("\n\n"))
}

/// Says whether a reload would take the node's files.
pub(super) fn check(place: &Place) -> Ended {
    let (faults, warnings) = match issue::check(place.layout.peers(), &place.clock) {
        Ok(warnings) => (Vec::new(), warnings),
        Err(PeersError::Faults { faults }) => (faults, Vec::new()),
        Err(error) => return Err(Failure::failed(error)),
    };
    let lines = |list: &[crate::peers::Fault]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (faults, warnings) = (lines(&faults), lines(&warnings));
    if place.json {
        print(format!("{:#}", json!({ "right": faults.is_empty(), "faults": faults, "warnings": warnings })))?;
    } else {
        let warnings = warnings.iter().map(|line| format!("warning: {line}"));
        let mut said: Vec<_> = faults.iter().cloned().chain(warnings).collect();
        if faults.is_empty() {
            said.push("right: a reload would take these files".to_owned());
        }
        print(said.join("\n"))?;
    }
    Ok(if faults.is_empty() { Exit::Done } else { Exit::No })
}

fn own_files(place: &Place) -> Result<Vec<PathBuf>, Failure> {
    let mut files = vec![place.layout.node()];
    if place.layout.next().exists() {
        files.push(place.layout.next());
    }
    for directory in [place.layout.trust(), place.layout.crl()] {
        // A directory that is not there holds nothing to show.
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        let mut found: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        found.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

fn certificate_card(file: &Path, facts: &Facts, now: Timestamp) -> String {
    let list = |list: &[String]| (!list.is_empty()).then(|| list.join(", "));
    let kind = if facts.ca { "certificate of a CA" } else { "certificate" };
    let names = match facts.wildcard() {
        Some(wildcard) => {
            Some(format!("{wildcard}: a wildcard, which must not name a RID system (RFC 6546 section 3)"))
        }
        None if facts.dns_ids.is_empty() && !facts.ca => Some("none: it cannot name a RID system".to_owned()),
        None => list(&facts.dns_ids),
    };
    let ended = if facts.not_after < now {
        ": it has ended"
    } else if facts.not_before > now {
        ": it is not valid yet"
    } else {
        ""
    };
    let purposes = if facts.purposes.is_empty() { "any".to_owned() } else { facts.purposes.join(", ") };
    card([
        (kind, Some(file.display().to_string())),
        ("  subject", Some(facts.subject.clone())),
        ("  issuer", Some(facts.issuer.clone())),
        ("  DNS-IDs", names),
        ("  other names", list(&facts.other_names)),
        ("  valid", Some(format!("{} to {}{ended}", facts.not_before, facts.not_after))),
        ("  key", Some(facts.key.clone())),
        ("  pin", Some(format!("sha256:{}", facts.spki))),
        ("  purposes", (!facts.ca).then_some(purposes)),
        ("  serial", Some(facts.serial.clone())),
        ("  unknown critical", list(&facts.unknown_critical)),
    ])
}

fn crl_card(file: &Path, facts: &CrlFacts, now: Timestamp) -> String {
    let due = match facts.next_update {
        Some(due) if due < now => format!("{due}: it is out of date, and all certificates of its CA are refused"),
        Some(due) => due.to_string(),
        None => "not said, which a reload refuses".to_owned(),
    };
    let revoked: Vec<_> = facts.revoked.iter().map(|entry| format!("{} since {}", entry.serial, entry.at)).collect();
    card([
        ("revocation list", Some(file.display().to_string())),
        ("  issuer", Some(facts.issuer.clone())),
        ("  number", facts.number.clone()),
        ("  written", Some(facts.this_update.to_string())),
        ("  next due", Some(due)),
        ("  revoked", Some(if revoked.is_empty() { "none".to_owned() } else { revoked.join("\n") })),
    ])
}
