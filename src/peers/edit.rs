//! Edits of the list of peers: each is checked, is one batch of the store, and is published before it returns.

use ipnet::IpNet;
use rustls_pki_types::CertificateDer;

use super::certificate::Facts;
use super::directory::Directory;
use super::fault::PeersError;
use super::policy::Policy;
use super::uses::PinUse;
use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};
use crate::store::records::{Peer, PeerState, Pin, Relation};
use crate::store::{Batch, Column as _, StoreError};

/// What a peer is pinned by.
#[derive(Clone, Debug)]
pub enum PinBy {
    /// Its certificate, which must carry its DNS-ID.
    Certificate(CertificateDer<'static>),
    /// The SHA-256 of its SubjectPublicKeyInfo, where the certificate is not at hand.
    Key(Digest),
}

/// A pin to be added.
#[derive(Clone, Debug)]
pub struct NewPin {
    /// What the peer is pinned by.
    pub by: PinBy,
    /// What the key may be used for; empty means everything.
    pub uses: Vec<PinUse>,
}

impl From<PinBy> for NewPin {
    fn from(by: PinBy) -> Self {
        Self { by, uses: Vec::new() }
    }
}

/// A peer to be added.
#[derive(Clone, Debug)]
pub struct NewPeer {
    /// Its DNS-ID.
    pub name: PeerName,
    /// Where its RID system listens, `HOST:PORT`.
    pub address: String,
    /// How it stands to us.
    pub relation: Relation,
    /// How it is treated; absent means the defaults.
    pub policy: Option<Policy>,
    /// Networks (CIDR) that are reached through it.
    pub networks: Vec<String>,
    /// What it proves itself with; without any it cannot connect yet.
    pub pins: Vec<NewPin>,
}

/// What to change of a peer; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct PeerChange {
    /// Where its RID system listens, `HOST:PORT`.
    pub address: Option<String>,
    /// How it stands to us.
    pub relation: Option<Relation>,
    /// How it is treated.
    pub policy: Option<Policy>,
    /// Networks (CIDR) that are reached through it, all of them.
    pub networks: Option<Vec<String>>,
}

impl Directory {
    /// Adds a peer.
    ///
    /// # Errors
    /// If there is one of that name, a part of it is not what it should be, or the store fails.
    pub async fn add(&self, new: NewPeer) -> Result<(), PeersError> {
        let _changing = self.begin_change().await?;
        if new.name == self.own_name() {
            return Err(PeersError::OwnName { name: new.name });
        }
        if self.peer(&new.name).is_some() {
            return Err(PeersError::Exists { name: new.name });
        }
        check_address(&new.address)?;
        if let Some(policy) = &new.policy {
            policy.check()?;
        }
        let now = self.clock.now();
        let mut batch = Batch::new();
        batch.insert(&Peer {
            name: new.name.clone(),
            address: new.address,
            relation: new.relation,
            state: PeerState::Active,
            policy: new.policy.as_ref().and_then(Policy::write),
            networks: networks(&new.networks)?,
            added: now,
            changed: now,
            revoked_because: None,
        });
        for pin in new.pins {
            batch.put(&self.checked_pin(&new.name, pin, now)?);
        }
        self.commit(batch, &new.name).await
    }

    /// Pins one more certificate or key for a peer, so that a renewal can overlap; the others stay. For a key that is pinned
    /// already, what it may be used for is what this says.
    ///
    /// # Errors
    /// If there is no such active peer, the certificate does not name it, the key proves another, or the store fails.
    pub async fn pin(&self, name: &PeerName, new: impl Into<NewPin>) -> Result<Digest, PeersError> {
        let _changing = self.begin_change().await?;
        let (mut peer, revision) = self.active(name).await?;
        let now = self.clock.now();
        let pin = self.checked_pin(name, new.into(), now)?;
        peer.changed = now;
        let mut batch = Batch::new();
        // The peer's row is written along so that a removal in between is noticed.
        batch.update(&peer, revision).put(&pin);
        self.commit(batch, name).await?;
        Ok(pin.spki)
    }

