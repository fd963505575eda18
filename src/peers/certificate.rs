//! What stands in a certificate or a revocation list, in plain words: for admission, for `ridd cert show`, for expiry.
//!
//! Nothing here judges; path validation is rustls's and webpki's, admission is [`super::admission`]'s.

use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};

/// Why bytes are no certificate or revocation list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a readable {what}: {why}")]
pub struct Unreadable {
    /// What was expected.
    pub what: &'static str,
    /// What is wrong.
    pub why: String,
}

/// What stands in one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Facts {
    /// Whom it names.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Its DNS-IDs (subjectAltName dNSName), as written.
    pub dns_ids: Vec<String>,
    /// Other names in its subjectAltName, which never identify a RID system.
    pub other_names: Vec<String>,
    /// Its common names, which never identify a RID system.
    pub common_names: Vec<String>,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// SHA-256 of its SubjectPublicKeyInfo: what is pinned.
    pub spki: Digest,
    /// The kind of its key, such as `ECDSA P-256`.
    pub key: String,
    /// Whether it is a CA's.
    pub ca: bool,
    /// What TLS may use it for: `serverAuth`, `clientAuth`; empty if it says nothing, which allows everything.
    pub purposes: Vec<String>,
    /// Its critical extensions that we do not know (object identifiers); path validation refuses them.
    pub unknown_critical: Vec<String>,
}

impl Facts {
    /// Reads a certificate (DER).
    ///
    /// # Errors
    /// If it is none, or one of its names cannot be read.
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        let bad = |why: String| Unreadable { what: "certificate", why };
        let certificate = parse(der)?;
        let mut facts = Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: hex(certificate.raw_serial()),
            dns_ids: Vec::new(),
            other_names: Vec::new(),
            common_names: common_names(certificate.subject()),
            not_before: instant(certificate.validity().not_before),
            not_after: instant(certificate.validity().not_after),
            spki: Digest::of(certificate.public_key().raw),
            key: key_words(&certificate),
            ca: certificate.is_ca(),
            purposes: Vec::new(),
            unknown_critical: unknown_critical(&certificate),
        };
        let names = certificate.subject_alternative_name().map_err(|error| bad(error.to_string()))?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(name) => facts.dns_ids.push((*name).to_owned()),
                GeneralName::Invalid(..) => return Err(bad("its subjectAltName is damaged".to_owned())),
                other => facts.other_names.push(other_name(other)),
            }
        }
        let usage = certificate.extended_key_usage().map_err(|error| bad(error.to_string()))?;
        if let Some(usage) = usage {
            let known = [("serverAuth", usage.value.server_auth), ("clientAuth", usage.value.client_auth)];
            facts.purposes.extend(known.iter().filter(|(_, set)| *set).map(|(name, _)| (*name).to_owned()));
            facts.purposes.extend(usage.value.any.then(|| "any".to_owned()));
            facts.purposes.extend(usage.value.other.iter().map(ToString::to_string));
        }
        Ok(facts)
    }

    /// The DNS-IDs that are proper peer names; others, such as one with a trailing dot, name nobody.
    pub fn names(&self) -> Vec<PeerName> {
        self.dns_ids.iter().filter_map(|name| name.parse().ok()).collect()
    }

    /// The first wildcard among the DNS-IDs and the common names: RFC 6546 §3 forbids it in both.
    pub fn wildcard(&self) -> Option<&str> {
        self.dns_ids.iter().chain(&self.common_names).map(String::as_str).find(|name| name.contains('*'))
    }

    /// The DNS-IDs in one line.
    pub(super) fn names_line(&self) -> String {
        if self.dns_ids.is_empty() { "none".to_owned() } else { self.dns_ids.join(", ") }
    }
}

/// What stands in one revocation list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CrlFacts {
    /// The CA that wrote it.
    pub issuer: String,
    /// Its number, if it has one.
    pub number: Option<String>,
    /// When it was written.
    pub this_update: Timestamp,
    /// When the next one is due; after that it refuses everything.
    pub next_update: Option<Timestamp>,
    /// The revoked serial numbers with the time of each and the reason if one is given.
    pub revoked: Vec<RevokedEntry>,
}

/// One entry of a revocation list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RevokedEntry {
    /// The serial number, hexadecimal.
    pub serial: String,
    /// Since when it is revoked.
    pub at: Timestamp,
    /// The reason code's number (RFC 5280 §5.3.1), if given.
    pub reason: Option<u8>,
}

