//! People and organizations: RFC 7970 §3.9. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{Text, Timezone, class, enumeration};
use crate::iodef::v2::{Extension, MLString, NAMESPACE, Restriction, rules};

enumeration! {
    /// What the contact has to do with the incident.
    ContactRole "Contact-role", section "RFC 7970 §3.9" {
        Creator = "creator",
        Reporter = "reporter",
        Admin = "admin",
        Tech = "tech",
        Provider = "provider",
        User = "user",
        Billing = "billing",
        Legal = "legal",
        Abuse = "abuse",
        Irt = "irt",
        Cc = "cc",
        CcIrt = "cc-irt",
        Leo = "leo",
        Vendor = "vendor",
        VendorServices = "vendor-services",
        Victim = "victim",
        VictimNotified = "victim-notified",
        ExtValue = "ext-value",
    }

    /// Whether a person or an organization.
    ContactType "Contact-type", section "RFC 7970 §3.9" {
        Person = "person",
        Organization = "organization",
        ExtValue = "ext-value",
    }

    /// The registry that gave a handle.
    Registry "RegistryHandle-registry", section "RFC 7970 §3.9.1" {
        Internic = "internic",
        Apnic = "apnic",
        Arin = "arin",
        Lacnic = "lacnic",
        Ripe = "ripe",
        Afrinic = "afrinic",
        Local = "local",
        ExtValue = "ext-value",
    }

    /// What an address is for.
    PostalAddressType "PostalAddress-type", section "RFC 7970 §3.9.2" {
        Street = "street",
        Mailing = "mailing",
        ExtValue = "ext-value",
    }

    /// What a telephone number is for.
    TelephoneType "Telephone-type", section "RFC 7970 §3.9.4" {
        Wired = "wired",
        Mobile = "mobile",
        Fax = "fax",
        Hotline = "hotline",
        ExtValue = "ext-value",
    }

    /// What an email address is for.
    EmailType "Email-type", section "RFC 7970 §3.9.3" {
        Direct = "direct",
        Hotline = "hotline",
        ExtValue = "ext-value",
    }
}

class! {
    /// A person or organization that has to do with the incident.
    Contact "Contact", section "RFC 7970 §3.9", rules [rules::CONTACT_SAYS_SOMETHING] {
        attributes {
            /// What it has to do with the incident.
            role "role": ContactRole, required;
            /// What `role` says where it is `ext-value`.
            ext_role "ext-role": Text, optional;
            kind "type": ContactType, required;
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            many contact_name "ContactName": MLString;
            many contact_title "ContactTitle": MLString;
            many description "Description": MLString;
            many registry_handle "RegistryHandle": RegistryHandle;
            many postal_address "PostalAddress": PostalAddress;
            many email "Email": Email;
            many telephone "Telephone": Telephone;
            optional timezone "Timezone": Timezone;
            many contact "Contact": Contact;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A name in a registry of addresses.
    RegistryHandle "RegistryHandle", section "RFC 7970 §3.9.1" {
        attributes {
            /// Whose registry.
            registry "registry": Registry, optional;
            /// What `registry` says where it is `ext-value`.
            ext_registry "ext-registry": Text, optional;
        }
        text Text;
    }

    /// Where letters reach a contact.
    PostalAddress "PostalAddress", section "RFC 7970 §3.9.2" {
        attributes {
            kind "type": PostalAddressType, optional;
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
        }
        sequence {
            /// The address.
            one p_address "PAddress": MLString;
            many description "Description": MLString;
        }
    }

    /// Where mail reaches a contact.
    Email "Email", section "RFC 7970 §3.9.3" {
        attributes {
            kind "type": EmailType, optional;
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
        }
        sequence {
            /// The address.
            one email_to "EmailTo": Text;
            many description "Description": MLString;
        }
    }

    /// Where calls reach a contact.
    Telephone "Telephone", section "RFC 7970 §3.9.4" {
        attributes {
            kind "type": TelephoneType, optional;
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
        }
        sequence {
            /// The number.
            one telephone_number "TelephoneNumber": Text;
            many description "Description": MLString;
        }
    }
}
