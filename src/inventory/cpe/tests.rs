//! Names beside another implementation's verdicts (fixtures/cpe), and by hand where that one is wrong or silent.

use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// An application of a vendor, with this version and update.
fn release(version: &str, update: &str) -> Name {
    name(&format!("cpe:2.3:a:microsoft:sql_server:{version}:{update}:*:*:*:*:*:*"))
}

fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "equal",
        Relation::Subset => "subset",
        Relation::Superset => "superset",
        Relation::Disjoint => "disjoint",
        Relation::Undefined => "undefined",
    }
}

/// Where PyPI cpe 1.3.1 is wrong: a URI with a part or a percent-encoding that NISTIR 7695 §6.1 has not.
const WRONG: [&str; 2] = ["cpe:/z:microsoft:sql_server", "cpe:/a:microsoft:sql_server:8%zz"];

#[test]
fn relations_are_those_of_another_implementation() {
    let table = include_str!("../../../fixtures/cpe/relations.tsv");
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in table.lines() {
        let [source, target, verdict] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let ours = match (source.parse::<Name>(), target) {
            (Err(_), _) => "bad",
            (Ok(_), "-") => "good",
            (Ok(source), target) => word(source.relation(&name(target))),
        };
        compared += 1;
        if WRONG.contains(&source) {
            assert_eq!((ours, verdict), ("bad", "good"), "{line}");
        } else if ours != verdict {
            wrong.push(format!("{line}: ours is {ours}"));
        }
    }
    assert!(compared > 600, "{compared}");
    assert_eq!(wrong, Vec::<String>::new());
}

/// The rows of the table of attribute comparison in NISTIR 7696, one attribute each.
#[test]
fn attributes_compare_as_the_standard_lists() {
    use Relation::{Disjoint, Equal, Subset, Superset, Undefined};
    let rows = [
        ("*", "*", Equal),
        ("*", "-", Superset),
        ("*", "8", Superset),
        ("*", "8*", Undefined),
        ("-", "*", Subset),
        ("-", "-", Equal),
        ("-", "8", Disjoint),
        ("-", "8*", Undefined),
        ("8", "8", Equal),
        ("8", "9", Disjoint),
        ("8", "8*", Undefined),
        ("8", "-", Disjoint),
        ("8", "*", Subset),
        ("8*", "8.1", Superset),
        ("8*", "9.1", Disjoint),
        ("8*", "*", Subset),
        ("8*", "-", Disjoint),
        ("8*", "*8", Undefined),
    ];
    for (source, target, relation) in rows {
        assert_eq!(release(source, "*").relation(&release(target, "*")), relation, "{source} to {target}");
    }
    // One attribute wider, another one narrower: none of the relations holds (§6.2).
    assert_eq!(release("*", "sp1").relation(&release("8", "*")), Undefined);
    assert_eq!(release("8", "sp1").relation(&release("*", "*")), Subset);
}

/// Each question mark is one character or none; PyPI cpe never sees those at the beginning (NISTIR 7696, wildcards).
#[test]
fn wildcards_stand_for_what_they_may() {
    let matches =
        |source: &str, target: &str| release(source, "*").relation(&release(target, "*")) == Relation::Superset;
    for (source, target) in [
        ("8.0?", "8.0"),
        ("8.0??", "8.012"),
        ("??0", "8.0"),
        ("?0", "0"),
        ("*0", "8.0"),
        ("*.0*", "8.0.194"),
        ("*aa*", "aaa"),
        ("?a?", "aaa"),
        ("8\\.0*", "8.0.1"),
        ("*\\*", "8\\*"),
        ("a\\,b?", "a\\,bc"),
    ] {
        assert!(matches(source, target), "{source} to {target}");
    }
    for (source, target) in [
        ("8.0?", "8.012"),
        ("?0", "8.0"),
        ("*0", "8.01"),
        ("*.0*", "80"),
        ("8*", "7.8"),
        ("?aba", "ababa"),
        ("a\\,b?", "a\\,bcd"),
    ] {
        assert!(!matches(source, target), "{source} to {target}");
    }
}

