//! The engine on a small schema of its own: what validates, what is refused and how, reading, writing, copying.

use std::sync::LazyLock;

use crate::iodef::common::class::{
    AnyUri, DateTime, Draft, Element, Finding, Findings, Grammar, Id, IdRef, Integer, Kind, Options, PositiveFloat,
    Profile, Rule, Schema, Severity, Text, View, Violation, XmlLang,
};
use crate::xml::{Document, Limits, Node};

const NAMESPACE: &str = "urn:test:1";

enumeration! {
    /// Colours of a signal.
    Colour "Signal-colour", section "Test §1" {
        Red = "red",
        Green = "green",
        ExtValue = "ext-value",
    }
    /// White space counts here.
    @exact Pace "Signal-pace", section "Test §1" {
        Slow = "slow",
    }
}

static SHORT: Rule = Rule { id: "T1", section: "Test §9", severity: Severity::Must, check: short };

fn short(node: Node<'_>, findings: &mut Findings<'_>) {
    if node.attribute("code").is_some_and(|code| code.len() > 3) {
        findings.add(node, "a code of three digits", "more");
    }
}

class! {
    /// A signal beside the line.
    Signal "Signal", section "Test §2", rules [SHORT] {
        attributes {
            /// What it shows.
            colour "colour": Colour, required;
            ext_colour "ext-colour": Text, optional;
            pace "pace": Pace, default "slow";
            lang "xml:lang": XmlLang, optional;
            id "id": Id, optional;
            code "code": Integer, optional;
            version "version": Text, fixed "1";
        }
        sequence {
            one at "At": DateTime;
            choice some {
                some mast "Mast": Text;
                one weight "Weight": Weight;
            }
            optional see "See": See;
            many signal "Signal": Signal;
            many extra "Extra": Extra;
        }
    }
    /// How heavy.
    Weight "Weight", section "Test §3" {
        attributes {
            unit "unit": Text, optional;
        }
        text PositiveFloat;
    }
    /// Points to another.
    See "See", section "Test §4" {
        attributes {
            to "to": IdRef, required;
            link "link": AnyUri, optional;
        }
        empty;
    }
    /// Whom it warns; the prose asks for no number of them.
    Warned "Warned", section "Test §7" {
        attributes {
            by "by": Text, optional;
        }
        sequence {
            many note "Note": Text;
            prose_many whom "Whom": Text;
            optional count "Count": Count;
        }
    }
    /// How many, where that is known.
    Count "Count", section "Test §8" {
        attributes {
            kind "kind": Text, optional;
        }
        empty unless "kind" is "exact": Integer;
    }
    /// Whatever else.
    Extra "ExtraType", section "Test §5" {
        mixed sequence {
            any lax many;
        }
    }
    /// Something strict.
    Strict "Strict", section "Test §6" {
        sequence {
            other strict optional;
        }
    }
}

static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "t",
    section: "Test",
    elements: &[
        Element { name: "Signal", class: <Signal as super::Described>::table },
        Element { name: "Strict", class: <Strict as super::Described>::table },
        Element { name: "Warned", class: <Warned as super::Described>::table },
    ],
};

static SCHEMAS: [&Schema; 1] = [&SCHEMA];
static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::of(&SCHEMAS));

fn check(text: &str, options: &Options) -> Result<Vec<Finding>, Violation> {
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    GRAMMAR.validate(document.root(), options).map(|checked| checked.warnings)
}

fn signal(attributes: &str, content: &str) -> String {
    format!("<Signal xmlns='urn:test:1' {attributes}>{content}</Signal>")
}

const AT: &str = "<At> 2003-01-25T05:30:00Z </At>";

#[test]
fn what_the_tables_allow_is_valid() {
    for (attributes, content) in [
        ("colour=' red '", format!("{AT}<Mast/>")),
        (
            "colour='ext-value' ext-colour='x' xml:lang='' version='1'",
            format!("\n{AT}<Weight>1.5</Weight><Mast>a</Mast>"),
        ),
        ("colour='red' id='a'", format!("{AT}<Mast/><See to='a'/>")),
        ("colour='red'", format!("{AT}<Mast/><Extra>t<x xmlns=''/><y xmlns='other' q='1'><z/></y></Extra>")),
        ("colour='red'", format!("{AT}<Mast/>{}", signal("colour='green'", &format!("{AT}<Mast/>")))),
    ] {
        let text = signal(attributes, &content);
        assert_eq!(check(&text, &Options::default()), Ok(Vec::new()), "{text}");
    }
}

