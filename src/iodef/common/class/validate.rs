//! Validation of a tree against its grammar: XML Schema's verdict, and the rules of the prose. Called through
//! [`Grammar::validate`]. Stops at the first violation. Recursion goes no deeper than the document, whose depth the scan
//! has bounded.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::iodef::common::class::grammar::{Grammar, Options};
use crate::iodef::common::class::model::{Model, ModelId, NamespaceId, State, key};
use crate::iodef::common::class::{
    Attr, Class, Content, Enumeration, Exception, Finding, Findings, Kind, Process, Profile, Rule, Severity, Usage,
    Value, Violation,
};
use crate::iodef::common::datatypes::{self, Simple};
use crate::xml::{self, Attribute, Item, Node};

/// Validates and returns the root's class and the findings.
pub(super) fn run<'a>(
    grammar: &Grammar,
    root: Node<'a>,
    options: &Options,
) -> Result<(&'static Class, Vec<Finding>), Violation> {
    let mut walk = Walk {
        grammar,
        options,
        namespace: (root.namespace(), grammar.models().find_namespace(root.namespace())),
        identifiers: Vec::new(),
        references: Vec::new(),
        findings: Vec::new(),
    };
    let namespace = walk.namespace_of(root);
    let Some(model) = grammar.global(namespace, root.name()) else {
        let mut expected = String::new();
        for schema in grammar.schemas() {
            let separator = if expected.is_empty() { "a root element of " } else { ", " };
            let _ = write!(expected, "{separator}{}", schema.namespace);
        }
        return Err(violation(root, expected, shown(root), "no schema"));
    };
    let model = grammar.model(model);
    walk.element(root, model)?;
    walk.resolve()?;
    if options.profile == Profile::Strict
        && let Some(broken) = walk.findings.iter().find(|finding| finding.severity == Severity::Must)
    {
        return Err(Violation {
            kind: Kind::Invalid,
            position: broken.position,
            element: broken.element.clone(),
            expected: broken.expected.clone(),
            found: broken.found.clone(),
            section: format!("{}, rule {}", broken.section, broken.rule),
        });
    }
    Ok((model.class, walk.findings))
}

fn violation(
    node: Node<'_>,
    expected: impl Into<String>,
    found: impl Into<String>,
    section: impl Into<String>,
) -> Violation {
    Violation {
        kind: Kind::Invalid,
        position: node.position(),
        element: node.path(),
        expected: expected.into(),
        found: found.into(),
        section: section.into(),
    }
}

/// An element as people write it, with its namespace.
fn shown(node: Node<'_>) -> String {
    match node.namespace() {
        "" => format!("<{}> without a namespace", node.name()),
        namespace => format!("<{}> of {namespace}", node.name()),
    }
}

/// A value short enough for one line of an error.
fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

struct Walk<'g, 'a> {
    grammar: &'g Grammar,
    options: &'g Options,
    /// The namespace looked up last: neighbours mostly share it.
    namespace: (&'a str, NamespaceId),
    identifiers: Vec<(Cow<'a, str>, Node<'a>)>,
    references: Vec<(Cow<'a, str>, Node<'a>)>,
    findings: Vec<Finding>,
}

impl<'a> Walk<'_, 'a> {
    fn namespace_of(&mut self, node: Node<'a>) -> NamespaceId {
        let name = node.namespace();
        if !std::ptr::eq(name, self.namespace.0) {
            self.namespace = (name, self.grammar.models().find_namespace(name));
        }
        self.namespace.1
    }

    fn element(&mut self, node: Node<'a>, model: &Model) -> Result<(), Violation> {
        let class = model.class;
        match &class.content {
            Content::Anything => return self.children_lax(node),
            content => {
                self.attributes(node, model)?;
                match content {
                    Content::Empty => self.empty(node, class)?,
                    Content::EmptyUnless(exception) => self.empty_unless(node, class, *exception)?,
                    Content::Text(value) => self.text(node, class, *value)?,
                    Content::Elements(_) => self.children(node, model, false)?,
                    Content::Mixed(_) => self.children(node, model, true)?,
                    Content::Anything => {}
                }
            }
        }
        for rule in class.rules {
            (rule.check)(node, &mut Findings::of(rule, &mut self.findings));
        }
        Ok(())
    }

