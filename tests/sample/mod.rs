//! Documents made from the class tables alone: the least that is valid, and all that may be said, so that every class,
//! attribute and branch of a choice is written once.

use std::collections::BTreeSet;
use std::fmt::Write;

use ridd::iodef::common::class::{Attr, Class, Content, Grammar, Group, Occurs, Order, Particle, Term, Usage, Value};
use ridd::iodef::common::datatypes::Simple;
use ridd::xml::Node;

/// Enough to take each branch of a choice within each branch of the choice around it.
const BRANCHES: usize = 40;

/// Documents with the root `name`: one, or one for each branch of the widest choice.
pub(crate) fn documents(grammar: &Grammar, namespace: &str, name: &str, full: bool) -> Vec<String> {
    let schema = grammar.schemas().iter().find(|schema| schema.namespace == namespace).unwrap();
    let element = schema.elements.iter().find(|element| element.name == name).unwrap();
    let branches = if full { BRANCHES } else { 1 };
    (0..branches)
        .map(|branch| {
            let mut maker = Maker { full, branch, identifiers: 0, out: String::new(), open: Vec::new() };
            maker.element(namespace, element.name, (element.class)());
            maker.out
        })
        .collect()
}

/// Every element that the schemas of the three standards reach from their roots, as `{namespace}name`.
pub(crate) fn declared(grammar: &Grammar) -> BTreeSet<String> {
    let mut seen = Vec::new();
    let mut names = BTreeSet::new();
    for schema in grammar.schemas() {
        for element in schema.elements.iter().filter(|one| matches!(one.name, "IODEF-Document" | "RID")) {
            names.insert(format!("{{{}}}{}", schema.namespace, element.name));
            walk((element.class)(), &mut seen, &mut names);
        }
    }
    names
}

fn walk(class: &'static Class, seen: &mut Vec<&'static Class>, names: &mut BTreeSet<String>) {
    if seen.contains(&class) {
        return;
    }
    seen.push(class);
    if let Content::Elements(group) | Content::Mixed(group) = &class.content {
        walk_group(group, seen, names);
    }
}

fn walk_group(group: &'static Group, seen: &mut Vec<&'static Class>, names: &mut BTreeSet<String>) {
    for particle in group.particles {
        match particle {
            Particle::Element(term) => {
                names.insert(format!("{{{}}}{}", term.namespace, term.name));
                walk((term.class)(), seen, names);
            }
            Particle::Group(inner) => walk_group(inner, seen, names),
            Particle::Wildcard(_) => {}
        }
    }
}

/// Adds the names of all elements of the document.
pub(crate) fn names(node: Node<'_>, names_seen: &mut BTreeSet<String>) {
    names_seen.insert(format!("{{{}}}{}", node.namespace(), node.name()));
    for child in node.elements() {
        names(child, names_seen);
    }
}

struct Maker {
    full: bool,
    /// Which member of each choice is taken, counted round.
    branch: usize,
    identifiers: usize,
    out: String,
    open: Vec<&'static Class>,
}

impl Maker {
    fn element(&mut self, namespace: &str, name: &str, class: &'static Class) {
        write!(self.out, "<{name} xmlns=\"{namespace}\"").unwrap();
        for attribute in class.attributes {
            self.attribute(class, attribute);
        }
        self.out.push('>');
        self.open.push(class);
        match &class.content {
            Content::Empty | Content::EmptyUnless(_) => {}
            Content::Text(value) => {
                let text = self.value(*value);
                self.out.push_str(&text);
            }
            Content::Elements(group) => self.group(group),
            Content::Mixed(group) => {
                self.out.push_str("some text");
                self.group(group);
            }
            Content::Anything => self.out.push_str("anything"),
        }
        self.open.pop();
        write!(self.out, "</{name}>").unwrap();
    }

