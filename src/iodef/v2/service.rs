//! Domains, services and mail: RFC 7970 §§3.19–3.21. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{AnyUri, DateTime, Id, Integer, Portlist, Text, class, enumeration};
use crate::iodef::v2::{Address, Contact, Extension, HashData, MLString, NAMESPACE, SignatureData, Software, rules};

enumeration! {
    /// How a domain took part. White space around a value counts.
    @exact SystemStatus "DomainData-system-status", section "RFC 7970 §3.19" {
        Spoofed = "spoofed",
        Fraudulent = "fraudulent",
        InnocentHacked = "innocent-hacked",
        InnocentHijacked = "innocent-hijacked",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }

    /// How a domain is registered. White space around a value counts.
    @exact DomainStatus "DomainData-domain-status", section "RFC 7970 §3.19" {
        ReservedDelegation = "reservedDelegation",
        AssignedAndActive = "assignedAndActive",
        AssignedAndInactive = "assignedAndInactive",
        AssignedAndOnHold = "assignedAndOnHold",
        Revoked = "revoked",
        TransferPending = "transferPending",
        RegistryLock = "registryLock",
        RegistrarLock = "registrarLock",
        Other = "other",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }
}

class! {
    /// A domain name and what is known about it.
    DomainData "DomainData", section "RFC 7970 §3.19" {
        attributes {
            /// How the domain took part.
            system_status "system-status": SystemStatus, optional;
            /// What `system-status` says where it is `ext-value`.
            ext_system_status "ext-system-status": Text, optional;
            /// How it is registered.
            domain_status "domain-status": DomainStatus, optional;
            /// What `domain-status` says where it is `ext-value`.
            ext_domain_status "ext-domain-status": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            one name "Name": Text;
            optional date_domain_was_checked "DateDomainWasChecked": DateTime;
            optional registration_date "RegistrationDate": DateTime;
            optional expiration_date "ExpirationDate": DateTime;
            many related_dns "RelatedDNS": Extension;
            many nameservers "Nameservers": Nameservers;
            optional domain_contacts "DomainContacts": DomainContacts;
        }
    }

    /// A server of the domain, by name and addresses.
    Nameservers "Nameservers", section "RFC 7970 §3.19.1", rules [rules::NAME_SERVERS_HAVE_IP_ADDRESSES] {
        sequence {
            one server "Server": Text;
            some address "Address": Address;
        }
    }

    /// Who answers for the domain.
    DomainContacts "DomainContacts", section "RFC 7970 §3.19.2" {
        choice one {
            /// Another domain whose contacts these are.
            one same_domain_contact "SameDomainContact": Text;
            some contact "Contact": Contact;
        }
    }

    /// A network service: protocol, ports, application.
    Service "Service", section "RFC 7970 §3.20", rules [rules::SERVICE_SAYS_SOMETHING, rules::PORTS_HAVE_A_PROTOCOL] {
        attributes {
            /// The number of the protocol above IP.
            ip_protocol "ip-protocol": Integer, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            optional service_name "ServiceName": ServiceName;
            optional port "Port": Integer;
            optional portlist "Portlist": Portlist;
            optional proto_type "ProtoType": Integer;
            optional proto_code "ProtoCode": Integer;
            optional proto_field "ProtoField": Integer;
            optional application_header "ApplicationHeader": ApplicationHeader;
            optional email_data "EmailData": EmailData;
            optional application "Application": Software;
        }
    }

    /// A service by its registered or written name.
    ServiceName "ServiceName", section "RFC 7970 §3.20.1", rules [rules::SERVICE_NAME_SAYS_SOMETHING] {
        sequence {
            optional iana_service "IANAService": Text;
            many url "URL": AnyUri;
            many description "Description": MLString;
        }
    }

    /// Headers of an application protocol.
    ApplicationHeader "ApplicationHeader", section "RFC 7970 §3.20.2", rules [rules::HEADER_FIELDS_ARE_NAMED] {
        sequence {
            some application_header_field "ApplicationHeaderField": Extension;
        }
    }

    /// A mail message, in whole or part.
    EmailData "EmailData", section "RFC 7970 §3.21", rules [
        rules::HEADER_FIELDS_ARE_NAMED,
        rules::EMAIL_HEADERS_ARE_STRINGS,
    ] {
        attributes {
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            /// The address.
            many email_to "EmailTo": Text;
            optional email_from "EmailFrom": Text;
            optional email_subject "EmailSubject": Text;
            optional email_x_mailer "EmailX-Mailer": Text;
            many email_header_field "EmailHeaderField": Extension;
            optional email_headers "EmailHeaders": Text;
            optional email_body "EmailBody": Text;
            optional email_message "EmailMessage": Text;
            many hash_data "HashData": HashData;
            many signature_data "SignatureData": SignatureData;
        }
    }
}
