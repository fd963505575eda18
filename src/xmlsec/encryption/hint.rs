//! Whom an EncryptedKey says it is for. A hint only chooses among our own keys: it never brings one, and nothing that it
//! names is fetched.

use std::fmt;

use memchr::memmem;

use crate::xml::{Node, trim};
use crate::xmlsec::base64;
use crate::xmlsec::encryption::children::{Children, known_attributes, named, refused, text};
use crate::xmlsec::encryption::{DS, DS11, EncryptionError};
use crate::xmlsec::key::Decrypter;

/// No serial number has more digits: RFC 5280 §4.1.2.2 allows 20 bytes.
const MAX_DIGITS: usize = 60;

/// One way to name a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A name that both sides know (KeyName, or the attribute Recipient).
    Name(String),
    /// The subject key identifier of the certificate (X509SKI).
    KeyIdentifier(Vec<u8>),
    /// Issuer and serial number of the certificate (X509IssuerSerial). Of the issuer's name many forms are written, so the
    /// number alone is compared: big-endian, without leading zeros.
    IssuerSerial(String, Vec<u8>),
    /// The subject of the certificate (X509SubjectName); only shown.
    Subject(String),
    /// The certificate itself (X509Certificate).
    Certificate(Vec<u8>),
    /// The SHA-256 digest of the certificate (X509Digest).
    Digest(Vec<u8>),
    /// A bare public key (KeyValue), which is not looked at.
    KeyValue,
}

/// What hints say of one of our keys, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// They name it.
    Ours,
    /// They do not say.
    Open,
    /// They name another key.
    Another,
}

impl Hint {
    /// What it says of the key.
    pub(super) fn verdict(&self, key: &dyn Decrypter) -> Verdict {
        let certificates = key.certificates();
        let (ours, else_) = match self {
            Self::Name(name) => (key.name() == Some(name), Verdict::Open),
            Self::KeyIdentifier(identifier) => {
                let mut ours = certificates.iter().filter_map(|certificate| certificate.key_identifier()).peekable();
                let known = ours.peek().is_some();
                (ours.any(|one| one == identifier), if known { Verdict::Another } else { Verdict::Open })
            }
            // The certificate may have been renewed since, with the same key.
            Self::IssuerSerial(_, serial) => {
                (certificates.iter().any(|certificate| significant(certificate.serial()) == serial), Verdict::Open)
            }
            Self::Digest(digest) => {
                let of = |der: &[u8]| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
                (certificates.iter().any(|certificate| of(certificate.der()).as_ref() == digest), Verdict::Open)
            }
            // Any certificate for our key will do, and it contains the key's very bytes.
            Self::Certificate(der) => (memmem::find(der, key.public_key().info()).is_some(), Verdict::Another),
            Self::Subject(_) | Self::KeyValue => (false, Verdict::Open),
        };
        if ours { Verdict::Ours } else { else_ }
    }

    /// What all hints of an EncryptedKey together say of the key: one that names it is enough.
    pub(super) fn verdict_of(hints: &[Self], key: &dyn Decrypter) -> Verdict {
        let verdicts = || hints.iter().map(|hint| hint.verdict(key));
        if verdicts().any(|verdict| verdict == Verdict::Ours) {
            Verdict::Ours
        } else if verdicts().any(|verdict| verdict == Verdict::Another) {
            Verdict::Another
        } else {
            Verdict::Open
        }
    }

    /// Reads KeyInfo, RecipientKeyInfo or the like.
    pub(super) fn read(info: Node<'_>, hints: &mut Vec<Self>) -> Result<(), EncryptionError> {
        let mut children = Children::of(info, &["Id"])?;
        while let Some(child) = children.any() {
            match (child.namespace(), child.name()) {
                (DS, "KeyName") => hints.push(Self::Name(trim(&text(child, &[])?).to_owned())),
                (DS, "X509Data") => Self::read_x509(child, hints)?,
                (DS, "KeyValue") | (DS11, "DEREncodedKeyValue") => hints.push(Self::KeyValue),
                _ => return Err(refused(child, "KeyName, X509Data or KeyValue", named(child))),
            }
        }
        Ok(())
    }

    fn read_x509(data: Node<'_>, hints: &mut Vec<Self>) -> Result<(), EncryptionError> {
        let mut children = Children::of(data, &[])?;
        while let Some(child) = children.any() {
            let bytes = |attributes: &[&str]| {
                let bytes = base64::decode(&text(child, attributes)?);
                bytes.ok_or_else(|| refused(child, "base64", "something else"))
            };
            hints.push(match (child.namespace(), child.name()) {
                (DS, "X509SKI") => Self::KeyIdentifier(bytes(&[])?),
                (DS, "X509Certificate") => Self::Certificate(bytes(&[])?),
                (DS, "X509SubjectName") => Self::Subject(text(child, &[])?.into_owned()),
                (DS11, "X509Digest") => {
                    known_attributes(child, &["Algorithm"])?;
                    match child.attribute("Algorithm") {
                        Some(super::algorithm::SHA256) => Self::Digest(bytes(&["Algorithm"])?),
                        other => return Err(refused(child, super::algorithm::SHA256, other.unwrap_or("none"))),
                    }
                }
                (DS, "X509IssuerSerial") => {
                    let mut parts = Children::of(child, &[])?;
                    let issuer = text(parts.need(DS, "X509IssuerName")?, &[])?.into_owned();
                    let number = parts.need(DS, "X509SerialNumber")?;
                    let serial = serial(trim(&text(number, &[])?))
                        .ok_or_else(|| refused(number, "a serial number in decimal digits", "something else"))?;
                    parts.end()?;
                    Self::IssuerSerial(issuer, serial)
                }
                _ => return Err(refused(child, "a name of a certificate", named(child))),
            });
        }
        Ok(())
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a peer wrote is shown in part, on one line.
        let shown = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).take(80).collect() };
        let hex = |bytes: &[u8]| -> String { bytes.iter().take(32).map(|byte| format!("{byte:02x}")).collect() };
        match self {
            Self::Name(name) => write!(f, "the name {:?}", shown(name)),
            Self::KeyIdentifier(identifier) => write!(f, "the key identifier {}", hex(identifier)),
            Self::IssuerSerial(issuer, serial) => write!(f, "the certificate {} of {}", hex(serial), shown(issuer)),
            Self::Subject(subject) => write!(f, "the certificate of {}", shown(subject)),
            Self::Certificate(_) => f.write_str("a certificate"),
            Self::Digest(digest) => write!(f, "the certificate with SHA-256 {}", hex(digest)),
            Self::KeyValue => f.write_str("a bare key"),
        }
    }
}

/// A decimal number as big-endian bytes without leading zeros.
fn serial(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut little = Vec::new();
    for digit in digits.bytes() {
        let mut carry = u16::from(digit - b'0');
        for byte in &mut little {
            carry += u16::from(*byte) * 10;
            // The low byte stays, the rest is carried.
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry != 0 {
            little.push(carry as u8);
        }
    }
    little.reverse();
    Some(little)
}

fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_serials_become_bytes() {
        assert_eq!(serial("0"), Some(vec![]));
        assert_eq!(serial("255"), Some(vec![255]));
        assert_eq!(serial("65536"), Some(vec![1, 0, 0]));
        assert_eq!(serial("340282366920938463463374607431768211455"), Some(vec![255; 16]));
        assert_eq!(serial("-1"), None);
        assert_eq!(serial(&"9".repeat(61)), None);
        assert_eq!(significant(&[0, 0, 1, 0]), [1, 0]);
    }
}
