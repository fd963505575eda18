//! From a peer's name to an HTTP connection that is proved to be the peer's: DNS, TCP, TLS, one after the other.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::trouble::Trouble;
use crate::ids::PeerName;
use crate::peers::{Admitted, Directory};
use crate::transport::{Config, RID_PORT};

/// A dead peer behind a silent firewall is noticed after so long without traffic.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// A connection to a peer.
pub(super) struct Line {
    /// Where requests go.
    pub(super) sender: SendRequest<Full<Bytes>>,
    /// The address that answered.
    pub(super) remote: SocketAddr,
    /// Proof that it is the peer's.
    pub(super) admitted: Admitted,
    /// When it last became free.
    pub(super) free_since: Instant,
    /// Whether it has answered before: the first answer proves that our certificate was accepted, too.
    pub(super) proven: bool,
}

/// Where a peer is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Place {
    /// Reads `HOST:PORT`, `HOST`, `[IPv6]:PORT` or an IPv6 address; `port` holds where none is written.
    pub(super) fn parse(text: &str, port: u16) -> Option<Self> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Self { host: address.ip().to_string(), port: address.port() });
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Some(Self { host: address.to_string(), port });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, digits)) => (host, digits.parse().ok()?),
            None => (text, port),
        };
        let sound = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        (sound && !host.is_empty()).then(|| Self { host: host.to_owned(), port })
    }

    /// Where a peer with the configured address `usual` is; with `instead`, at that host, and at its port if it names
    /// one, else at the usual port (RFC 6546 §3: callbacks go to port 4590 unless configured otherwise).
    pub(super) fn of(usual: &str, instead: Option<&str>) -> Result<Self, Trouble> {
        let place = Self::parse(usual, RID_PORT);
        let found = match instead {
            Some(instead) => Self::parse(instead, place.map_or(RID_PORT, |place| place.port)),
            None => place,
        };
        found.ok_or_else(|| Trouble::Address { address: instead.unwrap_or(usual).to_owned() })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Connects to the peer.
pub(super) async fn dial(
    directory: &Directory,
    config: &Config,
    peer: &PeerName,
    place: &Place,
) -> Result<Line, Trouble> {
    let addresses = resolve(place, config.connect_time).await?;
    let (stream, remote) = connect(&addresses, config.connect_time).await?;
    prepare(&stream);
    let at = remote.to_string();
    let connector = TlsConnector::from(directory.client_tls(peer)?);
    let handshake = connector.connect(Directory::server_name(peer)?, stream);
    let limit = config.handshake_time;
    let tls = match timeout(limit, handshake).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => return Err(Trouble::from_handshake(peer, &at, &error)),
        Err(_) => return Err(Trouble::HandshakeTime { address: at, limit }),
    };
    let chain = tls.get_ref().1.peer_certificates().unwrap_or_default();
    let admitted = directory
        .admit_answering(peer, chain)
        .map_err(|refusal| Trouble::TheirsRefused { address: at.clone(), refusal })?;
    let (sender, connection) = http1::Builder::new()
        .max_headers(config.header_fields)
        .max_header_size(config.header_bytes)
        .handshake(TokioIo::new(tls))
        .await
        .map_err(|error| Trouble::from_request(&at, true, &error))?;
    // Ends when the sender is dropped or the other side closes.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%remote, %error, "connection to a peer broke");
        }
    });
    Ok(Line { sender, remote, admitted, free_since: Instant::now(), proven: false })
}

async fn resolve(place: &Place, limit: Duration) -> Result<Vec<SocketAddr>, Trouble> {
    if let Ok(address) = place.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, place.port)]);
    }
    let failed = |why: String| Trouble::Dns { host: place.host.clone(), why };
    let found = match timeout(limit, lookup_host((place.host.as_str(), place.port))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(_) => return Err(failed("the resolver did not answer in time".to_owned())),
    };
    if found.is_empty() { Err(failed("it has no address".to_owned())) } else { Ok(found) }
}

/// Tries the addresses in order.
async fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<(TcpStream, SocketAddr), Trouble> {
    let mut tried = Vec::new();
    for &address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, address)),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                tried.push(format!("nobody listens at {address}"));
            }
            Ok(Err(error)) => tried.push(format!("{address} cannot be reached: {error}")),
            Err(_) => {
                let span = crate::clock::span::show(limit);
                tried.push(format!("{address} did not answer within {span}"));
            }
        }
    }
    Err(Trouble::Tcp { tried: tried.join("; ") })
}

fn prepare(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4);
    let set = stream.set_nodelay(true).and_then(|()| SockRef::from(stream).set_tcp_keepalive(&keepalive));
    if let Err(error) = set {
        tracing::debug!(%error, "socket options cannot be set");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_and_a_port() {
        let place = |text| Place::parse(text, 4590).map(|place| place.to_string());
        assert_eq!(place("unit.example.org:8443").as_deref(), Some("unit.example.org:8443"));
        assert_eq!(place("unit.example.org").as_deref(), Some("unit.example.org:4590"));
        assert_eq!(place("192.0.2.1").as_deref(), Some("192.0.2.1:4590"));
        assert_eq!(place("[2001:db8::1]:1").as_deref(), Some("[2001:db8::1]:1"));
        assert_eq!(place("2001:db8::1").as_deref(), Some("[2001:db8::1]:4590"));
        assert_eq!(place("[2001:db8::1]").as_deref(), Some("[2001:db8::1]:4590"));
        for bad in ["", ":1", "a:b", "a b:1", "https://a/", "a:70000"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_callback_goes_to_where_the_request_came_from_at_the_peers_port() {
        let of = |usual, instead| Place::of(usual, instead).map(|place| place.to_string()).ok();
        assert_eq!(of("unit.example.org:99", Some("192.0.2.7")).as_deref(), Some("192.0.2.7:99"));
        assert_eq!(of("unit.example.org:99", Some("192.0.2.7:98")).as_deref(), Some("192.0.2.7:98"));
        assert_eq!(of("", Some("192.0.2.7")).as_deref(), Some("192.0.2.7:4590"));
        assert_eq!(of("", None), None);
    }

    #[tokio::test]
    async fn a_closed_port_is_told_as_such() {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let trouble = connect(&[free], Duration::from_secs(5)).await.unwrap_err();
        assert!(trouble.to_string().starts_with(&format!("nobody listens at {free}; check")), "{trouble}");
    }

    #[tokio::test]
    async fn a_name_without_address_is_told_as_such() {
        let place = Place { host: "no-such-host.invalid".to_owned(), port: 1 };
        let trouble = resolve(&place, Duration::from_secs(20)).await.unwrap_err();
        assert!(matches!(trouble, Trouble::Dns { .. }), "{trouble}");
    }
}