    /// Takes a pinned key away from a peer; connections that it proved end.
    ///
    /// # Errors
    /// If there is no such peer or pin, or the store fails.
    pub async fn unpin(&self, name: &PeerName, spki: &Digest) -> Result<(), PeersError> {
        let _changing = self.begin_change().await?;
        let (mut peer, revision) = self.revised(name).await?;
        if !self.pins(name).iter().any(|pin| pin.spki == *spki) {
            return Err(PeersError::NotPinned { spki: spki.clone(), name: name.clone() });
        }
        peer.changed = self.clock.now();
        let mut batch = Batch::new();
        batch.update(&peer, revision).delete::<Pin>(vec![name.to_value(), spki.to_value()]);
        self.commit(batch, name).await
    }

    /// Withdraws all trust from a peer and keeps it for the record; its connections end.
    ///
    /// # Errors
    /// If there is no such active peer, or the store fails.
    pub async fn revoke(&self, name: &PeerName, why: &str) -> Result<(), PeersError> {
        let _changing = self.begin_change().await?;
        let (mut peer, revision) = self.active(name).await?;
        peer.state = PeerState::Revoked;
        peer.revoked_because = Some(why.to_owned());
        peer.changed = self.clock.now();
        let mut batch = Batch::new();
        batch.update(&peer, revision);
        self.commit(batch, name).await
    }

    /// Removes a peer and its pins; its connections end. Messages exchanged with it stay.
    ///
    /// # Errors
    /// If there is no such peer, or the store fails.
    pub async fn remove(&self, name: &PeerName) -> Result<(), PeersError> {
        let _changing = self.begin_change().await?;
        let (peer, revision) = self.revised(name).await?;
        let mut batch = Batch::new();
        batch.update(&peer, revision).delete::<Peer>(vec![name.to_value()]);
        for pin in self.pins(name) {
            batch.delete::<Pin>(vec![name.to_value(), pin.spki.to_value()]);
        }
        self.commit(batch, name).await
    }

    /// Changes what is known of a peer.
    ///
    /// # Errors
    /// If there is no such active peer, a part is not what it should be, or the store fails.
    pub async fn change(&self, name: &PeerName, change: PeerChange) -> Result<(), PeersError> {
        let _changing = self.begin_change().await?;
        let (mut peer, revision) = self.active(name).await?;
        if let Some(address) = change.address {
            check_address(&address)?;
            peer.address = address;
        }
        if let Some(policy) = change.policy {
            policy.check()?;
            peer.policy = policy.write();
        }
        if let Some(list) = change.networks {
            peer.networks = networks(&list)?;
        }
        peer.relation = change.relation.unwrap_or(peer.relation);
        peer.changed = self.clock.now();
        let mut batch = Batch::new();
        batch.update(&peer, revision);
        self.commit(batch, name).await
    }

    async fn commit(&self, batch: Batch, name: &PeerName) -> Result<(), PeersError> {
        let done = self.store.commit(batch).await;
        // After a conflict, too, what the store has now is what holds.
        self.publish_peers().await?;
        done.map_err(|error| match error {
            StoreError::Conflict { .. } => PeersError::ChangedMeanwhile { name: name.clone() },
            error => PeersError::Store(error),
        })
    }

    async fn revised(&self, name: &PeerName) -> Result<(Peer, i64), PeersError> {
        let found = self.store.find_revised::<Peer>(vec![name.to_value()]).await?;
        found.ok_or_else(|| PeersError::NoSuchPeer { name: name.clone() })
    }

    async fn active(&self, name: &PeerName) -> Result<(Peer, i64), PeersError> {
        let (peer, revision) = self.revised(name).await?;
        if peer.is_active() { Ok((peer, revision)) } else { Err(PeersError::PeerRevoked { name: name.clone() }) }
    }

