//! Why a certificate or a connection is refused: in our words, for our own log, status and metrics.
//!
//! The other side learns nothing of it: it sees what TLS says, or a closed connection.

use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError};
use rustls_pki_types::UnixTime;

use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};

/// One reason for a refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No certificate came.
    #[error("it sent no certificate; RID needs mutual authentication (RFC 6546 section 3)")]
    NoCertificate,
    /// What came is no certificate that can be read.
    #[error("its certificate cannot be read: {why}")]
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
    /// No path leads to a CA that we trust.
    #[error("its certificate comes from no CA that we trust; add the CA's certificate to the trust directory")]
    NotTrusted,
    /// A certificate of the chain has ended.
    #[error("its certificate, or one that issued it, has ended{}", at(not_after))]
    Expired {
        /// When it ended, if known.
        not_after: Option<Timestamp>,
    },
    /// A certificate of the chain is not valid yet.
    #[error("its certificate is not valid yet{}; compare the clocks", at(not_before))]
    NotYetValid {
        /// When it begins, if known.
        not_before: Option<Timestamp>,
    },
    /// A certificate of the chain is on its CA's revocation list.
    #[error("its certificate, or one that issued it, is revoked by its CA")]
    Revoked,
    /// The revocation list that decides is past its next update.
    #[error("the revocation list of its CA is out of date{}; fetch a new one and reload", at(next_update))]
    StaleCrl {
        /// When the next one was due, if known.
        next_update: Option<Timestamp>,
    },
    /// `require-crl` is set and there is no revocation list of its CA, or that list's signature is wrong.
    #[error("no usable revocation list of its CA; add one to the crl directory and reload")]
    NoCrl,
    /// Its certificate is not meant for this use.
    #[error("its certificate does not allow this use: it needs serverAuth and clientAuth")]
    BadPurpose,
    /// The key of its certificate may not make signatures over documents.
    #[error("its certificate does not allow signatures (keyUsage has neither digitalSignature nor nonRepudiation)")]
    NotForSigning,
    /// The key of its certificate is of no use for messages.
    #[error("its certificate cannot be used for this: {why}")]
    BadKey {
        /// Why.
        why: String,
    },
    /// The message brings so many certificates that this one was not looked at.
    #[error("the message brings too many certificates; only the first few are validated")]
    TooMany,
    /// A signature, an extension or an algorithm was not accepted.
    #[error("its certificate chain does not validate: {why}")]
    Invalid {
        /// The verifier's own words.
        why: String,
    },
    /// There is no DNS-ID in its certificate.
    #[error(
        "its certificate carries no DNS-ID (subjectAltName dNSName), which must name a RID system; a common name does not count"
    )]
    NoDnsId,
    /// Its certificate names several systems, so that it is not clear which of them signed.
    #[error("its certificate carries the DNS-IDs {names}: expected exactly one, so that it is clear who signed")]
    SeveralNames {
        /// The DNS-IDs it carries.
        names: String,
    },
    /// A wildcard stands in a DNS-ID or a common name (RFC 6546 §3 forbids both).
    #[error("its certificate carries the wildcard {name:?}, which must not name a RID system (RFC 6546 section 3)")]
    Wildcard {
        /// The name.
        name: String,
    },
    /// The public key is pinned for no peer.
    #[error(
        "its public key sha256:{spki} is pinned for no peer (its DNS-IDs: {names}); pin it with `ridd peer pin` if it should be"
    )]
    NotPinned {
        /// The key's digest.
        spki: Digest,
        /// The DNS-IDs it carries.
        names: String,
    },
    /// The public key is pinned, but not for connections.
    #[error(
        "its public key is pinned for {peer}, but not for TLS; pin it with `ridd peer pin` for that use if it should be"
    )]
    NotForTls {
        /// The peer.
        peer: PeerName,
    },
    /// The public key is pinned for a peer that was revoked.
    #[error("the peer {peer} is revoked")]
    PeerRevoked {
        /// The peer.
        peer: PeerName,
    },
    /// The public key is pinned for more than one peer, so that it proves none.
    #[error("its public key sha256:{spki} is pinned for more than one peer ({peers}); unpin all but one")]
    PinnedTwice {
        /// The key's digest.
        spki: Digest,
        /// The peers.
        peers: String,
    },
    /// The certificate does not carry the DNS-ID of the peer that its key is pinned for.
    #[error("its public key is pinned for {peer}, but its DNS-IDs are {names}")]
    WrongName {
        /// The peer.
        peer: PeerName,
        /// The DNS-IDs it carries.
        names: String,
    },
    /// The connection was admitted as a peer that no longer exists, or whose key now proves another one.
    #[error("the peer {peer} was removed")]
    Removed {
        /// The peer it was.
        peer: PeerName,
    },
    /// The other side refused us during the handshake.
    #[error("the other side ended the handshake with the alert {alert}")]
    TheyRefused {
        /// TLS's name of the alert.
        alert: String,
    },
    /// The two sides have no TLS version or cipher suite in common.
    #[error("no TLS version or algorithm in common: {why} (we speak TLS 1.2 and 1.3 only)")]
    NoCommonTls {
        /// TLS's own words.
        why: String,
    },
    /// The handshake broke for another reason.
    #[error("the handshake failed: {why}")]
    Broken {
        /// TLS's or the system's own words.
        why: String,
    },
}

