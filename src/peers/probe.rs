//! `ridd peer test`: which step of reaching a peer fails, in one line. `transport` makes the connection; this says what
//! its errors mean.

use std::io;

use super::Refusal;
use crate::store::worded;

worded! {
    /// The steps of reaching a peer, in their order.
    pub enum TestStep: "step of reaching a peer" {
        /// Its host name is looked up.
        Dns = "dns",
        /// Its port is connected to.
        Tcp = "tcp",
        /// A TLS version and algorithms are agreed on.
        Tls = "tls",
        /// It judges our certificate. In TLS 1.3 its refusal comes only after our side of the handshake is done.
        OurCertificateRefused = "our-certificate-refused",
        /// We judge its certificate.
        TheirsRefused = "theirs-refused",
        /// It answers `GET /` as a RID system does (RFC 6546 §3: 204).
        Rid = "rid",
    }
}

/// The step that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[error("{}: {why}", words(*step))]
pub struct TestFailure {
    /// The step.
    pub step: TestStep,
    /// Why, and what to do.
    pub why: String,
}

const fn words(step: TestStep) -> &'static str {
    match step {
        TestStep::Dns => "its name is not found",
        TestStep::Tcp => "nobody answers there",
        TestStep::Tls => "no TLS connection",
        TestStep::OurCertificateRefused => "it refuses our certificate",
        TestStep::TheirsRefused => "we refuse its certificate",
        TestStep::Rid => "it does not answer as a RID system",
    }
}

impl TestFailure {
    /// The lookup of `host` failed.
    pub fn dns(host: &str, error: &io::Error) -> Self {
        Self { step: TestStep::Dns, why: format!("{host}: {error}; compare its address with `ridd peer show`") }
    }

    /// The connection to `address` failed.
    pub fn tcp(address: &str, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::ConnectionRefused => "the host is there but nothing listens on that port",
            io::ErrorKind::TimedOut => "no answer in time; is a firewall between, or the host down?",
            _ => "see whether the network and the address are right",
        };
        Self { step: TestStep::Tcp, why: format!("{address}: {error}; {hint}") }
    }

    /// The handshake failed, or the first read after it, where TLS 1.3 tells of a refused certificate.
    pub fn tls(error: &io::Error) -> Self {
        Self::refused(&Refusal::from_io(error))
    }

    /// What a refusal says of the step.
    pub fn refused(refusal: &Refusal) -> Self {
        let step = match refusal {
            Refusal::TheyRefused { alert } if about_certificates(alert) => TestStep::OurCertificateRefused,
            Refusal::TheyRefused { .. } | Refusal::NoCommonTls { .. } | Refusal::Broken { .. } => TestStep::Tls,
            Refusal::NoCertificate
            | Refusal::Unreadable { .. }
            | Refusal::NotTrusted
            | Refusal::Expired { .. }
            | Refusal::NotYetValid { .. }
            | Refusal::Revoked
            | Refusal::StaleCrl { .. }
            | Refusal::NoCrl
            | Refusal::BadPurpose
            | Refusal::Invalid { .. }
            | Refusal::NoDnsId
            | Refusal::Wildcard { .. }
            | Refusal::NotPinned { .. }
            | Refusal::PeerRevoked { .. }
            | Refusal::PinnedTwice { .. }
            | Refusal::WrongName { .. }
            | Refusal::Removed { .. } => TestStep::TheirsRefused,
        };
        let why = match step {
            TestStep::OurCertificateRefused => {
                format!("{refusal}; its administrator must trust our CA and pin our key (`ridd cert show`)")
            }
            _ => refusal.to_string(),
        };
        Self { step, why }
    }

    /// The handshake was done, but the other side closed the connection without a word before it answered: that is how
    /// a node looks that does not know us.
    pub fn closed_unanswered() -> Self {
        let why =
            "it closed the connection after the handshake without a word; most likely our key is not pinned there \
                   (`ridd cert show` prints it), or we are removed or revoked"
                .to_owned();
        Self { step: TestStep::OurCertificateRefused, why }
    }

    /// It answered, but not as RFC 6546 says.
    pub fn rid(status: u16) -> Self {
        let why = format!("GET / was answered {status}, expected 204; is another service listening on that port?");
        Self { step: TestStep::Rid, why }
    }
}

/// The alerts that speak of the certificate we showed, or of none.
fn about_certificates(alert: &str) -> bool {
    alert.contains("certificate") || ["unknown_ca", "access_denied"].contains(&alert)
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, Error as TlsError};

    use super::*;

    #[test]
    fn each_failure_is_said_of_its_step() {
        let alert = |alert| TestFailure::tls(&io::Error::other(TlsError::AlertReceived(alert))).step;
        assert_eq!(alert(AlertDescription::UnknownCA), TestStep::OurCertificateRefused);
        assert_eq!(alert(AlertDescription::CertificateExpired), TestStep::OurCertificateRefused);
        assert_eq!(alert(AlertDescription::CertificateRequired), TestStep::OurCertificateRefused);
        assert_eq!(alert(AlertDescription::ProtocolVersion), TestStep::Tls);
        assert_eq!(TestFailure::refused(&Refusal::NoDnsId).step, TestStep::TheirsRefused);
        assert_eq!(TestFailure::tls(&io::Error::from(io::ErrorKind::UnexpectedEof)).step, TestStep::Tls);
        let refused = TestFailure::tcp("192.0.2.1:4590", &io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(refused.to_string().starts_with("nobody answers there: 192.0.2.1:4590: "), "{refused}");
        assert!(TestFailure::rid(200).to_string().contains("expected 204"));
    }
}
