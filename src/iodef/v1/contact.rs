//! People and organizations: RFC 5070 §3.7.
//! The tables follow the figures and the schema (§8) of the RFC; where both differ, the schema.

use crate::iodef::common::class::{Language, Text, Timezone, class};
use crate::iodef::v1::{ContactRole, ContactType, Extension, MLString, NAMESPACE, Registry, Restriction, rules};

class! {
    /// A person or an organization that has a part in the incident.
    Contact "Contact", section "RFC 5070 §3.7", rules [rules::CONTACT_SAYS_SOMETHING] {
        attributes {
            /// What the contact does in the incident.
            role "role": ContactRole, required;
            /// The role, if `role` is `ext-value`.
            ext_role "ext-role": Text, optional;
            /// Person or organization.
            kind "type": ContactType, required;
            /// The type, if `type` is `ext-value`.
            ext_kind "ext-type": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            /// The name.
            optional contact_name "ContactName": MLString;
            /// What else is to be said of the contact.
            many description "Description": MLString;
            /// The entry in a registry.
            many registry_handle "RegistryHandle": RegistryHandle;
            /// Where letters go.
            optional postal_address "PostalAddress": PostalAddress;
            /// Where mail goes.
            many email "Email": ContactMeans;
            /// The telephone numbers.
            many telephone "Telephone": ContactMeans;
            /// The fax number.
            optional fax "Fax": ContactMeans;
            /// The zone the contact lives in.
            optional timezone "Timezone": Timezone;
            /// Contacts within this one.
            many contact "Contact": Contact;
            /// What the model has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A handle in a registry, as content.
    RegistryHandle "RegistryHandle", section "RFC 5070 §3.7.1", rules [rules::HANDLE_HAS_A_REGISTRY] {
        attributes {
            /// Which registry.
            registry "registry": Registry, optional;
            /// The registry, if `registry` is `ext-value`.
            ext_registry "ext-registry": Text, optional;
        }
        text Text;
    }

    /// A postal address, as content.
    PostalAddress "PostalAddress", section "RFC 5070 §3.7.2", rules [rules::POSTAL_ADDRESS_HAS_A_LANGUAGE] {
        attributes {
            /// What the address is for.
            meaning "meaning": Text, optional;
            /// The language of the text.
            lang "lang": Language, optional;
        }
        text Text;
    }

    /// An address for mail, as content.
    ContactMeans "ContactMeansType", section "RFC 5070 §3.7.3" {
        attributes {
            /// What the address is for.
            meaning "meaning": Text, optional;
        }
        text Text;
    }
}
