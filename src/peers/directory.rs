//! The directory of peers: who is one, whom to admit, and the TLS configurations of the moment.
//!
//! Opened once by the daemon and shared by all parts. Readers get a snapshot and never wait for a file or the store.
//! Whatever changes is checked in full and then published at once under a new generation; a fault changes nothing.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls_pki_types::CertificateDer;
use tokio::sync::watch;

use super::admission::{Role, Snapshot};
use super::changes::{Changes, compare, compare_peers};
use super::credentials::{Credentials, Occasion};
use super::fault::{Fault, PeersError};
use super::refusal::Refusal;
use super::{Admitted, Config, tls};
use crate::clock::Clock;
use crate::ids::PeerName;
use crate::store::records::{Peer, Pin, Relation};
use crate::store::{Bound, Record, Scan, Store};

/// How many rows are read from the store at a time.
const PAGE: usize = 1_000;

/// All peers, with what proves them and us.
pub struct Directory {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    config: Mutex<Config>,
    snapshot: RwLock<Arc<Snapshot>>,
    generation: watch::Sender<u64>,
    /// Held through every change, so that no two publish over each other.
    pub(super) changing: tokio::sync::Mutex<()>,
}

impl Directory {
    /// Reads and checks all files, then the peers of the store. `config` has its paths resolved.
    ///
    /// # Errors
    /// [`PeersError::Faults`] with all that is wrong. What has merely run out (our certificate, a CA, a revocation
    /// list) is logged as a warning instead: it refuses those it concerns.
    pub async fn open(store: Arc<dyn Store>, config: &Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, PeersError> {
        let (credentials, warnings) = load(config, &clock, Occasion::Opening).await?;
        warn(&warnings);
        let (peers, pins) = (all::<Peer>(&*store).await?, all::<Pin>(&*store).await?);
        let snapshot = Snapshot::new(1, Arc::new(credentials), peers, pins);
        Ok(Arc::new(Self {
            store,
            clock,
            config: Mutex::new(config.clone()),
            snapshot: RwLock::new(Arc::new(snapshot)),
            generation: watch::Sender::new(1),
            changing: tokio::sync::Mutex::new(()),
        }))
    }

    /// Our own DNS-ID.
    pub fn own_name(&self) -> PeerName {
        self.published().credentials().name().clone()
    }

    /// Our certificate (DER) with the intermediate CAs behind it.
    pub fn own_chain(&self) -> Vec<CertificateDer<'static>> {
        self.published().credentials().chain().iter().map(|one| one.der.clone()).collect()
    }

    /// What a listener speaks now; ask again for every connection.
    pub fn server_tls(&self) -> Arc<rustls::ServerConfig> {
        self.current().credentials().server_tls()
    }

    /// What a listener for browsers speaks now, which asks for no certificate; ask again for every connection.
    pub fn site_tls(&self) -> Arc<rustls::ServerConfig> {
        self.published().credentials().site_tls()
    }

    /// What a connection to that peer speaks now; ask again for every connection. The handshake fails unless the other
    /// side is exactly that peer.
    ///
    /// # Errors
    /// If there is no such peer or TLS cannot be set up.
    pub fn client_tls(&self, peer: &PeerName) -> Result<Arc<rustls::ClientConfig>, PeersError> {
        let snapshot = self.current();
        if snapshot.peer(peer).is_none() {
            return Err(PeersError::NoSuchPeer { name: peer.clone() });
        }
        tls::client_config(peer, snapshot, Arc::clone(&self.clock))
            .map(Arc::new)
            .map_err(|error| PeersError::Tls { why: error.to_string() })
    }

