//! The node's own certificate and key, the CAs it trusts and their revocation lists, checked to fit together before any
//! connection sees them.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};

use super::certificate::{CrlOrigin, Facts, crl_origin};
use super::config::Config;
use super::fault::{Fault, PeersError};
use super::files::{Files, ReadCertificate, ReadCrl};
use super::keys::{self, Keys, ReadKeys};
use super::refusal::Refusal;
use super::tls;
use super::verdict::Verdicts;
use crate::clock::{Clock, Timestamp};
use crate::ids::{Digest, PeerName};

/// How hard the check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// The node starts: what has merely run out is warned of, for a node that does not start cannot be mended from
    /// within; it refuses whom it must refuse.
    Opening,
    /// New files are to replace running ones: they must be right in every way.
    Reloading,
}

/// What was loaded, with the verifiers and the TLS configuration made from it.
pub(super) struct Credentials {
    own: Own,
    trust: Vec<ReadCertificate>,
    crls: Vec<ReadCrl>,
    require_crl: bool,
    clients: Arc<dyn ClientCertVerifier>,
    servers: Arc<WebPkiServerVerifier>,
    server_tls: Arc<rustls::ServerConfig>,
    site_tls: Arc<rustls::ServerConfig>,
    /// When the next CA or revocation list begins or ends, so that these verifiers must be made anew.
    holds_until: Timestamp,
    /// Whether there is any CA left whose time has not run out.
    any_anchor: bool,
    /// What these CAs and revocation lists have said of certificates.
    verdicts: Verdicts,
}

/// What is our own: as long as the files are the same, so is this.
#[derive(Clone)]
struct Own {
    name: PeerName,
    /// Our certificate, then its intermediate CAs.
    chain: Vec<ReadCertificate>,
    /// Our certificates for signing and encryption, where they are others than that of TLS.
    papers: Vec<ReadCertificate>,
    identity: Arc<SingleCertAndKey>,
    keys: Arc<Keys>,
}

/// The two verifiers over the same CAs and revocation lists.
pub(super) struct Verifiers {
    pub(super) clients: Arc<dyn ClientCertVerifier>,
    servers: Arc<WebPkiServerVerifier>,
}

impl Credentials {
    /// Reads and checks all files. The warnings are about what does no harm yet.
    pub(super) fn load(
        config: &Config,
        clock: &Arc<dyn Clock>,
        occasion: Occasion,
    ) -> Result<(Self, Vec<Fault>), PeersError> {
        let mut files = Files::read(config).map_err(|faults| PeersError::Faults { faults })?;
        let mut check = Check { now: clock.now(), occasion, faults: Vec::new(), warnings: Vec::new() };
        check.warnings.append(&mut files.warnings);
        // webpki takes the first list of an issuer, so the newest stands first.
        files.crls.sort_by_key(|crl| std::cmp::Reverse(crl.facts.this_update));
        let name = check.own_name(config, &files);
        check.trust(config, &files);
        check.crls(config, &files);
        let certified = CertifiedKey::from_der(
            files.chain.iter().map(|certificate| certificate.der.clone()).collect(),
            files.key.clone_key(),
            &tls::provider(),
        );
        let certified = match certified {
            Ok(certified) => Some(certified),
            Err(rustls::Error::InconsistentKeys(_)) => {
                let certificate = config.certificate.display();
                check.fault(&config.key, format!("is not the key of the certificate {certificate}"));
                None
            }
            Err(error) => {
                check.fault(&config.key, format!("is no key that TLS can use: {error}"));
                None
            }
        };
        let (keys, mut faults, mut warnings) = keys::read(config, &files.chain, files.passphrase.as_ref());
        check.faults.append(&mut faults);
        check.warnings.append(&mut warnings);
        let (Some(name), Some(certified), Some(keys), true) = (name, certified, keys, check.faults.is_empty()) else {
            return Err(PeersError::Faults { faults: check.faults });
        };
        let ReadKeys { keys, papers } = keys;
        check.own_chain(&config.certificate, &files.chain, &files, &name, true);
        for papers in &papers {
            check.own_chain(&papers.file, &papers.chain, &files, &name, false);
        }
        if !check.faults.is_empty() {
            return Err(PeersError::Faults { faults: check.faults });
        }
        let identity = Arc::new(SingleCertAndKey::from(certified));
        let Files { chain, trust, crls, .. } = files;
        let papers = papers.into_iter().filter_map(|papers| papers.chain.into_iter().next()).collect();
        let own = Own { name, chain, papers, identity, keys: Arc::new(keys) };
        let made = Self::made(own, trust, crls, config.require_crl, clock)?;
        Ok((made, check.warnings))
    }

