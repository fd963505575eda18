//! A private CA: made once, then issuing node certificates and revocation lists.
//!
//! A node certificate carries its name as DNS-ID only: RFC 6546 §3 does not recommend common names and forbids
//! wildcards. It serves both sides of a connection, for each RID system is client and server.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::rand;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber,
};
use rustls_pki_types::PrivateKeyDer;
use time::OffsetDateTime;

use super::{Algorithm, IssueError};
use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};
use crate::peers::certificate::{CrlFacts, Facts, issued_by};
use crate::peers::files::{certificates, revocation_lists};

/// Clocks of peers may be behind ours by this much when a new certificate reaches them.
const BACKDATED: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// From when to when something is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Its first instant.
    pub not_before: Timestamp,
    /// Its last instant.
    pub not_after: Timestamp,
}

impl Lifetime {
    /// That many days from `now` on, beginning an hour earlier.
    ///
    /// # Errors
    /// If it is not 1 to 36,500 days.
    pub fn days(days: u32, now: Timestamp) -> Result<Self, IssueError> {
        if !(1..=36_500).contains(&days) {
            return Err(IssueError::BadLifetime { days });
        }
        Ok(Self { not_before: now - BACKDATED, not_after: now + DAY * days })
    }
}

/// What a node certificate is to be.
#[derive(Clone, Debug)]
pub struct Request {
    /// The names of the node; the first is its own.
    pub names: Vec<PeerName>,
    /// The kind of its key.
    pub algorithm: Algorithm,
    /// Its lifetime.
    pub lifetime: Lifetime,
}

/// A certificate with its key. The key is not shown by `Debug`.
pub struct Issued {
    /// The certificate, PEM.
    pub certificate: String,
    /// The private key, PKCS#8 in PEM.
    pub key: String,
    /// What stands in the certificate.
    pub facts: Facts,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// A CA that can issue.
pub struct Authority {
    certificate: Vec<u8>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a new CA for the node of that name.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn create(name: &PeerName, algorithm: Algorithm, lifetime: Lifetime) -> Result<(Self, Issued), IssueError> {
        let key = algorithm.generate()?;
        let mut params = parameters(lifetime)?;
        // Two CAs of one name would make path building and revocation lists ambiguous, so each has a mark of its own.
        let mark: String = Digest::of(key.public_key_raw()).as_str().chars().take(8).collect();
        params.distinguished_name.push(DnType::CommonName, format!("ridd CA of {name} {mark}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(cryptography("making the CA certificate"))?;
        let issued = issued(&certificate, &key)?;
        let pem = certificate.pem();
        Ok((Self { certificate: certificate.der().to_vec(), pem, issuer: Issuer::new(params, key) }, issued))
    }

    /// Reads a CA from its two files.
    ///
    /// # Errors
    /// If one cannot be read, they do not belong together, or it is no CA.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, IssueError> {
        let fault = |file: &Path, why: &str| super::Fault { file: file.to_owned(), why: why.to_owned() };
        let read = certificates(certificate).map_err(|faults| super::PeersError::Faults { faults })?;
        let Some(ca) = read.first().filter(|ca| ca.facts.ca) else {
            return Err(fault(certificate, "is no CA certificate").into());
        };
        let failed = |source| IssueError::File { file: key.to_owned(), doing: "cannot be read", source };
        let text = fs::read_to_string(key).map_err(failed)?;
        let pair = KeyPair::from_pem(&text).map_err(|_| fault(key, "holds no private key that can be used"))?;
        if spki(&pair) != ca.facts.spki {
            let why = format!("is not the key of {}", certificate.display());
            return Err(fault(key, &why).into());
        }
        let issuer = Issuer::from_ca_cert_der(&ca.der, pair).map_err(|error| fault(certificate, &error.to_string()))?;
        let pem = fs::read_to_string(certificate).map_err(|source| IssueError::File {
            file: certificate.to_owned(),
            doing: "cannot be read",
            source,
        })?;
        Ok(Self { certificate: ca.der.to_vec(), pem, issuer })
    }

    /// Its certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// For tests that need certificates which this part would not issue.
    #[cfg(test)]
    pub(crate) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// Issues a node certificate with a new key.
    ///
    /// # Errors
    /// If a name cannot be a DNS-ID or the cryptographic library fails.
    pub fn issue(&self, request: &Request) -> Result<Issued, IssueError> {
        let key = request.algorithm.generate()?;
        self.certify(&request.names, request.lifetime, &key)
    }

    /// Issues a node certificate with a new RSA key of 2048 bits: the least that counts, and less than what we issue for
    /// use. For measuring what such a key of a peer costs.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub fn issue_rsa_2048(&self, names: &[PeerName], lifetime: Lifetime) -> Result<Issued, IssueError> {
        let made = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
        self.certify(names, lifetime, &made.map_err(cryptography("making a key"))?)
    }

    /// Issues a node certificate for a key that is there already, read from that file, so that what peers pinned stays
    /// right.
    ///
    /// # Errors
    /// As [`Self::issue`], or if the key cannot be used.
    pub fn reissue(
        &self,
        names: &[PeerName],
        lifetime: Lifetime,
        file: &Path,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Issued, IssueError> {
        let unusable =
            |_| super::Fault { file: file.to_owned(), why: "holds no private key that can be used".to_owned() };
        let pair = KeyPair::try_from(key).map_err(unusable)?;
        self.certify(names, lifetime, &pair)
    }

    fn certify(&self, names: &[PeerName], lifetime: Lifetime, key: &KeyPair) -> Result<Issued, IssueError> {
        let mut params = parameters(lifetime)?;
        for name in names {
            let bad = |_| IssueError::BadName { name: name.to_string() };
            params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into().map_err(bad)?));
        }
        if let Some(name) = names.first() {
            // Not a common name: RFC 6546 §3 does not recommend one.
            params.distinguished_name.push(DnType::OrganizationName, name.as_str());
        }
        params.key_usages = node_usages(key);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        params.is_ca = IsCa::ExplicitNoCa;
        let certificate = params.signed_by(key, &self.issuer).map_err(cryptography("signing the certificate"))?;
        issued(&certificate, key)
    }

