//! What will run out soon: for the log, `ridd status` and the metric.

use std::time::Duration;

use serde::Serialize;

use super::directory::Directory;
use crate::clock::Timestamp;

/// One thing that runs out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Expiring {
    /// Whose it is: `ours`, `trust`, `crl`, or `peer NAME`.
    pub whose: String,
    /// What it names.
    pub subject: String,
    /// When it runs out; may be past.
    pub not_after: Timestamp,
}

impl Expiring {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self.whose.as_str() {
            "ours" => "renew it with `ridd cert renew` and let the peers pin it",
            "trust" => "ask the CA for its new certificate and put it into the trust directory",
            "crl" => "fetch or write a new list (`ridd cert crl` for our own CA) and reload",
            _ => "ask the peer for its new certificate and pin it with `ridd peer pin`",
        }
    }
}

impl Directory {
    /// What runs out within that time from `now`, or has run out, the soonest first.
    pub fn expiring(&self, now: Timestamp, within: Duration) -> Vec<Expiring> {
        let mut all = self.ends();
        all.retain(|one| one.not_after <= now + within);
        all
    }

    /// The end of everything that has one, the soonest first: for the metric.
    pub fn ends(&self) -> Vec<Expiring> {
        let snapshot = self.published();
        let credentials = snapshot.credentials();
        let of = |whose: &str, subject: &str, not_after| Expiring {
            whose: whose.to_owned(),
            subject: subject.to_owned(),
            not_after,
        };
        let mut all: Vec<_> =
            credentials.chain().iter().map(|one| of("ours", &one.facts.subject, one.facts.not_after)).collect();
        all.extend(credentials.papers().iter().map(|one| of("ours", &one.facts.subject, one.facts.not_after)));
        all.extend(credentials.trust().iter().map(|one| of("trust", &one.facts.subject, one.facts.not_after)));
        all.extend(
            credentials.crls().iter().filter_map(|crl| Some(of("crl", &crl.facts.issuer, crl.facts.next_update?))),
        );
        for peer in snapshot.peers().filter(|peer| peer.is_active()) {
            // Of several overlapping certificates only the one that lasts longest matters.
            let last = snapshot.pins(&peer.name).iter().filter_map(|pin| Some((pin.not_after?, &pin.spki))).max();
            if let Some((not_after, spki)) = last {
                all.push(of(&format!("peer {}", peer.name), &format!("key sha256:{spki}"), not_after));
            }
        }
        all.sort_by(|a, b| (a.not_after, &a.whose).cmp(&(b.not_after, &b.whose)));
        all
    }
}