    fn attributes(&mut self, node: Node<'a>, model: &Model) -> Result<(), Violation> {
        let class = model.class;
        let (mut seen, mut extended) = (0_u64, 0_u64);
        for attribute in node.attributes() {
            let bit = match attribute.namespace {
                "" => {
                    let key = key(attribute.name);
                    let mut pairs = model.attributes.iter().zip(class.attributes);
                    pairs.position(|(one, table)| *one == key && table.name == attribute.name)
                }
                xml::XML => {
                    class.attributes.iter().position(|table| table.name.strip_prefix("xml:") == Some(attribute.name))
                }
                xml::XSI => {
                    self.instance(node, class, attribute)?;
                    continue;
                }
                _ => None,
            };
            match bit.and_then(|bit| Some((bit, class.attributes.get(bit)?))) {
                Some((bit, table)) => {
                    seen |= 1 << bit;
                    if xml::trim(attribute.value) == extending(table) {
                        extended |= 1 << bit;
                    }
                    self.attribute(node, class, table, attribute.value)?;
                }
                None => {
                    let found = match attribute.namespace {
                        "" => format!("attribute {}", attribute.name),
                        namespace => format!("attribute {} of {namespace}", attribute.name),
                    };
                    let names: Vec<&str> = class.attributes.iter().map(|one| one.name).collect();
                    let expected = if names.is_empty() {
                        "no attributes".to_owned()
                    } else {
                        format!("only {}", names.join(", "))
                    };
                    return Err(violation(node, expected, found, class.section));
                }
            }
        }
        let missing = model.required & !seen;
        if missing != 0 {
            let name = class.attributes.get(missing.trailing_zeros() as usize).map_or("", |table| table.name);
            return Err(violation(node, format!("attribute {name}"), "none", class.section));
        }
        for (base, ext) in &model.extended {
            let (is_extended, says_more) = (extended & base != 0, seen & ext != 0);
            if is_extended != says_more {
                self.extension(node, class, base.trailing_zeros() as usize, says_more);
            }
        }
        Ok(())
    }

    /// `ext-value` and its `ext-` attribute go together (RFC 7970 §5.1.1, RFC 5070 §5.1; RFC 7203 §4.4).
    fn extension(&mut self, node: Node<'a>, class: &'static Class, attribute: usize, says_more: bool) {
        let Some(table) = class.attributes.get(attribute) else { return };
        let (name, word) = (table.name, extending(table));
        let (expected, found) = if says_more {
            (format!("{name}=\"{word}\" beside ext-{name}"), "another value or none")
        } else {
            (format!("ext-{name} beside {name}=\"{word}\""), "none")
        };
        static RULE: Rule = Rule {
            id: "ext-value",
            section: "RFC 7970 §5.1.1, RFC 5070 §5.1, RFC 7203 §4.4",
            severity: Severity::Must,
            check: |_, _| {},
        };
        Findings::of(&RULE, &mut self.findings).add(node, expected, found);
    }

    /// `xsi:` attributes (XML Schema part 1 §2.6): hints about schemas are ignored, never followed.
    fn instance(&self, node: Node<'a>, class: &Class, attribute: Attribute<'a>) -> Result<(), Violation> {
        let (expected, found) = match attribute.name {
            "schemaLocation" | "noNamespaceSchemaLocation" => return Ok(()),
            "nil" => ("no xsi:nil, for no class here is nillable".to_owned(), "xsi:nil".to_owned()),
            "type" => {
                let value = xml::trim(attribute.value);
                let (prefix, local) = value.split_once(':').unwrap_or(("", value));
                let namespace = node.resolve(prefix).unwrap_or_default();
                let own = if class.namespace.is_empty() { "http://www.w3.org/2001/XMLSchema" } else { class.namespace };
                if namespace == own && class.name.strip_prefix("xs:").unwrap_or(class.name) == local {
                    return Ok(());
                }
                (format!("no xsi:type but that of {}", class.name), format!("xsi:type={}", quoted(value)))
            }
            other => ("no xsi: attribute but schemaLocation and type".to_owned(), format!("xsi:{other}")),
        };
        Err(violation(node, expected, found, class.section))
    }

    fn attribute(&mut self, node: Node<'a>, class: &Class, table: &Attr, value: &'a str) -> Result<(), Violation> {
        if let Usage::Fixed(fixed) | Usage::Only(fixed) = table.usage {
            let collapses = matches!(table.value, Value::Simple(simple) if simple.collapses())
                || matches!(table.value, Value::Enumerated(list) if list.collapses);
            let said = if collapses { xml::trim(value) } else { value };
            if said != fixed {
                let expected = format!("{}={fixed:?}", table.name);
                return Err(violation(node, expected, quoted(value), class.section));
            }
        }
        match self.value(node, table.value, Cow::Borrowed(value)) {
            Ok(()) => Ok(()),
            Err(Broken::Spelling(expected)) => {
                let expected = format!("{} to be {expected}", table.name);
                Err(violation(node, expected, quoted(value), class.section))
            }
            Err(Broken::Limit(violation)) => Err(*violation),
        }
    }

