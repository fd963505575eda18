//! What a reload changed, in lines for the log and for whoever asked for it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::admission::Snapshot;
use super::credentials::Credentials;
use crate::ids::Digest;
use crate::store::records::{Peer, Pin};

/// What a reload or an edit changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Changes {
    /// One line for each thing that is different now.
    pub changed: Vec<String>,
    /// What is not as it should be, but was accepted.
    pub warnings: Vec<String>,
}

/// What differs in the files.
pub(super) fn compare(before: &Credentials, after: &Credentials) -> Vec<String> {
    let mut changed = Vec::new();
    if before.name() != after.name() {
        changed.push(format!("our name is {} (was {})", after.name(), before.name()));
    }
    let ([chain, trust, crls], [new_chain, new_trust, new_crls]) = (before.prints(), after.prints());
    if chain != new_chain
        && let Some(own) = after.chain().first()
    {
        changed
            .push(format!("our certificate is the one until {}, key sha256:{}", own.facts.not_after, own.facts.spki));
    }
    let print = |credentials: &Credentials| credentials.keys().signer().certificate().map(Digest::of);
    // Where it is the certificate above, that says it.
    if print(before) != print(after)
        && let Some(own) = after.papers().iter().find(|one| print(after) == Some(Digest::of(&one.der)))
    {
        changed.push(format!(
            "our signing certificate is the one until {}, key sha256:{}",
            own.facts.not_after, own.facts.spki
        ));
    }
    if before.keys().opens_with() != after.keys().opens_with()
        && let Some(spki) = after.keys().opens_with()
    {
        let former = after.keys().former();
        changed.push(format!(
            "what is encrypted for us is opened with key sha256:{spki}; former keys that still open: {former}"
        ));
    }
    let sets = [("trusted CAs", trust, new_trust), ("revocation lists", crls, new_crls)];
    for (what, before, after) in sets {
        let (before, after): (BTreeSet<Digest>, BTreeSet<Digest>) =
            (before.into_iter().collect(), after.into_iter().collect());
        let (added, gone) = (after.difference(&before).count(), before.difference(&after).count());
        if added + gone > 0 {
            changed.push(format!("{what}: {added} added, {gone} removed, {} now", after.len()));
        }
    }
    changed
}

/// What differs in the list of peers.
pub(super) fn compare_peers(before: &Snapshot, peers: &[Peer], pins: &[Pin]) -> Vec<String> {
    let mut changed = Vec::new();
    for peer in peers {
        match before.peer(&peer.name) {
            None => changed.push(format!("peer {} was added", peer.name)),
            Some(old) if **old != *peer => changed.push(format!("peer {} was changed", peer.name)),
            Some(_) => {}
        }
        let now: BTreeSet<_> = pins.iter().filter(|pin| pin.peer == peer.name).map(|pin| &pin.spki).collect();
        let then: BTreeSet<_> = before.pins(&peer.name).iter().map(|pin| &pin.spki).collect();
        if now != then {
            changed.push(format!("peer {} has {} pinned keys (had {})", peer.name, now.len(), then.len()));
        }
    }
    let gone = before.peers().filter(|old| !peers.iter().any(|peer| peer.name == old.name));
    changed.extend(gone.map(|old| format!("peer {} was removed", old.name)));
    changed
}
