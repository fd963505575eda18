//! The directory of peers: who is one, whom to admit, and the TLS configurations of the moment.
//!
//! Opened once by the daemon and shared by all parts. Readers get a snapshot and never wait for a file or the store.
//! Whatever changes is checked in full and then published at once under a new generation; a fault changes nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls_pki_types::CertificateDer;
use serde::Serialize;
use tokio::sync::watch;

use super::admission::{Role, Snapshot};
use super::credentials::{Credentials, Occasion};
use super::fault::{Fault, PeersError};
use super::refusal::Refusal;
use super::{Admitted, Config, tls};
use crate::clock::Clock;
use crate::ids::{Digest, PeerName};
use crate::store::records::{Peer, Pin, Relation};
use crate::store::{Bound, Record, Scan, Store};

/// How many rows are read from the store at a time.
const PAGE: usize = 1_000;

/// What a reload or an edit changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Changes {
    /// One line for each thing that is different now.
    pub changed: Vec<String>,
    /// What is not as it should be, but was accepted.
    pub warnings: Vec<String>,
}

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

    /// The peers whose configured address is that IP address; a host name is not looked up.
    pub fn by_address(&self, address: IpAddr) -> Vec<Arc<Peer>> {
        self.published().by_address(address)
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
        let mut changed = compare(before.credentials(), &credentials);
        changed.append(&mut compare_peers(&before, &peers, &pins));
        self.publish(Arc::new(credentials), peers, pins);
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config.clone();
        Ok(Changes { changed, warnings: warnings.iter().map(ToString::to_string).collect() })
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

fn compare(before: &Credentials, after: &Credentials) -> Vec<String> {
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

fn compare_peers(before: &Snapshot, peers: &[Peer], pins: &[Pin]) -> Vec<String> {
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