    /// The same material judged at the present time: CAs whose time has run out are left out.
    pub(super) fn renewed(&self, clock: &Arc<dyn Clock>) -> Result<Self, PeersError> {
        Self::made(self.own.clone(), self.trust.clone(), self.crls.clone(), self.require_crl, clock)
    }

    /// The same with what `before` could open: messages for its keys are still under way.
    pub(super) fn succeeding(mut self, before: &Self) -> Self {
        let keys = Arc::unwrap_or_clone(self.own.keys);
        self.own.keys = Arc::new(keys.succeeding(&before.own.keys));
        self
    }

    fn made(
        own: Own,
        trust: Vec<ReadCertificate>,
        crls: Vec<ReadCrl>,
        require_crl: bool,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, PeersError> {
        let now = clock.now();
        let alive: Vec<_> = trust.iter().filter(|ca| alive(&ca.facts, now)).collect();
        let any_anchor = !alive.is_empty();
        // Without any CA left the verifiers are made over the dead ones; `judge` asks `any_anchor` first.
        let anchors = if any_anchor { alive } else { trust.iter().collect() };
        let lists = crls.iter().map(|crl| crl.der.clone()).collect();
        let tls_error = |error: String| PeersError::Tls { why: error };
        let Verifiers { clients, servers } = verifiers(&anchors, lists, require_crl, true).map_err(tls_error)?;
        let server_tls = tls::server_config(Arc::clone(&clients), Arc::clone(&own.identity), Arc::clone(clock))
            .map_err(|error| tls_error(error.to_string()))?;
        let site_tls = tls::site_config(Arc::clone(&own.identity), Arc::clone(clock));
        let site_tls = Arc::new(site_tls.map_err(|error| tls_error(error.to_string()))?);
        let turns = trust.iter().flat_map(|ca| [ca.facts.not_before, ca.facts.not_after]);
        let turns = turns.chain(crls.iter().filter_map(|crl| crl.facts.next_update));
        let holds_until = turns.filter(|turn| *turn >= now).min().unwrap_or(Timestamp::from_micros(i64::MAX));
        let server_tls = Arc::new(server_tls);
        let verdicts = Verdicts::default();
        Ok(Self {
            own,
            trust,
            crls,
            require_crl,
            clients,
            servers,
            server_tls,
            site_tls,
            holds_until,
            any_anchor,
            verdicts,
        })
    }

    pub(super) fn name(&self) -> &PeerName {
        &self.own.name
    }

    pub(super) fn identity(&self) -> Arc<SingleCertAndKey> {
        Arc::clone(&self.own.identity)
    }

    pub(super) fn clients(&self) -> &dyn ClientCertVerifier {
        &*self.clients
    }

    pub(super) fn servers(&self) -> &WebPkiServerVerifier {
        &self.servers
    }

    pub(super) fn server_tls(&self) -> Arc<rustls::ServerConfig> {
        Arc::clone(&self.server_tls)
    }

    pub(super) fn site_tls(&self) -> Arc<rustls::ServerConfig> {
        Arc::clone(&self.site_tls)
    }

    /// Our certificate, then its intermediate CAs.
    pub(super) fn chain(&self) -> &[ReadCertificate] {
        &self.own.chain
    }

    /// Our further certificates.
    pub(super) fn papers(&self) -> &[ReadCertificate] {
        &self.own.papers
    }

    pub(super) fn keys(&self) -> &Arc<Keys> {
        &self.own.keys
    }

    pub(super) fn verdicts(&self) -> &Verdicts {
        &self.verdicts
    }

    pub(super) fn trust(&self) -> &[ReadCertificate] {
        &self.trust
    }

    pub(super) fn crls(&self) -> &[ReadCrl] {
        &self.crls
    }

    pub(super) fn any_anchor(&self) -> bool {
        self.any_anchor
    }

    pub(super) fn holds_at(&self, now: Timestamp) -> bool {
        now <= self.holds_until
    }

    /// What these credentials are, for comparing: digests of our chain, the CAs, the revocation lists.
    pub(super) fn prints(&self) -> [Vec<Digest>; 3] {
        let of = |certificates: &[ReadCertificate]| certificates.iter().map(|one| Digest::of(&one.der)).collect();
        let crls = self.crls.iter().map(|crl| Digest::of(&crl.der)).collect();
        [of(&self.own.chain), of(&self.trust), crls]
    }
}

pub(super) fn alive(facts: &Facts, now: Timestamp) -> bool {
    (facts.not_before..=facts.not_after).contains(&now)
}

/// Makes the verifiers. A certificate of a CA without a list passes unless `require_crl`.
pub(super) fn verifiers(
    anchors: &[&ReadCertificate],
    crls: Vec<CertificateRevocationListDer<'static>>,
    require_crl: bool,
    heed_expiry: bool,
) -> Result<Verifiers, String> {
    let mut roots = RootCertStore::empty();
    for ca in anchors {
        roots.add(ca.der.clone()).map_err(|error| format!("{}: {error}", ca.file.display()))?;
    }
    let roots = Arc::new(roots);
    // Without hints of which CAs we trust: a stranger must not learn from us whom we exchange with.
    let mut clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), tls::provider())
        .clear_root_hint_subjects()
        .with_crls(crls.iter().cloned());
    let mut servers = WebPkiServerVerifier::builder_with_provider(roots, tls::provider()).with_crls(crls);
    if heed_expiry {
        clients = clients.enforce_revocation_expiration();
        servers = servers.enforce_revocation_expiration();
    }
    if !require_crl {
        clients = clients.allow_unknown_revocation_status();
        servers = servers.allow_unknown_revocation_status();
    }
    Ok(Verifiers {
        clients: clients.build().map_err(|error| error.to_string())?,
        servers: servers.build().map_err(|error| error.to_string())?,
    })
}

