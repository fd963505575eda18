//! Files that the channels need: secrets, which must not lie open, and the CAs that vouch for gateways.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::Fault;

/// Bytes of the largest secret.
const MAX_SECRET: u64 = 4096;

/// The content of a file that only we may read, without the line end that editors leave.
///
/// # Errors
/// If it cannot be read, others can read it, or it is empty or too large.
pub(super) fn secret(key: &'static str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let refused = |source| Fault::File { key, path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(refused)?;
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Fault::Open { key, path: path.to_owned(), mode });
    }
    if about.len() > MAX_SECRET {
        return Err(Fault::Content { key, path: path.to_owned(), why: "is no secret: it has more than 4096 bytes" });
    }
    let mut bytes = Zeroizing::new(fs::read(path).map_err(refused)?);
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Err(Fault::Content { key, path: path.to_owned(), why: "is empty: write the secret into it" });
    }
    Ok(bytes)
}

/// The CAs of the file, or of the system if none is named. Certificates of the system that cannot be used are left out.
///
/// # Errors
/// If there are none, or the file holds something else.
pub(super) fn roots(key: &'static str, file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let usable = |ca: &CertificateDer<'static>| RootCertStore::empty().add(ca.clone()).is_ok();
    let Some(path) = file else {
        let found: Vec<_> = rustls_native_certs::load_native_certs().certs.into_iter().filter(usable).collect();
        return if found.is_empty() { Err(Fault::NoRoots { key }) } else { Ok(found) };
    };
    let text = fs::read(path).map_err(|source| Fault::File { key, path: path.to_owned(), source })?;
    let bad = |why| Fault::Content { key, path: path.to_owned(), why };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| bad("is no PEM file with certificates"))?;
    if found.is_empty() || !found.iter().all(usable) {
        return Err(bad("holds no certificates of CAs, or some that cannot be used"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_must_be_ours_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("secret");
        fs::write(&path, "0123456789abcdef\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let why = secret("webhook.secret-file", &path).unwrap_err().to_string();
        assert!(why.contains("mode 640"), "{why}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(**secret("webhook.secret-file", &path).unwrap(), *b"0123456789abcdef");
        fs::write(&path, "\n").unwrap();
        assert!(matches!(secret("webhook.secret-file", &path), Err(Fault::Content { .. })));
    }

    #[test]
    fn what_is_no_ca_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ca.pem");
        fs::write(&path, "nothing").unwrap();
        assert!(matches!(roots("email.ca-file", Some(&path)), Err(Fault::Content { .. })));
        let ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/ca.pem");
        assert_eq!(roots("email.ca-file", Some(&ca)).unwrap().len(), 1);
    }
}