#[test]
fn what_they_forbid_is_refused_with_place_and_reason() {
    let cases = [
        ("", AT, "/Signal", "attribute colour", "none"),
        ("colour='blue'", AT, "/Signal", "one of red", "\"blue\""),
        ("colour='red' pace=' slow'", AT, "/Signal", "one of slow", "\" slow\""),
        ("colour='red' x='1'", AT, "/Signal", "only colour", "attribute x"),
        ("colour='red' version='2'", AT, "/Signal", "version=\"1\"", "\"2\""),
        ("colour='red'", "<Mast/>", "/Signal/Mast", "<At>", "<Mast>"),
        ("colour='red'", AT, "/Signal", "<Mast> or <Weight>", "the end"),
        ("colour='red'", &format!("{AT}<Weight>0</Weight>"), "/Signal/Weight", "above 0", "\"0\""),
        ("colour='red'", &format!("{AT}<Mast/><See to='a'> </See>"), "/Signal/See", "no content", "\" \""),
        ("colour='red'", &format!("{AT}<Mast/><See to='a'/>"), "/Signal/See", "xs:ID", "\"a\""),
        ("colour='red'", &format!("{AT}<Mast/>x"), "/Signal", "without text", "\"x\""),
        ("colour='red'", &format!("{AT}<Mast/><Mast><b/></Mast>"), "/Signal/Mast[2]/b", "text only", "<b>"),
        (
            "colour='red'",
            &format!("{AT}<Mast/><Extra><q><Signal/></q></Extra>"),
            "/Signal/Extra/q/Signal",
            "colour",
            "none",
        ),
        (
            "colour='red' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='false'",
            AT,
            "/Signal",
            "nil",
            "xsi:nil",
        ),
    ];
    for (attributes, content, element, expected, found) in cases {
        let text = signal(attributes, content);
        let violation = check(&text, &Options::default()).unwrap_err();
        assert_eq!(violation.element, element, "{text}");
        assert!(violation.expected.contains(expected), "{violation}");
        assert!(violation.found.contains(found), "{violation}");
    }
    assert!(check("<Strict xmlns='urn:test:1'><b xmlns='v'/></Strict>", &Options::default()).is_err());
    assert!(check("<Signal/>", &Options::default()).unwrap_err().expected.contains("urn:test:1"));
}

#[test]
fn identifiers_are_unique_and_counted() {
    let twice = format!("{AT}<Mast/>{}", signal("colour='red' id='a'", &format!("{AT}<Mast/>")));
    let text = signal("colour='red' id='a'", &twice);
    assert!(check(&text, &Options::default()).unwrap_err().expected.contains("once"));
    let text = text.replacen("'a'", "'b'", 1);
    assert!(check(&text, &Options::default()).is_ok());
    let few = Options { identifiers: 1, ..Options::default() };
    assert_eq!(check(&text, &few).unwrap_err().kind, Kind::Forbidden);
}

#[test]
fn rules_of_the_prose_warn_or_refuse() {
    let text = signal("colour='red' code='1234'", &format!("{AT}<Mast/>"));
    let warnings = check(&text, &Options::default()).unwrap();
    assert_eq!(warnings.iter().map(|one| one.rule).collect::<Vec<_>>(), ["T1"]);
    let strict = Options { profile: Profile::Strict, ..Options::default() };
    assert!(check(&text, &strict).unwrap_err().section.contains("T1"));
}

#[test]
fn values_are_accepted_by_configuration() {
    let text = signal("colour='blue'", &format!("{AT}<Mast/>"));
    let mut options = Options::default();
    options.accept.entry("Signal-colour".into()).or_default().insert("blue".into());
    for profile in [Profile::Lenient, Profile::Strict] {
        let warnings = check(&text, &Options { profile, ..options.clone() }).unwrap();
        assert_eq!(
            warnings.iter().map(|one| (one.rule, &*one.found)).collect::<Vec<_>>(),
            [("accepted-value", "\"blue\"")]
        );
    }
    assert!(check(&text.replace("blue", "grey"), &options).is_err());
    let lists: Vec<_> = GRAMMAR.enumerations().map(|list| list.name).collect();
    assert_eq!(lists, ["Signal-colour", "Signal-pace"]);
}

#[test]
fn views_read_what_is_there() {
    let content = format!("{AT}<Mast>a</Mast><Weight unit='t'>2</Weight><Mast>b</Mast><See to='s'/>");
    let text = signal("colour='ext-value' ext-colour='violet' id='s'", &content);
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let checked = GRAMMAR.validate(document.root(), &Options::default()).unwrap();
    let signal: View<'_, Signal> = checked.root().unwrap();
    assert_eq!((signal.colour(), signal.said("colour")), (Colour::ExtValue, Some("violet")));
    assert_eq!((signal.pace(), signal.lang(), signal.id()), (Pace::Slow, None, Some("s")));
    assert_eq!(signal.at().content(), "2003-01-25T05:30:00Z");
    assert_eq!(signal.mast().map(|mast| mast.content().into_owned()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(signal.weight().next().and_then(|weight| weight.unit()), Some("t"));
    assert_eq!(signal.see().map(|see| see.to()), Some("s"));
    assert!(checked.root::<Weight>().is_none());
    assert_eq!(checked.find::<Signal>(&GRAMMAR).count(), 1);
}

#[test]
fn drafts_are_written_in_the_order_of_the_table() {
    let draft = Signal::draft()
        .extra(Draft::new().raw("<p:x/> & more".replace('&', "&amp;"), &[("p", "urn:p")]))
        .mast("a < b")
        .weight(Weight::of("3").unit("t"))
        .mast("c")
        .at("2003-01-25T05:30:00Z")
        .lang("en")
        .colour(Colour::Green);
    let bytes = draft.encode(&GRAMMAR).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Signal xmlns=\"urn:test:1\" "), "{text}");
    assert!(
        text.contains(
            "<Mast>a &lt; b</Mast><Weight unit=\"t\">3</Weight><Mast>c</Mast><Extra xmlns:p=\"urn:p\"><p:x/>"
        )
    );
    let error = Signal::draft().colour(Colour::Red).encode(&GRAMMAR).unwrap_err();
    assert!(error.to_string().contains("expected <At>"), "{error}");
    assert!(Signal::draft().colour(Colour::Red).at("\u{1}").encode(&GRAMMAR).is_err());
}

