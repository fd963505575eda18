//! Reading the node's files: its certificate chain, its key, the CAs it trusts, the revocation lists. Every fault of
//! every file is gathered; what fits together is [`super::credentials`]'s question.

use std::fs;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::certificate::{CrlFacts, Facts};
use super::config::Config;
use super::fault::Fault;
use crate::xmlsec::key::{FileKey, KeyError, Passphrase};

/// No certificate file of ours is larger, in bytes.
const MAX_FILE: u64 = 4 << 20;
/// No revocation list is larger, in bytes.
const MAX_CRL: u64 = 64 << 20;
/// No directory holds more files than this.
const MAX_FILES: usize = 1_000;

/// One certificate with what stands in it and where it was read.
#[derive(Clone)]
pub(super) struct ReadCertificate {
    pub(super) file: PathBuf,
    pub(super) der: CertificateDer<'static>,
    pub(super) facts: Facts,
}

/// One revocation list with what stands in it and where it was read.
#[derive(Clone)]
pub(super) struct ReadCrl {
    pub(super) file: PathBuf,
    pub(super) der: CertificateRevocationListDer<'static>,
    pub(super) facts: CrlFacts,
}

/// Everything that was read.
pub(super) struct Files {
    /// Our certificate, then its intermediate CAs.
    pub(super) chain: Vec<ReadCertificate>,
    pub(super) key: PrivateKeyDer<'static>,
    /// What opens the keys that are encrypted.
    pub(super) passphrase: Option<Passphrase>,
    pub(super) trust: Vec<ReadCertificate>,
    pub(super) crls: Vec<ReadCrl>,
    /// What is not as it should be, but does no harm.
    pub(super) warnings: Vec<Fault>,
}

impl Files {
    /// Reads them all.
    pub(super) fn read(config: &Config) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut warnings = Vec::new();
        let chain = certificates(&config.certificate).unwrap_or_else(|mut found| {
            faults.append(&mut found);
            Vec::new()
        });
        let passphrase = passphrase(config).unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        // Without the passphrase that is configured, the key would be told of as well.
        let key = match config.passphrase_file.is_some() && passphrase.is_none() {
            true => None,
            false => read_key(&config.key, passphrase.as_ref()).map_err(|fault| faults.push(fault)).ok(),
        };
        let mut trust = Vec::new();
        for file in listed(&config.trust, &mut faults) {
            match certificates(&file) {
                Ok(mut found) => trust.append(&mut found),
                Err(mut found) => faults.append(&mut found),
            }
        }
        let mut crls = Vec::new();
        // A node without revocation lists need not have the directory.
        let lists = if config.crl.exists() { listed(&config.crl, &mut faults) } else { Vec::new() };
        for file in lists {
            match revocation_lists(&file) {
                Ok(mut found) => crls.append(&mut found),
                Err(fault) => faults.push(fault),
            }
        }
        if let Some(fault) = readable_by_others(&config.key) {
            warnings.push(fault);
        }
        match key {
            Some(key) if faults.is_empty() => Ok(Self { chain, key, passphrase, trust, crls, warnings }),
            _ => Err(faults),
        }
    }
}

fn fault(file: &Path, why: impl Into<String>) -> Fault {
    Fault { file: file.to_owned(), why: why.into() }
}

fn bounded(file: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    let cannot = |error: std::io::Error| fault(file, format!("cannot be read: {error}"));
    let size = fs::metadata(file).map_err(cannot)?.len();
    if size > limit {
        return Err(fault(file, format!("is {size} bytes long; at most {limit} are read")));
    }
    fs::read(file).map_err(cannot)
}

