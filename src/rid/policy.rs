//! What RIDPolicy says, as plain values: read from a message, and given to write one. Called by [`Message`] and
//! [`draft`].
//!
//! [`Message`]: crate::rid::Message
//! [`draft`]: crate::rid::draft

use std::net::IpAddr;

use crate::iodef::common::class::{Draft, View};
pub use crate::iodef::summary::IncidentId;
use crate::iodef::v1::{self, AddressCategory, Restriction};
use crate::rid::{AuthorizationStatus, Justification, MsgDestination, MsgType, RIDPolicy, Region, Traffic};

pub(crate) fn incident_draft(id: &IncidentId) -> Draft<v1::IncidentID> {
    v1::IncidentID::of(id.incident.id.clone())
        .name(id.incident.name.clone())
        .maybe(id.instance.clone(), Draft::<v1::IncidentID>::instance)
}

/// A Node of RIDPolicy or IncidentSource: IODEF 1.0's, by its names and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Its DNS name, if one is given.
    pub name: Option<String>,
    /// Its addresses with their kind.
    pub addresses: Vec<(AddressCategory, String)>,
}

impl Host {
    /// A host by name and IP address. RFC 6545 §5.1 wants the address.
    #[must_use]
    pub fn of(name: Option<&str>, address: Option<IpAddr>) -> Self {
        let category = |address: &IpAddr| match address {
            IpAddr::V4(_) => AddressCategory::Ipv4Addr,
            IpAddr::V6(_) => AddressCategory::Ipv6Addr,
        };
        Self {
            name: name.map(str::to_owned),
            addresses: address.iter().map(|address| (category(address), address.to_string())).collect(),
        }
    }

    /// Those of its addresses that are IP addresses.
    pub fn ips(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().filter_map(|(_, text)| text.parse().ok())
    }

    pub(crate) fn read(node: View<'_, v1::Node>) -> Self {
        Self {
            name: node.node_name().next().map(|name| name.content().trim().to_owned()),
            addresses: node
                .address()
                .map(|address| (address.category(), address.content().trim().to_owned()))
                .collect(),
        }
    }

    pub(crate) fn draft(&self) -> Draft<v1::Node> {
        let address = |(category, text): &(AddressCategory, String)| v1::Address::of(text.clone()).category(*category);
        v1::Node::draft()
            .maybe(self.name.clone(), Draft::<v1::Node>::node_name)
            .each(self.addresses.iter().map(address), Draft::<v1::Node>::address)
    }
}

/// What every message says about itself: RFC 6545 §5.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its type.
    pub msg_type: MsgType,
    /// The type in words, where `msg_type` is an extension.
    pub ext_msg_type: Option<String>,
    /// What `node` names.
    pub destination: MsgDestination,
    /// The RID system it goes to, or the source of the incident.
    pub node: Host,
    /// How far the information is meant to go; at least one.
    pub regions: Vec<Region>,
    /// What it is about; at least one.
    pub traffic: Vec<Traffic>,
    /// The incident. Only a Query may leave it out (RFC 6545 §7.4.1).
    pub incident: Option<IncidentId>,
    /// Who may see it.
    pub restriction: Option<Restriction>,
}

impl Policy {
    /// To the RID system `node`, between peers, about an attack: what the values are where nothing else is known.
    #[must_use]
    pub fn to(node: Host, msg_type: MsgType, incident: Option<IncidentId>) -> Self {
        Self {
            msg_type,
            ext_msg_type: None,
            destination: MsgDestination::RIDSystem,
            node,
            regions: vec![Region::PeerToPeer],
            traffic: vec![Traffic::Attack],
            incident,
            restriction: None,
        }
    }

    pub(crate) fn read(view: View<'_, RIDPolicy>) -> Self {
        Self {
            msg_type: view.msg_type(),
            ext_msg_type: view.ext_msg_type().map(str::to_owned),
            destination: view.msg_destination(),
            node: Host::read(view.policy_node()),
            regions: view.policy_region().map(|one| one.region()).collect(),
            traffic: view.traffic_type().map(|one| one.kind()).collect(),
            incident: view.incident_id().map(|id| IncidentId::read(id.element())),
            restriction: view.restriction(),
        }
    }

    pub(crate) fn draft(&self) -> Draft<RIDPolicy> {
        let region = |one: &Region| crate::rid::PolicyRegion::draft().region(*one);
        let traffic = |one: &Traffic| crate::rid::TrafficType::draft().kind(*one);
        RIDPolicy::draft()
            .msg_type(self.msg_type)
            .maybe(self.ext_msg_type.clone(), Draft::<RIDPolicy>::ext_msg_type)
            .msg_destination(self.destination)
            .maybe(self.restriction, Draft::<RIDPolicy>::restriction)
            .each(self.regions.iter().map(region), Draft::<RIDPolicy>::policy_region)
            .policy_node(self.node.draft())
            .each(self.traffic.iter().map(traffic), Draft::<RIDPolicy>::traffic_type)
            .maybe(self.incident.as_ref().map(incident_draft), Draft::<RIDPolicy>::incident_id)
    }
}

/// What becomes of a message: RFC 6545 §5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What was decided.
    pub authorization: AuthorizationStatus,
    /// Why, if it is not approved.
    pub justification: Option<Justification>,
    /// The reason in words, where `justification` is an extension.
    pub ext_justification: Option<String>,
}

/// Whether the source of the incident was found: RFC 6545 §5.3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Whether it was.
    pub found: bool,
    /// Where.
    pub nodes: Vec<Host>,
}
