//! The peers as the exchange sees them: the seam to `peers::Directory`, so that tests need no certificates.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::ids::PeerName;
use crate::peers::{Directory, Peer, PeerState, Policy};
use crate::routing::Neighbour;

/// The port of RID (RFC 6546 §5).
const RID_PORT: u16 = 4590;

/// Whoever knows the peers. Every call answers from memory.
pub trait Neighbours: Send + Sync + 'static {
    /// Our own name.
    fn own_name(&self) -> PeerName;

    /// The peer of that name, if we exchange with it.
    fn peer(&self, name: &PeerName) -> Option<Arc<Peer>>;

    /// All peers that we exchange with.
    fn peers(&self) -> Vec<Arc<Peer>>;
}

impl Neighbours for Directory {
    fn own_name(&self) -> PeerName {
        Self::own_name(self)
    }

    fn peer(&self, name: &PeerName) -> Option<Arc<Peer>> {
        Self::peer(self, name).filter(|peer| peer.state == PeerState::Active)
    }

    fn peers(&self) -> Vec<Arc<Peer>> {
        Self::peers(self).into_iter().filter(|peer| peer.state == PeerState::Active).collect()
    }
}

/// The peers as routing wants them.
pub(super) fn for_routing(peers: &[Arc<Peer>]) -> Vec<Neighbour> {
    let networks = |peer: &Peer| {
        peer.networks.iter().flat_map(|text| text.split_whitespace()).filter_map(|text| text.parse().ok()).collect()
    };
    peers
        .iter()
        .map(|peer| Neighbour { name: peer.name.clone(), relation: peer.relation, networks: networks(peer) })
        .collect()
}

/// The IP address that the peer's configured address names, if it names one.
pub(super) fn literal_address(peer: &Peer) -> Option<IpAddr> {
    if let Ok(address) = peer.address.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    peer.address.rsplit_once(':').map_or(peer.address.as_str(), |(host, _)| host).parse().ok()
}

/// Where a callback goes: the network address that the request came from (RFC 6546 §3), at the port that the policy
/// or the peer's own address names, else at the port of RID.
pub(super) fn callback_address(peer: &Peer, remote: IpAddr) -> String {
    let configured = Policy::of(peer).callback_port;
    let own = peer.address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let port = if configured == RID_PORT { own.unwrap_or(RID_PORT) } else { configured };
    SocketAddr::new(remote, port).to_string()
}