    fn value(&mut self, node: Node<'a>, value: Value, text: Cow<'a, str>) -> Result<(), Broken> {
        match value {
            Value::Simple(Simple::String) => Ok(()),
            Value::Simple(simple) => {
                datatypes::check(simple, &text).map_err(|expected| Broken::Spelling(expected.to_owned()))?;
                if simple.is_number() && text.len() > self.options.digits {
                    self.digits(node, &text)?;
                }
                match simple {
                    Simple::Id => self.identifiers.push((trimmed(text), node)),
                    Simple::IdRef => self.references.push((trimmed(text), node)),
                    _ => return Ok(()),
                }
                if self.identifiers.len() > self.options.identifiers {
                    let expected = format!("at most {} identifiers (xml.identifiers)", self.options.identifiers);
                    return Err(Broken::limit(node, expected));
                }
                Ok(())
            }
            Value::Enumerated(list) => {
                let said = if list.collapses { xml::trim(&text) } else { text.as_ref() };
                if list.values.contains(&said) {
                    return Ok(());
                }
                if self.options.accept.get(list.name).is_some_and(|more| more.contains(said)) {
                    self.accepted(node, list, said);
                    return Ok(());
                }
                Err(Broken::Spelling(format!("one of {} ({})", list.values.join(", "), list.section)))
            }
        }
    }

    /// A value that only the configuration accepts.
    fn accepted(&mut self, node: Node<'a>, list: &Enumeration, said: &str) {
        static RULE: Rule =
            Rule { id: "accepted-value", section: "RFC 7970 §5.1", severity: Severity::Should, check: |_, _| {} };
        let expected = format!("a value that {} lists for {}", list.section, list.name);
        Findings::of(&RULE, &mut self.findings).add(node, expected, quoted(said));
    }

    fn digits(&self, node: Node<'a>, text: &str) -> Result<(), Broken> {
        let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
        if longest > self.options.digits {
            let expected = format!("at most {} digits in one number (xml.digits)", self.options.digits);
            return Err(Broken::limit(node, expected));
        }
        Ok(())
    }

    fn empty(&self, node: Node<'a>, class: &Class) -> Result<(), Violation> {
        for item in node.items() {
            match item {
                Item::Element(child) => return Err(violation(child, "no content", shown(child), class.section)),
                // An empty CDATA section holds no characters.
                Item::Text("", _) => {}
                Item::Text(text, _) => return Err(violation(node, "no content", quoted(text), class.section)),
                Item::Comment(_) | Item::Instruction(..) => {}
            }
        }
        Ok(())
    }

    fn empty_unless(&mut self, node: Node<'a>, class: &Class, but: Exception) -> Result<(), Violation> {
        let says = node.attribute(but.attribute).map(xml::trim);
        if says != Some(but.is) || self.empty(node, class).is_ok() {
            return self.empty(node, class);
        }
        self.text(node, class, but.value)?;
        self.only_prose(node, class, "no content".to_owned(), "a value".to_owned())
    }

    fn text(&mut self, node: Node<'a>, class: &Class, value: Value) -> Result<(), Violation> {
        let mut text = Cow::Borrowed("");
        for item in node.items() {
            match item {
                Item::Element(child) => return Err(violation(child, "text only", shown(child), class.section)),
                Item::Text(piece, _) if text.is_empty() => text = Cow::Borrowed(piece),
                // A comment interrupts the text, but not the value.
                Item::Text(piece, _) => text.to_mut().push_str(piece),
                Item::Comment(_) | Item::Instruction(..) => {}
            }
        }
        let result = self.value(node, value, text);
        match result {
            Ok(()) => Ok(()),
            Err(Broken::Spelling(expected)) => Err(violation(node, expected, quoted(&node.text()), class.section)),
            Err(Broken::Limit(violation)) => Err(*violation),
        }
    }

