//! The verbs of `ridd cert` that make or place files.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::{Ended, Failure};
use super::{IssueArgs, Place, refusal};
use crate::ids::PeerName;
use crate::peers::Facts;
use crate::peers::issue::{self, Algorithm, IssueError, Lifetime, Request, contents, replace, write_key, write_new};

/// Days until the next revocation list is due, unless said otherwise.
pub(super) const CRL_DAYS: u32 = 90;

const RELOAD: &str = "A running node takes it over with `ridd reload`.";

/// Issues a certificate for another node.
pub(super) fn issue(place: &Place, args: &IssueArgs) -> Ended {
    let authority = place.authority()?;
    let lifetime = Lifetime::days(args.days, place.clock.now()).map_err(refusal)?;
    let request = Request { names: args.names.clone(), algorithm: args.algorithm, lifetime };
    let name = args.names.first().map(ToString::to_string).unwrap_or_default();
    let (certificate, key) = (args.out.join(format!("{name}.pem")), args.out.join(format!("{name}.key")));
    if certificate.exists() {
        return Err(refusal(IssueError::Exists { file: certificate }));
    }
    let issued = authority.issue(&request).map_err(refusal)?;
    write_key(&key, &issued.key).map_err(refusal)?;
    write_new(&certificate, &issued.certificate).map_err(refusal)?;
    let words = format!(
        "Issued {} for {name}, until {}, with its key {}.\nIts pin is sha256:{}. Hand the key over by a safe way only.",
        certificate.display(),
        issued.facts.not_after,
        key.display(),
        issued.facts.spki
    );
    place.say(&json!({ "certificate": certificate, "key": key, "facts": issued.facts }), words)
}

/// Renews our own certificate under the same key.
pub(super) fn renew(place: &Place, days: u32) -> Ended {
    let authority = place.authority()?;
    let lifetime = Lifetime::days(days, place.clock.now()).map_err(refusal)?;
    let issued = issue::renew(&place.layout, &authority, lifetime).map_err(refusal)?;
    let words = format!(
        "Renewed {} until {} under the same key, so peers need do nothing. {RELOAD}",
        place.layout.node().display(),
        issued.facts.not_after
    );
    place.say(&json!({ "certificate": place.layout.node(), "facts": issued.facts }), words)
}

/// Makes our next certificate with a new key.
pub(super) fn prepare(place: &Place, days: u32, algorithm: Option<Algorithm>) -> Ended {
    let authority = place.authority()?;
    let lifetime = Lifetime::days(days, place.clock.now()).map_err(refusal)?;
    let issued = issue::prepare(&place.layout, &authority, algorithm, lifetime).map_err(refusal)?;
    let words = waiting(place, &issued.facts);
    place.say(&json!({ "certificate": place.layout.next(), "facts": issued.facts }), words)
}

fn waiting(place: &Place, facts: &Facts) -> String {
    let next = place.layout.next();
    let own = facts.names().first().map(ToString::to_string).unwrap_or_default();
    format!(
        "{next} waits beside the present certificate. Its pin is sha256:{pin}.\n\
         1. Give {next} to every peer, whose administrator runs: ridd peer pin {own} FILE\n\
         2. When all have done so: ridd cert activate && ridd reload\n\
         3. Later the peers may unpin the former key with `ridd peer unpin`.",
        next = next.display(),
        pin = facts.spki
    )
}

/// Makes a request for another CA.
pub(super) fn request(place: &Place, names: &[PeerName], algorithm: Algorithm) -> Ended {
    let present = || contents(&place.layout.node()).map(|found| found.certificates.first().map(Facts::names));
    let names = match names {
        [] => present().map_err(refusal)?.unwrap_or_default(),
        given => given.to_vec(),
    };
    if names.is_empty() {
        return Err(Failure::input("say the node's name: the present certificate carries none"));
    }
    let text = issue::request(&place.layout, &names, algorithm).map_err(refusal)?;
    let key = place.layout.next_key();
    // Only the request goes to standard output, so that it can be sent on as it is.
    place.say(&json!({ "request": text, "key": key }), text)
}

