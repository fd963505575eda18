//! Certificates for trials, good and bad, made anew at every run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use time::OffsetDateTime;

/// A certificate with its key, as files.
#[derive(Clone, Debug)]
pub(crate) struct Papers {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    serial: Vec<u8>,
}

/// What a leaf shall look like; begin with [`Leaf::named`].
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    names: Vec<String>,
    common_name: Option<String>,
    /// Days from now.
    from: i64,
    until: i64,
}

impl Leaf {
    /// An ordinary certificate for that DNS-ID.
    pub(crate) fn named(name: &str) -> Self {
        Self { names: vec![name.to_owned()], common_name: None, from: -1, until: 90 }
    }

    /// It ended yesterday.
    pub(crate) fn expired(mut self) -> Self {
        (self.from, self.until) = (-90, -1);
        self
    }

    /// The name stands in the subject only.
    pub(crate) fn without_san(mut self) -> Self {
        self.common_name = self.names.pop();
        self
    }
}

/// A CA with its files in a directory of its own.
pub(crate) struct Pki {
    dir: PathBuf,
    ca: CertifiedIssuer<'static, KeyPair>,
    serials: std::cell::Cell<u64>,
}

fn days(n: i64) -> OffsetDateTime {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    OffsetDateTime::UNIX_EPOCH + now + time::Duration::days(n)
}

impl Pki {
    /// A new CA whose files go to `dir`.
    pub(crate) fn make(dir: &Path, name: &str) -> Self {
        fs::create_dir_all(dir).unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (days(-100), days(1_000));
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(dir.join("ca.pem"), ca.pem()).unwrap();
        Self { dir: dir.to_owned(), ca, serials: std::cell::Cell::new(1) }
    }

    /// The CA's certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// An ordinary certificate for that DNS-ID.
    pub(crate) fn issue(&self, name: &str) -> Papers {
        self.issue_leaf(&Leaf::named(name))
    }

    /// A certificate as described.
    pub(crate) fn issue_leaf(&self, leaf: &Leaf) -> Papers {
        let serial = self.serials.get();
        self.serials.set(serial + 1);
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.subject_alt_names =
            leaf.names.iter().map(|name| SanType::DnsName(name.clone().try_into().unwrap())).collect();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, leaf.common_name.as_deref().unwrap_or("RID system"));
        (params.not_before, params.not_after) = (days(leaf.from), days(leaf.until));
        params.serial_number = Some(SerialNumber::from(serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        let file = |suffix: &str| self.dir.join(format!("{serial}.{suffix}"));
        fs::write(file("pem"), certificate.pem()).unwrap();
        fs::write(file("key"), key.serialize_pem()).unwrap();
        Papers { certificate: file("pem"), key: file("key"), serial: serial.to_be_bytes().to_vec() }
    }

    /// A revocation list that names those certificates, good for a week.
    pub(crate) fn crl(&self, number: u64, revoked: &[&Papers]) -> String {
        let entry = |papers: &&Papers| RevokedCertParams {
            serial_number: SerialNumber::from(papers.serial.clone()),
            revocation_time: days(0),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: days(0) - Duration::from_secs(60),
            next_update: days(7),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.ca).unwrap().pem().unwrap()
    }
}
