//! For tests of this and of other parts: a node with its PKI, its store and its directory in a temporary directory, and
//! certificates of every kind, good and bad.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
    SerialNumber,
};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use time::OffsetDateTime;

use super::issue::{Algorithm, Authority, Layout, Lifetime, Request, bootstrap, replace};
use super::{Admitted, Config, Directory, NewPeer, PinBy, Relation};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::ids::PeerName;
use crate::store;

/// When the tests take place.
pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-06-01T00:00:00Z").unwrap()
}

pub(crate) fn name(text: &str) -> PeerName {
    text.parse().unwrap()
}

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// A certificate.
pub(crate) struct Leaf {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) serial: String,
}

impl Leaf {
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.der.clone()]
    }
}

/// What a certificate made by hand says.
pub(crate) struct Wish {
    pub(crate) names: Vec<SanType>,
    pub(crate) common_name: Option<&'static str>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) purposes: Vec<ExtendedKeyUsagePurpose>,
    pub(crate) usages: Vec<KeyUsagePurpose>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            common_name: None,
            not_before: start() - DAY,
            not_after: start() + DAY * 100,
            purposes: vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
            usages: Vec::new(),
        }
    }
}

pub(crate) fn dns(names: &[&str]) -> Vec<SanType> {
    names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect()
}

fn date(instant: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(instant.seconds()).unwrap()
}

/// A node in a temporary directory.
pub(crate) struct Node {
    pub(crate) data: TempDir,
    pub(crate) layout: Layout,
    pub(crate) authority: Authority,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: Arc<Directory>,
}

impl Node {
    /// A node of that name with an empty list of peers, trusting its own CA.
    pub(crate) async fn new(own: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let made = bootstrap(data.path(), &name(own), start()).unwrap();
        Self::open(data, made.layout).await
    }

    async fn open(data: TempDir, layout: Layout) -> Self {
        let authority = Authority::open(&layout.ca(), &layout.ca_key()).unwrap();
        let clock = Arc::new(ManualClock::at(start()));
        let store = store::open(&store::Config::default().resolved(data.path())).unwrap();
        let config = Config::default().resolved(data.path());
        let directory = Directory::open(store, &config, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { data, layout, authority, clock, directory }
    }

    /// Another directory with the same files, over that store.
    pub(crate) async fn over(&self, store: Arc<dyn store::Store>) -> Arc<Directory> {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        Directory::open(store, &self.config(), clock).await.unwrap()
    }

    pub(crate) fn config(&self) -> Config {
        Config::default().resolved(self.data.path())
    }

    /// A proper certificate of our own CA.
    pub(crate) fn leaf(&self, names: &[&str]) -> Leaf {
        self.wished(Wish { names: dns(names), ..Wish::default() })
    }

    /// Any certificate of our own CA.
    pub(crate) fn wished(&self, wish: Wish) -> Leaf {
        let key = KeyPair::generate().unwrap();
        self.wished_for(wish, &key)
    }

    /// Any certificate of our own CA for that key.
    pub(crate) fn wished_for(&self, wish: Wish, key: &KeyPair) -> Leaf {
        self.wished_pem(wish, key).0
    }

    /// The same, and as PEM.
    pub(crate) fn wished_pem(&self, wish: Wish, key: &KeyPair) -> (Leaf, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = wish.common_name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.subject_alt_names = wish.names;
        params.not_before = date(wish.not_before);
        params.not_after = date(wish.not_after);
        params.extended_key_usages = wish.purposes;
        params.key_usages = wish.usages;
        params.is_ca = IsCa::ExplicitNoCa;
        let number = uuid::Uuid::new_v4();
        params.serial_number = Some(SerialNumber::from_slice(number.as_bytes()));
        let certificate = params.signed_by(key, self.authority.issuer()).unwrap();
        let der = certificate.der().clone();
        (Leaf { serial: super::Facts::read(&der).unwrap().serial, der }, certificate.pem())
    }

    /// Adds an active peer, pinned by these certificates' keys.
    pub(crate) async fn add(&self, peer: &str, relation: Relation, pins: &[&Leaf]) {
        let pins = pins.iter().map(|leaf| PinBy::Key(super::Facts::read(&leaf.der).unwrap().spki).into());
        let new = NewPeer {
            name: name(peer),
            address: format!("{peer}:4590"),
            relation,
            policy: None,
            networks: Vec::new(),
            pins: pins.collect(),
        };
        self.directory.add(new).await.unwrap();
    }

    /// Adds a peer with a proper certificate, and admits it.
    pub(crate) async fn admitted(&self, peer: &str, relation: Relation) -> Admitted {
        let leaf = self.leaf(&[peer]);
        self.add(peer, relation, &[&leaf]).await;
        self.directory.admit(&leaf.chain()).unwrap()
    }

    /// Writes a revocation list of our own CA with these certificates on it.
    pub(crate) fn revoke(&self, leaves: &[&Leaf], days: u32) -> PathBuf {
        let serials: Vec<_> = leaves.iter().map(|leaf| leaf.serial.clone()).collect();
        let former = self.layout.own_crl();
        let former = former.exists().then_some(former.as_path());
        let list = self.authority.revocation_list(former, &serials, self.clock.now(), days).unwrap();
        replace(&self.layout.own_crl(), &list).unwrap();
        self.layout.own_crl()
    }

    /// Trusts another node's CA, too.
    pub(crate) fn trust(&self, other: &Self) {
        fs::copy(other.layout.ca(), self.layout.trust().join("other.pem")).unwrap();
    }

    /// Gives the node another certificate of the same names for that many days.
    pub(crate) fn renew(&self, names: &[&str], days: u32) {
        let request = Request {
            names: names.iter().map(|text| name(text)).collect(),
            algorithm: Algorithm::EcdsaP256,
            lifetime: Lifetime::days(days, self.clock.now()).unwrap(),
        };
        let issued = self.authority.issue(&request).unwrap();
        fs::write(self.layout.node(), issued.certificate).unwrap();
        fs::write(self.layout.node_key(), issued.key).unwrap();
    }
}
