//! Whose signatures are believed, and for which keys messages to a peer are encrypted (RFC 6545 §9.1, §9.3): the seam
//! between `envelope` and the list of peers. A peer vouches for its messages with the certificates that are pinned for it;
//! an originator several hops away with one that a CA we trust issued for its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::admission::Snapshot;
use super::directory::Directory;
use super::fault::PeersError;
use super::keys::Keys;
use super::policy::Policy;
use super::refusal::Refusal;
use super::uses::PinUse;
use super::verdict::Verdict;
use crate::clock::Timestamp;
use crate::ids::PeerName;
use crate::store::records::{Peer, Pin};
use crate::xmlsec::encryption::Recipient;
use crate::xmlsec::{Candidates, KeyHint, Trust};

/// So many certificates that a message brings are validated anew, whatever it holds: a bound on what it can cost us.
const VALIDATIONS: usize = 8;
/// So many CA certificates of a KeyInfo are looked at.
const INTERMEDIATES: usize = 3;
/// So many pinned keys are offered for a signature that does not say whose it is.
const UNHINTED: usize = 64;

impl Directory {
    /// Our own keys of the moment.
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(self.published().credentials().keys())
    }

    /// How that peer is treated. The safe defaults hold for a peer that is unknown, and should its policy be damaged.
    pub fn policy(&self, peer: &PeerName) -> Arc<Policy> {
        self.published().policy(peer).map_or_else(Arc::default, Arc::clone)
    }

    /// The keys with which that peer signs its messages: those pinned for it, and no others. To be asked for anew for each
    /// message.
    pub fn signers_of(&self, peer: &PeerName) -> SignersOf {
        SignersOf { asking: self.asking(), peer: peer.clone() }
    }

    /// The keys with which anybody may sign as the originator of a request: by the word of our CAs, or pinned for any of
    /// our peers. To be asked for anew for each message.
    pub fn originators(&self) -> Originators {
        Originators { asking: self.asking() }
    }

    /// For whom a message to that peer is encrypted: one for each of its pinned certificates that is for encryption and
    /// valid now.
    ///
    /// # Errors
    /// There is no such active peer, or none of its certificates will do; says why and what to do.
    pub fn recipients(&self, peer: &PeerName) -> Result<Vec<Recipient>, PeersError> {
        let asking = self.asking();
        let known = asking.snapshot.peer(peer).ok_or_else(|| PeersError::NoSuchPeer { name: peer.clone() })?;
        if !known.is_active() {
            return Err(PeersError::PeerRevoked { name: peer.clone() });
        }
        let mut recipients = Vec::new();
        let mut whys = Vec::new();
        for pin in asking.snapshot.pins(peer).iter().filter(|pin| PinUse::Encrypt.of(pin)) {
            let Some(der) = &pin.certificate else {
                whys.push(format!("of the key sha256:{} only the digest is pinned", pin.spki));
                continue;
            };
            let certificate = asking.pinned(der).and_then(|verdict| verdict.encrypting().cloned());
            match certificate {
                Ok(certificate) => recipients.push(Recipient::of_certificate(certificate)),
                Err(refusal) => whys.push(format!("key sha256:{}: {refusal}", pin.spki)),
            }
        }
        if recipients.is_empty() {
            let why = if whys.is_empty() { "no key is pinned for encryption".to_owned() } else { whys.join("; ") };
            return Err(PeersError::NoRecipient { name: peer.clone(), why });
        }
        Ok(recipients)
    }

    fn asking(&self) -> Asking {
        Asking { snapshot: self.current(), now: self.clock.now(), left: AtomicUsize::new(VALIDATIONS) }
    }
}

/// The state of things for one message.
struct Asking {
    snapshot: Arc<Snapshot>,
    now: Timestamp,
    /// How many more certificates of the message may be validated.
    left: AtomicUsize,
}

impl Asking {
    /// On a certificate that the message brings.
    fn brought(&self, certificate: &[u8], others: &[&[u8]]) -> Result<Arc<Verdict>, Refusal> {
        let leave = || self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        self.snapshot.credentials().verdict(certificate, others, self.now, leave)
    }

    /// On a certificate that is pinned.
    fn pinned(&self, certificate: &[u8]) -> Result<Arc<Verdict>, Refusal> {
        self.snapshot.credentials().verdict(certificate, &[], self.now, || true)
    }