    fn children(&mut self, node: Node<'a>, model: &Model, mixed: bool) -> Result<(), Violation> {
        let class = model.class;
        let grammar = self.grammar;
        let mut at = 0_u16;
        for item in node.items() {
            match item {
                Item::Element(child) => {
                    let namespace = self.namespace_of(child);
                    let key = key(child.name());
                    let state = state(model, at);
                    if let Some(step) = state.steps.iter().find(|step| step.is(key, namespace, child.name())) {
                        at = step.next;
                        self.element(child, grammar.model(step.model))?;
                    } else if let Some((process, next)) = state.wildcard(namespace) {
                        at = next;
                        self.wildcard(child, namespace, process, class)?;
                    } else {
                        return Err(violation(child, follows(state), shown(child), class.section));
                    }
                }
                Item::Text(text, _) => {
                    if !mixed && !text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
                        let expected = "elements, without text between them";
                        return Err(violation(node, expected, quoted(xml::trim(text)), class.section));
                    }
                }
                Item::Comment(_) | Item::Instruction(..) => {}
            }
        }
        let state = state(model, at);
        if !state.accepts {
            return Err(violation(node, follows(state), "the end of the element", class.section));
        }
        for term in &model.excused {
            if node.child(term.namespace, term.name).is_none() {
                self.only_prose(node, class, format!("<{}>", term.name), "none".to_owned())?;
            }
        }
        Ok(())
    }

    /// What the prose allows and the schema as printed does not: a warning to the lenient profile.
    fn only_prose(&mut self, node: Node<'a>, class: &Class, expected: String, found: String) -> Result<(), Violation> {
        static RULE: Rule =
            Rule { id: "printed-schema", section: "RFC 7970 §8", severity: Severity::Must, check: |_, _| {} };
        if self.options.profile != Profile::Lenient {
            return Err(violation(node, expected, found, class.section));
        }
        Findings::of(&RULE, &mut self.findings).add(node, expected, found);
        Ok(())
    }

    fn wildcard(
        &mut self,
        child: Node<'a>,
        namespace: NamespaceId,
        process: Process,
        class: &Class,
    ) -> Result<(), Violation> {
        match self.grammar.global(namespace, child.name()) {
            Some(model) => self.known(child, model),
            None if process == Process::Strict => {
                Err(violation(child, "an element of a known schema", shown(child), class.section))
            }
            None => {
                if self.grammar.models().is_known(namespace) {
                    self.unknown(child);
                }
                self.children_lax(child)
            }
        }
    }

    /// The schema lets pass what it does not declare; the prose wants it refused where the namespace is a supported one.
    fn unknown(&mut self, child: Node<'a>) {
        static RULE: Rule = Rule {
            id: "known-namespace",
            section: "RFC 7970 §5.2, RFC 6545 §5.6",
            severity: Severity::Must,
            check: |_, _| {},
        };
        let expected = "an element that the schema of its namespace declares";
        Findings::of(&RULE, &mut self.findings).add(child, expected, shown(child));
    }

    fn known(&mut self, child: Node<'a>, model: ModelId) -> Result<(), Violation> {
        let grammar = self.grammar;
        self.element(child, grammar.model(model))
    }

    fn children_lax(&mut self, node: Node<'a>) -> Result<(), Violation> {
        for child in node.elements() {
            let namespace = self.namespace_of(child);
            match self.grammar.global(namespace, child.name()) {
                Some(model) => self.known(child, model)?,
                None => self.children_lax(child)?,
            }
        }
        Ok(())
    }

    /// xs:ID is unique in the document, xs:IDREF names one (XML Schema part 1 §3.15.4).
    fn resolve(&mut self) -> Result<(), Violation> {
        self.identifiers.sort_by(|one, other| (&one.0, one.1.range().start).cmp(&(&other.0, other.1.range().start)));
        if let Some([_, (name, again)]) = self.identifiers.array_windows().find(|[one, other]| one.0 == other.0) {
            let expected = "each xs:ID once in the document";
            return Err(violation(*again, expected, format!("{} again", quoted(name)), "XML Schema part 1 §3.15.4"));
        }
        for (name, node) in &self.references {
            if self.identifiers.binary_search_by(|(one, _)| one.cmp(name)).is_err() {
                let expected = "the name of an xs:ID of this document";
                return Err(violation(*node, expected, quoted(name), "XML Schema part 1 §3.15.4"));
            }
        }
        Ok(())
    }
}

/// The value that an attribute's `ext-` attribute goes with. SpecID is the one that is no enumeration (RFC 7203 §4.4).
fn extending(table: &Attr) -> &'static str {
    if matches!(table.value, Value::Enumerated(_)) { "ext-value" } else { "private" }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(xml::trim(text)),
        Cow::Owned(text) => Cow::Owned(xml::trim(&text).to_owned()),
    }
}

/// Why a value is wrong.
enum Broken {
    Spelling(String),
    Limit(Box<Violation>),
}

impl Broken {
    fn limit(node: Node<'_>, expected: String) -> Self {
        let mut violation = violation(node, expected, "more", "configuration");
        violation.kind = Kind::Forbidden;
        Self::Limit(Box::new(violation))
    }
}

fn state(model: &Model, at: u16) -> &State {
    &model.states[usize::from(at)]
}

/// What may follow, in words.
fn follows(state: &State) -> String {
    let mut words: Vec<String> = state.steps.iter().map(|step| format!("<{}>", step.term.name)).collect();
    words.extend(state.wildcards.iter().map(|(wildcard, ..)| match wildcard.other_than {
        None => "any element".to_owned(),
        Some(_) => "an element of another namespace".to_owned(),
    }));
    if state.accepts {
        words.push("the end of the element".to_owned());
    }
    words.join(" or ")
}
