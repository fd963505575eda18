//! The decision: where one message goes on to, or why it must not.

use std::net::IpAddr;

use ipnet::IpNet;

use super::config::{Config, Form, Rule, To, When};
use super::restriction::Sharing;
use super::source::{Way, way};
use crate::ids::PeerName;
use crate::peers::Relation;

/// A peer as routing sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name.
    pub name: PeerName,
    /// How it stands to us.
    pub relation: Relation,
    /// Networks that are reached through it.
    pub networks: Vec<IpNet>,
}

/// Where a message wants to go: RIDPolicy's MsgDestination (RFC 6545 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// `RIDSystem`: to us.
    Here,
    /// `SourceOfIncident`: to the RID system nearest to that address.
    Source(IpAddr),
}

/// What is known of the message.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The peer it came from.
    pub from: &'a PeerName,
    /// How that peer stands to us.
    pub relation: Relation,
    /// RIDPolicy's MsgType.
    pub msg_type: &'a str,
    /// Where it wants to go.
    pub destination: Destination,
    /// How far it may travel.
    pub sharing: Sharing,
    /// Whether it asks for action.
    pub data_call: bool,
    /// The RID systems that its path names, beginning with the originator (RFC 6545 §6.1).
    pub path: &'a [String],
    /// Another peer from which the same instance of the same incident came.
    pub elsewhere: Option<&'a PeerName>,
    /// If it answers a message that we relayed: where that one came from.
    pub origin: Option<&'a PeerName>,
}

impl Subject<'_> {
    fn is_request(&self) -> bool {
        matches!(self.msg_type, "InvestigationRequest" | "TraceRequest")
    }
}

/// One peer that the message goes on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The peer.
    pub to: PeerName,
    /// How it stands to us; nothing is known of an origin that is no peer any more.
    pub relation: Option<Relation>,
    /// As what it goes.
    pub form: Form,
    /// Whether it is on its way back.
    pub back: bool,
}

/// Why a Request is denied, or a message does not travel on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Our own name is in the path.
    #[error("the path already names us, {own}: the request has come round in a loop")]
    Loop {
        /// Our name.
        own: PeerName,
    },
    /// The same instance came from another peer.
    #[error("the same instance of this incident has already come from {other}: a new request takes a new instance")]
    Again {
        /// That peer.
        other: PeerName,
    },
    /// The path is too long.
    #[error("the path names {hops} RID systems and routing.hop-limit is {limit}")]
    Hops {
        /// How many the path names.
        hops: usize,
        /// How many may be.
        limit: usize,
    },
    /// The restriction forbids it.
    #[error("its restriction does not allow it to go from a peer of relation {from} to one of relation {to}")]
    Restriction {
        /// The relation of the sender.
        from: Relation,
        /// The relation of the next peer.
        to: Relation,
    },
    /// No peer and no network of ours holds the source.
    #[error("no peer's networks hold {address}: add them with `ridd peer change NAME --networks CIDR`")]
    NoRoute {
        /// The source of the incident.
        address: IpAddr,
    },
}

impl Refusal {
    /// One word for metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Loop { .. } | Self::Again { .. } => "loop",
            Self::Hops { .. } => "hops",
            Self::Restriction { .. } => "restriction",
            Self::NoRoute { .. } => "route",
        }
    }
}

/// Where the message goes on to: nowhere if it is only for us.
///
/// # Errors
/// Only a Request is refused, and is then to be denied. Whatever else may not travel on stays here.
pub fn decide(
    config: &Config,
    own: &PeerName,
    peers: &[Neighbour],
    subject: &Subject<'_>,
) -> Result<Vec<Hop>, Refusal> {
    if subject.is_request() {
        let named = subject.path.iter().any(|name| name.eq_ignore_ascii_case(own.as_str()));
        if named {
            return Err(Refusal::Loop { own: own.clone() });
        }
        if let Some(other) = subject.elsewhere {
            return Err(Refusal::Again { other: other.clone() });
        }
        if let Destination::Source(address) = subject.destination {
            return towards_source(config, peers, subject, address);
        }
    }
    let mut hops: Vec<Hop> = Vec::new();
    for rule in config.relay.iter().filter(|rule| holds(rule, subject)) {
        for hop in follow(rule, peers, subject) {
            if !hops.iter().any(|known| known.to == hop.to) {
                hops.push(hop);
            }
        }
    }
    let travelled = subject.path.iter().any(|name| name.eq_ignore_ascii_case(own.as_str()));
    hops.retain(|hop| hop.back || !travelled);
    if hops.iter().any(|hop| !hop.back) && subject.path.len() >= config.hop_limit {
        if subject.is_request() {
            return Err(Refusal::Hops { hops: subject.path.len(), limit: config.hop_limit });
        }
        hops.retain(|hop| hop.back);
    }
    Ok(hops)
}

fn towards_source(
    config: &Config,
    peers: &[Neighbour],
    subject: &Subject<'_>,
    address: IpAddr,
) -> Result<Vec<Hop>, Refusal> {
    match way(address, &config.networks, peers, subject.from) {
        Way::Here => Ok(Vec::new()),
        Way::Nowhere => Err(Refusal::NoRoute { address }),
        Way::Through(_) if subject.path.len() >= config.hop_limit => {
            Err(Refusal::Hops { hops: subject.path.len(), limit: config.hop_limit })
        }
        Way::Through(peer) if !subject.sharing.allows(subject.relation, peer.relation, true) => {
            Err(Refusal::Restriction { from: subject.relation, to: peer.relation })
        }
        Way::Through(peer) => {
            let relation = Some(peer.relation);
            Ok(vec![Hop { to: peer.name.clone(), relation, form: Form::Same, back: false }])
        }
    }
}