/// Takes a certificate over that another CA issued.
pub(super) fn import(place: &Place, certificate: &Path, key: Option<&Path>) -> Ended {
    let facts = issue::import(&place.layout, certificate, key).map_err(refusal)?;
    let words = waiting(place, &facts);
    place.say(&json!({ "certificate": place.layout.next(), "facts": facts }), words)
}

/// Puts the next certificate in place.
pub(super) fn activate(place: &Place) -> Ended {
    let warnings = issue::activate(&place.layout, &place.clock).map_err(refusal)?;
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let mut words: Vec<_> = warnings.iter().map(|line| format!("warning: {line}")).collect();
    words.push(format!(
        "{} is the new certificate; the former one is kept as {}. {RELOAD}",
        place.layout.node().display(),
        place.layout.former().display()
    ));
    place.say(&json!({ "certificate": place.layout.node(), "warnings": warnings }), words.join("\n"))
}

/// Throws the next certificate away.
pub(super) fn discard(place: &Place) -> Ended {
    issue::discard(&place.layout).map_err(refusal)?;
    let words = "The next certificate and key are gone; the present ones are as they were.".to_owned();
    place.say(&json!({ "discarded": true }), words)
}

/// Trusts CAs.
pub(super) fn trust(place: &Place, files: &[PathBuf]) -> Ended {
    let mut trusted = Vec::new();
    for file in files {
        trusted.append(&mut issue::add_trust(&place.layout, file, place.clock.now()).map_err(refusal)?);
    }
    let subjects: Vec<_> = trusted.iter().map(|facts| format!("Trusted: {}", facts.subject)).collect();
    let words =
        format!("{}\nPeers still have to be pinned one by one (`ridd peer add`). {RELOAD}", subjects.join("\n"));
    place.say(&json!({ "trusted": trusted }), words)
}

/// Revokes one of our own CA's certificates.
pub(super) fn revoke(place: &Place, what: &str, days: u32) -> Ended {
    let file = Path::new(what);
    let serial = if file.exists() {
        let authority = place.authority()?;
        authority.serial_of(file).map_err(refusal)?
    } else {
        what.to_owned()
    };
    write_crl(place, &[serial], days)
}

/// Writes our own CA's revocation list anew.
pub(super) fn write_crl(place: &Place, serials: &[String], days: u32) -> Ended {
    let authority = place.authority()?;
    let file = place.layout.own_crl();
    let former = file.exists().then_some(file.as_path());
    let list = authority.revocation_list(former, serials, place.clock.now(), days).map_err(refusal)?;
    issue::private_directory(&place.layout.crl()).map_err(refusal)?;
    replace(&file, &list).map_err(refusal)?;
    let written = contents(&file).map_err(refusal)?.crls;
    let revoked: usize = written.iter().map(|facts| facts.revoked.len()).sum();
    let due = written.first().and_then(|facts| facts.next_update).map(|due| due.to_string()).unwrap_or_default();
    let words = format!(
        "Wrote {} with {revoked} revoked; write the next one before {due}, or all our CA's certificates are refused.\n\
         Give it to every peer that trusts our CA (`ridd cert crl FILE`). {RELOAD}",
        file.display()
    );
    place.say(&json!({ "file": file, "revocation-list": written.first() }), words)
}

/// Takes another CA's revocation list over.
pub(super) fn take_crl(place: &Place, file: &Path) -> Ended {
    let taken = issue::add_crl(&place.layout, file, place.clock.now()).map_err(refusal)?;
    let lines: Vec<_> = taken
        .iter()
        .map(|facts| format!("Taken over: the list of {} with {} revoked.", facts.issuer, facts.revoked.len()))
        .collect();
    let words = format!("{} {RELOAD}", lines.join("\n"));
    place.say(&json!({ "taken": taken }), words)
}
