//! The way towards the source of an incident: longest matching prefix.

use std::net::IpAddr;

use ipnet::IpNet;

use super::config::Config;
use super::decide::Neighbour;
use crate::ids::PeerName;

/// Where an address is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// It is ours.
    Here,
    /// Through that peer.
    Through(&'a Neighbour),
    /// No network holds it.
    Nowhere,
}

/// The way to `address` by the longest prefix among our own networks and those of all peers but `sender`. Of equally
/// long ones our own wins, then the peer whose name comes first. A node that knows no networks at all is an end of the
/// way: what was routed to it is its own.
pub(super) fn way<'a>(address: IpAddr, own: &[IpNet], neighbours: &'a [Neighbour], sender: &PeerName) -> Way<'a> {
    let longest =
        |networks: &[IpNet]| networks.iter().filter(|network| network.contains(&address)).map(IpNet::prefix_len).max();
    let mut best = longest(own).map(|length| (length, Way::Here));
    for neighbour in neighbours.iter().filter(|neighbour| neighbour.name != *sender) {
        let Some(length) = longest(&neighbour.networks) else { continue };
        let better = match &best {
            None => true,
            Some((other, Way::Through(peer))) => length > *other || (length == *other && neighbour.name < peer.name),
            Some((other, _)) => length > *other,
        };
        if better {
            best = Some((length, Way::Through(neighbour)));
        }
    }
    let end = own.is_empty() && neighbours.iter().all(|peer| peer.networks.is_empty() || peer.name == *sender);
    best.map_or(if end { Way::Here } else { Way::Nowhere }, |(_, way)| way)
}

/// The peer through which a Request of our own for the source of an incident goes, if there is one.
pub fn towards(config: &Config, peers: &[Neighbour], source: IpAddr) -> Option<PeerName> {
    let longest = |peer: &Neighbour| {
        peer.networks.iter().filter(|network| network.contains(&source)).map(IpNet::prefix_len).max()
    };
    let own = config.networks.iter().filter(|network| network.contains(&source)).map(IpNet::prefix_len).max();
    let best = peers.iter().filter_map(|peer| longest(peer).map(|length| (length, std::cmp::Reverse(&peer.name))));
    let (length, name) = best.max()?;
    own.is_none_or(|own| own < length).then(|| name.0.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::Relation;

    fn neighbour(name: &str, networks: &[&str]) -> Neighbour {
        let networks = networks.iter().map(|text| text.parse().unwrap()).collect();
        Neighbour { name: name.parse().unwrap(), relation: Relation::Unit, networks }
    }

    #[test]
    fn the_longest_prefix_wins() {
        let neighbours = [
            neighbour("wide.example", &["192.0.2.0/24", "2001:db8::/32"]),
            neighbour("narrow.example", &["192.0.2.64/26", "2001:db8:1::/48"]),
        ];
        let sender = "sender.example".parse().unwrap();
        let name = |address: &str| match way(address.parse().unwrap(), &[], &neighbours, &sender) {
            Way::Through(peer) => peer.name.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(name("192.0.2.1"), "wide.example");
        assert_eq!(name("192.0.2.65"), "narrow.example");
        assert_eq!(name("2001:db8:1::5"), "narrow.example");
        assert_eq!(name("2001:db8:2::5"), "wide.example");
        assert_eq!(name("198.51.100.1"), "Nowhere");
    }

    #[test]
    fn our_own_network_wins_a_tie_and_the_sender_is_no_way() {
        let neighbours = [neighbour("a.example", &["192.0.2.0/24"])];
        let own: Vec<IpNet> = vec!["192.0.2.0/24".parse().unwrap()];
        let address = "192.0.2.9".parse().unwrap();
        assert_eq!(way(address, &own, &neighbours, &"b.example".parse().unwrap()), Way::Here);
        let elsewhere: Vec<IpNet> = vec!["198.51.100.0/24".parse().unwrap()];
        assert_eq!(way(address, &elsewhere, &neighbours, &"a.example".parse().unwrap()), Way::Nowhere);
        assert_eq!(way(address, &[], &neighbours, &"a.example".parse().unwrap()), Way::Here, "the end of the way");
    }
}
