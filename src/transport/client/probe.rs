//! Tries whether a peer can be reached, step by step, without sending it a message: `ridd peer test`.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Method;
use tokio::time::Instant;

use super::dial::{self, Place};
use super::trouble::Trouble;
use super::{Client, request};
use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};

/// The steps on the way to a peer, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The peer is known, and its address can be read.
    Peer,
    /// Its host has an address.
    Dns,
    /// Something accepts connections there.
    Tcp,
    /// It speaks TLS.
    Tls,
    /// It accepts our certificate.
    OurCertificate,
    /// We accept its certificate.
    TheirCertificate,
    /// It answers `GET /` as RFC 6546 §3 says.
    Rid,
}

/// As `ridd peer test` shows the step that failed.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "peer",
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::OurCertificate => "our certificate refused",
            Self::TheirCertificate => "theirs refused",
            Self::Rid => "RID",
        })
    }
}

impl Trouble {
    /// The step that failed.
    pub fn step(&self) -> Step {
        match self {
            Self::NoPeer(_) | Self::Address { .. } | Self::NoLonger(_) => Step::Peer,
            Self::Dns { .. } => Step::Dns,
            Self::Tcp { .. } => Step::Tcp,
            Self::HandshakeTime { .. } | Self::Tls { .. } => Step::Tls,
            Self::OursRefused { .. } => Step::OurCertificate,
            Self::TheirsRefused { .. } => Step::TheirCertificate,
            Self::Broken { .. } | Self::AnswerTime { .. } | Self::NotRid { .. } => Step::Rid,
        }
    }
}

/// A peer that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The address and port that answered.
    pub remote: String,
    /// How long all steps together took.
    pub took: Duration,
    /// The SHA-256 of the public key it proved itself with.
    pub certificate: Digest,
    /// When its certificate ends.
    pub until: Timestamp,
    /// What it answered to `GET /`; RFC 6546 §3 asks for 204.
    pub status: u16,
}

/// One line for people.
impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { remote, took, certificate, until, status } = self;
        write!(f, "reached at {remote} in {} ms, key sha256:{certificate} until {until}", took.as_millis())?;
        if *status != 204 {
            write!(f, "; it answers GET / with {status} where RFC 6546 section 3 asks for 204")?;
        }
        Ok(())
    }
}

impl Client {
    /// Tries all steps on a connection of its own.
    ///
    /// # Errors
    /// The step that failed, and why.
    pub async fn probe(&self, peer: &PeerName) -> Result<Reached, Trouble> {
        let began = Instant::now();
        let known =
            self.directory.peer(peer).ok_or_else(|| crate::peers::PeersError::NoSuchPeer { name: peer.clone() })?;
        let place = Place::of(&known.address, None)?;
        let mut line = dial::dial(&self.directory, &self.config, peer, &place).await?;
        let get = request(Method::GET, peer, place.port, Full::<Bytes>::default());
        let response = self.converse(&mut line, get).await?;
        let status = response.parts.status.as_u16();
        if !matches!(status, 200..=299 | 405) {
            return Err(Trouble::NotRid { address: response.remote, status });
        }
        Ok(Reached {
            remote: response.remote,
            took: began.elapsed(),
            certificate: line.admitted.certificate().clone(),
            until: line.admitted.until(),
            status,
        })
    }
}
