//! Systems, nodes and services: RFC 5070 §§3.15 to 3.17.
//! The tables follow the figures and the schema (§8) of the RFC; where both differ, the schema.

use crate::iodef::common::class::{DateTime, Double, Integer, Language, Portlist, Text, class};
use crate::iodef::v1::{
    AddressCategory, CounterType, Duration, Extension, MLString, NAMESPACE, NodeRoleCategory, Restriction, Software,
    Spoofed, SystemCategory, rules,
};

class! {
    /// A system or network and its part in the event.
    System "System", section "RFC 5070 §3.15", rules [rules::SYSTEM_HAS_A_CATEGORY] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// The network interface concerned.
            interface "interface": Text, optional;
            /// Its part in the event.
            category "category": SystemCategory, optional;
            /// Its part, if `category` is `ext-value`.
            ext_category "ext-category": Text, optional;
            /// Whether its address was forged.
            spoofed "spoofed": Spoofed, default "unknown";
        }
        sequence {
            /// Where and what it is.
            one node "Node": Node;
            /// Services it runs or uses.
            many service "Service": Service;
            /// What it runs on.
            many operating_system "OperatingSystem": Software;
            /// How much of something.
            many counter "Counter": Counter;
            /// What it is, in free text.
            many description "Description": MLString;
            /// What the model has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A host or network by name and address; names and addresses in any order.
    Node "Node", section "RFC 5070 §3.16", rules [rules::NODE_IS_NAMED] {
        sequence {
            choice some {
                /// A name, best fully qualified.
                optional node_name "NodeName": MLString;
                /// An address.
                many address "Address": Address;
            }
            /// Where it stands.
            optional location "Location": MLString;
            /// When name and address belonged together.
            optional date_time "DateTime": DateTime;
            /// What it is there for.
            many node_role "NodeRole": NodeRole;
            /// How much of something.
            many counter "Counter": Counter;
        }
    }

    /// An address of the network or of an application, as content.
    Address "Address", section "RFC 5070 §3.16.2", rules [rules::ADDRESS_HAS_A_CATEGORY] {
        attributes {
            /// What kind of address.
            category "category": AddressCategory, default "ipv4-addr";
            /// The kind, if `category` is `ext-value`.
            ext_category "ext-category": Text, optional;
            /// The name of the virtual LAN.
            vlan_name "vlan-name": Text, optional;
            /// The number of the virtual LAN.
            vlan_num "vlan-num": Integer, optional;
        }
        text Text;
    }

    /// What a node is there for; more in free text as content.
    NodeRole "NodeRole", section "RFC 5070 §3.16.3", rules [rules::NODE_ROLE_HAS_A_LANGUAGE] {
        attributes {
            /// The role.
            category "category": NodeRoleCategory, required;
            /// The role, if `category` is `ext-value`.
            ext_category "ext-category": Text, optional;
            /// The language of the text.
            lang "lang": Language, optional;
        }
        text Text;
    }

    /// How many of something, a number as content, or a rate if a duration is given.
    Counter "Counter", section "RFC 5070 §3.16.1" {
        attributes {
            /// What is counted.
            kind "type": CounterType, required;
            /// What is counted, if `type` is `ext-value`.
            ext_kind "ext-type": Text, optional;
            /// What the number says, in free text.
            meaning "meaning": Text, optional;
            /// The unit of time of a rate.
            duration "duration": Duration, optional;
            /// The unit, if `duration` is `ext-value`.
            ext_duration "ext-duration": Text, optional;
        }
        text Double;
    }

    /// A service of a system.
    Service "Service", section "RFC 5070 §3.17", rules [rules::SERVICE_HAS_PORTS] {
        attributes {
            /// The number of the protocol over IP, as IANA lists it.
            ip_protocol "ip_protocol": Integer, required;
        }
        sequence {
            choice optional {
                /// A port.
                one port "Port": Integer;
                /// Ports and ranges of ports.
                one portlist "Portlist": Portlist;
            }
            /// The type, where the protocol has types.
            optional proto_type "ProtoType": Integer;
            /// The code, where the protocol has codes.
            optional proto_code "ProtoCode": Integer;
            /// Flags, where the protocol has flags.
            optional proto_field "ProtoField": Integer;
            /// The program that serves.
            optional application "Application": Software;
        }
    }
}
