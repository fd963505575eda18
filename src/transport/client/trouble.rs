//! What can go wrong on the way to a peer, step by step, in words an administrator can act on.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::AlertDescription;

use crate::clock::span;
use crate::ids::PeerName;
use crate::peers::{PeersError, Refusal};

/// Why a peer was not reached, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no such peer, or it is not one to send to.
    #[error("there is no TLS for it: {0}")]
    NoPeer(#[from] PeersError),
    /// Its address cannot be read.
    #[error("its address {address:?} is none: write HOST:PORT; set it with `ridd peer change`")]
    Address {
        /// The address.
        address: String,
    },
    /// Its host has no address.
    #[error("the name {host} cannot be resolved: {why}; check the peer's address and the DNS")]
    Dns {
        /// The host.
        host: String,
        /// What the resolver says.
        why: String,
    },
    /// No connection could be made.
    #[error("{tried}; check that its node runs, its address is right and no firewall is in between")]
    Tcp {
        /// What was tried, and what came of each.
        tried: String,
    },
    /// The handshake took too long.
    #[error("the TLS handshake with {address} was not done within {}; what listens there may be no RID node", span::show(*.limit))]
    HandshakeTime {
        /// Where.
        address: String,
        /// The limit.
        limit: Duration,
    },
    /// The handshake failed for another reason than a certificate.
    #[error("TLS with {address} failed: {why}; check that a RID node with TLS 1.2 or 1.3 listens there")]
    Tls {
        /// Where.
        address: String,
        /// What TLS says.
        why: String,
    },
    /// We refuse the peer's certificate.
    #[error("what answers at {address} does not prove to be the peer: {refusal}")]
    TheirsRefused {
        /// Where.
        address: String,
        /// Why.
        refusal: Refusal,
    },
    /// The peer refuses our certificate.
    #[error(
        "{address} refuses our certificate ({why}); its administrator must trust our CA and pin our key (`ridd cert show`)"
    )]
    OursRefused {
        /// Where.
        address: String,
        /// How it said so.
        why: String,
    },
    /// The connection ended before the answer.
    #[error("{address} ended the connection without an answer: {why}")]
    Broken {
        /// Where.
        address: String,
        /// What HTTP or the system says.
        why: String,
    },
    /// No answer within the time.
    #[error("{address} did not answer within {}", span::show(*.limit))]
    AnswerTime {
        /// Where.
        address: String,
        /// The limit.
        limit: Duration,
    },
    /// The peer ceased to be one while it was being talked to.
    #[error("the connection was ended: {0}")]
    NoLonger(Refusal),
    /// It answered, but not as a RID node does.
    #[error("{address} answers, but not as a RID node does: GET / got {status}, and RFC 6546 section 3 says 204")]
    NotRid {
        /// Where.
        address: String,
        /// What it got.
        status: u16,
    },
}

impl Trouble {
    /// What a failed handshake means.
    pub(super) fn from_handshake(peer: &PeerName, address: &str, error: &io::Error) -> Self {
        let address = address.to_owned();
        match tls_cause(error) {
            Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
                Self::TheirsRefused { address, refusal: Refusal::from_io(error) }
            }
            Some(rustls::Error::AlertReceived(alert)) if is_about_certificate(*alert) => {
                Self::OursRefused { address, why: alert_words(*alert) }
            }
            Some(rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)) => {
                Self::Tls { address, why: format!("it does not know itself as {peer}") }
            }
            _ => Self::Tls { address, why: error.to_string() },
        }
    }

    /// What it means that a request got no answer. In TLS 1.3 our certificate is judged after the handshake, so that
    /// its refusal shows only here; a RID node may also just close, for TLS alerts tell strangers too much.
    pub(super) fn from_request(address: &str, first: bool, error: &(dyn Error + 'static)) -> Self {
        let address = address.to_owned();
        if let Some(rustls::Error::AlertReceived(alert)) = tls_cause(error) {
            return if is_about_certificate(*alert) {
                Self::OursRefused { address, why: alert_words(*alert) }
            } else {
                Self::Tls { address, why: alert_words(*alert) }
            };
        }
        if first {
            return Self::OursRefused { address, why: "it closed the connection right after the handshake".to_owned() };
        }
        Self::Broken { address, why: innermost(error) }
    }
}

/// TLS's own error somewhere inside another.
fn tls_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    // As deep as errors are ever wrapped here; a cycle would otherwise never end.
    for _ in 0..8 {
        let error = next?;
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // An io::Error hides what it carries from `source`.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn is_about_certificate(alert: AlertDescription) -> bool {
    use AlertDescription::*;
    matches!(
        alert,
        NoCertificate
            | BadCertificate
            | UnsupportedCertificate
            | CertificateRevoked
            | CertificateExpired
            | CertificateUnknown
            | UnknownCA
            | AccessDenied
            | CertificateRequired
            | DecryptError
    )
}

fn alert_words(alert: AlertDescription) -> String {
    format!("TLS alert {}", alert.as_str().unwrap_or("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> PeerName {
        "unit.example.org".parse().unwrap()
    }

    #[test]
    fn alerts_about_certificates_mean_that_ours_is_refused() {
        let alert = |alert| io::Error::other(rustls::Error::AlertReceived(alert));
        let unknown = alert(AlertDescription::UnknownCA);
        assert!(matches!(Trouble::from_handshake(&peer(), "a:1", &unknown), Trouble::OursRefused { .. }));
        assert!(matches!(Trouble::from_request("a:1", false, &unknown), Trouble::OursRefused { .. }));
        let version = alert(AlertDescription::ProtocolVersion);
        assert!(matches!(Trouble::from_handshake(&peer(), "a:1", &version), Trouble::Tls { .. }));
    }

    #[test]
    fn what_we_find_wrong_with_their_certificate_means_that_theirs_is_refused() {
        let expired = io::Error::other(rustls::Error::InvalidCertificate(rustls::CertificateError::Expired));
        let trouble = Trouble::from_handshake(&peer(), "a:1", &expired);
        assert!(trouble.to_string().starts_with("what answers at a:1 does not prove to be the peer"), "{trouble}");
    }

    #[test]
    fn a_close_before_the_first_answer_points_to_our_certificate() {
        let eof = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert!(matches!(Trouble::from_request("a:1", true, &eof), Trouble::OursRefused { .. }));
        assert!(matches!(Trouble::from_request("a:1", false, &eof), Trouble::Broken { .. }));
    }
}