#[test]
fn a_copy_says_the_same_and_keeps_foreign_bytes() {
    let foreign = "<q a = '1'  xmlns:u='v'><p:r/>&#65;<!-- c --><![CDATA[<]]></q><Signal2/>";
    let content = format!("{AT}<t:Mast>a</t:Mast><t:Extra>{foreign}</t:Extra>");
    let text = format!(
        "<t:Signal xmlns:t='urn:test:1' xmlns='urn:d' xmlns:p='urn:p' colour='red'>{}</t:Signal>",
        content.replace("<At>", "<t:At>").replace("</At>", "</t:At>")
    );
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let checked = GRAMMAR.validate(document.root(), &Options::default()).unwrap();
    let draft = Draft::from(checked.root::<Signal>().unwrap());
    let bytes = draft.encode(&GRAMMAR).unwrap();
    let written = String::from_utf8(bytes.clone()).unwrap();
    assert!(written.contains(foreign), "{written}");
    let document = Document::parse(&bytes, &Limits::default()).unwrap();
    let extra = document.root().elements().last().unwrap();
    assert!(extra.is(NAMESPACE, "Extra"), "{written}");
    let names: Vec<_> = extra.elements().map(Node::namespace).collect();
    assert_eq!(names, ["urn:d", "urn:d"]);
    let again = GRAMMAR.validate(document.root(), &Options::default()).unwrap();
    let second = Draft::from(again.root::<Signal>().unwrap()).encode(&GRAMMAR).unwrap();
    assert_eq!(String::from_utf8(second).unwrap().matches(foreign).count(), 1);
}

#[test]
fn what_only_the_prose_forbids_of_every_class_is_a_warning() {
    for (attributes, extra, rule) in [
        ("colour='ext-value'", "", "ext-value"),
        ("colour='red' ext-colour='x'", "", "ext-value"),
        ("colour='red'", "<Extra><x/></Extra>", "known-namespace"),
    ] {
        let text = signal(attributes, &format!("{AT}<Mast/>{extra}"));
        let rules: Vec<_> = check(&text, &Options::default()).unwrap().iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, [rule], "{text}");
        let strict = Options { profile: Profile::Strict, ..Options::default() };
        assert!(check(&text, &strict).unwrap_err().section.ends_with(rule), "{text}");
    }
}

#[test]
fn what_the_printed_schema_forbids_and_the_prose_allows_is_a_warning_to_the_lenient_only() {
    let [printed, strict] =
        [Profile::Printed, Profile::Strict].map(|profile| Options { profile, ..Options::default() });
    let warned = |content: &str| format!("<Warned xmlns='urn:test:1'>{content}</Warned>");
    for (content, element, expected) in [
        ("", "/Warned", "<Whom>"),
        ("<Note>n</Note><Count/>", "/Warned", "<Whom>"),
        ("<Whom/><Count kind=' exact '> 17 </Count>", "/Warned/Count", "no content"),
    ] {
        let text = warned(content);
        let warnings = check(&text, &Options::default()).unwrap();
        let told: Vec<_> = warnings.iter().map(|one| (one.rule, &*one.element, &*one.expected)).collect();
        assert_eq!(told, [("printed-schema", element, expected)], "{text}");
        for profile in [&printed, &strict] {
            let violation = check(&text, profile).unwrap_err();
            assert_eq!((&*violation.element, &*violation.expected), (element, expected), "{text}");
        }
    }
    for content in ["<Whom/>", "<Note/><Whom/><Whom/>", "<Whom/><Count kind='exact'/>", "<Whom/><Count/>"] {
        assert_eq!(check(&warned(content), &strict), Ok(Vec::new()), "{content}");
    }
    for content in ["<Whom/><Note/>", "<Whom/><Count kind='about'>17</Count>", "<Whom/><Count kind='exact'>x</Count>"] {
        assert!(check(&warned(content), &Options::default()).is_err(), "{content}");
    }
}