    /// The certificates of a KeyInfo that may be the signer's; a CA's only lead to it. What cannot be judged is refused.
    fn leaves(&self, hint: &KeyHint, found: &mut Candidates) -> Vec<Arc<Verdict>> {
        let mut leaves = Vec::new();
        let is_ca = |der: &[u8]| super::certificate::Facts::read(der).is_ok_and(|facts| facts.ca);
        let (cas, others): (Vec<&[u8]>, Vec<&[u8]>) = match hint.certificates.as_slice() {
            // What nearly every message brings: its reading is part of the verdict.
            [one] => (Vec::new(), vec![one.as_slice()]),
            several => several.iter().map(Vec::as_slice).partition(|der| is_ca(der)),
        };
        for der in others {
            match self.brought(der, cas.get(..INTERMEDIATES).unwrap_or(&cas)) {
                Ok(verdict) => leaves.push(verdict),
                Err(refusal) => found.refused.push(format!("a certificate in KeyInfo: {refusal}")),
            }
        }
        leaves
    }

    /// The pins of that peer that are for signatures.
    fn signing_pins(&self, peer: &PeerName) -> impl Iterator<Item = &Arc<Pin>> {
        self.snapshot.pins(peer).iter().filter(|pin| PinUse::Sign.of(pin))
    }

    /// Takes the key as that signer's, or says why not.
    fn take(&self, signer: &PeerName, verdict: &Verdict, found: &mut Candidates) {
        let key = match verdict.facts.wildcard() {
            Some(name) => Err(Refusal::Wildcard { name: name.to_owned() }),
            None if !verdict.facts.names().contains(signer) => {
                Err(Refusal::WrongName { peer: signer.clone(), names: verdict.facts.names_line() })
            }
            None => verdict.trusted(signer),
        };
        match key {
            Ok(key) => found.keys.push(key),
            Err(refusal) => found.refused.push(said(verdict, &refusal)),
        }
    }

    /// Takes the pinned certificates of that peer but for the keys of `named`, of which the message itself has brought one.
    fn take_pinned(&self, peer: &PeerName, named: &[Arc<Verdict>], found: &mut Candidates) {
        for pin in self.signing_pins(peer) {
            if named.iter().any(|verdict| verdict.facts.spki == pin.spki) {
                continue;
            }
            let Some(der) = &pin.certificate else { continue };
            match self.pinned(der) {
                Ok(verdict) => self.take(peer, &verdict, found),
                Err(refusal) => found.refused.push(format!("the pinned key sha256:{}: {refusal}", pin.spki)),
            }
        }
    }
}

fn said(verdict: &Verdict, refusal: &Refusal) -> String {
    format!("the certificate {} of {}: {refusal}", verdict.facts.serial, verdict.facts.names_line())
}

/// The keys with which one peer signs.
pub struct SignersOf {
    asking: Asking,
    peer: PeerName,
}

impl std::fmt::Debug for SignersOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignersOf").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Trust for SignersOf {
    fn candidates(&self, hint: &KeyHint) -> Candidates {
        let mut found = Candidates::default();
        let (asking, peer) = (&self.asking, &self.peer);
        match asking.snapshot.peer(peer) {
            Some(known) if known.is_active() => {}
            Some(_) => found.refused.push(Refusal::PeerRevoked { peer: peer.clone() }.to_string()),
            None => found.refused.push(format!("there is no peer {peer}")),
        }
        if !found.refused.is_empty() {
            return found;
        }
        let mut named = asking.leaves(hint, &mut found);
        // Of a key that is not pinned it does not matter what its certificate is worth.
        named.retain(|verdict| {
            let pinned = asking.signing_pins(peer).any(|pin| pin.spki == verdict.facts.spki);
            if !pinned {
                let spki = &verdict.facts.spki;
                found.refused.push(format!(
                    "its public key sha256:{spki} is not pinned for signatures of {peer}; pin its certificate with `ridd peer \
                     pin {peer} --certificate FILE` if it should be"
                ));
            }
            pinned
        });
        for verdict in &named {
            asking.take(peer, verdict, &mut found);
        }
        asking.take_pinned(peer, &named, &mut found);
        if found.keys.is_empty() && found.refused.is_empty() {
            found.refused.push(format!(
                "no certificate is pinned for signatures of {peer}; `ridd peer pin {peer} --certificate FILE` pins one"
            ));
        }
        found
    }
}

/// The keys with which originators sign.
pub struct Originators {
    asking: Asking,
}

impl std::fmt::Debug for Originators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Originators").finish_non_exhaustive()
    }
}

