//! The tables themselves: what `class!` and `enumeration!` expand to, as plain statics that anyone may walk. The
//! generator of the XSDs, the validator and the encoder read nothing else.

use std::fmt;

use crate::iodef::common::class::Rule;
use crate::iodef::common::datatypes::Simple;

/// One namespace: the elements that may stand anywhere a wildcard or a root is.
#[derive(Debug)]
pub struct Schema {
    /// The namespace's name.
    pub namespace: &'static str,
    /// The prefix the standard uses for it.
    pub prefix: &'static str,
    /// The standard and section that print the schema.
    pub section: &'static str,
    /// Its global elements.
    pub elements: &'static [Element],
}

/// A global element.
#[derive(Debug)]
pub struct Element {
    /// The local name.
    pub name: &'static str,
    /// Tells its type. (A function, for classes hold each other in circles.)
    pub class: fn() -> &'static Class,
}

/// One class of a standard.
pub struct Class {
    /// The namespace it belongs to; empty for XML Schema's own simple types.
    pub namespace: &'static str,
    /// The name of the type in the schema; where that has none, the element's.
    pub name: &'static str,
    /// The section that defines it, `RFC 7970 §3.2`.
    pub section: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its attributes in the order of the standard.
    pub attributes: &'static [Attr],
    /// What stands between its tags.
    pub content: Content,
    /// Rules that stand only in prose.
    pub rules: &'static [&'static Rule],
}

/// Classes hold each other in circles, so only the name is shown.
impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Class").field("namespace", &self.namespace).field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Class {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// One attribute of a class.
#[derive(Debug)]
pub struct Attr {
    /// The name as written: `purpose`, or `xml:lang` for the one namespace whose prefix is fixed.
    pub name: &'static str,
    /// The type of its value.
    pub value: Value,
    /// Whether it must be there.
    pub usage: Usage,
    /// What it says.
    pub doc: &'static str,
}

/// Whether an attribute must be there, and what its absence or presence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// It must be there.
    Required,
    /// It may be there.
    Optional,
    /// If it is absent, this is meant.
    Default(&'static str),
    /// If it is there, it says this.
    Fixed(&'static str),
    /// It must be there and say this.
    Only(&'static str),
}

/// The type of a value.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A simple type.
    Simple(Simple),
    /// One of a list.
    Enumerated(&'static Enumeration),
}

/// A list of values that a standard allows.
#[derive(Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// The name of IANA's registry where there is one, `Incident-purpose`; else one made alike.
    pub name: &'static str,
    /// The section that lists the values.
    pub section: &'static str,
    /// The values in the order of the standard.
    pub values: &'static [&'static str],
    /// Whether white space around a value is no part of it; false for the few lists based on xs:string.
    pub collapses: bool,
}

/// What stands between the tags of a class.
#[derive(Debug)]
pub enum Content {
    /// Nothing, not even white space.
    Empty,
    /// Nothing as the schema is printed, but a value as the prose has it.
    EmptyUnless(Exception),
    /// Text of one type.
    Text(Value),
    /// Elements, and white space between them.
    Elements(Group),
    /// Elements with text between them.
    Mixed(Group),
    /// Any attributes, any text, any elements: `xs:anyType`.
    Anything,
}

/// Where the prose allows a value in an element that the printed schema leaves empty.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The attribute that decides.
    pub attribute: &'static str,
    /// The value of it with which the element has a value.
    pub is: &'static str,
    /// The type of that value.
    pub value: Value,
}

/// Children in an order.
#[derive(Debug)]
pub struct Group {
    /// One after the other, or one of them.
    pub order: Order,
    /// How often the whole.
    pub occurs: Occurs,
    /// The members.
    pub particles: &'static [Particle],
}

/// How the members of a [`Group`] follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In this order.
    Sequence,
    /// One of them.
    Choice,
}

/// How often something occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Exactly once.
    One,
    /// At most once.
    Optional,
    /// Any number of times, or not at all.
    Many,
    /// At least once.
    Some,
    /// At least once as the schema is printed, any number of times or not at all as the prose has it. Only for a direct
    /// child of a class's sequence.
    ProseMany,
}

impl Occurs {
    /// Whether none is allowed, be it by the prose alone.
    #[must_use]
    pub const fn may_be_absent(self) -> bool {
        matches!(self, Self::Optional | Self::Many | Self::ProseMany)
    }

    /// Whether more than one is allowed.
    #[must_use]
    pub const fn may_repeat(self) -> bool {
        matches!(self, Self::Many | Self::Some | Self::ProseMany)
    }
}

/// One member of a [`Group`].
#[derive(Debug)]
pub enum Particle {
    /// A child element.
    Element(Term),
    /// A group inside the group.
    Group(Group),
    /// Elements of other standards.
    Wildcard(Wildcard),
}

/// A child element of a class.
#[derive(Debug)]
pub struct Term {
    /// The namespace.
    pub namespace: &'static str,
    /// The local name.
    pub name: &'static str,
    /// Tells its type.
    pub class: fn() -> &'static Class,
    /// How often.
    pub occurs: Occurs,
    /// What it says.
    pub doc: &'static str,
}

/// A place for elements of other standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wildcard {
    /// Only elements that are in some namespace, but not in this one; none means any element.
    pub other_than: Option<&'static str>,
    /// Whether elements that no known schema declares are refused.
    pub process: Process,
    /// How often.
    pub occurs: Occurs,
}

/// How elements in a wildcard are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Those that a known schema declares are validated, others are left alone.
    Lax,
    /// Each must be declared by a known schema.
    Strict,
}

/// A type that names a class: what `class!` declares, and the simple types.
pub trait Described: 'static {
    /// Its table.
    fn table() -> &'static Class;
}

/// A type whose values an attribute can have.
pub trait Reads: 'static {
    /// Its table.
    const VALUE: Value;
    /// What reading gives: a Rust enumeration, or the text without its surrounding white space.
    type Read<'a>;
    /// Reads a validated value.
    fn read(text: &str) -> Self::Read<'_>;
}

/// What `enumeration!` declares.
pub trait Enumerated: Copy + 'static {
    /// Its table.
    const ENUMERATION: &'static Enumeration;
    /// The value as the standard writes it; `None` for one that was accepted by configuration only.
    fn name(self) -> Option<&'static str>;
    /// The value that is written so, white space aside.
    fn named(text: &str) -> Option<Self>;
}
