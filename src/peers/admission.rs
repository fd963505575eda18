//! Admission: is this chain a pinned certificate of exactly one active peer, whose DNS-ID it carries? Pure.
//!
//! The order is: path validation with revocation (the whole chain), then the names, then the pin. Every DNS-ID of the
//! leaf counts, none is "the first"; a common name never counts (RFC 6546 §3, RFC 6125 §6.4).

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};

use super::certificate::Facts;
use super::credentials::Credentials;
use super::refusal::Refusal;
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
    pins: BTreeMap<PeerName, Vec<Arc<Pin>>>,
    by_key: HashMap<Digest, Vec<PeerName>>,
}

impl Snapshot {
    pub(super) fn new(generation: u64, credentials: Arc<Credentials>, peers: Vec<Peer>, pins: Vec<Pin>) -> Self {
        let peers: BTreeMap<_, _> = peers.into_iter().map(|peer| (peer.name.clone(), Arc::new(peer))).collect();
        let mut by_peer: BTreeMap<PeerName, Vec<Arc<Pin>>> = BTreeMap::new();
        let mut by_key: HashMap<Digest, Vec<PeerName>> = HashMap::new();
        for pin in pins {
            by_key.entry(pin.spki.clone()).or_default().push(pin.peer.clone());
            by_peer.entry(pin.peer.clone()).or_default().push(Arc::new(pin));
        }
        Self { generation, credentials, peers, pins: by_peer, by_key }
    }

    /// The same peers under other credentials.
    pub(super) fn with(&self, generation: u64, credentials: Arc<Credentials>) -> Self {
        let (peers, pins, by_key) = (self.peers.clone(), self.pins.clone(), self.by_key.clone());
        Self { generation, credentials, peers, pins, by_key }
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

    /// The peers whose address is that IP address.
    pub(super) fn by_address(&self, address: IpAddr) -> Vec<Arc<Peer>> {
        let same = |peer: &&Arc<Peer>| host(&peer.address).parse().is_ok_and(|host: IpAddr| host == address);
        self.peers.values().filter(same).cloned().collect()
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
        let holders: Vec<_> = self.holders(&facts.spki).iter().filter_map(|name| self.peers.get(name)).collect();
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

/// The host of `HOST:PORT`, without the brackets of an IPv6 address.
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
