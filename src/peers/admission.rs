//! Admission: is this chain a pinned certificate of exactly one active peer, whose DNS-ID it carries? Pure.
//!
//! The order is: path validation with revocation (the whole chain), then the names, then the pin. Every DNS-ID of the
//! leaf counts, none is "the first"; a common name never counts (RFC 6546 §3, RFC 6125 §6.4).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};

use super::certificate::Facts;
use super::credentials::Credentials;
use super::policy::Policy;
use super::refusal::Refusal;
use super::uses::PinUse;
use super::{Admitted, tls};
use crate::ids::{Digest, PeerName};
use crate::store::records::{Peer, PeerState, Pin};

/// Which side of the connection the certificate was shown on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It called us.
    Caller,
    /// We called it, and meant this peer.
    Answerer(PeerName),
}

/// Everything that decides admission, as it stood at one moment.
pub(super) struct Snapshot {
    generation: u64,
    credentials: Arc<Credentials>,
    peers: BTreeMap<PeerName, Arc<Peer>>,
    /// Read once: every message asks for its peer's.
    policies: BTreeMap<PeerName, Arc<Policy>>,
    pins: BTreeMap<PeerName, Vec<Arc<Pin>>>,
    by_key: HashMap<Digest, Vec<PeerName>>,
}

impl Snapshot {
    pub(super) fn new(generation: u64, credentials: Arc<Credentials>, peers: Vec<Peer>, pins: Vec<Pin>) -> Self {
        let policies = peers.iter().map(|peer| (peer.name.clone(), Arc::new(Policy::of(peer)))).collect();
        let peers: BTreeMap<_, _> = peers.into_iter().map(|peer| (peer.name.clone(), Arc::new(peer))).collect();
        let mut by_peer: BTreeMap<PeerName, Vec<Arc<Pin>>> = BTreeMap::new();
        let mut by_key: HashMap<Digest, Vec<PeerName>> = HashMap::new();
        for pin in pins {
            by_key.entry(pin.spki.clone()).or_default().push(pin.peer.clone());
            by_peer.entry(pin.peer.clone()).or_default().push(Arc::new(pin));
        }
        Self { generation, credentials, peers, policies, pins: by_peer, by_key }
    }

    /// Whether these are other pins than ours: more, fewer, or one that says something else.
    pub(super) fn has_other_pins(&self, pins: &[Pin]) -> bool {
        let same = |pin: &Pin| self.pins(&pin.peer).iter().any(|known| **known == *pin);
        pins.len() != self.pins.values().map(Vec::len).sum::<usize>() || !pins.iter().all(same)
    }