    /// The pin, if it can prove that peer and nobody else.
    fn checked_pin(&self, name: &PeerName, new: NewPin, now: Timestamp) -> Result<Pin, PeersError> {
        let uses = PinUse::write(&new.uses);
        let pin = match new.by {
            PinBy::Key(spki) => {
                // Its certificate, if that is known, is needed for signatures and encryption and proves no more than the key.
                let known = self.pins(name).into_iter().find(|pin| pin.spki == spki);
                let (certificate, not_after) = match known {
                    Some(known) => (known.certificate.clone(), known.not_after),
                    None => (None, None),
                };
                Pin { peer: name.clone(), spki, certificate, not_after, added: now, uses }
            }
            PinBy::Certificate(der) => {
                let facts = Facts::read(&der)?;
                if let Some(wildcard) = facts.wildcard() {
                    return Err(PeersError::Wildcard { wildcard: wildcard.to_owned() });
                }
                if facts.ca {
                    return Err(PeersError::CaPinned);
                }
                if !facts.names().contains(name) {
                    return Err(PeersError::WrongName { name: name.clone(), names: facts.names_line() });
                }
                let (spki, not_after) = (facts.spki, Some(facts.not_after));
                Pin { peer: name.clone(), spki, certificate: Some(der.to_vec()), not_after, added: now, uses }
            }
        };
        let published = self.published();
        let other = published
            .holders(&pin.spki)
            .iter()
            .find(|holder| *holder != name && published.peer(holder).is_some_and(|peer| peer.is_active()));
        match other {
            Some(other) => Err(PeersError::PinnedElsewhere { spki: pin.spki, other: other.clone() }),
            None => Ok(pin),
        }
    }
}

fn check_address(address: &str) -> Result<(), PeersError> {
    let bad = || PeersError::BadAddress { address: address.to_owned() };
    let (host, port) = address.rsplit_once(':').ok_or_else(bad)?;
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_one = match bracketed {
        Some(host) => host.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.parse::<PeerName>().is_ok(),
    };
    let port_is_one = port.parse::<u16>().is_ok_and(|port| port != 0);
    if host_is_one && port_is_one { Ok(()) } else { Err(bad()) }
}