    /// The name to give TLS for a connection to that peer, whatever address it is reached at.
    ///
    /// # Errors
    /// If TLS takes the name for none.
    pub fn server_name(peer: &PeerName) -> Result<rustls_pki_types::ServerName<'static>, PeersError> {
        tls::server_name(peer).ok_or_else(|| PeersError::Tls { why: format!("{peer} is no DNS name") })
    }

    /// Whose certificate a caller showed, its own first: the admission check, after the handshake and before HTTP.
    ///
    /// # Errors
    /// The reason, for our own log; the caller is told nothing.
    pub fn admit(&self, chain: &[CertificateDer<'_>]) -> Result<Admitted, Refusal> {
        self.current().judge(&Role::Caller, chain, tls::unix_time(self.clock.now()))
    }

    /// The same for a node that we called, which must be the peer we meant.
    ///
    /// # Errors
    /// The reason.
    pub fn admit_answering(&self, peer: &PeerName, chain: &[CertificateDer<'_>]) -> Result<Admitted, Refusal> {
        self.current().judge(&Role::Answerer(peer.clone()), chain, tls::unix_time(self.clock.now()))
    }

    /// Whether a connection that was admitted would be admitted again, as the same peer.
    ///
    /// # Errors
    /// The reason why the connection must end.
    pub fn still_admits(&self, admitted: &Admitted) -> Result<(), Refusal> {
        let snapshot = self.current();
        let name = &admitted.peer().name;
        if snapshot.peer(name).is_none() {
            return Err(Refusal::Removed { peer: name.clone() });
        }
        let again = snapshot.judge(&admitted.role, admitted.chain(), tls::unix_time(self.clock.now()))?;
        if again.peer().name == *name { Ok(()) } else { Err(Refusal::Removed { peer: name.clone() }) }
    }

    /// Counts the changes: whoever holds connections asks [`Self::still_admits`] for each when it moves.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Lets what has run out meanwhile take effect on open connections; new ones see it anyway. Cheap.
    pub fn tick(&self) {
        drop(self.current());
    }

    /// The peer of that name.
    pub fn peer(&self, name: &PeerName) -> Option<Arc<Peer>> {
        self.published().peer(name).cloned()
    }

    /// All peers, in order of their names; revoked ones too.
    pub fn peers(&self) -> Vec<Arc<Peer>> {
        self.published().peers().cloned().collect()
    }

    /// The active peers of that relation, in order of their names.
    pub fn with_relation(&self, relation: Relation) -> Vec<Arc<Peer>> {
        let active = |peer: &&Arc<Peer>| peer.relation == relation && peer.is_active();
        self.published().peers().filter(active).cloned().collect()
    }

    /// The certificates pinned for that peer.
    pub fn pins(&self, name: &PeerName) -> Vec<Arc<Pin>> {
        self.published().pins(name).to_vec()
    }

    /// Reads and checks all files and the peers anew, then publishes them at once.
    ///
    /// # Errors
    /// [`PeersError::Faults`] with all that is wrong; nothing has changed then.
    pub async fn reload(&self) -> Result<Changes, PeersError> {
        let config = self.config.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.reload_with(&config).await
    }

    /// The same with another configuration, which then holds for later reloads, too.
    ///
    /// # Errors
    /// As [`Self::reload`].
    pub async fn reload_with(&self, config: &Config) -> Result<Changes, PeersError> {
        let _changing = self.changing.lock().await;
        let (credentials, warnings) = load(config, &self.clock, Occasion::Reloading).await?;
        let (peers, pins) = (all::<Peer>(&*self.store).await?, all::<Pin>(&*self.store).await?);
        warn(&warnings);
        let before = self.published();
        let credentials = credentials.succeeding(before.credentials());
        let mut changed = compare(before.credentials(), &credentials);
        changed.append(&mut compare_peers(&before, &peers, &pins));
        self.publish(Arc::new(credentials), peers, pins);
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config.clone();
        Ok(Changes { changed, warnings: warnings.iter().map(ToString::to_string).collect() })
    }

    /// Takes up what other nodes have changed in the list of peers, a line each; connections of peers that are gone end here,
    /// too. Files are each node's own: see [`Self::reload`].
    ///
    /// # Errors
    /// If the store cannot be read; nothing has changed then.
    pub async fn heard(&self) -> Result<Vec<String>, PeersError> {
        let _changing = self.changing.lock().await;
        self.follow_store().await
    }

    /// Held while the list of peers is being changed, which is then known as it is in the store.
    pub(super) async fn begin_change(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, PeersError> {
        let changing = self.changing.lock().await;
        if self.store.tidings().is_some() {
            self.follow_store().await?;
        }
        Ok(changing)
    }

    async fn follow_store(&self) -> Result<Vec<String>, PeersError> {
        let (peers, pins) = (all::<Peer>(&*self.store).await?, all::<Pin>(&*self.store).await?);
        let before = self.published();
        let mut changed = compare_peers(&before, &peers, &pins);
        if changed.is_empty() && before.has_other_pins(&pins) {
            changed.push("what is known of pinned keys was changed".to_owned());
        }
        if !changed.is_empty() {
            self.publish(Arc::clone(before.credentials()), peers, pins);
        }
        Ok(changed)
    }

    /// Publishes the peers as the store has them now, under the running credentials.
    pub(super) async fn publish_peers(&self) -> Result<(), PeersError> {
        let (peers, pins) = (all::<Peer>(&*self.store).await?, all::<Pin>(&*self.store).await?);
        let credentials = Arc::clone(self.published().credentials());
        self.publish(credentials, peers, pins);
        Ok(())
    }

    fn publish(&self, credentials: Arc<Credentials>, peers: Vec<Peer>, pins: Vec<Pin>) {
        let mut slot = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        let generation = slot.generation().saturating_add(1);
        *slot = Arc::new(Snapshot::new(generation, credentials, peers, pins));
        drop(slot);
        self.generation.send_replace(generation);
    }

    /// The snapshot as it was last published.
    pub(super) fn published(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The snapshot for the present moment: made anew where a CA or a revocation list has run out meanwhile.
    pub(super) fn current(&self) -> Arc<Snapshot> {
        let now = self.clock.now();
        let published = self.published();
        if published.credentials().holds_at(now) {
            return published;
        }
        let mut slot = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        if slot.credentials().holds_at(now) {
            return Arc::clone(&slot);
        }
        match slot.credentials().renewed(&self.clock) {
            Ok(renewed) => {
                tracing::warn!("a CA or a revocation list has begun or run out; see `ridd status`");
                let generation = slot.generation().saturating_add(1);
                *slot = Arc::new(slot.with(generation, Arc::new(renewed)));
                let current = Arc::clone(&slot);
                drop(slot);
                self.generation.send_replace(generation);
                current
            }
            Err(error) => {
                tracing::error!(%error, "the TLS set-up could not follow the time; the former one goes on");
                Arc::clone(&slot)
            }
        }
    }
}

async fn load(
    config: &Config,
    clock: &Arc<dyn Clock>,
    occasion: Occasion,
) -> Result<(Credentials, Vec<Fault>), PeersError> {
    let (config, clock) = (config.clone(), Arc::clone(clock));
    let read = tokio::task::spawn_blocking(move || Credentials::load(&config, &clock, occasion));
    read.await.map_err(|_| PeersError::BrokenOff)?
}

fn warn(warnings: &[Fault]) {
    for warning in warnings {
        tracing::warn!(file = %warning.file.display(), "{}", warning.why);
    }
}

/// All records of one kind, page by page.
async fn all<R: Record>(store: &dyn Store) -> Result<Vec<R>, PeersError> {
    let mut records = Vec::new();
    let mut scan = Scan::of::<R>(PAGE);
    loop {
        let rows = store.rows(scan.clone()).await?;
        let last = (rows.len() == PAGE).then(|| rows.last().map(|row| row.key(R::TABLE))).flatten();
        for row in rows {
            records.push(R::from_row(row)?);
        }
        match last {
            Some(key) => scan = Scan::of::<R>(PAGE).from(Bound::Excluding(key)),
            None => return Ok(records),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::super::testing::{DAY, Node, name, start};
    use super::*;

    async fn node() -> Node {
        Node::new("dept.example.org").await
    }

    /// The faults of a reload that must fail and change nothing.
    async fn faults(node: &Node) -> String {
        let before = (node.directory.published(), *node.directory.changed().borrow());
        let error = node.directory.reload().await.unwrap_err();
        assert!(Arc::ptr_eq(&before.0, &node.directory.published()), "nothing is published");
        assert_eq!(before.1, *node.directory.changed().borrow());
        error.to_string()
    }

    #[tokio::test]
    async fn a_reload_without_changes_says_so() {
        let node = node().await;
        assert_eq!(node.directory.reload().await.unwrap(), Changes::default());
        assert_eq!(node.directory.own_name(), name("dept.example.org"));
    }

    #[tokio::test]
    async fn a_new_certificate_is_published_at_once() {
        let node = node().await;
        let mut changed = node.directory.changed();
        changed.mark_unchanged();
        let before = node.directory.own_chain();
        node.renew(&["dept.example.org"], 90);
        let changes = node.directory.reload().await.unwrap();
        assert!(changes.changed[0].starts_with("our certificate is the one until 2026-08-30"), "{changes:?}");
        assert_ne!(node.directory.own_chain(), before);
        assert!(changed.has_changed().unwrap());
    }

    #[tokio::test]
    async fn every_fault_of_every_file_is_told_and_nothing_changes() {
        let (node, other) = (node().await, node().await);
        fs::copy(other.layout.node_key(), node.layout.node_key()).unwrap();
        fs::copy(node.layout.node(), node.layout.trust().join("node.pem")).unwrap();
        let said = faults(&node).await;
        assert!(said.contains("node.key: is not the key of the certificate"), "{said}");
        assert!(said.contains("trust/node.pem: O=dept.example.org is no CA"), "{said}");
        fs::write(node.layout.trust().join("junk.pem"), "junk").unwrap();
        fs::write(node.layout.own_crl(), "junk").unwrap();
        fs::remove_file(node.layout.node_key()).unwrap();
        let said = faults(&node).await;
        for part in ["junk.pem: holds no certificate", "own.pem: holds no revocation list", "node.key: cannot be read"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[tokio::test]
    async fn our_own_certificate_must_pass_under_our_own_name_first() {
        let (node, other) = (node().await, node().await);
        for (from, to) in [(other.layout.node(), node.layout.node()), (other.layout.node_key(), node.layout.node_key())]
        {
            fs::copy(from, to).unwrap();
        }
        let said = faults(&node).await;
        assert!(said.contains("node.pem: would be refused by peers: its certificate comes from no CA"), "{said}");
        node.renew(&["dept.example.org", "alias.example.org"], 90);
        let said = faults(&node).await;
        assert!(said.contains("carries several DNS-IDs (dept.example.org, alias.example.org)"), "{said}");
        let config = Config { name: Some(name("alias.example.org")), ..node.config() };
        node.directory.reload_with(&config).await.unwrap();
        assert_eq!(node.directory.own_name(), name("alias.example.org"));
    }

    #[tokio::test]
    async fn our_own_revoked_or_expired_certificate_is_a_fault_in_a_reload() {
        let node = node().await;
        let own = super::super::Facts::read(&node.directory.own_chain()[0]).unwrap();
        let list = node.authority.revocation_list(None, &[own.serial], start(), 30).unwrap();
        fs::write(node.layout.own_crl(), list).unwrap();
        let said = faults(&node).await;
        assert!(said.contains("is revoked by its CA"), "{said}");
        fs::remove_file(node.layout.own_crl()).unwrap();
        node.clock.advance(DAY * 400);
        let said = faults(&node).await;
        assert!(said.contains("node.pem: is valid only from"), "{said}");
    }

    #[tokio::test]
    async fn a_revocation_takes_effect_at_the_reload_also_on_open_connections() {
        let node = node().await;
        let (good, bad) = (node.leaf(&["unit.example.org"]), node.leaf(&["peer.example.org"]));
        node.add("unit.example.org", Relation::Unit, &[&good]).await;
        node.add("peer.example.org", Relation::Peer, &[&bad]).await;
        let open = node.directory.admit(&bad.chain()).unwrap();
        node.revoke(&[&bad], 30);
        node.directory.still_admits(&open).unwrap();
        let changes = node.directory.reload().await.unwrap();
        assert_eq!(changes.changed, ["revocation lists: 1 added, 0 removed, 1 now"]);
        assert_eq!(node.directory.still_admits(&open).unwrap_err(), Refusal::Revoked);
        node.directory.admit(&good.chain()).unwrap();
    }

    #[tokio::test]
    async fn a_list_counts_on_and_keeps_what_it_listed() {
        let node = node().await;
        let (first, second) = (node.leaf(&["a.example.org"]), node.leaf(&["b.example.org"]));
        node.revoke(&[&first], 30);
        let file = node.revoke(&[&second, &first], 30);
        let read = super::super::files::revocation_lists(&file).unwrap().remove(0).facts;
        let serials: Vec<_> = read.revoked.iter().map(|entry| entry.serial.as_str()).collect();
        assert_eq!((read.number.as_deref(), serials), (Some("2"), vec![first.serial.as_str(), &second.serial]));
    }

    #[tokio::test]
    async fn a_stale_list_refuses_and_is_a_fault_in_a_reload() {
        let node = node().await;
        let leaf = node.leaf(&["unit.example.org"]);
        node.add("unit.example.org", Relation::Unit, &[&leaf]).await;
        node.revoke(&[], 30);
        node.directory.reload().await.unwrap();
        let admitted = node.directory.admit(&leaf.chain()).unwrap();
        let mut changed = node.directory.changed();
        changed.mark_unchanged();
        node.clock.advance(DAY * 31);
        node.directory.tick();
        assert!(changed.has_changed().unwrap(), "open connections are asked again");
        let due = Refusal::StaleCrl { next_update: Some(start() + DAY * 30) };
        assert_eq!(node.directory.still_admits(&admitted).unwrap_err(), due);
        assert!(faults(&node).await.contains("own.pem: is out of date"));
        node.revoke(&[], 30);
        node.directory.reload().await.unwrap();
        node.directory.still_admits(&admitted).unwrap();
    }

    #[tokio::test]
    async fn a_list_with_a_wrong_signature_is_a_fault() {
        let (node, other) = (node().await, node().await);
        node.revoke(&[], 30);
        let list = fs::read(node.layout.own_crl()).unwrap();
        let mut der = super::super::files::revocation_lists(&node.layout.own_crl()).unwrap().remove(0).der.to_vec();
        *der.last_mut().unwrap() ^= 1;
        let body = pem(&der);
        fs::write(node.layout.own_crl(), body).unwrap();
        let said = faults(&node).await;
        assert!(said.contains("own.pem: is not signed by the CA it names"), "{said}");
        // A list of a CA that we do not trust directly is kept: its certificate may come with a chain.
        fs::write(node.layout.own_crl(), list).unwrap();
        other.revoke(&[], 30);
        fs::copy(other.layout.own_crl(), node.layout.crl().join("other.pem")).unwrap();
        node.directory.reload().await.unwrap();
    }

    fn pem(der: &[u8]) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::from("-----BEGIN X509 CRL-----\n");
        for chunk in der.chunks(3) {
            let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for at in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
                text.push(if at > chunk.len() { '=' } else { char::from(digit) });
            }
        }
        text + "\n-----END X509 CRL-----\n"
    }

    #[tokio::test]
    async fn require_crl_wants_a_list_of_every_ca() {
        let (node, other) = (node().await, node().await);
        node.trust(&other);
        node.revoke(&[], 30);
        let config = Config { require_crl: true, ..node.config() };
        let error = node.directory.reload_with(&config).await.unwrap_err().to_string();
        assert!(error.contains("has no list of CN=ridd CA of dept.example.org"), "{error}");
        fs::copy(other.revoke(&[], 30), node.layout.crl().join("other.pem")).unwrap();
        node.directory.reload_with(&config).await.unwrap();
    }

    #[tokio::test]
    async fn a_trusted_ca_that_runs_out_no_longer_admits() {
        let node = node().await;
        let wish = super::super::testing::Wish {
            names: super::super::testing::dns(&["unit.example.org"]),
            not_after: start() + DAY * 9000,
            ..Default::default()
        };
        let leaf = node.wished(wish);
        node.add("unit.example.org", Relation::Unit, &[&leaf]).await;
        node.directory.admit(&leaf.chain()).unwrap();
        node.clock.advance(DAY * 3651);
        assert_eq!(node.directory.admit(&leaf.chain()).unwrap_err(), Refusal::NotTrusted);
    }

    #[tokio::test]
    async fn peers_are_found_by_name_and_relation() {
        let node = node().await;
        node.add("b.example.org", Relation::Unit, &[]).await;
        node.add("a.example.org", Relation::Unit, &[]).await;
        node.add("c.example.org", Relation::Authority, &[]).await;
        let change = super::super::PeerChange { relation: Some(Relation::Peer), ..Default::default() };
        node.directory.change(&name("c.example.org"), change).await.unwrap();
        assert_eq!(node.directory.peer(&name("c.example.org")).unwrap().relation, Relation::Peer);
        let names = |peers: Vec<Arc<Peer>>| peers.iter().map(|peer| peer.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(node.directory.with_relation(Relation::Unit)), ["a.example.org", "b.example.org"]);
        assert_eq!(names(node.directory.peers()).len(), 3);
        node.directory.revoke(&name("b.example.org"), "").await.unwrap();
        assert_eq!(names(node.directory.with_relation(Relation::Unit)), ["a.example.org"]);
    }

    #[tokio::test]
    async fn what_runs_out_soon_is_listed_soonest_first() {
        let node = node().await;
        let leaf = node.leaf(&["unit.example.org"]);
        let by = super::super::PinBy::Certificate(leaf.der.clone());
        node.add("unit.example.org", Relation::Unit, &[]).await;
        node.directory.pin(&name("unit.example.org"), by).await.unwrap();
        node.revoke(&[], 20);
        node.directory.reload().await.unwrap();
        let whose = |days: u64| {
            let soon = node.directory.expiring(start(), Duration::from_secs(days * 24 * 3600));
            soon.into_iter().map(|one| one.whose).collect::<Vec<_>>()
        };
        assert_eq!(whose(19), Vec::<String>::new());
        assert_eq!(whose(30), ["crl"]);
        assert_eq!(whose(370), ["crl", "peer unit.example.org", "ours"]);
    }
}
