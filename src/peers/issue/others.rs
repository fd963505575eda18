//! What other CAs give us: their certificates to trust, their revocation lists. Checked before they are put in place.

use std::fs;
use std::path::{Path, PathBuf};

use super::IssueError;
use super::keyfile::{private_directory, replace, write_new};
use super::layout::Layout;
use crate::clock::Timestamp;
use crate::peers::certificate::{CrlOrigin, crl_origin};
use crate::peers::files::{ReadCertificate, certificates, listed, revocation_lists};
use crate::peers::{CrlFacts, Facts, Fault, PeersError};

/// Puts CA certificates into the trust directory, under the name of their file.
///
/// # Errors
/// If one of them is no CA's or has run out, or a file of that name with other content is there.
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
    let place = layout.trust().join(file_name(file));
    if place.exists() && text_of(&place)? == text {
        return Ok(facts(read));
    }
    write_new(&place, &text)?;
    Ok(facts(read))
}

/// Puts another CA's revocation list into its directory, under the name of its file, over an older one.
///
/// # Errors
/// If it is out of date, older than the one it would replace, or not signed by the trusted CA that it names.
pub fn add_crl(layout: &Layout, file: &Path, now: Timestamp) -> Result<Vec<CrlFacts>, IssueError> {
    let read = revocation_lists(file)?;
    let trust = trusted(layout)?;
    let place = layout.crl().join(file_name(file));
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

/// Only `*.pem` is read from the directories.
fn file_name(file: &Path) -> PathBuf {
    Path::new(file.file_name().unwrap_or_default()).with_extension("pem")
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
        let error = add_trust(&node.layout, &node.layout.ca(), start()).unwrap_err();
        assert!(matches!(error, IssueError::Exists { .. }), "another file of that name is not overwritten");
        assert_eq!(node.directory.reload().await.unwrap().changed, ["trusted CAs: 1 added, 0 removed, 2 now"]);
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
