//! What other CAs give us: their certificates to trust, their revocation lists. Checked before they are put in place.

use std::fs;
use std::path::Path;

use super::IssueError;
use super::keyfile::{private_directory, replace};
use super::layout::Layout;
use crate::clock::Timestamp;
use crate::ids::Digest;
use crate::peers::certificate::{CrlOrigin, crl_origin};
use crate::peers::files::{ReadCertificate, certificates, listed, revocation_lists};
use crate::peers::{CrlFacts, Facts, Fault, PeersError};

/// What one PEM file contains.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Its certificates, in order.
    pub certificates: Vec<Facts>,
    /// Its revocation lists, in order.
    pub crls: Vec<CrlFacts>,
}

/// Reads what a PEM file contains of certificates and revocation lists.
///
/// # Errors
/// If it contains neither, or one of them cannot be read.
pub fn contents(file: &Path) -> Result<Contents, IssueError> {
    let text = text_of(file)?;
    let crls = if text.contains("-----BEGIN X509 CRL-----") { revocation_lists(file)? } else { Vec::new() };
    let read = if crls.is_empty() || text.contains("-----BEGIN CERTIFICATE-----") {
        certificates(file).map_err(|faults| PeersError::Faults { faults })?
    } else {
        Vec::new()
    };
    Ok(Contents { certificates: facts(read), crls: crls.into_iter().map(|crl| crl.facts).collect() })
}

/// Puts CA certificates into the trust directory, under a name of their own: every node calls its CA `ca.pem`.
///
/// # Errors
/// If one of them is no CA's or has run out, or a file cannot be written.
pub fn add_trust(layout: &Layout, file: &Path, now: Timestamp) -> Result<Vec<Facts>, IssueError> {
    let read = certificates(file).map_err(|faults| PeersError::Faults { faults })?;
    let fault = |why| IssueError::from(Fault { file: file.to_owned(), why });
    for ca in &read {
        if !ca.facts.ca {
            let subject = &ca.facts.subject;
            return Err(fault(format!("{subject} is no CA; a peer's own certificate is pinned with `ridd peer pin`")));
        }
        if ca.facts.not_after < now {
            return Err(fault(format!("{} ended {}", ca.facts.subject, ca.facts.not_after)));
        }
    }
    let text = text_of(file)?;
    private_directory(&layout.trust())?;
    let mark = read.first().map(|ca| short(&ca.facts.spki)).unwrap_or_default();
    replace(&layout.trust().join(format!("ca-{mark}.pem")), &text)?;
    Ok(facts(read))
}

/// Puts another CA's revocation list into its directory, over an older one of that CA.
///
/// # Errors
/// If it is out of date, older than the one it would replace, or not signed by the trusted CA that it names.
pub fn add_crl(layout: &Layout, file: &Path, now: Timestamp) -> Result<Vec<CrlFacts>, IssueError> {
    let read = revocation_lists(file)?;
    let trust = trusted(layout)?;
    let issuer = read.first().map(|crl| crl.facts.issuer.clone()).unwrap_or_default();
    let place = layout.crl().join(format!("crl-{}.pem", short(&Digest::of(issuer.as_bytes()))));
    let former = if place.exists() { revocation_lists(&place)? } else { Vec::new() };
    let fault = |why| IssueError::from(Fault { file: file.to_owned(), why });
    for crl in &read {
        let issuer = &crl.facts.issuer;
        let origins: Vec<_> = trust.iter().filter_map(|ca| crl_origin(&crl.der, &ca.der).ok()).collect();
        if !origins.iter().any(|origin| matches!(origin, CrlOrigin::Theirs)) {
            return Err(fault(format!("is not signed by a CA that we trust; it names {issuer}")));
        }
        match crl.facts.next_update {
            Some(due) if due >= now => {}
            Some(due) => return Err(fault(format!("is out of date: the next list of {issuer} was due {due}"))),
            None => return Err(fault("does not say when the next list is due (nextUpdate)".to_owned())),
        }
        let newer =
            former.iter().find(|old| old.facts.issuer == *issuer && old.facts.this_update > crl.facts.this_update);
        if let Some(newer) = newer {
            return Err(fault(format!("is older than the list of {} that is in place", newer.facts.this_update)));
        }
    }
    private_directory(&layout.crl())?;
    replace(&place, &text_of(file)?)?;
    Ok(read.into_iter().map(|crl| crl.facts).collect())
}

fn trusted(layout: &Layout) -> Result<Vec<ReadCertificate>, IssueError> {
    let mut faults = Vec::new();
    let mut read = Vec::new();
    for file in listed(&layout.trust(), &mut faults) {
        match certificates(&file) {
            Ok(mut found) => read.append(&mut found),
            Err(mut found) => faults.append(&mut found),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(PeersError::Faults { faults }.into()) }
}

fn facts(read: Vec<ReadCertificate>) -> Vec<Facts> {
    read.into_iter().map(|one| one.facts).collect()
}

/// Enough of a digest to tell a handful of CAs apart.
fn short(digest: &Digest) -> String {
    digest.as_str().chars().take(16).collect()
}

fn text_of(file: &Path) -> Result<String, IssueError> {
    let failed = |source| IssueError::File { file: file.to_owned(), doing: "cannot be read", source };
    fs::read_to_string(file).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::testing::{DAY, Node, start};

    #[tokio::test]
    async fn only_cas_are_trusted() {
        let (node, other) = (Node::new("dept.example.org").await, Node::new("unit.example.org").await);
        let error = add_trust(&node.layout, &other.layout.node(), start()).unwrap_err().to_string();
        assert!(error.contains("is no CA"), "{error}");
        assert!(add_trust(&node.layout, &other.layout.ca(), start() + DAY * 4000).is_err());
        add_trust(&node.layout, &other.layout.ca(), start()).unwrap();
        add_trust(&node.layout, &other.layout.ca(), start()).unwrap();
        let third = Node::new("unit.example.org").await;
        add_trust(&node.layout, &third.layout.ca(), start()).unwrap();
        assert_eq!(node.directory.reload().await.unwrap().changed, ["trusted CAs: 2 added, 0 removed, 3 now"]);
    }

    #[tokio::test]
    async fn a_list_must_be_signed_fresh_and_not_older_than_the_one_in_place() {
        let (node, other) = (Node::new("dept.example.org").await, Node::new("unit.example.org").await);
        let file = node.data.path().join("unit.pem");
        let write = |now| {
            let list = other.authority.revocation_list(None, &[], now, 30).unwrap();
            fs::write(&file, list).unwrap();
        };
        write(start());
        let error = add_crl(&node.layout, &file, start()).unwrap_err().to_string();
        assert!(error.contains("is not signed by a CA that we trust"), "{error}");
        node.trust(&other);
        add_crl(&node.layout, &file, start()).unwrap();
        assert!(add_crl(&node.layout, &file, start() + DAY * 31).unwrap_err().to_string().contains("out of date"));
        write(start() - DAY);
        let error = add_crl(&node.layout, &file, start()).unwrap_err().to_string();
        assert!(error.contains("is older than"), "{error}");
    }
}
