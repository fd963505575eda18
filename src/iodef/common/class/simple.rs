//! The simple types as names for tables: each is both a type of attribute values and the class of an element that has
//! nothing but such a value. Called by the tables of every schema.

use std::borrow::Cow;

use crate::iodef::common::class::{Class, Content, Described, HasText, Reads, Says, Value};
use crate::iodef::common::datatypes::Simple;
use crate::xml;

macro_rules! simple {
    ($($(#[$doc:meta])* $name:ident = $simple:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Described for $name {
            fn table() -> &'static Class {
                static TABLE: Class = Class {
                    namespace: "",
                    name: Simple::$simple.name(),
                    section: "XML Schema part 2",
                    doc: "",
                    attributes: &[],
                    content: Content::Text(Value::Simple(Simple::$simple)),
                    rules: &[],
                };
                &TABLE
            }
        }

        impl Reads for $name {
            const VALUE: Value = Value::Simple(Simple::$simple);
            type Read<'a> = &'a str;
            fn read(text: &str) -> &str {
                if Simple::$simple.collapses() { xml::trim(text) } else { text }
            }
        }

        impl HasText for $name {}

        impl Says<$name> for &str {
            fn say(self) -> Cow<'static, str> {
                Cow::Owned(self.to_owned())
            }
        }

        impl Says<$name> for String {
            fn say(self) -> Cow<'static, str> {
                Cow::Owned(self)
            }
        }
    )*};
}

simple! {
    /// `xs:string`: any text.
    Text = String;
    /// `xs:NMTOKEN`.
    Nmtoken = Nmtoken;
    /// `xs:NCName`.
    NcName = NcName;
    /// `xs:ID`: a name that is given once in a document.
    Id = Id;
    /// `xs:IDREF`: the name of an `xs:ID` of the same document.
    IdRef = IdRef;
    /// `xs:language`.
    Language = Language;
    /// The type of `xml:lang`: a language or nothing.
    XmlLang = XmlLang;
    /// The type of `xml:space`.
    XmlSpace = XmlSpace;
    /// `xs:anyURI`.
    AnyUri = AnyUri;
    /// `xs:boolean`.
    Boolean = Boolean;
    /// `xs:integer`, of any size.
    Integer = Integer;
    /// `xs:decimal`.
    Decimal = Decimal;
    /// `xs:float`.
    Float = Float;
    /// `xs:float` above zero.
    PositiveFloat = PositiveFloat;
    /// `xs:double`.
    Double = Double;
    /// `xs:dateTime`.
    DateTime = DateTime;
    /// `xs:base64Binary`.
    Base64Binary = Base64Binary;
    /// `xs:hexBinary`.
    HexBinary = HexBinary;
    /// Ports and ranges of ports.
    Portlist = Portlist;
    /// An offset from UTC.
    Timezone = Timezone;
}
