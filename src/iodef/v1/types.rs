//! Types that several classes share: RFC 5070 §§2.4, 3.6, 3.17.1.
//! The tables follow the figures and the schema (§8) of the RFC; where both differ, the schema.

use crate::iodef::common::class::{AnyUri, Language, Text, class};
use crate::iodef::v1::{Dtype, NAMESPACE, Restriction};

class! {
    /// Free text.
    MLString "MLStringType", section "RFC 5070 §2.4" {
        attributes {
            /// The language of the text.
            lang "lang": Language, optional;
        }
        text Text;
    }

    /// A program or operating system.
    Software "SoftwareType", section "RFC 5070 §3.17.1" {
        attributes {
            /// A number that names the software between the parties.
            swid "swid": Text, default "0";
            /// A number that names its configuration.
            configid "configid": Text, default "0";
            /// Who makes it.
            vendor "vendor": Text, optional;
            /// The family it belongs to.
            family "family": Text, optional;
            /// Its name.
            name "name": Text, optional;
            /// Its version.
            version "version": Text, optional;
            /// Its patch or service pack.
            patch "patch": Text, optional;
        }
        sequence {
            /// Where it is described.
            optional url "URL": AnyUri;
        }
    }

    /// Data of a kind the model does not know: text or any elements.
    Extension "ExtensionType", section "RFC 5070 §3.6" {
        attributes {
            /// The type of the content.
            dtype "dtype": Dtype, required;
            /// The type, if `dtype` is `ext-value`.
            ext_dtype "ext-dtype": Text, optional;
            /// What the data says.
            meaning "meaning": Text, optional;
            /// What the parties agreed on about its form.
            formatid "formatid": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        mixed sequence {
            any lax many;
        }
    }
}