impl CrlFacts {
    /// Reads a revocation list (DER).
    ///
    /// # Errors
    /// If it is none.
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        let list = parse_crl(der)?;
        let revoked = list.iter_revoked_certificates().map(|entry| RevokedEntry {
            serial: hex(entry.raw_serial()),
            at: instant(entry.revocation_date),
            reason: entry.reason_code().map(|(_, code)| code.0),
        });
        Ok(Self {
            issuer: list.issuer().to_string(),
            number: list.crl_number().map(ToString::to_string),
            this_update: instant(list.last_update()),
            next_update: list.next_update().map(instant),
            revoked: revoked.collect(),
        })
    }
}

/// Whether the list was written by the CA, as far as names and the signature tell.
pub(super) enum CrlOrigin {
    /// The CA of that name signed it.
    Theirs,
    /// It names another CA.
    Another,
    /// It names this CA, but its key did not sign it.
    Forged,
}

/// Compares a revocation list with a CA certificate.
pub(super) fn crl_origin(crl: &[u8], ca: &[u8]) -> Result<CrlOrigin, Unreadable> {
    let list = parse_crl(crl)?;
    let ca = parse(ca)?;
    if list.issuer().as_raw() != ca.subject().as_raw() {
        return Ok(CrlOrigin::Another);
    }
    Ok(if list.verify_signature(ca.public_key()).is_ok() { CrlOrigin::Theirs } else { CrlOrigin::Forged })
}

/// Whether the certificate was signed with the CA's key under its name.
pub(super) fn issued_by(der: &[u8], ca: &[u8]) -> Result<bool, Unreadable> {
    let certificate = parse(der)?;
    let ca = parse(ca)?;
    let same_name = certificate.issuer().as_raw() == ca.subject().as_raw();
    Ok(same_name && certificate.verify_signature(Some(ca.public_key())).is_ok())
}

/// Whether the certificate's key may make signatures over documents (RFC 5280 §4.2.1.3); it may if nothing is said.
pub(super) fn may_sign(der: &[u8]) -> Result<bool, Unreadable> {
    let certificate = parse(der)?;
    let bad = |why: String| Unreadable { what: "certificate", why };
    let usage = certificate.key_usage().map_err(|error| bad(error.to_string()))?;
    Ok(usage.is_none_or(|usage| usage.value.digital_signature() || usage.value.non_repudiation()))
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Unreadable> {
    let bad = |why: String| Unreadable { what: "certificate", why };
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(bad(format!("{} bytes follow it", rest.len()))),
        Err(error) => Err(bad(error.to_string())),
    }
}

fn parse_crl(der: &[u8]) -> Result<CertificateRevocationList<'_>, Unreadable> {
    let bad = |why: String| Unreadable { what: "revocation list", why };
    match CertificateRevocationList::from_der(der) {
        Ok(([], list)) => Ok(list),
        Ok((rest, _)) => Err(bad(format!("{} bytes follow it", rest.len()))),
        Err(error) => Err(bad(error.to_string())),
    }
}

fn unknown_critical(certificate: &X509Certificate<'_>) -> Vec<String> {
    let unknown = certificate.iter_extensions().filter(|extension| {
        extension.critical && matches!(extension.parsed_extension(), ParsedExtension::UnsupportedExtension { .. })
    });
    unknown.map(|extension| extension.oid.to_string()).collect()
}

fn common_names(name: &X509Name<'_>) -> Vec<String> {
    name.iter_common_name().map(|entry| entry.as_str().unwrap_or("(unreadable)").to_owned()).collect()
}

fn other_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::IPAddress([a, b, c, d]) => std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string(),
        GeneralName::IPAddress(bytes) => match <[u8; 16]>::try_from(*bytes) {
            Ok(bytes) => std::net::Ipv6Addr::from(bytes).to_string(),
            Err(_) => "an unreadable IP address".to_owned(),
        },
        GeneralName::RFC822Name(text) => format!("email:{text}"),
        GeneralName::URI(text) => format!("uri:{text}"),
        other => other.to_string(),
    }
}

fn key_words(certificate: &X509Certificate<'_>) -> String {
    let algorithm = certificate.public_key();
    match algorithm.parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("ECDSA P-{}", point.key_size()),
        _ if algorithm.algorithm.algorithm.to_id_string() == "1.3.101.112" => "Ed25519".to_owned(),
        _ => format!("algorithm {}", algorithm.algorithm.algorithm),
    }
}

fn instant(time: ASN1Time) -> Timestamp {
    Timestamp::from_micros(time.timestamp().saturating_mul(1_000_000))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let significant = bytes.iter().position(|byte| *byte != 0).unwrap_or_else(|| bytes.len().saturating_sub(1));
    bytes.iter().skip(significant).map(|byte| format!("{byte:02x}")).collect()
}