    /// The same peers under other credentials.
    pub(super) fn with(&self, generation: u64, credentials: Arc<Credentials>) -> Self {
        let (peers, policies) = (self.peers.clone(), self.policies.clone());
        let (pins, by_key) = (self.pins.clone(), self.by_key.clone());
        Self { generation, credentials, peers, policies, pins, by_key }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn credentials(&self) -> &Arc<Credentials> {
        &self.credentials
    }

    pub(super) fn peer(&self, name: &PeerName) -> Option<&Arc<Peer>> {
        self.peers.get(name)
    }

    pub(super) fn policy(&self, name: &PeerName) -> Option<&Arc<Policy>> {
        self.policies.get(name)
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = &Arc<Peer>> {
        self.peers.values()
    }

    pub(super) fn pins(&self, name: &PeerName) -> &[Arc<Pin>] {
        self.pins.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The peers that a key is pinned for.
    pub(super) fn holders(&self, spki: &Digest) -> &[PeerName] {
        self.by_key.get(spki).map(Vec::as_slice).unwrap_or_default()
    }

    /// The whole judgement.
    pub(super) fn judge(&self, role: &Role, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Admitted, Refusal> {
        let Some((leaf, intermediates)) = chain.split_first() else { return Err(Refusal::NoCertificate) };
        self.validate(role, leaf, intermediates, now)?;
        let facts = Facts::read(leaf).map_err(|error| Refusal::Unreadable { why: error.why })?;
        let peer = self.identify(&facts)?;
        if let Role::Answerer(meant) = role
            && peer.name != *meant
        {
            return Err(Refusal::WrongName { peer: meant.clone(), names: facts.names_line() });
        }
        let ends = intermediates.iter().filter_map(|der| Facts::read(der).ok()).map(|facts| facts.not_after);
        Ok(Admitted {
            peer,
            certificate: facts.spki,
            role: role.clone(),
            chain: chain.iter().map(|der| der.clone().into_owned()).collect(),
            until: ends.fold(facts.not_after, Ord::min),
        })
    }

    /// Path validation with revocation of the whole chain.
    fn validate(
        &self,
        role: &Role,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Refusal> {
        if !self.credentials.any_anchor() {
            return Err(Refusal::NotTrusted);
        }
        let found = match role {
            Role::Caller => self.credentials.clients().verify_client_cert(leaf, intermediates, now).map(|_| ()),
            Role::Answerer(peer) => {
                let Some(name) = tls::server_name(peer) else {
                    return Err(Refusal::WrongName { peer: peer.clone(), names: "no DNS name".to_owned() });
                };
                self.credentials.servers().verify_server_cert(leaf, intermediates, &name, &[], now).map(|_| ())
            }
        };
        found.map_err(|error| match error {
            // webpki's name check comes before ours; we say it in the same words either way.
            rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName | rustls::CertificateError::NotValidForNameContext { .. },
            ) => match (Facts::read(leaf), role) {
                (Ok(facts), Role::Answerer(peer)) => name_refusal(&facts)
                    .unwrap_or_else(|| Refusal::WrongName { peer: peer.clone(), names: facts.names_line() }),
                _ => Refusal::from_handshake(&error),
            },
            error => Refusal::from_handshake(&error),
        })?;
        Ok(())
    }

    /// Whose certificate it is.
    fn identify(&self, facts: &Facts) -> Result<Arc<Peer>, Refusal> {
        if let Some(refusal) = name_refusal(facts) {
            return Err(refusal);
        }
        let spki = || facts.spki.clone();
        let all: Vec<_> = self.holders(&facts.spki).iter().filter_map(|name| self.peers.get(name)).collect();
        let for_tls =
            |peer: &Peer| self.pins(&peer.name).iter().any(|pin| pin.spki == facts.spki && PinUse::Tls.of(pin));
        let holders: Vec<_> = all.iter().copied().filter(|peer| for_tls(peer)).collect();
        if let ([], Some(peer)) = (holders.as_slice(), all.first()) {
            return Err(Refusal::NotForTls { peer: peer.name.clone() });
        }
        let active: Vec<_> = holders.iter().filter(|peer| peer.state == PeerState::Active).collect();
        let peer = match (active.as_slice(), holders.first()) {
            ([peer], _) => Arc::clone(peer),
            ([], Some(revoked)) => return Err(Refusal::PeerRevoked { peer: revoked.name.clone() }),
            ([], None) => return Err(Refusal::NotPinned { spki: spki(), names: facts.names_line() }),
            (several, _) => {
                let peers = several.iter().map(|peer| peer.name.to_string()).collect::<Vec<_>>().join(", ");
                return Err(Refusal::PinnedTwice { spki: spki(), peers });
            }
        };
        if facts.names().contains(&peer.name) {
            Ok(peer)
        } else {
            Err(Refusal::WrongName { peer: peer.name.clone(), names: facts.names_line() })
        }
    }
}

/// What is wrong with the names as such, whoever's they are.
fn name_refusal(facts: &Facts) -> Option<Refusal> {
    if let Some(name) = facts.wildcard() {
        return Some(Refusal::Wildcard { name: name.to_owned() });
    }
    facts.names().is_empty().then_some(Refusal::NoDnsId)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SanType};

    use super::super::testing::{DAY, Leaf, Node, Wish, dns, name, start};
    use super::*;
    use crate::store::records::Relation;

    /// A node that knows `unit.example.org` by that certificate, and what it says to it.
    async fn refused(node: &Node, leaf: &Leaf) -> Refusal {
        node.add("unit.example.org", Relation::Unit, &[leaf]).await;
        node.directory.admit(&leaf.chain()).unwrap_err()
    }

    async fn node() -> Node {
        Node::new("dept.example.org").await
    }

    #[tokio::test]
    async fn a_pinned_certificate_with_the_peers_dns_id_is_admitted() {
        let node = node().await;
        let leaf = node.leaf(&["unit.example.org"]);
        node.add("unit.example.org", Relation::Unit, &[&leaf]).await;
        let admitted = node.directory.admit(&leaf.chain()).unwrap();
        assert_eq!(admitted.peer().name, name("unit.example.org"));
        assert_eq!(admitted.certificate(), &Facts::read(&leaf.der).unwrap().spki);
        assert_eq!(admitted.until(), start() + DAY * 100);
        node.directory.still_admits(&admitted).unwrap();
    }

    #[tokio::test]
    async fn every_dns_id_counts_not_only_the_first_and_case_does_not() {
        let node = node().await;
        let leaf = node.leaf(&["other.example.org", "UNIT.Example.ORG"]);
        node.add("unit.example.org", Relation::Unit, &[&leaf]).await;
        assert_eq!(node.directory.admit(&leaf.chain()).unwrap().peer().name, name("unit.example.org"));
    }

    #[tokio::test]
    async fn no_certificate_is_refused() {
        assert_eq!(node().await.directory.admit(&[]).unwrap_err(), Refusal::NoCertificate);
    }

    #[tokio::test]
    async fn without_a_dns_id_nobody_is_named() {
        let node = node().await;
        let leaf = node.wished(Wish { common_name: Some("unit.example.org"), ..Wish::default() });
        assert_eq!(refused(&node, &leaf).await, Refusal::NoDnsId, "a common name does not count");
    }

    #[tokio::test]
    async fn an_ip_address_is_no_dns_id() {
        let node = node().await;
        let names = vec![SanType::IpAddress(Ipv4Addr::new(192, 0, 2, 1).into())];
        let leaf = node.wished(Wish { names, ..Wish::default() });
        assert_eq!(refused(&node, &leaf).await, Refusal::NoDnsId);
    }

    #[tokio::test]
    async fn a_trailing_dot_is_no_dns_id() {
        let node = node().await;
        let leaf = node.leaf(&["unit.example.org."]);
        assert!(matches!(refused(&node, &leaf).await, Refusal::NoDnsId | Refusal::Invalid { .. }));
    }

    #[tokio::test]
    async fn wildcards_are_refused_in_dns_ids_and_in_common_names() {
        let node = node().await;
        let leaf = node.leaf(&["unit.example.org", "*.example.org"]);
        assert_eq!(refused(&node, &leaf).await, Refusal::Wildcard { name: "*.example.org".to_owned() });
        let names = dns(&["unit.example.org"]);
        let leaf = node.wished(Wish { names, common_name: Some("*.example.net"), ..Wish::default() });
        node.directory.pin(&name("unit.example.org"), super::super::PinBy::Key(key(&leaf))).await.unwrap();
        let refusal = node.directory.admit(&leaf.chain()).unwrap_err();
        assert_eq!(refusal, Refusal::Wildcard { name: "*.example.net".to_owned() });
    }

    fn key(leaf: &Leaf) -> Digest {
        Facts::read(&leaf.der).unwrap().spki
    }

    #[tokio::test]
    async fn an_expired_certificate_is_refused_and_one_from_the_future_too() {
        let node = node().await;
        let wish =
            |from, to| Wish { names: dns(&["unit.example.org"]), not_before: from, not_after: to, ..Wish::default() };
        let expired = node.wished(wish(start() - DAY * 9, start() - DAY));
        assert_eq!(refused(&node, &expired).await, Refusal::Expired { not_after: Some(start() - DAY) });
        let early = node.wished(wish(start() + DAY, start() + DAY * 2));
        let refusal = node.directory.admit(&early.chain()).unwrap_err();
        assert_eq!(refusal, Refusal::NotYetValid { not_before: Some(start() + DAY) });
    }

    #[tokio::test]
    async fn a_certificate_that_runs_out_meanwhile_is_no_longer_admitted() {
        let node = node().await;
        let admitted = node.admitted("unit.example.org", Relation::Unit).await;
        node.clock.advance(DAY * 101);
        let refusal = node.directory.still_admits(&admitted).unwrap_err();
        assert_eq!(refusal, Refusal::Expired { not_after: Some(start() + DAY * 100) });
    }

    #[tokio::test]
    async fn a_certificate_of_an_unknown_ca_is_refused_although_it_is_pinned() {
        let (node, other) = (node().await, node().await);
        let leaf = other.leaf(&["unit.example.org"]);
        assert_eq!(refused(&node, &leaf).await, Refusal::NotTrusted);
    }

    #[tokio::test]
    async fn a_certificate_for_servers_only_does_not_call() {
        let node = node().await;
        let names = dns(&["unit.example.org"]);
        let purposes = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = node.wished(Wish { names, purposes, ..Wish::default() });
        assert_eq!(refused(&node, &leaf).await, Refusal::BadPurpose);
        node.directory.admit_answering(&name("unit.example.org"), &leaf.chain()).unwrap();
    }

    #[tokio::test]
    async fn the_right_ca_without_a_pin_is_not_enough() {
        let node = node().await;
        node.add("unit.example.org", Relation::Unit, &[]).await;
        let leaf = node.leaf(&["unit.example.org"]);
        let refusal = node.directory.admit(&leaf.chain()).unwrap_err();
        assert_eq!(refusal, Refusal::NotPinned { spki: key(&leaf), names: "unit.example.org".to_owned() });
    }

    #[tokio::test]
    async fn a_pin_without_the_name_is_not_enough() {
        let node = node().await;
        let leaf = node.leaf(&["other.example.org"]);
        let peer = name("unit.example.org");
        assert_eq!(refused(&node, &leaf).await, Refusal::WrongName { peer, names: "other.example.org".to_owned() });
    }

    #[tokio::test]
    async fn a_renewed_certificate_of_a_pinned_key_is_admitted() {
        let node = node().await;
        let pair = KeyPair::generate().unwrap();
        let wish = || Wish { names: dns(&["unit.example.org"]), ..Wish::default() };
        let (first, second) = (node.wished_for(wish(), &pair), node.wished_for(wish(), &pair));
        node.add("unit.example.org", Relation::Unit, &[&first]).await;
        assert_ne!(first.serial, second.serial);
        node.directory.admit(&second.chain()).unwrap();
    }

    #[tokio::test]
    async fn a_revoked_and_a_removed_peer_are_refused_and_lose_their_connections() {
        let node = node().await;
        let (unit, peer) = (name("unit.example.org"), name("peer.example.org"));
        let first = node.admitted("unit.example.org", Relation::Unit).await;
        let second = node.admitted("peer.example.org", Relation::Peer).await;
        let mut changed = node.directory.changed();
        changed.mark_unchanged();
        node.directory.revoke(&unit, "left the department").await.unwrap();
        assert!(changed.has_changed().unwrap());
        assert_eq!(node.directory.still_admits(&first).unwrap_err(), Refusal::PeerRevoked { peer: unit.clone() });
        node.directory.still_admits(&second).unwrap();
        node.directory.remove(&peer).await.unwrap();
        assert_eq!(node.directory.still_admits(&second).unwrap_err(), Refusal::Removed { peer });
        assert_eq!(node.directory.admit(second.chain()).unwrap_err().label(), "not-pinned");
        let kept = node.directory.peer(&unit).unwrap();
        assert_eq!(kept.revoked_because.as_deref(), Some("left the department"));
    }

    #[tokio::test]
    async fn a_key_pinned_for_two_active_peers_proves_neither() {
        let node = node().await;
        let leaf = node.leaf(&["unit.example.org", "peer.example.org"]);
        node.add("unit.example.org", Relation::Unit, &[&leaf]).await;
        let credentials = Arc::clone(node.directory.published().credentials());
        let unit = (*node.directory.peer(&name("unit.example.org")).unwrap()).clone();
        let twin = Peer { name: name("peer.example.org"), ..unit.clone() };
        let pin = (*node.directory.pins(&unit.name).remove(0)).clone();
        let second = Pin { peer: twin.name.clone(), ..pin.clone() };
        let now = tls::unix_time(start());
        let both = Snapshot::new(
            1,
            Arc::clone(&credentials),
            vec![unit.clone(), twin.clone()],
            vec![pin.clone(), second.clone()],
        );
        let refusal = both.judge(&Role::Caller, &leaf.chain(), now).unwrap_err();
        assert_eq!(refusal.label(), "pinned-twice");
        let revoked = Peer { state: PeerState::Revoked, ..twin };
        let one = Snapshot::new(1, credentials, vec![unit, revoked], vec![pin, second]);
        let admitted = one.judge(&Role::Caller, &leaf.chain(), now).unwrap();
        assert_eq!(admitted.peer().name, name("unit.example.org"), "the revoked one does not count");
    }

    #[tokio::test]
    async fn a_called_node_must_be_the_peer_we_meant() {
        let node = node().await;
        let unit = node.leaf(&["unit.example.org"]);
        node.add("unit.example.org", Relation::Unit, &[&unit]).await;
        node.add("peer.example.org", Relation::Peer, &[]).await;
        node.directory.admit_answering(&name("unit.example.org"), &unit.chain()).unwrap();
        let refusal = node.directory.admit_answering(&name("peer.example.org"), &unit.chain()).unwrap_err();
        assert_eq!(refusal.label(), "wrong-name");
    }
}
