//! The node's own certificate over the years: renewed under the same key, or replaced by a next one with a new key that
//! peers pin while the present one still serves.
//!
//! A next certificate lies beside the present one until it is activated; the former one stays on disk afterwards.
//! Nothing takes effect in a running node before it reloads, and nothing is put in place that a reload would refuse.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

use super::authority::{Authority, Issued, Lifetime, Request};
use super::keyfile::{rename, replace, write_key, write_new};
use super::layout::Layout;
use super::{Algorithm, IssueError};
use crate::clock::Clock;
use crate::ids::PeerName;
use crate::peers::credentials::{Credentials, Occasion};
use crate::peers::files::{certificates, passphrase, read_key};
use crate::peers::{Config, Facts, Fault, PeersError};

/// What is wrong with the files that a node of this configuration would read, as a reload would judge: warnings only.
///
/// # Errors
/// All faults.
pub fn check(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<Fault>, PeersError> {
    Credentials::load(config, clock, Occasion::Reloading).map(|(_, warnings)| warnings)
}

/// Renews the node's certificate under the same key: what peers pinned stays right, so it is in place at once.
///
/// # Errors
/// If our CA or the present certificate cannot be read, or a file cannot be written; the present one stays then.
pub fn renew(layout: &Layout, authority: &Authority, lifetime: Lifetime) -> Result<Issued, IssueError> {
    let names = present_names(layout)?;
    let key = read_key(&layout.node_key(), passphrase(layout.peers())?.as_ref())?;
    let issued = authority.reissue(&names, lifetime, &layout.node_key(), &key)?;
    keep(&layout.node(), &layout.former())?;
    replace(&layout.node(), &issued.certificate)?;
    Ok(issued)
}

/// Makes the node's next certificate with a new key, for peers to pin before it is activated. Without a kind of key it
/// is that of the present one.
///
/// # Errors
/// If a next one is there already, or a file cannot be read or written.
pub fn prepare(
    layout: &Layout,
    authority: &Authority,
    algorithm: Option<Algorithm>,
    lifetime: Lifetime,
) -> Result<Issued, IssueError> {
    let names = present_names(layout)?;
    let present = || Algorithm::of(&certificates(&layout.node()).ok()?.first()?.facts);
    let algorithm = algorithm.or_else(present).unwrap_or(Algorithm::EcdsaP256);
    let request = Request { names, algorithm, lifetime };
    let issued = authority.issue(&request)?;
    write_key(&layout.next_key(), &issued.key)?;
    write_new(&layout.next(), &issued.certificate)?;
    Ok(issued)
}

/// Makes a next key, and the request (PKCS#10, PEM) with which another CA issues its certificate.
///
/// # Errors
/// If a next key is there already, a name cannot be a DNS-ID, or a file cannot be written.
pub fn request(layout: &Layout, names: &[PeerName], algorithm: Algorithm) -> Result<String, IssueError> {
    let failed = |error: rcgen::Error| IssueError::Cryptography { doing: "making the request", why: error.to_string() };
    let key: KeyPair = algorithm.generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for name in names {
        let bad = |_| IssueError::BadName { name: name.to_string() };
        params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into().map_err(bad)?));
    }
    if let Some(name) = names.first() {
        params.distinguished_name.push(DnType::OrganizationName, name.as_str());
    }
    let text = params.serialize_request(&key).and_then(|request| request.pem()).map_err(failed)?;
    write_key(&layout.next_key(), &key.serialize_pem())?;
    Ok(text)
}

/// Puts a certificate that another CA issued in place as the next one, with its key unless that lies there already.
///
/// # Errors
/// If a file cannot be read or is none, or a next one is there already.
pub fn import(layout: &Layout, certificate: &Path, key: Option<&Path>) -> Result<Facts, IssueError> {
    let read = certificates(certificate).map_err(|faults| PeersError::Faults { faults })?;
    let text = read_text(certificate)?;
    match key {
        Some(key) => {
            read_key(key, passphrase(layout.peers())?.as_ref())?;
            write_key(&layout.next_key(), &read_text(key)?)?;
        }
        // Issued for the key of our own request, or anew for the present key.
        None if layout.next_key().exists() => {}
        None => write_key(&layout.next_key(), &read_text(&layout.node_key())?)?,
    }
    if let Err(error) = write_new(&layout.next(), &text) {
        if key.is_some() {
            let _ = fs::remove_file(layout.next_key());
        }
        return Err(error);
    }
    let none = || Fault { file: certificate.to_owned(), why: "holds no certificate".to_owned() };
    Ok(read.into_iter().next().ok_or_else(none)?.facts)
}

