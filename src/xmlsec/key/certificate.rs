//! A certificate as far as encryption needs it: whose key it carries, and how KeyInfo may name it. It is not judged here:
//! whether it is trusted, valid or revoked is the business of whoever hands it over.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{KeyUsage, ParsedExtension};
use x509_parser::prelude::FromDer as _;

use crate::xmlsec::key::{KeyError, KeyKind, PublicKey, pem};

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    public_key: PublicKey,
    subject: String,
    serial: Vec<u8>,
    key_identifier: Option<Vec<u8>>,
    usage: Option<KeyUsage>,
}

impl Certificate {
    /// Reads a certificate (DER).
    ///
    /// # Errors
    /// It is none, or its key is of a kind that is not used.
    pub fn read(der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |why: String| KeyError::Malformed { what: "certificate", why };
        let (rest, read) = X509Certificate::from_der(der).map_err(|error| malformed(error.to_string()))?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} bytes follow it", rest.len())));
        }
        let key_identifier = read.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
            _ => None,
        });
        let usage = read.key_usage().map_err(|error| malformed(error.to_string()))?.map(|usage| *usage.value);
        Ok(Self {
            usage,
            der: der.to_vec(),
            public_key: PublicKey::read(read.public_key().raw)?,
            subject: read.subject().to_string(),
            serial: read.raw_serial().to_vec(),
            key_identifier,
        })
    }

    /// Reads the first certificate of PEM text.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let sections = pem::sections(text)?;
        let certificate = sections.iter().find(|section| section.label == "CERTIFICATE");
        let certificate = certificate.ok_or_else(|| KeyError::Malformed {
            what: "certificate in PEM form",
            why: format!("found {}, expected a certificate (-----BEGIN CERTIFICATE-----)", pem::labels(&sections)),
        })?;
        Self::read(&certificate.der)
    }

    /// Its bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Whom it names, in words.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its serial number, big-endian; a leading zero byte may stand before it.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Whether one may encrypt for its key: if it says what the key is for, that must be key encipherment for RSA and key
    /// agreement for the curves (RFC 5280 §4.2.1.3).
    ///
    /// # Errors
    /// The certificate is for something else, or its key does not encrypt at all.
    pub fn may_encrypt(&self) -> Result<(), KeyError> {
        let kind = self.public_key.kind();
        let (wanted, allowed): (_, fn(&KeyUsage) -> bool) = match kind {
            KeyKind::Rsa { .. } => ("keyEncipherment", KeyUsage::key_encipherment),
            KeyKind::P256 | KeyKind::P384 => ("keyAgreement", KeyUsage::key_agreement),
            KeyKind::Ed25519 => return Err(KeyError::Use { kind, what: "encryption" }),
        };
        match &self.usage {
            Some(usage) if !allowed(usage) => Err(KeyError::Usage { found: usage.to_string(), wanted }),
            _ => Ok(()),
        }
    }

    /// Its subject key identifier (RFC 5280 §4.2.1.2), if it has one.
    #[must_use]
    pub fn key_identifier(&self) -> Option<&[u8]> {
        self.key_identifier.as_deref()
    }
}