fn holds(rule: &Rule, subject: &Subject<'_>) -> bool {
    let when = match rule.when {
        When::Always => true,
        When::DataCall => subject.data_call,
        When::Unsolicited => subject.origin.is_none(),
    };
    rule.from == subject.relation && when && rule.messages.iter().any(|name| name == subject.msg_type)
}

fn follow(rule: &Rule, peers: &[Neighbour], subject: &Subject<'_>) -> Vec<Hop> {
    let Some(relation) = rule.to.relation() else {
        let relation_of = |name: &PeerName| peers.iter().find(|peer| peer.name == *name).map(|peer| peer.relation);
        let back = subject.origin.filter(|_| rule.to == To::Origin);
        return back
            .map(|to| Hop { to: to.clone(), relation: relation_of(to), form: rule.form, back: true })
            .into_iter()
            .collect();
    };
    let request = rule.form == Form::InvestigationRequest || (rule.form == Form::Same && subject.is_request());
    let sharing = subject.sharing;
    peers
        .iter()
        .filter(|peer| peer.relation == relation && peer.name != *subject.from)
        .filter(|peer| sharing.allows(subject.relation, peer.relation, request))
        .map(|peer| Hop { to: peer.name.clone(), relation: Some(relation), form: rule.form, back: false })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PeerName {
        text.parse().unwrap()
    }

    fn peers() -> Vec<Neighbour> {
        let peer = |text, relation, networks: &[&str]| Neighbour {
            name: name(text),
            relation,
            networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
        };
        vec![
            peer("authority.example", Relation::Authority, &[]),
            peer("unit-a.example", Relation::Unit, &["192.0.2.0/25"]),
            peer("unit-b.example", Relation::Unit, &["192.0.2.128/25"]),
            peer("beside.example", Relation::Peer, &["198.51.100.0/24"]),
        ]
    }

    fn call(from: &PeerName) -> Subject<'_> {
        Subject {
            from,
            relation: Relation::Authority,
            msg_type: "Report",
            destination: Destination::Here,
            sharing: Sharing::Private,
            data_call: true,
            path: &[],
            elsewhere: None,
            origin: None,
        }
    }

    fn run(subject: &Subject<'_>) -> Result<Vec<String>, Refusal> {
        let hops = decide(&Config::default(), &name("us.example"), &peers(), subject)?;
        Ok(hops.iter().map(|hop| hop.to.to_string()).collect())
    }

    #[test]
    fn a_data_call_from_an_authority_goes_to_all_units_as_our_request() {
        let from = name("authority.example");
        let subject = call(&from);
        assert_eq!(run(&subject).unwrap(), ["unit-a.example", "unit-b.example"]);
        let hops = decide(&Config::default(), &name("us.example"), &peers(), &subject).unwrap();
        assert!(hops.iter().all(|hop| hop.form == Form::InvestigationRequest && !hop.back));
        assert_eq!(run(&Subject { data_call: false, ..call(&from) }).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn rfc6545_6_1_a_request_that_has_passed_through_us_is_refused() {
        let from = name("authority.example");
        let path = ["start.example".to_owned(), "US.example".to_owned()];
        let subject = Subject { msg_type: "InvestigationRequest", path: &path, ..call(&from) };
        assert_eq!(run(&subject), Err(Refusal::Loop { own: name("us.example") }));
        let report = Subject { msg_type: "Report", ..subject };
        assert_eq!(run(&report).unwrap(), Vec::<String>::new(), "a Report that comes round is filed, not relayed");
    }

    #[test]
    fn rfc6545_6_1_the_same_instance_from_another_peer_is_refused() {
        let (from, other) = (name("authority.example"), name("beside.example"));
        let subject = Subject { msg_type: "TraceRequest", elsewhere: Some(&other), ..call(&from) };
        assert_eq!(run(&subject), Err(Refusal::Again { other }));
    }

    #[test]
    fn the_hop_limit_is_kept() {
        let from = name("authority.example");
        let path: Vec<String> = (0..16).map(|hop| format!("hop-{hop}.example")).collect();
        let subject = Subject { msg_type: "InvestigationRequest", path: &path, ..call(&from) };
        assert_eq!(run(&subject), Err(Refusal::Hops { hops: 16, limit: 16 }));
        assert_eq!(run(&Subject { path: &path[1..], ..subject }).unwrap().len(), 2);
    }

    #[test]
    fn rfc6545_5_1_source_of_incident_is_routed_by_longest_prefix() {
        let from = name("authority.example");
        let towards = |address: &str, sharing| Subject {
            msg_type: "InvestigationRequest",
            destination: Destination::Source(address.parse().unwrap()),
            sharing,
            ..call(&from)
        };
        assert_eq!(run(&towards("192.0.2.200", Sharing::Private)).unwrap(), ["unit-b.example"]);
        let refused = Refusal::Restriction { from: Relation::Authority, to: Relation::Peer };
        assert_eq!(run(&towards("198.51.100.7", Sharing::Known)), Err(refused));
        assert_eq!(run(&towards("198.51.100.7", Sharing::Free)).unwrap(), ["beside.example"]);
        assert!(matches!(run(&towards("203.0.113.1", Sharing::Free)), Err(Refusal::NoRoute { .. })));
    }

    #[test]
    fn rfc6545_6_3_results_travel_the_same_path_back() {
        let (from, origin) = (name("unit-a.example"), name("authority.example"));
        let path = ["us.example".to_owned()];
        let answer = Subject {
            relation: Relation::Unit,
            msg_type: "Result",
            data_call: false,
            path: &path,
            origin: Some(&origin),
            ..call(&from)
        };
        assert_eq!(run(&answer).unwrap(), ["authority.example"]);
        assert_eq!(run(&Subject { origin: None, ..answer }).unwrap(), Vec::<String>::new());
    }
}
