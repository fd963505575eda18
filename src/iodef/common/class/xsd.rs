//! XML Schemas from the tables: what `schemas/` holds. Called by the test that keeps those files true, so that the
//! tables can be judged by an outside validator; never at run time.

use std::fmt::Write;

use crate::iodef::common::class::{
    Attr, Class, Content, Enumeration, Group, Occurs, Order, Particle, Process, Schema, Term, Usage, Value, Wildcard,
};
use crate::iodef::common::datatypes::Simple;
use crate::xml::{self, escape_attribute, escape_text};

/// The XSD of one namespace: all its global elements, and every type that they reach. `schemas` are those that may be
/// imported; `file` names the file that declares a namespace, without `.xsd`; `also` are namespaces to import for the
/// sake of wildcards, where no table names them.
#[must_use]
pub fn xsd(
    schema: &'static Schema,
    schemas: &[&'static Schema],
    file: fn(&str) -> &'static str,
    also: &[&'static str],
) -> String {
    let mut page = Page {
        schema,
        schemas,
        file,
        out: String::new(),
        classes: Vec::new(),
        lists: Vec::new(),
        simple: Vec::new(),
        imports: Vec::new(),
    };
    for element in schema.elements {
        page.reach((element.class)());
    }
    for namespace in also {
        page.import(namespace);
    }
    page.write();
    page.out
}

struct Page<'n> {
    schema: &'static Schema,
    schemas: &'n [&'static Schema],
    file: fn(&str) -> &'static str,
    out: String,
    /// The types of this namespace, in the order in which they were reached.
    classes: Vec<&'static Class>,
    lists: Vec<&'static Enumeration>,
    simple: Vec<Simple>,
    imports: Vec<&'static str>,
}