    /// The serial number of a certificate (PEM file) that this CA issued.
    ///
    /// # Errors
    /// If it is no certificate, or another CA's.
    pub fn serial_of(&self, file: &Path) -> Result<String, IssueError> {
        let read = certificates(file).map_err(|faults| super::PeersError::Faults { faults })?;
        let none = || super::Fault { file: file.to_owned(), why: "holds no certificate".to_owned() };
        let first = read.into_iter().next().ok_or_else(none)?;
        if issued_by(&first.der, &self.certificate)? {
            Ok(first.facts.serial)
        } else {
            Err(IssueError::NotOurs { issuer: first.facts.issuer })
        }
    }

    /// A new revocation list (PEM): what the former one (a file, if there is one) listed, and these serial numbers.
    ///
    /// # Errors
    /// If the former list is another CA's or unreadable, a serial number is none, or the library fails.
    pub fn revocation_list(
        &self,
        former: Option<&Path>,
        serials: &[String],
        now: Timestamp,
        days: u32,
    ) -> Result<String, IssueError> {
        let lifetime = Lifetime::days(days, now)?;
        let former = former.map(|file| self.former(file)).transpose()?;
        let mut entries = Vec::new();
        let mut number = 0_u64;
        if let Some(former) = former {
            number = former.number.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
            for entry in former.revoked {
                entries.push(revoked(&entry.serial, entry.at)?);
            }
        }
        for serial in serials {
            let entry = revoked(serial, now)?;
            if !entries.iter().any(|known| known.serial_number == entry.serial_number) {
                entries.push(entry);
            }
        }
        let params = CertificateRevocationListParams {
            this_update: date(now)?,
            next_update: date(lifetime.not_after)?,
            crl_number: SerialNumber::from(number.saturating_add(1)),
            issuing_distribution_point: None,
            revoked_certs: entries,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).map_err(cryptography("signing the revocation list"))?;
        list.pem().map_err(cryptography("writing the revocation list"))
    }

    fn former(&self, file: &Path) -> Result<CrlFacts, IssueError> {
        let ours = Facts::read(&self.certificate)?.subject;
        let read = revocation_lists(file)?;
        let own = read.into_iter().map(|crl| crl.facts).find(|facts| facts.issuer == ours);
        own.ok_or_else(|| {
            let why = format!("is no revocation list of {ours}");
            super::Fault { file: file.to_owned(), why }.into()
        })
    }
}

fn revoked(serial: &str, at: Timestamp) -> Result<RevokedCertParams, IssueError> {
    let digits: String = serial.chars().filter(|c| *c != ':').collect();
    let padded = if digits.len().is_multiple_of(2) { digits } else { format!("0{digits}") };
    let bytes: Option<Vec<u8>> = (0..padded.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(padded.get(at..at.saturating_add(2))?, 16).ok())
        .collect();
    match bytes {
        Some(bytes) if (1..=20).contains(&bytes.len()) => Ok(RevokedCertParams {
            serial_number: SerialNumber::from_slice(&bytes),
            revocation_time: date(at)?,
            reason_code: None,
            invalidity_date: None,
        }),
        _ => Err(IssueError::BadSerial { serial: serial.to_owned() }),
    }
}

fn parameters(lifetime: Lifetime) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date(lifetime.not_before)?;
    params.not_after = date(lifetime.not_after)?;
    params.serial_number = Some(random_serial()?);
    Ok(params)
}

/// 127 random bits: positive, unique, and nothing that a forger could foresee.
fn random_serial() -> Result<SerialNumber, IssueError> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes)
        .map_err(|_| IssueError::Cryptography { doing: "drawing a serial number", why: "no randomness".to_owned() })?;
    if let Some(first) = bytes.first_mut() {
        // Never zero in front either, so that the number is as long as it looks.
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

/// Signing for TLS, and what XML Encryption to this key will need: key transport for RSA, agreement for ECDSA keys.
fn node_usages(key: &KeyPair) -> Vec<KeyUsagePurpose> {
    let mut usages = vec![KeyUsagePurpose::DigitalSignature];
    if key.is_compatible(&rcgen::PKCS_RSA_SHA256) {
        usages.push(KeyUsagePurpose::KeyEncipherment);
    } else if !key.is_compatible(&rcgen::PKCS_ED25519) {
        usages.push(KeyUsagePurpose::KeyAgreement);
    }
    usages
}

fn issued(certificate: &Certificate, key: &KeyPair) -> Result<Issued, IssueError> {
    let facts = Facts::read(certificate.der())?;
    Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem(), facts })
}

fn spki(key: &KeyPair) -> Digest {
    use rcgen::PublicKeyData as _;
    Digest::of(&key.subject_public_key_info())
}

fn date(instant: Timestamp) -> Result<OffsetDateTime, IssueError> {
    OffsetDateTime::from_unix_timestamp(instant.seconds())
        .map_err(|_| IssueError::Cryptography { doing: "writing a date", why: format!("{instant} is out of range") })
}

fn cryptography(doing: &'static str) -> impl Fn(rcgen::Error) -> IssueError {
    move |error| IssueError::Cryptography { doing, why: error.to_string() }
}
