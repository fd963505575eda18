//! The table engine: every class of the standards is declared once, with `class!`, and everything else follows from
//! that table: validation ([`Grammar`]), typed reading ([`View`]), writing ([`Draft`]), names in JSON and the XSDs.
//!
//! Called by the tables of `iodef` and `rid`, and by whoever reads or writes their documents. A table reads like the
//! diagram in the standard:
//!
//! ```text
//! class! {
//!     /// What happened when.
//!     HistoryItem "HistoryItem", section "RFC 7970 §3.13.1" {
//!         attributes {
//!             action "action": Action, required;
//!             ext_action "ext-action": Text, optional;
//!             restriction "restriction": Restriction, optional;
//!         }
//!         sequence {
//!             one date_time "DateTime": DateTime;
//!             optional incident_id "IncidentID": IncidentID;
//!             many description "Description": MLString;
//!             choice some { … }
//!         }
//!     }
//! }
//! ```
//!
//! The first line of a class: its Rust name, its name in the schema, the section that defines it, and, if it has any,
//! `rules [RULE, …]`, those that stand only in prose. Cardinalities are `one`, `optional`, `many` (none or more) and
//! `some` (one or more); `prose_many` is `some` as the schema is printed and `many` as the prose has it, which only the
//! lenient profile accepts. A child of another namespace than the module's own `NAMESPACE` is written
//! `one node "Node" @ v1::NAMESPACE: v1::Node;`; a child that occurs twice in one model is `also one "Name": Type;` the
//! second time. Content is `empty;`, `empty unless "attribute" is "value": Type;` (again what the prose has), `text Type;`, `sequence { … }`, `choice one { … }`, `mixed sequence { … }`,
//! `mixed choice many { … }` or `anything;`; inside a group, `any lax many;` and `other lax many;` are wildcards.

mod draft;
mod encode;
mod findings;
mod grammar;
#[macro_use]
mod macros;
mod model;
mod simple;
mod table;
#[cfg(test)]
mod tests;
mod validate;
mod view;
mod xsd;

pub use draft::{Draft, HasText, Says};
pub use encode::EncodeError;
pub use findings::{Finding, Findings, Kind, Profile, Rule, Severity, Violation};
pub use grammar::{Checked, Grammar, Options, Valid};
pub(crate) use macros::{class, enumeration, particles};
pub use simple::{
    AnyUri, Base64Binary, Boolean, DateTime, Decimal, Double, Float, HexBinary, Id, IdRef, Integer, Language, NcName,
    Nmtoken, Portlist, PositiveFloat, Text, Timezone, XmlLang, XmlSpace,
};
pub use table::{
    Attr, Class, Content, Described, Element, Enumerated, Enumeration, Exception, Group, Occurs, Order, Particle,
    Process, Reads, Schema, Term, Usage, Value, Wildcard,
};
pub use view::View;
pub use xsd::xsd;