impl Page<'_> {
    /// Notes a type and all that it needs. The tables are closed, so the depth is that of the standards' own nesting.
    fn reach(&mut self, class: &'static Class) {
        if class.namespace.is_empty() {
            if let Content::Text(value) = class.content {
                self.need(value);
            }
            return;
        }
        if class.namespace != self.schema.namespace {
            self.import(class.namespace);
            return;
        }
        if self.classes.contains(&class) {
            return;
        }
        self.classes.push(class);
        for attribute in class.attributes {
            self.need(attribute.value);
            if attribute.name.starts_with("xml:") {
                self.import(xml::XML);
            }
        }
        match &class.content {
            Content::Text(value) => self.need(*value),
            Content::Elements(group) | Content::Mixed(group) => self.reach_group(group),
            Content::Empty | Content::EmptyUnless(_) | Content::Anything => {}
        }
    }

    fn reach_group(&mut self, group: &'static Group) {
        for particle in group.particles {
            match particle {
                Particle::Element(term) if term.namespace == self.schema.namespace => self.reach((term.class)()),
                Particle::Element(term) => self.import(term.namespace),
                Particle::Group(inner) => self.reach_group(inner),
                Particle::Wildcard(_) => {}
            }
        }
    }

    fn need(&mut self, value: Value) {
        match value {
            Value::Enumerated(list) if !self.lists.contains(&list) => self.lists.push(list),
            Value::Simple(simple @ (Simple::PositiveFloat | Simple::Portlist | Simple::Timezone))
                if !self.simple.contains(&simple) =>
            {
                self.simple.push(simple);
            }
            Value::Enumerated(_) | Value::Simple(_) => {}
        }
    }

    fn import(&mut self, namespace: &'static str) {
        if namespace != self.schema.namespace && !self.imports.contains(&namespace) {
            self.imports.push(namespace);
        }
    }

    fn schema_of(&self, namespace: &str) -> Option<&'static Schema> {
        self.schemas.iter().find(|schema| schema.namespace == namespace).copied()
    }

    fn prefix(&self, namespace: &str) -> &'static str {
        self.schema_of(namespace).map_or("xml", |schema| schema.prefix)
    }

    fn line(&mut self, depth: usize, text: &str) {
        for _ in 0..depth {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn write(&mut self) {
        let schema = self.schema;
        self.line(0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        self.line(
            0,
            &format!("<!-- Generated from ridd's class tables of {}: change those, not this. -->", schema.section),
        );
        self.line(0, "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"");
        self.line(2, &format!("targetNamespace=\"{}\"", schema.namespace));
        self.line(2, &format!("xmlns:{}=\"{}\"", schema.prefix, schema.namespace));
        let imports = self.imports.clone();
        for namespace in imports.iter().filter(|namespace| **namespace != xml::XML) {
            self.line(2, &format!("xmlns:{}=\"{namespace}\"", self.prefix(namespace)));
        }
        self.line(2, "elementFormDefault=\"qualified\" attributeFormDefault=\"unqualified\">");
        for namespace in imports {
            let file = (self.file)(namespace);
            self.line(1, &format!("<xs:import namespace=\"{namespace}\" schemaLocation=\"{file}.xsd\"/>"));
        }
        for element in schema.elements {
            let class = self.type_name((element.class)());
            self.line(1, &format!("<xs:element name=\"{}\" type=\"{class}\"/>", element.name));
        }
        for class in self.classes.clone() {
            self.class(class);
        }
        for simple in self.simple.clone() {
            self.simple(simple);
        }
        for list in self.lists.clone() {
            self.list(list);
        }
        self.line(0, "</xs:schema>");
    }

    fn type_name(&self, class: &Class) -> String {
        match class.content {
            Content::Text(value) if class.namespace.is_empty() => self.value_name(value),
            Content::Anything if class.namespace.is_empty() => "xs:anyType".to_owned(),
            _ => format!("{}:{}", self.prefix(class.namespace), class.name),
        }
    }

    fn value_name(&self, value: Value) -> String {
        match value {
            Value::Enumerated(list) => format!("{}:{}", self.schema.prefix, list.name),
            Value::Simple(simple @ (Simple::PositiveFloat | Simple::Portlist | Simple::Timezone)) => {
                format!("{}:{}", self.schema.prefix, simple.name())
            }
            Value::Simple(simple) => simple.name().to_owned(),
        }
    }

    fn documentation(&mut self, depth: usize, doc: &str, section: &str) {
        let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = format!("{doc}{}({section})", if doc.is_empty() { "" } else { " " });
        let text =
            format!("<xs:annotation><xs:documentation>{}</xs:documentation></xs:annotation>", escape_text(&text));
        self.line(depth, &text);
    }

    fn class(&mut self, class: &'static Class) {
        let mixed = if matches!(class.content, Content::Mixed(_) | Content::Anything) { " mixed=\"true\"" } else { "" };
        self.line(1, &format!("<xs:complexType name=\"{}\"{mixed}>", class.name));
        self.documentation(2, class.doc, class.section);
        match &class.content {
            Content::Text(value) => {
                self.line(2, "<xs:simpleContent>");
                let base = self.value_name(*value);
                self.line(3, &format!("<xs:extension base=\"{base}\">"));
                self.attributes(4, class.attributes);
                self.line(3, "</xs:extension>");
                self.line(2, "</xs:simpleContent>");
            }
            Content::Elements(group) | Content::Mixed(group) => {
                self.group(2, group);
                self.attributes(2, class.attributes);
            }
            Content::Empty | Content::EmptyUnless(_) => self.attributes(2, class.attributes),
            Content::Anything => {
                self.line(2, "<xs:sequence>");
                self.wildcard(3, Wildcard { other_than: None, process: Process::Lax, occurs: Occurs::Many });
                self.line(2, "</xs:sequence>");
                self.line(2, "<xs:anyAttribute processContents=\"lax\"/>");
            }
        }
        self.line(1, "</xs:complexType>");
    }

    fn attributes(&mut self, depth: usize, attributes: &'static [Attr]) {
        for attribute in attributes {
            let mut text = if attribute.name.starts_with("xml:") {
                format!("<xs:attribute ref=\"{}\"", attribute.name)
            } else {
                format!("<xs:attribute name=\"{}\" type=\"{}\"", attribute.name, self.value_name(attribute.value))
            };
            match attribute.usage {
                Usage::Optional => {}
                Usage::Required => text.push_str(" use=\"required\""),
                Usage::Default(value) => attribute_text(&mut text, "default", value),
                Usage::Only(value) => {
                    text.push_str(" use=\"required\"");
                    attribute_text(&mut text, "fixed", value);
                }
                Usage::Fixed(value) => attribute_text(&mut text, "fixed", value),
            }
            text.push_str("/>");
            self.line(depth, &text);
        }
    }

    fn group(&mut self, depth: usize, group: &'static Group) {
        let name = match group.order {
            Order::Sequence => "sequence",
            Order::Choice => "choice",
        };
        self.line(depth, &format!("<xs:{name}{}>", occurs(group.occurs)));
        for particle in group.particles {
            match particle {
                Particle::Element(term) => self.term(depth + 1, term),
                Particle::Group(inner) => self.group(depth + 1, inner),
                Particle::Wildcard(wildcard) => self.wildcard(depth + 1, *wildcard),
            }
        }
        self.line(depth, &format!("</xs:{name}>"));
    }

    fn term(&mut self, depth: usize, term: &'static Term) {
        let global = self.schema_of(term.namespace).is_some_and(|schema| {
            schema.elements.iter().any(|element| element.name == term.name && (element.class)() == (term.class)())
        });
        let text = if global || term.namespace != self.schema.namespace {
            format!("<xs:element ref=\"{}:{}\"{}/>", self.prefix(term.namespace), term.name, occurs(term.occurs))
        } else {
            let class = self.type_name((term.class)());
            format!("<xs:element name=\"{}\" type=\"{class}\"{}/>", term.name, occurs(term.occurs))
        };
        self.line(depth, &text);
    }

    fn wildcard(&mut self, depth: usize, wildcard: Wildcard) {
        let namespace = if wildcard.other_than.is_some() { "##other" } else { "##any" };
        let process = match wildcard.process {
            Process::Lax => "lax",
            Process::Strict => "strict",
        };
        let occurs = occurs(wildcard.occurs);
        self.line(depth, &format!("<xs:any namespace=\"{namespace}\" processContents=\"{process}\"{occurs}/>"));
    }

    fn list(&mut self, list: &'static Enumeration) {
        let base = if list.collapses { "xs:NMTOKEN" } else { "xs:string" };
        self.line(1, &format!("<xs:simpleType name=\"{}\">", list.name));
        self.documentation(2, "", list.section);
        self.line(2, &format!("<xs:restriction base=\"{base}\">"));
        for value in list.values {
            self.line(3, &format!("<xs:enumeration value=\"{}\"/>", escape_attribute(value)));
        }
        self.line(2, "</xs:restriction>");
        self.line(1, "</xs:simpleType>");
    }

    fn simple(&mut self, simple: Simple) {
        let (base, facet) = match simple {
            Simple::PositiveFloat => ("xs:float", "<xs:minExclusive value=\"0\"/>"),
            Simple::Portlist => ("xs:string", "<xs:pattern value=\"\\d+(-\\d+)?(,\\d+(-\\d+)?)*\"/>"),
            _ => ("xs:string", "<xs:pattern value=\"Z|[+\\-](0[0-9]|1[0-4]):[0-5][0-9]\"/>"),
        };
        self.line(1, &format!("<xs:simpleType name=\"{}\">", simple.name()));
        self.line(2, &format!("<xs:restriction base=\"{base}\">{facet}</xs:restriction>"));
        self.line(1, "</xs:simpleType>");
    }
}

fn attribute_text(text: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = write!(text, " {name}=\"{}\"", escape_attribute(value));
}

const fn occurs(occurs: Occurs) -> &'static str {
    match occurs {
        Occurs::One => "",
        Occurs::Optional => " minOccurs=\"0\"",
        Occurs::Many => " minOccurs=\"0\" maxOccurs=\"unbounded\"",
        Occurs::Some | Occurs::ProseMany => " maxOccurs=\"unbounded\"",
    }
}