impl Originators {
    /// Whom the certificate names: the peer that its key is pinned for, else whoever its only DNS-ID says.
    fn signer(&self, verdict: &Verdict) -> Result<PeerName, Refusal> {
        let snapshot = &self.asking.snapshot;
        let facts = &verdict.facts;
        let ours = |name: &&PeerName| {
            snapshot.peer(name).is_some_and(|peer| peer.is_active())
                && self.asking.signing_pins(name).any(|pin| pin.spki == facts.spki)
        };
        if let Some(pinned) = snapshot.holders(&facts.spki).iter().find(ours) {
            return Ok(pinned.clone());
        }
        let names = facts.names();
        match (facts.wildcard(), names.as_slice()) {
            (Some(name), _) => Err(Refusal::Wildcard { name: name.to_owned() }),
            (None, []) => Err(Refusal::NoDnsId),
            (None, [name]) if facts.dns_ids.len() == 1 => match snapshot.peer(name).filter(|peer| !peer.is_active()) {
                Some(peer) => Err(Refusal::PeerRevoked { peer: peer.name.clone() }),
                None => Ok(name.clone()),
            },
            (None, _) => Err(Refusal::SeveralNames { names: facts.names_line() }),
        }
    }
}

impl Trust for Originators {
    fn candidates(&self, hint: &KeyHint) -> Candidates {
        let mut found = Candidates::default();
        for verdict in self.asking.leaves(hint, &mut found) {
            match self.signer(&verdict) {
                Ok(signer) => self.asking.take(&signer, &verdict, &mut found),
                Err(refusal) => found.refused.push(said(&verdict, &refusal)),
            }
        }
        // A key of a peer whose certificate the message brings has been judged by that one.
        if hint.certificates.is_empty() {
            let active = |peer: &&Arc<Peer>| peer.is_active();
            for peer in self.asking.snapshot.peers().filter(active) {
                if found.keys.len() >= UNHINTED {
                    break;
                }
                self.asking.take_pinned(&peer.name, &[], &mut found);
            }
            // Whose pinned certificates have ended is no answer to who signed this.
            found.refused.clear();
            if found.keys.is_empty() {
                found.refused.push("the signature brings no certificate that a CA could vouch for".to_owned());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, KeyUsagePurpose};

    use super::super::testing::{DAY, Leaf, Node, Wish, dns, name, start};
    use super::super::{Facts, NewPin, PinBy, Relation};
    use super::*;
    use crate::xmlsec::TrustedKey;
    use crate::xmlsec::key::Certificate;

    const UNIT: &str = "unit.example.org";

    /// A node, and its peer with a pinned certificate.
    async fn node() -> (Node, Leaf) {
        let node = Node::new("dept.example.org").await;
        let leaf = node.leaf(&[UNIT]);
        node.add(UNIT, Relation::Unit, &[]).await;
        pin(&node, &leaf, &[]).await;
        (node, leaf)
    }

    async fn pin(node: &Node, leaf: &Leaf, uses: &[PinUse]) {
        let new = NewPin { by: PinBy::Certificate(leaf.der.clone()), uses: uses.to_vec() };
        node.directory.pin(&name(UNIT), new).await.unwrap();
    }

    fn hint(leaves: &[&Leaf]) -> KeyHint {
        KeyHint { certificates: leaves.iter().map(|leaf| leaf.der.to_vec()).collect() }
    }

    /// The key of the certificate as that signer's.
    fn key(signer: &str, leaf: &Leaf) -> TrustedKey {
        TrustedKey::new(signer, Certificate::read(&leaf.der).unwrap().public_key().info())
    }

    fn signers(node: &Node, leaves: &[&Leaf]) -> Candidates {
        node.directory.signers_of(&name(UNIT)).candidates(&hint(leaves))
    }

    fn originators(node: &Node, leaves: &[&Leaf]) -> Candidates {
        node.directory.originators().candidates(&hint(leaves))
    }

    fn refused(found: &Candidates, part: &str) {
        let why = found.refused.join("; ");
        assert!(found.keys.is_empty() && why.contains(part), "{part}: {found:?}");
    }

    #[tokio::test]
    async fn a_pinned_key_signs_and_another_of_the_same_ca_only_originates() {
        let (node, leaf) = node().await;
        let other = node.leaf(&["far.example.org"]);
        for hints in [&[&leaf][..], &[]] {
            assert_eq!(signers(&node, hints), Candidates { keys: vec![key(UNIT, &leaf)], refused: vec![] });
            assert_eq!(originators(&node, hints), Candidates { keys: vec![key(UNIT, &leaf)], refused: vec![] });
        }
        let found = signers(&node, &[&other]);
        assert_eq!(found.keys, [key(UNIT, &leaf)], "only what is pinned is tried");
        assert!(found.refused[0].contains("is not pinned for signatures of unit.example.org"), "{found:?}");
        assert_eq!(originators(&node, &[&other]).keys, [key("far.example.org", &other)]);
        // One of the peer's own name is not enough for it either.
        let twin = node.leaf(&[UNIT]);
        let found = signers(&node, &[&twin]);
        assert!(found.refused[0].contains("is not pinned"), "{found:?}");
        assert_eq!(found.keys, [key(UNIT, &leaf)]);
        let nobody = node.directory.signers_of(&name("far.example.org")).candidates(&hint(&[&other]));
        refused(&nobody, "there is no peer far.example.org");
    }

    #[tokio::test]
    async fn what_another_ca_issued_is_not_believed_although_it_is_pinned() {
        let (node, _) = node().await;
        let stranger = Node::new("else.example.org").await.leaf(&["peer.example.org"]);
        node.add("peer.example.org", Relation::Peer, &[&stranger]).await;
        let found = node.directory.signers_of(&name("peer.example.org")).candidates(&hint(&[&stranger]));
        refused(&found, "comes from no CA that we trust");
        refused(&originators(&node, &[&stranger]), "comes from no CA that we trust");
    }

    #[tokio::test]
    async fn a_revoked_certificate_signs_nothing_from_the_reload_on() {
        let (node, leaf) = node().await;
        assert_eq!(signers(&node, &[&leaf]).keys.len(), 1);
        node.revoke(&[&leaf], 30);
        node.directory.reload().await.unwrap();
        for hints in [&[&leaf][..], &[]] {
            refused(&signers(&node, hints), "is revoked by its CA");
        }
        refused(&originators(&node, &[&leaf]), "is revoked by its CA");
        refused(&originators(&node, &[]), "brings no certificate");
        let error = node.directory.recipients(&name(UNIT)).unwrap_err().to_string();
        assert!(error.contains("is revoked by its CA") && error.contains("ridd peer pin unit.example.org"), "{error}");
    }

    #[tokio::test]
    async fn a_remembered_verdict_ends_with_the_certificate() {
        let (node, leaf) = node().await;
        assert_eq!(signers(&node, &[&leaf]).keys.len(), 1);
        node.clock.advance(DAY * 101);
        for hints in [&[&leaf][..], &[]] {
            refused(&signers(&node, hints), "has ended (2026-09-09");
        }
        assert!(node.directory.recipients(&name(UNIT)).unwrap_err().to_string().contains("has ended"));
        let wish = |from| Wish { names: dns(&[UNIT]), not_before: from, not_after: from + DAY * 9, ..Wish::default() };
        let early = node.wished(wish(start() + DAY * 110));
        pin(&node, &early, &[]).await;
        refused(&signers(&node, &[&early]), "is not valid yet");
        node.clock.advance(DAY * 10);
        assert_eq!(signers(&node, &[&early]).keys, [key(UNIT, &early)]);
    }

    #[tokio::test]
    async fn the_second_message_costs_no_validation() {
        let (node, leaf) = node().await;
        let first = signers(&node, &[&leaf]).keys.remove(0);
        let second = signers(&node, &[&leaf]).keys.remove(0);
        assert!(std::ptr::eq(first.spki(), second.spki()), "what was made of the key is shared");
        let snapshot = node.directory.published();
        let again = snapshot.credentials().verdict(&leaf.der, &[], start(), || panic!("it is validated again"));
        assert!(again.unwrap().path.is_ok());
        assert_eq!(snapshot.credentials().verdicts().len(), 1);
        // An edit of the list of peers says nothing about certificates.
        node.add("peer.example.org", Relation::Peer, &[]).await;
        assert_eq!(node.directory.published().credentials().verdicts().len(), 1);
        node.directory.reload().await.unwrap();
        assert_eq!(node.directory.published().credentials().verdicts().len(), 0);
    }

    #[tokio::test]
    async fn a_message_with_many_certificates_costs_few_validations() {
        let (node, _) = node().await;
        let many: Vec<_> = (0..VALIDATIONS + 2).map(|_| node.leaf(&["far.example.org"])).collect();
        let found = originators(&node, &many.iter().collect::<Vec<_>>());
        assert_eq!((found.keys.len(), found.refused.len()), (VALIDATIONS, 2));
        assert!(found.refused[0].contains("too many certificates"), "{found:?}");
    }

    #[tokio::test]
    async fn a_key_pinned_by_its_digest_signs_with_the_certificate_that_the_message_brings() {
        let (node, _) = node().await;
        let peer = name("peer.example.org");
        let (pinned, other) = (node.leaf(&["peer.example.org"]), node.leaf(&["other.example.org"]));
        node.add("peer.example.org", Relation::Peer, &[&pinned]).await;
        let ask = |leaves: &[&Leaf]| node.directory.signers_of(&peer).candidates(&hint(leaves));
        assert_eq!(ask(&[&pinned]).keys, [key("peer.example.org", &pinned)]);
        refused(&ask(&[]), "no certificate is pinned for signatures of peer.example.org");
        let error = node.directory.recipients(&peer).unwrap_err().to_string();
        assert!(error.contains("only the digest is pinned"), "{error}");
        // A pinned key under another name is another system.
        node.directory.pin(&peer, PinBy::Key(Facts::read(&other.der).unwrap().spki)).await.unwrap();
        refused(&ask(&[&other]), "its DNS-IDs are other.example.org");
    }

    #[tokio::test]
    async fn certificates_for_signing_and_encryption_are_kept_apart_and_overlap() {
        let (node, tls) = node().await;
        let usage = |usage| Wish { names: dns(&[UNIT]), usages: vec![usage], ..Wish::default() };
        let sign = || node.wished(usage(KeyUsagePurpose::DigitalSignature));
        let (first, second) = (sign(), sign());
        let secret = node.wished(usage(KeyUsagePurpose::KeyAgreement));
        pin(&node, &tls, &[PinUse::Tls]).await;
        pin(&node, &first, &[PinUse::Sign]).await;
        pin(&node, &secret, &[PinUse::Encrypt]).await;
        node.directory.admit(&tls.chain()).unwrap();
        assert_eq!(node.directory.admit(&first.chain()).unwrap_err().label(), "not-for-tls");
        assert_eq!(signers(&node, &[]).keys, [key(UNIT, &first)]);
        assert!(signers(&node, &[&secret]).refused[0].contains("is not pinned for signatures"));
        let kinds = |node: &Node| node.directory.recipients(&name(UNIT)).unwrap().len();
        assert_eq!(kinds(&node), 1);
        pin(&node, &second, &[PinUse::Sign]).await;
        for leaf in [&first, &second] {
            assert_eq!(signers(&node, &[leaf]).keys[0], key(UNIT, leaf));
        }
        assert_eq!(node.directory.pins(&name(UNIT)).len(), 4, "adding one keeps the others");
        pin(&node, &secret, &[]).await;
        refused(&originators(&node, &[&secret]), "does not allow signatures");
        pin(&node, &first, &[PinUse::Encrypt]).await;
        assert_eq!(kinds(&node), 1, "its certificate is not for encryption");
    }

    #[tokio::test]
    async fn a_renewed_certificate_of_a_pinned_key_signs() {
        let (node, _) = node().await;
        let pair = KeyPair::generate().unwrap();
        let wish = |days| Wish { names: dns(&[UNIT]), not_after: start() + DAY * days, ..Wish::default() };
        let (old, young) = (node.wished_for(wish(5), &pair), node.wished_for(wish(50), &pair));
        pin(&node, &old, &[]).await;
        node.clock.advance(DAY * 6);
        assert_eq!(signers(&node, &[&young]).keys[0], key(UNIT, &young));
    }

    #[tokio::test]
    async fn a_revoked_peer_neither_signs_nor_originates() {
        let (node, leaf) = node().await;
        node.directory.revoke(&name(UNIT), "left").await.unwrap();
        refused(&signers(&node, &[&leaf]), "the peer unit.example.org is revoked");
        refused(&originators(&node, &[&leaf]), "the peer unit.example.org is revoked");
        refused(&originators(&node, &[]), "brings no certificate");
        assert!(matches!(node.directory.recipients(&name(UNIT)), Err(PeersError::PeerRevoked { .. })));
    }

    #[tokio::test]
    async fn the_policy_of_a_peer_is_the_default_unless_it_says_otherwise() {
        let (node, _) = node().await;
        assert_eq!(*node.directory.policy(&name("nobody.example.org")), Policy::default());
        let policy = Policy { encrypt_green: true, ..Policy::default() };
        let change = super::super::PeerChange { policy: Some(policy.clone()), ..Default::default() };
        node.directory.change(&name(UNIT), change).await.unwrap();
        assert_eq!(*node.directory.policy(&name(UNIT)), policy);
    }
}