    fn attribute(&mut self, class: &Class, attribute: &'static Attr) {
        let wanted = match attribute.usage {
            Usage::Required | Usage::Only(_) => true,
            // An ext- attribute is for ext-value only, and private values want a registry.
            _ => self.full && !attribute.name.starts_with("ext-"),
        };
        if !wanted {
            return;
        }
        let value = match attribute.usage {
            Usage::Fixed(value) | Usage::Only(value) | Usage::Default(value) => value.to_owned(),
            _ if class.name == "Confidence" && attribute.name == "rating" => "low".to_owned(),
            _ => self.value(attribute.value),
        };
        write!(self.out, " {}=\"{value}\"", attribute.name).unwrap();
    }

    fn group(&mut self, group: &'static Group) {
        let repeats = if self.full && group.occurs.may_repeat() { 2 } else { 1 };
        if group.occurs.may_be_absent() && !self.full {
            return;
        }
        for round in 0..repeats {
            match group.order {
                Order::Sequence => {
                    for particle in group.particles {
                        self.particle(particle);
                    }
                }
                Order::Choice => {
                    let members = group.particles.len();
                    let first = self.branch + round;
                    // A member that would go round in a circle gives way to the next.
                    let fits = |at: &usize| self.fits(&group.particles[*at % members]);
                    if let Some(at) = (first..first + members).find(fits) {
                        self.chosen(&group.particles[at % members]);
                    }
                }
            }
        }
    }

    fn fits(&self, particle: &Particle) -> bool {
        match particle {
            Particle::Element(term) => !self.open.contains(&(term.class)()),
            Particle::Group(_) => true,
            Particle::Wildcard(_) => false,
        }
    }

    fn particle(&mut self, particle: &'static Particle) {
        match particle {
            Particle::Group(group) => self.group(group),
            Particle::Wildcard(_) => {}
            Particle::Element(term) if term.occurs.may_be_absent() && (!self.full || self.is_too_deep(term)) => {}
            Particle::Element(term) => self.term(term),
        }
    }

    /// A member of a choice is written even if it might be absent.
    fn chosen(&mut self, particle: &'static Particle) {
        match particle {
            Particle::Element(term) => self.term(term),
            other => self.particle(other),
        }
    }

    /// Classes hold each other in circles, and all of everything at every depth would be endless.
    fn is_too_deep(&self, term: &Term) -> bool {
        self.open.contains(&(term.class)()) || self.open.len() > 12
    }

    fn term(&mut self, term: &'static Term) {
        let repeats = if self.full && matches!(term.occurs, Occurs::Some | Occurs::ProseMany) && self.open.len() < 4 {
            2
        } else {
            1
        };
        for _ in 0..repeats {
            self.element(term.namespace, term.name, (term.class)());
        }
    }

    fn value(&mut self, value: Value) -> String {
        match value {
            Value::Enumerated(list) => {
                let values: Vec<_> = list.values.iter().filter(|value| **value != "ext-value").collect();
                (*values[self.branch % values.len()]).to_owned()
            }
            Value::Simple(simple) => self.simple(simple),
        }
    }

    fn simple(&mut self, simple: Simple) -> String {
        let text = match simple {
            Simple::String => "text & <more>",
            Simple::Nmtoken | Simple::NcName => "name",
            Simple::Id => {
                self.identifiers += 1;
                return format!("id{}", self.identifiers);
            }
            // The first identifier of a full document stands in its first Incident.
            Simple::IdRef => "id1",
            Simple::Language | Simple::XmlLang => "en",
            Simple::XmlSpace => "preserve",
            Simple::AnyUri => "https://example.org/",
            Simple::Boolean => "true",
            Simple::Integer => "17",
            Simple::Decimal | Simple::Float | Simple::PositiveFloat | Simple::Double => "1.5",
            Simple::DateTime => "2003-01-25T05:30:00Z",
            Simple::Base64Binary => "QUJD",
            Simple::HexBinary => "0aFF",
            Simple::Portlist => "80,1024-2048",
            Simple::Timezone => "+01:00",
        };
        text.replace('&', "&amp;").replace('<', "&lt;")
    }
}