#[test]
fn a_call_means_what_a_system_surely_or_possibly_is() {
    use Certainty::{Possibly, Surely};
    for (call, system, expected) in [
        ("*", "8.0", Some(Surely)),
        ("*", "*", Some(Surely)),
        ("*", "8.*", Some(Surely)),
        ("8.0", "8.0", Some(Surely)),
        ("8.*", "8.0", Some(Surely)),
        ("8.*", "8.*", Some(Surely)),
        ("8.0", "*", Some(Possibly)),
        ("8.0", "8.*", Some(Possibly)),
        ("8.*", "8.0*", Some(Possibly)),
        ("8.*", "*.194", Some(Possibly)),
        ("8.??", "*4", Some(Possibly)),
        ("8.0", "9.*", None),
        ("8.*", "9.*", None),
        ("?8", "77*", None),
        ("8.0", "8.1", None),
        ("8.0", "-", None),
        ("-", "8.0", None),
        ("-", "*", Some(Possibly)),
    ] {
        assert_eq!(release(call, "*").means(&release(system, "*")), expected, "{call} of {system}");
    }
    assert_eq!(release("8.0", "*").means(&release("8.0", "sp1")), Some(Surely));
    assert_eq!(release("8.0", "sp1").means(&release("8.0", "*")), Some(Possibly));
    assert_eq!(release("*", "sp1").means(&release("8.0", "sp2")), None);
}

#[test]
fn names_write_themselves_as_formatted_strings() {
    for (written, read) in [
        (
            r"cpe:2.3:a:Notepad\+\+:*sql?:8.0\:sp1:-:*:en-us:*:*:*:*",
            r"cpe:2.3:a:notepad\+\+:*sql?:8.0\:sp1:-:*:en-us:*:*:*:*",
        ),
        ("cpe:/o:microsoft:windows_2000::sp3", "cpe:2.3:o:microsoft:windows_2000:*:sp3:*:*:*:*:*:*"),
        ("cpe:/a:gnu:g%2B%2b:%02.1", r"cpe:2.3:a:gnu:g\+\+:*.1:*:*:*:*:*:*:*"),
        ("cpe:/a:gnu:g++:~x", r"cpe:2.3:a:gnu:g\+\+:\~x:*:*:*:*:*:*:*"),
        ("cpe:/a:v:p:1:-:~ed~sw~tsw~thw~o:de", "cpe:2.3:a:v:p:1:-:ed:de:sw:tsw:thw:o"),
    ] {
        assert_eq!(name(written).to_string(), read);
        assert_eq!(name(read), name(written));
    }
}

#[test]
fn what_is_no_name_is_refused_with_its_place() {
    for (text, said) in [
        (r"cpe:2.3:a:v:\-:1:*:*:*:*:*:*:*", "product"),
        (r"cpe:2.3:a:v:p:\1:*:*:*:*:*:*:*", "version"),
        ("cpe:2.3:a:v:p:??:*:*:*:*:*:*:*", "version"),
        ("cpe:2.3:a:v:p:1:*:*:en-latin:*:*:*:*", "language"),
        ("cpe:2.3:ao:v:p:1:*:*:*:*:*:*:*", "part"),
        ("cpe:/a:v:p:1::~a~b~c", "edition"),
        ("cpe:/a:v:p:a%02b", "version"),
        ("cpe:/a:v:p:%c3", "version"),
        ("cpe:2.3:a:v:pé:1:*:*:*:*:*:*:*", "product"),
        ("wfn:[part=\"a\"]", "cpe:2.3:"),
    ] {
        let error = text.parse::<Name>().unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
    let long = format!("cpe:/a:v:{}", "p".repeat(LONGEST));
    assert_eq!(long.parse::<Name>(), Err(BadName::TooLong { bytes: LONGEST + 9 }));
}

#[test]
fn a_name_that_could_not_be_read_again_is_refused() {
    // As a formatted string each `>` is quoted: the first fits to the byte.
    let uri = |signs: usize| format!("cpe:/a:v:{}", ">".repeat(signs));
    let fits = uri(498).parse::<Name>().unwrap();
    assert_eq!(fits.to_string().len(), LONGEST, "{fits}");
    assert_eq!(fits.to_string().parse::<Name>(), Ok(fits));
    assert_eq!(uri(499).parse::<Name>(), Err(BadName::TooLong { bytes: LONGEST + 2 }));
}
