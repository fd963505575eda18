//! Which of our systems a scanner means: its names and addresses against those of the inventory. Used by the judge.
//!
//! Promises: a system is found only where one can be meant; whatever fits several ways or only by what every host has
//! (`localhost`, loopback and link-local addresses) finds none. So a scan is rather told to be a stranger's than taken
//! for the wrong system's.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use crate::evidence::Scanned;

/// The systems by everything they can be found by.
pub(super) struct Index {
    exact: HashMap<String, Fit>,
    short: HashMap<String, Fit>,
    bare: HashMap<String, Fit>,
    addresses: HashMap<Address, Fit>,
}

/// Who has a name or an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    One(usize),
    Several,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Address {
    Ip(IpAddr),
    Mac([u8; 6]),
}

impl Index {
    pub(super) fn of(systems: &[Scanned]) -> Self {
        let mut index =
            Self { exact: HashMap::new(), short: HashMap::new(), bare: HashMap::new(), addresses: HashMap::new() };
        for (at, system) in systems.iter().enumerate() {
            // A system may be named by its address alone, and have more host names than the one it is listed by.
            for text in std::iter::once(&system.name).chain(&system.addresses) {
                if let Some(name) = name(text) {
                    match name.split_once('.') {
                        Some((host, _)) => note(&mut index.short, host.to_owned(), at),
                        None => note(&mut index.bare, name.clone(), at),
                    }
                    note(&mut index.exact, name, at);
                } else if let Some(address) = address(text) {
                    note(&mut index.addresses, address, at);
                }
            }
        }
        // The name by which one system is listed is never another's.
        for (at, system) in systems.iter().enumerate() {
            if let Some(name) = name(&system.name) {
                index.exact.insert(name, Fit::One(at));
            }
        }
        index
    }

    /// The systems that are meant: by full name, else by address, else by the host's name without its domain.
    pub(super) fn find(&self, known_as: &[String]) -> BTreeSet<usize> {
        let names: Vec<String> = known_as.iter().filter_map(|text| name(text)).collect();
        let exact: BTreeSet<usize> = names.iter().filter_map(|name| self.exact.get(name)?.one()).collect();
        if !exact.is_empty() {
            return exact;
        }
        let addresses = known_as.iter().filter_map(|text| address(text));
        let by_address: BTreeSet<usize> = addresses.filter_map(|one| self.addresses.get(&one)?.one()).collect();
        if !by_address.is_empty() {
            return by_address;
        }
        let by_host = |name: &String| match name.split_once('.') {
            Some((host, _)) => self.bare.get(host)?.one(),
            None => self.short.get(name)?.one(),
        };
        names.iter().filter_map(by_host).collect()
    }
}

impl Fit {
    fn one(self) -> Option<usize> {
        match self {
            Self::One(at) => Some(at),
            Self::Several => None,
        }
    }
}

fn note<K: std::hash::Hash + Eq>(table: &mut HashMap<K, Fit>, key: K, at: usize) {
    let fit = table.entry(key).or_insert(Fit::One(at));
    if *fit != Fit::One(at) {
        *fit = Fit::Several;
    }
}

/// A host's name as it is compared; nothing for what every host is called, and for addresses.
fn name(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let everybody = name.is_empty() || name == "localhost" || name.starts_with("localhost.");
    (!everybody && ip(&name).is_none() && mac(&name).is_none()).then_some(name)
}

/// An address as it is compared; nothing for what every host has, and for names.
fn address(text: &str) -> Option<Address> {
    if let Some(ip) = ip(text) {
        let local = match ip {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        return (!local && !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast()).then_some(Address::Ip(ip));
    }
    mac(text).filter(|mac| *mac != [0; 6] && *mac != [0xff; 6]).map(Address::Mac)
}

/// An IP address without its prefix length and zone.
fn ip(text: &str) -> Option<IpAddr> {
    let host = text.trim().split(['/', '%']).next().unwrap_or_default();
    host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

fn mac(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0_u8; 6];
    let mut parts = text.trim().split([':', '-']);
    for byte in &mut mac {
        *byte = parts.next().filter(|part| part.len() == 2).and_then(|part| u8::from_str_radix(part, 16).ok())?;
    }
    parts.next().is_none().then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(systems: &[(&str, &[&str])], known_as: &[&str]) -> Vec<usize> {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let systems: Vec<_> = systems
            .iter()
            .map(|(name, addresses)| Scanned { name: (*name).to_owned(), addresses: own(addresses) })
            .collect();
        Index::of(&systems).find(&own(known_as)).into_iter().collect()
    }

    const TWO: [(&str, &[&str]); 2] =
        [("DB1.unit.example", &["192.0.2.10", "02-00-5e-00-00-10"]), ("db1.other.example", &["2001:db8::11"])];

    #[test]
    fn full_names_are_compared_without_case_and_last_point() {
        assert_eq!(found(&TWO, &["db1.Unit.example."]), [0]);
        assert_eq!(found(&TWO, &["db1.other.example", "192.0.2.10"]), [1], "a name goes before an address");
        assert!(found(&TWO, &["db2.unit.example"]).is_empty());
    }

    #[test]
    fn addresses_find_where_names_do_not() {
        assert_eq!(found(&TWO, &["unnamed", "192.0.2.10"]), [0]);
        assert_eq!(found(&TWO, &["2001:DB8:0:0::11"]), [1]);
        assert_eq!(found(&TWO, &["2001:db8::11/64"]), [1]);
        assert_eq!(found(&TWO, &["02:00:5E:00:00:10"]), [0]);
        assert_eq!(found(&TWO, &["::ffff:192.0.2.10"]), [0]);
        assert_eq!(found(&[("192.0.2.7", &[])], &["192.0.2.7"]), [0], "a system named by its address");
    }

    #[test]
    fn a_bare_name_finds_the_only_host_of_that_name() {
        assert!(found(&TWO, &["db1"]).is_empty(), "two hosts are called so");
        assert_eq!(found(&TWO[..1], &["db1"]), [0]);
        assert_eq!(found(&[("db1", &[])], &["db1.unit.example"]), [0]);
        assert!(
            found(&[("db1.unit.example", &[])], &["db1.other.example"]).is_empty(),
            "another domain is another host"
        );
    }

    #[test]
    fn other_host_names_find_too_and_what_two_share_finds_none() {
        let two: [(&str, &[&str]); 2] = [
            ("asset-7", &["sql1.unit.example", "cluster.unit.example"]),
            ("asset-8", &["cluster.unit.example", "asset-7"]),
        ];
        assert_eq!(found(&two, &["SQL1.unit.example"]), [0]);
        assert_eq!(found(&two, &["sql1"]), [0]);
        assert!(found(&two, &["cluster.unit.example"]).is_empty());
        assert_eq!(found(&two, &["asset-7"]), [0], "listed so");
    }

    #[test]
    fn what_every_host_has_finds_none() {
        let one: [(&str, &[&str]); 1] =
            [("localhost", &["127.0.0.1", "::1", "fe80::1", "00:00:00:00:00:00", "0.0.0.0"])];
        for text in
            ["localhost", "127.0.0.1", "0:0:0:0:0:0:0:1", "fe80::1%eth0", "00:00:00:00:00:00", "localhost.localdomain"]
        {
            assert!(found(&one, &[text]).is_empty(), "{text}");
        }
        let shared: [(&str, &[&str]); 2] = [("a", &["192.0.2.1"]), ("b", &["192.0.2.1"])];
        assert!(found(&shared, &["192.0.2.1"]).is_empty(), "an address of two systems is nobody's");
    }
}