/// Takes the next certificate away again, with its key.
///
/// # Errors
/// If a file is there and cannot be removed.
pub fn discard(layout: &Layout) -> Result<(), IssueError> {
    for file in [layout.next(), layout.next_key()] {
        match fs::remove_file(&file) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(IssueError::File { file, doing: "cannot be removed", source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Puts the next certificate in the place of the present one, if a reload would take it. What was present stays beside
/// it as the former one. Broken off half-way, it is finished by calling it again.
///
/// # Errors
/// If there is no next one, or it would be refused; nothing has changed then.
pub fn activate(layout: &Layout, clock: &Arc<dyn Clock>) -> Result<Vec<Fault>, IssueError> {
    // Without its key the certificate is what is left of an activation that was broken off.
    let half_done = !layout.next_key().exists() && layout.next().exists();
    let key = if half_done { layout.node_key() } else { layout.next_key() };
    let config = Config { certificate: layout.next(), key, ..layout.peers().clone() };
    let warnings = check(&config, clock)?;
    if !half_done {
        keep(&layout.node(), &layout.former())?;
        keep(&layout.node_key(), &layout.former_key())?;
        rename(&layout.next_key(), &layout.node_key())?;
    }
    rename(&layout.next(), &layout.node())?;
    Ok(warnings)
}

fn present_names(layout: &Layout) -> Result<Vec<PeerName>, IssueError> {
    let read = certificates(&layout.node()).map_err(|faults| PeersError::Faults { faults })?;
    let names = read.first().map(|own| own.facts.names()).unwrap_or_default();
    if names.is_empty() {
        return Err(Fault { file: layout.node(), why: "carries no DNS-ID to renew".to_owned() }.into());
    }
    Ok(names)
}

/// Keeps a file under another name; its mode goes along.
fn keep(file: &Path, kept: &Path) -> Result<(), IssueError> {
    let failed = |source| IssueError::File { file: kept.to_owned(), doing: "cannot be written", source };
    if !file.exists() {
        return Ok(());
    }
    match fs::remove_file(kept) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(failed(source)),
        _ => {}
    }
    fs::copy(file, kept).map(|_| ()).map_err(failed)
}

fn read_text(file: &Path) -> Result<String, IssueError> {
    let failed = |source| IssueError::File { file: file.to_owned(), doing: "cannot be read", source };
    fs::read_to_string(file).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::testing::{DAY, Node, name, start};

    fn clock(node: &Node) -> Arc<dyn Clock> {
        Arc::clone(&node.clock) as Arc<dyn Clock>
    }

    fn own(node: &Node) -> Facts {
        certificates(&node.layout.node()).unwrap().remove(0).facts
    }

    #[tokio::test]
    async fn a_renewal_keeps_the_key_and_the_former_certificate() {
        let node = Node::new("dept.example.org").await;
        let before = own(&node);
        renew(&node.layout, &node.authority, Lifetime::days(500, start()).unwrap()).unwrap();
        let after = own(&node);
        assert_eq!(after.spki, before.spki);
        assert_ne!(after.serial, before.serial);
        assert_eq!(after.not_after, start() + DAY * 500);
        assert_eq!(certificates(&node.layout.former()).unwrap().remove(0).facts, before);
        node.directory.reload().await.unwrap();
    }

    #[tokio::test]
    async fn a_next_certificate_waits_until_it_is_activated() {
        let node = Node::new("dept.example.org").await;
        let before = own(&node);
        let life = Lifetime::days(500, start()).unwrap();
        let next = prepare(&node.layout, &node.authority, Some(Algorithm::EcdsaP384), life).unwrap();
        assert_ne!(next.facts.spki, before.spki);
        assert_eq!(own(&node), before);
        assert_eq!(node.directory.reload().await.unwrap(), crate::peers::Changes::default());
        activate(&node.layout, &clock(&node)).unwrap();
        assert_eq!(own(&node), next.facts);
        let changed = node.directory.reload().await.unwrap().changed;
        assert_eq!(changed.len(), 2, "{changed:?}");
        assert!(changed[1].ends_with("former keys that still open: 1"), "{changed:?}");
        assert!(!node.layout.next().exists() && !node.layout.next_key().exists());
        assert!(activate(&node.layout, &clock(&node)).is_err(), "there is no next one any more");
    }

    #[tokio::test]
    async fn a_broken_off_activation_is_finished_by_the_next_try() {
        let node = Node::new("dept.example.org").await;
        let life = Lifetime::days(500, start()).unwrap();
        let next = prepare(&node.layout, &node.authority, None, life).unwrap();
        rename(&node.layout.next_key(), &node.layout.node_key()).unwrap();
        activate(&node.layout, &clock(&node)).unwrap();
        assert_eq!(own(&node), next.facts);
        node.directory.reload().await.unwrap();
    }

    #[tokio::test]
    async fn what_a_reload_would_refuse_is_not_activated() {
        let (node, other) = (Node::new("dept.example.org").await, Node::new("dept.example.org").await);
        let before = own(&node);
        import(&node.layout, &other.layout.node(), Some(&other.layout.node_key())).unwrap();
        let error = activate(&node.layout, &clock(&node)).unwrap_err().to_string();
        assert!(error.contains("comes from no CA that we trust"), "{error}");
        assert_eq!(own(&node), before);
        node.trust(&other);
        activate(&node.layout, &clock(&node)).unwrap();
        assert_eq!(own(&node), own(&other));
        node.directory.reload().await.unwrap();
    }

    #[tokio::test]
    async fn a_request_can_be_certified_by_another_ca() {
        let node = Node::new("dept.example.org").await;
        let text = request(&node.layout, &[name("dept.example.org")], Algorithm::EcdsaP256).unwrap();
        let asked = rcgen::CertificateSigningRequestParams::from_pem(&text).unwrap();
        let certificate = asked.signed_by(node.authority.issuer()).unwrap();
        let file = node.data.path().join("answer.pem");
        fs::write(&file, certificate.pem()).unwrap();
        import(&node.layout, &file, None).unwrap();
        activate(&node.layout, &clock(&node)).unwrap();
        node.directory.reload().await.unwrap();
    }

    #[tokio::test]
    async fn every_kind_of_key_serves() {
        for algorithm in Algorithm::ALL {
            let node = Node::new("dept.example.org").await;
            let life = Lifetime::days(90, start()).unwrap();
            prepare(&node.layout, &node.authority, Some(*algorithm), life).unwrap();
            activate(&node.layout, &clock(&node)).unwrap();
            node.directory.reload().await.unwrap();
            assert_eq!(Algorithm::of(&own(&node)), Some(*algorithm));
        }
    }
}