/// The networks as the record keeps them.
fn networks(list: &[String]) -> Result<Option<String>, PeersError> {
    let mut kept = Vec::new();
    for network in list {
        let parsed: IpNet = network.parse().map_err(|_| PeersError::BadNetwork { network: network.clone() })?;
        kept.push(parsed.trunc().to_string());
    }
    Ok((!kept.is_empty()).then(|| kept.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Leaf, Node, name};
    use super::*;

    const UNIT: &str = "unit.example.org";

    fn new(peer: &str, address: &str, networks: &[&str], pins: Vec<NewPin>) -> NewPeer {
        NewPeer {
            name: name(peer),
            address: address.to_owned(),
            relation: Relation::Unit,
            policy: None,
            networks: networks.iter().map(|network| (*network).to_owned()).collect(),
            pins,
        }
    }

    fn by(leaf: &Leaf) -> NewPin {
        PinBy::Certificate(leaf.der.clone()).into()
    }

    #[tokio::test]
    async fn a_peer_is_added_once_and_with_what_is_right_only() {
        let node = Node::new("dept.example.org").await;
        let add = async |peer, address, networks: &[&str], pins| {
            node.directory.add(new(peer, address, networks, pins)).await.map_err(|error| error.to_string())
        };
        let other = node.leaf(&["other.example.org"]);
        let wildcard = node.leaf(&[UNIT, "*.example.org"]);
        let cases = [
            (add("dept.example.org", "a:1", &[], vec![]).await, "is our own name"),
            (add(UNIT, "unit.example.org", &[], vec![]).await, "is no address"),
            (add(UNIT, "a:0", &[], vec![]).await, "is no address"),
            (add(UNIT, "2001:db8::1:4590", &[], vec![]).await, "is no address"),
            (add(UNIT, "a:1", &["192.0.2.0/33"], vec![]).await, "is no network"),
            (add(UNIT, "a:1", &[], vec![by(&other)]).await, "does not carry the DNS-ID unit.example.org"),
            (add(UNIT, "a:1", &[], vec![by(&wildcard)]).await, "carries the wildcard"),
        ];
        for (said, part) in cases {
            let said = said.unwrap_err();
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(node.directory.peers().is_empty(), "nothing of them was kept");
        add(UNIT, "[2001:db8::1]:4590", &["192.0.2.7/24", "2001:db8::/32"], vec![]).await.unwrap();
        let kept = node.directory.peer(&name(UNIT)).unwrap();
        assert_eq!(kept.networks.as_deref(), Some("192.0.2.0/24 2001:db8::/32"), "host bits are cut off");
        assert!(add(UNIT, "a:1", &[], vec![]).await.unwrap_err().contains("there is already a peer"));
    }

    #[tokio::test]
    async fn a_ca_is_not_pinned() {
        let node = Node::new("dept.example.org").await;
        let ca = super::super::files::certificates(&node.layout.ca()).unwrap().remove(0).der;
        let added = node.directory.add(new(UNIT, "a:1", &[], vec![PinBy::Certificate(ca).into()])).await;
        assert!(matches!(added, Err(PeersError::CaPinned)));
    }

    #[tokio::test]
    async fn pins_overlap_and_one_taken_away_no_longer_admits() {
        let node = Node::new("dept.example.org").await;
        let (old, young) = (node.leaf(&[UNIT]), node.leaf(&[UNIT]));
        node.directory.add(new(UNIT, "a:1", &[], vec![by(&old)])).await.unwrap();
        node.directory.pin(&name(UNIT), by(&young)).await.unwrap();
        let open = node.directory.admit(&old.chain()).unwrap();
        node.directory.admit(&young.chain()).unwrap();
        node.directory.unpin(&name(UNIT), open.certificate()).await.unwrap();
        assert_eq!(node.directory.still_admits(&open).unwrap_err().label(), "not-pinned");
        node.directory.admit(&young.chain()).unwrap();
        let again = node.directory.unpin(&name(UNIT), open.certificate()).await;
        assert!(matches!(again, Err(PeersError::NotPinned { .. })));
    }

    #[tokio::test]
    async fn one_key_is_not_pinned_for_two_active_peers() {
        let node = Node::new("dept.example.org").await;
        let leaf = node.leaf(&[UNIT, "peer.example.org"]);
        node.directory.add(new(UNIT, "a:1", &[], vec![by(&leaf)])).await.unwrap();
        let second = || new("peer.example.org", "a:1", &[], vec![by(&leaf)]);
        let refused = node.directory.add(second()).await;
        assert!(matches!(refused, Err(PeersError::PinnedElsewhere { .. })));
        node.directory.revoke(&name(UNIT), "moved").await.unwrap();
        node.directory.add(second()).await.unwrap();
        assert_eq!(node.directory.admit(&leaf.chain()).unwrap().peer().name, name("peer.example.org"));
    }

    #[tokio::test]
    async fn a_revoked_peer_is_changed_no_more() {
        let node = Node::new("dept.example.org").await;
        node.directory.add(new(UNIT, "a:1", &[], vec![])).await.unwrap();
        node.directory.revoke(&name(UNIT), "why").await.unwrap();
        let leaf = node.leaf(&[UNIT]);
        assert!(matches!(node.directory.pin(&name(UNIT), by(&leaf)).await, Err(PeersError::PeerRevoked { .. })));
        let changed = node.directory.change(&name(UNIT), PeerChange::default()).await;
        assert!(matches!(changed, Err(PeersError::PeerRevoked { .. })));
        node.directory.remove(&name(UNIT)).await.unwrap();
        assert!(matches!(node.directory.remove(&name(UNIT)).await, Err(PeersError::NoSuchPeer { .. })));
    }

    #[tokio::test]
    async fn the_list_of_peers_outlives_the_directory() {
        let node = Node::new("dept.example.org").await;
        let leaf = node.leaf(&[UNIT]);
        let policy = Policy { callback_port: 4591, ..Policy::default() };
        node.directory
            .add(NewPeer { policy: Some(policy.clone()), ..new(UNIT, "a:1", &[], vec![by(&leaf)]) })
            .await
            .unwrap();
        let (store, config) = (std::sync::Arc::clone(&node.directory.store), node.config());
        let again = Directory::open(store, &config, std::sync::Arc::clone(&node.directory.clock)).await.unwrap();
        assert_eq!(again.admit(&leaf.chain()).unwrap().peer().name, name(UNIT));
        assert_eq!(Policy::read(again.peer(&name(UNIT)).unwrap().policy.as_deref()).unwrap(), policy);
    }
}
