//! Messages that the benches sign: keys with certificates as nodes have them, and the signature over a whole message as
//! the node writes it.
//!
//! Called by `ridd bench signature` and `ridd bench ingest --signed`. Certificates are written to files because the
//! baseline reads them there.

use std::fs;
use std::path::{Path, PathBuf};

use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

use crate::cli::Failure;
use crate::clock::{Clock, SystemClock};
use crate::ids::PeerName;
use crate::peers::issue::{Algorithm, Authority, Issued, Lifetime, Request, write_key, write_new};
use crate::rid::signature::{SignaturePlace, signature_place};
use crate::xml::{Document, Limits};
use crate::xmlsec::key::{Certificate, FileKey};
use crate::xmlsec::signature::{Splice, sign_whole};

/// A key and the certificate that goes into its signatures, with the files of both.
#[derive(Debug)]
pub(super) struct Papers {
    pub(super) key: FileKey,
    pub(super) key_file: PathBuf,
    pub(super) certificate_file: PathBuf,
}

impl Papers {
    /// Reads both files, PEM.
    pub(super) fn read(key_file: &Path, certificate_file: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(certificate_file);
        let text =
            text.map_err(|error| Failure::input(format_args!("cannot read {}: {error}", certificate_file.display())))?;
        let certificate = Certificate::from_pem(&text).map_err(Failure::input)?;
        let key = FileKey::open(key_file, None).and_then(|key| key.with_certificate(certificate));
        Ok(Self {
            key: key.map_err(Failure::input)?,
            key_file: key_file.to_owned(),
            certificate_file: certificate_file.to_owned(),
        })
    }

    /// Writes what was issued into that directory, which is the caller's to remove, and reads it.
    fn write(issued: &Issued, folder: &Path, name: &str) -> Result<Self, Failure> {
        let (key, certificate) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.pem")));
        write_key(&key, &issued.key).map_err(Failure::failed)?;
        write_new(&certificate, &issued.certificate).map_err(Failure::failed)?;
        Self::read(&key, &certificate)
    }

    /// Signs the whole message, by the usual algorithm of the key.
    pub(super) fn sign(&self, message: &[u8], place: &SignaturePlace) -> Result<Vec<u8>, Failure> {
        let splice = Splice { at: place.at, before: &place.before, after: &place.after };
        sign_whole(message, &splice, &self.key, None, &Limits::default()).map_err(Failure::input)
    }
}

/// Where the message has a place for a signature.
pub(super) fn place(message: &[u8]) -> Result<SignaturePlace, Failure> {
    let parsed = Document::parse(message, &Limits::default()).map_err(Failure::input)?;
    signature_place(&parsed).ok_or_else(|| Failure::input("the message has no place for a signature"))
}

/// Keys for one measurement in that directory: those in the files, or else new ones, RSA of 2048 bits and ECDSA P-256. A
/// CA that is forgotten at once issues a node certificate for each.
pub(super) fn keys(files: &[PathBuf], folder: &Path) -> Result<Vec<Papers>, Failure> {
    let name: PeerName = "node.bench.example".parse().map_err(Failure::failed)?;
    let lifetime = Lifetime::days(1, SystemClock.now()).map_err(Failure::failed)?;
    let (authority, _) = Authority::create(&name, Algorithm::EcdsaP256, lifetime).map_err(Failure::failed)?;
    let names = [name];
    if files.is_empty() {
        let rsa = authority.issue_rsa_2048(&names, lifetime).map_err(Failure::failed)?;
        let request = Request { names: names.to_vec(), algorithm: Algorithm::EcdsaP256, lifetime };
        let ecdsa = authority.issue(&request).map_err(Failure::failed)?;
        return Ok(vec![Papers::write(&rsa, folder, "rsa")?, Papers::write(&ecdsa, folder, "ecdsa")?]);
    }
    let certified = files.iter().enumerate().map(|(number, file)| {
        let unread = |error| Failure::input(format_args!("cannot read a key from {}: {error}", file.display()));
        let key = PrivateKeyDer::from_pem_file(file).map_err(unread)?;
        let issued = authority.reissue(&names, lifetime, file, &key).map_err(Failure::input)?;
        Papers::write(&issued, folder, &number.to_string())
    });
    certified.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::REPORT;
    use crate::cli::verify::PLACES;
    use crate::xmlsec::key::{Decrypter as _, KeyKind};
    use crate::xmlsec::signature::{Config, verify};
    use crate::xmlsec::{Pinned, TrustedKey};

    #[test]
    fn keys_are_made_or_taken_and_what_they_sign_holds() {
        let folder = tempfile::tempdir().unwrap();
        let given = Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/keys/ed25519.pem");
        let mut all = keys(&[], folder.path()).unwrap();
        all.extend(keys(&[given], folder.path()).unwrap());
        let kinds: Vec<_> = all.iter().map(|papers| papers.key.public_key().kind()).collect();
        assert_eq!(kinds, [KeyKind::Rsa { bits: 2048 }, KeyKind::P256, KeyKind::Ed25519]);
        for papers in all {
            let signed = papers.sign(REPORT.as_bytes(), &place(REPORT.as_bytes()).unwrap()).unwrap();
            let document = Document::parse(&signed, &Limits::default()).unwrap();
            let keys = vec![TrustedKey::new("us", papers.key.public_key().info())];
            let judged = verify(&document, &PLACES, &Pinned { keys }, &Config::default());
            assert!(judged.iter().any(|one| one.verdict.as_ref().is_ok_and(|one| one.is_whole())));
        }
    }
}
