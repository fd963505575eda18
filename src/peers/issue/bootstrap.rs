//! The first start: a private CA and a node certificate in an empty data directory, all or nothing.

use std::fs;
use std::path::Path;

use super::authority::{Authority, Lifetime, Request};
use super::keyfile::{private_directory, rename, write_key, write_new};
use super::layout::Layout;
use super::{Algorithm, IssueError};
use crate::clock::Timestamp;
use crate::ids::PeerName;
use crate::peers::Facts;

/// How long a private CA lasts.
const CA_DAYS: u32 = 3650;
/// How long a node certificate lasts.
pub const NODE_DAYS: u32 = 365;

/// What was made.
#[derive(Clone, Debug)]
pub struct Bootstrapped {
    /// Where it lies.
    pub layout: Layout,
    /// The CA's certificate.
    pub ca: Facts,
    /// The node's certificate.
    pub node: Facts,
}

/// Makes `pki/` with a private CA, a node certificate of the default kind for `name`, and our own CA as the only one
/// trusted.
///
/// # Errors
/// If `pki/` is there already, or a file cannot be written; nothing is left behind then.
pub fn bootstrap(data: &Path, name: &PeerName, now: Timestamp) -> Result<Bootstrapped, IssueError> {
    bootstrap_with(data, name, Algorithm::EcdsaP256, now)
}

/// The same with keys of another kind.
///
/// # Errors
/// As [`bootstrap`].
pub fn bootstrap_with(
    data: &Path,
    name: &PeerName,
    algorithm: Algorithm,
    now: Timestamp,
) -> Result<Bootstrapped, IssueError> {
    let layout = Layout::of(data);
    if layout.pki().exists() {
        return Err(IssueError::Exists { file: layout.pki() });
    }
    private_directory(data)?;
    let failed = |source| IssueError::File { file: data.to_owned(), doing: "cannot hold a directory", source };
    // Made beside its place and moved there whole, so that a start that is broken off leaves no half PKI.
    let mut beside = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        beside.permissions(fs::Permissions::from_mode(0o700));
    }
    let made = beside.prefix(".pki-").tempdir_in(data).map_err(failed)?;
    let (authority, ca) = Authority::create(name, algorithm, Lifetime::days(CA_DAYS, now)?)?;
    let request = Request { names: vec![name.clone()], algorithm, lifetime: Lifetime::days(NODE_DAYS, now)? };
    let node = authority.issue(&request)?;
    let at = |name: &str| made.path().join(name);
    for directory in ["trust", "crl"] {
        private_directory(&at(directory))?;
    }
    write_key(&at("ca.key"), &ca.key)?;
    write_new(&at("ca.pem"), &ca.certificate)?;
    write_new(&at("trust/own-ca.pem"), &ca.certificate)?;
    write_key(&at("node.key"), &node.key)?;
    write_new(&at("node.pem"), &node.certificate)?;
    let made = made.keep();
    if let Err(error) = rename(&made, &layout.pki()) {
        let _ = fs::remove_dir_all(&made);
        return Err(error);
    }
    Ok(Bootstrapped { layout, ca: ca.facts, node: node.facts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_directory_gets_a_pki_and_a_full_one_is_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let name = "dept.example.org".parse().unwrap();
        let made = bootstrap(data.path(), &name, now).unwrap();
        assert_eq!(made.node.dns_ids, ["dept.example.org"]);
        assert_eq!(made.node.common_names, Vec::<String>::new());
        assert_eq!(made.node.issuer, made.ca.subject);
        assert!(made.ca.ca && !made.node.ca);
        assert_eq!(made.node.not_after, now + std::time::Duration::from_secs(365 * 24 * 3600));
        let before = fs::read(made.layout.node_key()).unwrap();
        assert!(matches!(bootstrap(data.path(), &name, now), Err(IssueError::Exists { .. })));
        assert_eq!(fs::read(made.layout.node_key()).unwrap(), before);
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "nothing is left beside pki/");
    }
}