/// The checks, gathering every fault.
struct Check {
    now: Timestamp,
    occasion: Occasion,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl Check {
    fn fault(&mut self, file: &Path, why: impl Into<String>) {
        self.faults.push(Fault { file: file.to_owned(), why: why.into() });
    }

    /// What has run out: a fault in new files, a warning at start.
    fn ran_out(&mut self, file: &Path, why: String) {
        let fault = Fault { file: file.to_owned(), why };
        match self.occasion {
            Occasion::Opening => self.warnings.push(fault),
            Occasion::Reloading => self.faults.push(fault),
        }
    }

    fn own_name(&mut self, config: &Config, files: &Files) -> Option<PeerName> {
        let facts = &files.chain.first()?.facts;
        if let Some(wildcard) = facts.wildcard() {
            let why =
                format!("carries the wildcard {wildcard:?}, which must not name a RID system (RFC 6546 section 3)");
            self.fault(&config.certificate, why);
            return None;
        }
        let names = facts.names();
        match (&config.name, names.as_slice()) {
            (_, []) => {
                self.fault(&config.certificate, "carries no DNS-ID (subjectAltName dNSName) that could be our name")
            }
            (None, [name]) => return Some(name.clone()),
            (None, _) => {
                let why =
                    format!("carries several DNS-IDs ({}); say which is ours with peers.name", facts.names_line());
                self.fault(&config.certificate, why);
            }
            (Some(name), names) if names.contains(name) => return Some(name.clone()),
            (Some(name), _) => {
                let why = format!("carries {}, but peers.name is {name}", facts.names_line());
                self.fault(&config.certificate, why);
            }
        }
        None
    }

    fn trust(&mut self, config: &Config, files: &Files) {
        if files.trust.is_empty() {
            self.fault(&config.trust, "holds no *.pem file; put the certificates of the CAs to trust there");
        }
        for ca in &files.trust {
            if !ca.facts.ca {
                let why =
                    format!("{} is no CA; peers' own certificates are pinned with `ridd peer pin`", ca.facts.subject);
                self.fault(&ca.file, why);
            }
            if !alive(&ca.facts, self.now) {
                let Facts { not_before, not_after, subject, .. } = &ca.facts;
                self.ran_out(&ca.file, format!("{subject} is valid only from {not_before} to {not_after}"));
            }
        }
    }

    fn crls(&mut self, config: &Config, files: &Files) {
        for crl in &files.crls {
            let mut forged = false;
            for ca in &files.trust {
                match crl_origin(&crl.der, &ca.der) {
                    Ok(CrlOrigin::Theirs) => {
                        forged = false;
                        break;
                    }
                    Ok(CrlOrigin::Forged) => forged = true,
                    Ok(CrlOrigin::Another) | Err(_) => {}
                }
            }
            if forged {
                self.fault(&crl.file, format!("is not signed by the CA it names, {}", crl.facts.issuer));
            }
            match crl.facts.next_update {
                Some(due) if due < self.now => {
                    let issuer = &crl.facts.issuer;
                    let why = format!(
                        "is out of date: the next list of {issuer} was due {due}, so its certificates are refused"
                    );
                    self.ran_out(&crl.file, why);
                }
                Some(_) => {}
                None => self.fault(&crl.file, "does not say when the next list is due (nextUpdate)"),
            }
        }
        if config.require_crl {
            for ca in &files.trust {
                let listed =
                    files.crls.iter().any(|crl| matches!(crl_origin(&crl.der, &ca.der), Ok(CrlOrigin::Theirs)));
                if !listed {
                    let why = format!("has no list of {}, and peers.require-crl is set", ca.facts.subject);
                    self.fault(&config.crl, why);
                }
            }
        }
    }

    /// Our own certificates must pass what a peer's must, under our own name, before they replace ones that do.
    fn own_chain(&mut self, file: &Path, chain: &[ReadCertificate], files: &Files, name: &PeerName, tls: bool) {
        let Some((own, intermediates)) = chain.split_first() else { return };
        if !alive(&own.facts, self.now) {
            let Facts { not_before, not_after, .. } = &own.facts;
            self.ran_out(file, format!("is valid only from {not_before} to {not_after}; see `ridd cert renew`"));
        }
        if !tls && (own.facts.wildcard().is_some() || !own.facts.names().contains(name)) {
            self.fault(
                file,
                format!("must carry our own name {name} and no wildcard, but carries {}", own.facts.names_line()),
            );
            return;
        }
        let intermediates: Vec<_> = intermediates.iter().map(|one| one.der.clone()).collect();
        let anchors: Vec<_> = files.trust.iter().collect();
        let at = tls::unix_time(self.now.clamp(own.facts.not_before, own.facts.not_after));
        let crls = files.crls.iter().map(|crl| crl.der.clone()).collect();
        let server = tls.then_some(name);
        let verdict = verify_own(&anchors, Vec::new(), own, &intermediates, server, at)
            .map_err(|why| (false, why))
            .and_then(|()| verify_own(&anchors, crls, own, &intermediates, server, at).map_err(|why| (true, why)));
        match verdict {
            Ok(()) => {}
            Err((true, why)) => self.ran_out(file, format!("would be refused by peers: {why}")),
            Err((false, why)) => self.fault(file, format!("would be refused by peers: {why}")),
        }
    }
}

/// Whether peers would accept it; as a server's certificate, too, if it is TLS's.
fn verify_own(
    anchors: &[&ReadCertificate],
    crls: Vec<CertificateRevocationListDer<'static>>,
    own: &ReadCertificate,
    intermediates: &[CertificateDer<'static>],
    server: Option<&PeerName>,
    at: UnixTime,
) -> Result<(), String> {
    let Verifiers { clients, servers } = verifiers(anchors, crls, false, false)?;
    let refused = |error: rustls::Error| Refusal::from_handshake(&error).to_string();
    clients.verify_client_cert(&own.der, intermediates, at).map_err(refused)?;
    if let Some(name) = server {
        let server_name = tls::server_name(name).ok_or_else(|| format!("{name} is no DNS name"))?;
        servers.verify_server_cert(&own.der, intermediates, &server_name, &[], at).map_err(refused)?;
    }
    Ok(())
}