/// The certificates of a PEM file, at least one.
pub(super) fn certificates(file: &Path) -> Result<Vec<ReadCertificate>, Vec<Fault>> {
    let bytes = bounded(file, MAX_FILE).map_err(|fault| vec![fault])?;
    let mut read = Vec::new();
    let mut faults = Vec::new();
    for (at, der) in CertificateDer::pem_slice_iter(&bytes).enumerate() {
        let number = at.saturating_add(1);
        match der.map_err(|error| error.to_string()).and_then(|der| {
            let facts = Facts::read(&der).map_err(|error| error.to_string())?;
            Ok(ReadCertificate { file: file.to_owned(), der, facts })
        }) {
            Ok(certificate) => read.push(certificate),
            Err(why) => faults.push(fault(file, format!("certificate {number} in it: {why}"))),
        }
    }
    if read.is_empty() && faults.is_empty() {
        faults.push(fault(file, "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"));
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// The revocation lists of a PEM file, at least one.
pub(super) fn revocation_lists(file: &Path) -> Result<Vec<ReadCrl>, Fault> {
    let bytes = bounded(file, MAX_CRL)?;
    let mut read = Vec::new();
    for der in CertificateRevocationListDer::pem_slice_iter(&bytes) {
        let der = der.map_err(|error| fault(file, error.to_string()))?;
        let facts = CrlFacts::read(&der).map_err(|error| fault(file, error.to_string()))?;
        read.push(ReadCrl { file: file.to_owned(), der, facts });
    }
    if read.is_empty() {
        return Err(fault(file, "holds no revocation list in PEM form (-----BEGIN X509 CRL-----)"));
    }
    Ok(read)
}

/// The passphrase of the configuration, if it has one.
pub(super) fn passphrase(config: &Config) -> Result<Option<Passphrase>, Fault> {
    let Some(file) = &config.passphrase_file else { return Ok(None) };
    Passphrase::read(file).map(Some).map_err(|error| fault(file, key_words(error)))
}

/// The private key of a PEM file, for TLS.
pub(super) fn read_key(file: &Path, passphrase: Option<&Passphrase>) -> Result<PrivateKeyDer<'static>, Fault> {
    let bytes = Zeroizing::new(bounded(file, MAX_FILE)?);
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    match FileKey::opened(text, passphrase) {
        Ok(Some(clear)) => return Ok(PrivatePkcs8KeyDer::from(clear.to_vec()).into()),
        // What is damaged in another section, TLS may not need.
        Ok(None) | Err(KeyError::Pem { .. }) => {}
        Err(error) => return Err(fault(file, key_words(error))),
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        PemError::NoItemsFound => fault(file, "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"),
        // The error's own words could repeat part of the key.
        _ => fault(file, "holds a private key that cannot be read"),
    })
}

/// What is wrong with a key file, for a fault that names the file itself.
pub(super) fn key_words(error: KeyError) -> String {
    match error {
        KeyError::In { source, .. } => key_words(*source),
        KeyError::File { source, .. } => format!("cannot be read: {source}"),
        KeyError::TooLong { limit, .. } => format!("is longer than {limit} bytes, so it is no key file"),
        KeyError::PassphraseNeeded => {
            "is encrypted; say with peers.passphrase-file where its passphrase is, or write it as plain PKCS#8 in a file of \
             mode 0600"
                .to_owned()
        }
        error => error.to_string(),
    }
}

/// The `*.pem` files of a directory, in order of their names.
pub(super) fn listed(directory: &Path, faults: &mut Vec<Fault>) -> Vec<PathBuf> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(fault(directory, format!("cannot be listed: {error}")));
            return Vec::new();
        }
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .take(MAX_FILES + 1)
        .collect();
    if files.len() > MAX_FILES {
        faults.push(fault(directory, format!("holds more than {MAX_FILES} files")));
        files.clear();
    }
    files.sort();
    files
}

#[cfg(unix)]
pub(super) fn readable_by_others(key: &Path) -> Option<Fault> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(key).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| fault(key, format!("can be read by others (mode {mode:o}); make it 0600")))
}

#[cfg(not(unix))]
pub(super) fn readable_by_others(_key: &Path) -> Option<Fault> {
    None
}
