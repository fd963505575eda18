//! Systems: RFC 7970 §§3.17–3.18. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{Float, Id, Integer, Text, class, enumeration};
use crate::iodef::v2::{
    DomainData, Duration, Extension, MLString, NAMESPACE, PostalAddress, Restriction, Service, Software, YesNoUnknown,
    rules,
};

enumeration! {
    /// The part a system played.
    SystemCategory "System-category", section "RFC 7970 §3.17" {
        Source = "source",
        Target = "target",
        Intermediate = "intermediate",
        Sensor = "sensor",
        Infrastructure = "infrastructure",
        ExtValue = "ext-value",
    }

    /// Whose a system is.
    Ownership "System-ownership", section "RFC 7970 §3.17" {
        Organization = "organization",
        Personal = "personal",
        Partner = "partner",
        Customer = "customer",
        NoRelationship = "no-relationship",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }

    /// The kind of an address.
    AddressCategory "Address-category", section "RFC 7970 §3.18.1" {
        Asn = "asn",
        Atm = "atm",
        EMail = "e-mail",
        Mac = "mac",
        Ipv4Addr = "ipv4-addr",
        Ipv4Net = "ipv4-net",
        Ipv4NetMasked = "ipv4-net-masked",
        Ipv4NetMask = "ipv4-net-mask",
        Ipv6Addr = "ipv6-addr",
        Ipv6Net = "ipv6-net",
        Ipv6NetMasked = "ipv6-net-masked",
        SiteUri = "site-uri",
        ExtValue = "ext-value",
    }

    /// What a node is used for.
    NodeRoleCategory "NodeRole-category", section "RFC 7970 §3.18.2" {
        Client = "client",
        ClientEnterprise = "client-enterprise",
        ClientPartner = "client-partner",
        ClientRemote = "client-remote",
        ClientKiosk = "client-kiosk",
        ClientMobile = "client-mobile",
        ServerInternal = "server-internal",
        ServerPublic = "server-public",
        Www = "www",
        Mail = "mail",
        Webmail = "webmail",
        Messaging = "messaging",
        Streaming = "streaming",
        Voice = "voice",
        File = "file",
        Ftp = "ftp",
        P2p = "p2p",
        Name = "name",
        Directory = "directory",
        Credential = "credential",
        Print = "print",
        Application = "application",
        Database = "database",
        Backup = "backup",
        Dhcp = "dhcp",
        Assessment = "assessment",
        SourceControl = "source-control",
        ConfigManagement = "config-management",
        Monitoring = "monitoring",
        Infra = "infra",
        InfraFirewall = "infra-firewall",
        InfraRouter = "infra-router",
        InfraSwitch = "infra-switch",
        Camera = "camera",
        Proxy = "proxy",
        RemoteAccess = "remote-access",
        Log = "log",
        Virtualization = "virtualization",
        Pos = "pos",
        Scada = "scada",
        ScadaSupervisory = "scada-supervisory",
        Sinkhole = "sinkhole",
        Honeypot = "honeypot",
        Anonymization = "anonymization",
        C2Server = "c2-server",
        MalwareDistribution = "malware-distribution",
        DropServer = "drop-server",
        HopPoint = "hop-point",
        Reflector = "reflector",
        PhishingSite = "phishing-site",
        SpearPhishingSite = "spear-phishing-site",
        RecruitingSite = "recruiting-site",
        FraudulentSite = "fraudulent-site",
        ExtValue = "ext-value",
    }

    /// What a count means.
    CounterType "Counter-type", section "RFC 7970 §3.18.3" {
        Counter = "counter",
        Rate = "rate",
        Average = "average",
        ExtValue = "ext-value",
    }

    /// What is counted.
    CounterUnit "Counter-unit", section "RFC 7970 §3.18.3" {
        Byte = "byte",
        Mbit = "mbit",
        Packet = "packet",
        Flow = "flow",
        Session = "session",
        Event = "event",
        Alert = "alert",
        Message = "message",
        Host = "host",
        Site = "site",
        Organization = "organization",
        ExtValue = "ext-value",
    }
}

class! {
    /// A system or network and the part it played.
    System "System", section "RFC 7970 §3.17" {
        attributes {
            category "category": SystemCategory, optional;
            /// What `category` says where it is `ext-value`.
            ext_category "ext-category": Text, optional;
            /// The interface, where there are several.
            interface "interface": Text, optional;
            /// Whether the address is a disguise.
            spoofed "spoofed": YesNoUnknown, default "unknown";
            /// Whether it is a virtual machine.
            is_virtual "virtual": YesNoUnknown, default "unknown";
            /// Whose it is.
            ownership "ownership": Ownership, optional;
            /// What `ownership` says where it is `ext-value`.
            ext_ownership "ext-ownership": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            one node "Node": Node;
            many node_role "NodeRole": NodeRole;
            many service "Service": Service;
            many operating_system "OperatingSystem": Software;
            many counter "Counter": Counter;
            /// Names of the asset.
            many asset_id "AssetID": Text;
            many description "Description": MLString;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A system by its names and addresses.
    Node "Node", section "RFC 7970 §3.18", rules [rules::NODE_IS_NAMED] {
        sequence {
            choice some {
                many domain_data "DomainData": DomainData;
                many address "Address": Address;
            }
            optional postal_address "PostalAddress": PostalAddress;
            many location "Location": MLString;
            many counter "Counter": Counter;
        }
    }

    /// An address of any layer.
    Address "Address", section "RFC 7970 §3.18.1" {
        attributes {
            category "category": AddressCategory, default "ipv6-addr";
            /// What `category` says where it is `ext-value`.
            ext_category "ext-category": Text, optional;
            /// The name of its VLAN.
            vlan_name "vlan-name": Text, optional;
            /// The number of its VLAN.
            vlan_num "vlan-num": Integer, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        text Text;
    }

    /// What a system is used for.
    NodeRole "NodeRole", section "RFC 7970 §3.18.2" {
        attributes {
            category "category": NodeRoleCategory, required;
            /// What `category` says where it is `ext-value`.
            ext_category "ext-category": Text, optional;
        }
        sequence {
            many description "Description": MLString;
        }
    }

    /// A count or rate.
    Counter "Counter", section "RFC 7970 §3.18.3" {
        attributes {
            kind "type": CounterType, required;
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
            /// What is counted.
            unit "unit": CounterUnit, required;
            /// What `unit` says where it is `ext-value`.
            ext_unit "ext-unit": Text, optional;
            /// What it means, for people.
            meaning "meaning": Text, optional;
            /// The unit of time.
            duration "duration": Duration, optional;
            /// What `duration` says where it is `ext-value`.
            ext_duration "ext-duration": Text, optional;
        }
        text Float;
    }
}