fn at(instant: &Option<Timestamp>) -> String {
    instant.map(|instant| format!(" ({instant})")).unwrap_or_default()
}

fn timestamp(time: UnixTime) -> Option<Timestamp> {
    let micros = time.as_secs().checked_mul(1_000_000)?;
    i64::try_from(micros).ok().map(Timestamp::from_micros)
}

impl Refusal {
    /// A short, stable label for metrics and JSON.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::Unreadable { .. } => "unreadable",
            Self::NotTrusted => "not-trusted",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::StaleCrl { .. } => "stale-crl",
            Self::NoCrl => "no-crl",
            Self::BadPurpose => "bad-purpose",
            Self::NotForSigning => "not-for-signing",
            Self::BadKey { .. } => "bad-key",
            Self::TooMany => "too-many",
            Self::SeveralNames { .. } => "several-names",
            Self::NotForTls { .. } => "not-for-tls",
            Self::Invalid { .. } => "invalid",
            Self::NoDnsId => "no-dns-id",
            Self::Wildcard { .. } => "wildcard",
            Self::NotPinned { .. } => "not-pinned",
            Self::PeerRevoked { .. } => "peer-revoked",
            Self::PinnedTwice { .. } => "pinned-twice",
            Self::WrongName { .. } => "wrong-name",
            Self::Removed { .. } => "removed",
            Self::TheyRefused { .. } => "they-refused",
            Self::NoCommonTls { .. } => "no-common-tls",
            Self::Broken { .. } => "broken",
        }
    }

    /// What a failed handshake means.
    pub fn from_handshake(error: &TlsError) -> Self {
        match error {
            TlsError::NoCertificatesPresented => Self::NoCertificate,
            TlsError::InvalidCertificate(error) => Self::from_certificate(error),
            TlsError::InvalidCertRevocationList(_) => Self::NoCrl,
            // A server without a certificate of ours is the same fault seen from the other side.
            TlsError::AlertReceived(alert) => Self::TheyRefused { alert: words(*alert) },
            TlsError::PeerIncompatible(_) | TlsError::NoApplicationProtocol => {
                Self::NoCommonTls { why: error.to_string() }
            }
            other => Self::Broken { why: other.to_string() },
        }
    }

    /// The same for an error of the connection, with TLS's own inside it where TLS failed.
    pub fn from_io(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
            Some(inner) => Self::from_handshake(inner),
            None => Self::Broken { why: error.to_string() },
        }
    }

    fn from_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::BadEncoding => Self::Unreadable { why: "it is not encoded as X.509 says".to_owned() },
            CertificateError::Expired => Self::Expired { not_after: None },
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired { not_after: timestamp(*not_after) },
            CertificateError::NotValidYet => Self::NotYetValid { not_before: None },
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::NotYetValid { not_before: timestamp(*not_before) }
            }
            CertificateError::Revoked => Self::Revoked,
            CertificateError::UnknownIssuer => Self::NotTrusted,
            CertificateError::UnknownRevocationStatus => Self::NoCrl,
            CertificateError::ExpiredRevocationList => Self::StaleCrl { next_update: None },
            CertificateError::ExpiredRevocationListContext { next_update, .. } => {
                Self::StaleCrl { next_update: timestamp(*next_update) }
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::BadPurpose,
            CertificateError::Other(other) => match other.0.downcast_ref::<Self>() {
                Some(ours) => ours.clone(),
                None => Self::Invalid { why: other.0.to_string() },
            },
            other => Self::Invalid { why: format!("{other:?}") },
        }
    }

    /// The refusal as an error that TLS carries: the alert it sends is the same for all of them.
    pub(super) fn into_tls(self) -> TlsError {
        TlsError::InvalidCertificate(CertificateError::Other(rustls::OtherError(std::sync::Arc::new(self))))
    }
}

/// TLS's own name of an alert, as RFC 8446 section 6 writes it.
fn words(alert: AlertDescription) -> String {
    let mut name = String::new();
    for c in alert.as_str().unwrap_or("unknown").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() && !name.ends_with(|last: char| last.is_ascii_uppercase()) {
            name.push('_');
        }
        name.push(c);
    }
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshake_failures_come_in_our_words() {
        let stale = TlsError::InvalidCertificate(CertificateError::ExpiredRevocationListContext {
            time: UnixTime::since_unix_epoch(std::time::Duration::from_secs(200)),
            next_update: UnixTime::since_unix_epoch(std::time::Duration::from_secs(100)),
        });
        let refusal = Refusal::from_handshake(&stale);
        assert_eq!(refusal, Refusal::StaleCrl { next_update: Some(Timestamp::from_micros(100_000_000)) });
        assert!(refusal.to_string().contains("(1970-01-01T00:01:40Z)"), "{refusal}");

        let alert = io::Error::other(TlsError::AlertReceived(AlertDescription::CertificateUnknown));
        assert_eq!(Refusal::from_io(&alert), Refusal::TheyRefused { alert: "certificate_unknown".to_owned() });
        assert_eq!(Refusal::from_handshake(&TlsError::NoCertificatesPresented).label(), "no-certificate");
    }

    #[test]
    fn our_own_refusals_survive_the_way_through_tls() {
        let ours = Refusal::PeerRevoked { peer: "unit.example.org".parse().unwrap() };
        assert_eq!(Refusal::from_handshake(&ours.clone().into_tls()), ours);
    }
}
