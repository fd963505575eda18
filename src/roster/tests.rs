//! Whole rosters: what is refused and where, and who is called when.

use super::*;
use crate::clock::Timestamp;

/// A Monday in winter, 12:00 in Berlin.
const NOON: &str = "2026-01-12T11:00:00Z";

fn parsed(text: &str) -> Parsed {
    Roster::parse(text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn faults(text: &str) -> Vec<String> {
    Roster::parse(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn person(id: &str, place: &str, more: &str) -> String {
    let channels =
        if more.contains("channels") { String::new() } else { format!("channels = [{{ pager = '{id}' }}]\n") };
    format!("[[person]]\nid = '{id}'\nname = 'N {id}'\nplace = '{place}'\n{channels}{more}\n")
}

fn manager() -> String {
    person("boss", "program-manager", "")
}

/// The ladder as `person:kind` words.
fn said(rungs: &[Rung]) -> String {
    let words: Vec<_> = rungs.iter().map(|rung| format!("{}:{}", rung.person, rung.channel)).collect();
    words.join(" ")
}

fn ladder(text: &str, place: Place, unit: Option<&str>, at: &str) -> String {
    said(&parsed(text).roster.ladder(place, unit, Timestamp::parse(at).unwrap()))
}

#[test]
fn the_sample_is_right_and_says_who_is_called() {
    let Parsed { roster, warnings } = parsed(SAMPLE);
    assert_eq!(warnings, []);
    // Monday, 14:00 in New York: the early shift.
    let at = Timestamp::parse("2026-07-13T18:00:00Z").unwrap();
    let persons: Vec<_> = roster.ladder(Place::CirtWatch, None, at).into_iter().map(|rung| rung.person).collect();
    let expected = [
        "cirt-early",
        "cirt-lead",
        "cirt-lead",
        "cirt",
        "cirt",
        "cipm",
        "cipm",
        "cipm-deputy",
        "cipm-deputy",
        "cio",
        "cio",
    ];
    assert_eq!(persons, expected);
    let first = |at: &str| {
        let rungs = roster.ladder(Place::CirtWatch, Some("rid.unit1.example"), Timestamp::parse(at).unwrap());
        rungs.first().map(|rung| rung.person.clone()).unwrap_or_default()
    };
    assert_eq!(first("2026-07-14T05:00:00Z"), "cirt-night");
    assert_eq!(first("2026-07-12T18:00:00Z"), "cirt-late");
    assert_eq!(first("2026-12-25T18:00:00Z"), "cirt-lead");
    // 04:00 UTC is 23:00 in New York in winter, and midnight in summer.
    assert_eq!(first("2026-01-13T04:00:00Z"), "cirt-late");
    assert_eq!(first("2026-07-14T04:00:00Z"), "cirt-night");
}

#[test]
fn all_faults_are_told_with_their_lines() {
    let text = "zone = 'Mars/Olympus'\n\
                wrong = 1\n\
                [[person]]\n\
                id = 'a'\n\
                name = ''\n\
                place = 'king'\n\
                unit = '*.example'\n\
                channels = [{ email = 'nobody' },\n\
                 { smoke = 'sky' }, { pager = '1' }, { pager = '1' }, 'x']\n\
                deputies = ['ghost', 'a']\n\
                above = 'a'\n\
                pigeon = true\n\
                [[person]]\n\
                id = 'a'\n\
                name = 5\n\
                place = 'owner'\n\
                shifts = [{ days = 'someday', hours = '8-9', on = ['nobody'] }, { days = 'mon' }]\n\
                overrides = [{ from = 2026-12-24, to = '2026-12-23', on = [] }, { from = '2026', to = 2026-01-01 }]\n\
                [[person]]\n\
                id = 'No Id'\n";
    let lines: Vec<String> = faults(text);
    let expected = [
        "line 1: place: nobody is at the top",
        "line 1: zone: \"Mars/Olympus\" is no time zone",
        "line 2: unknown key \"wrong\"",
        "line 5: a.name:",
        "line 6: a.place: \"king\" is no place",
        "line 7: a.unit:",
        "line 8: a.channels: \"nobody\" is no email address",
        "line 9: a.channels: \"smoke\" is no channel",
        "line 9: a.channels: each channel is one of",
        "line 9: a.channels: pager 1 stands here twice",
        "line 10: a.deputies: a cannot be called in its own place",
        "line 10: a.deputies: there is no person \"ghost\"",
        "line 11: a.above: a cannot be called in its own place",
        "line 12: a: unknown key \"pigeon\"",
        "line 13: a: this id stands here twice",
        "line 15: a.name: expected a text",
        "line 17: a.on: there is no person \"nobody\"",
        "line 17: a.shifts: \"8-9\" names no hours",
        "line 17: a.shifts: \"someday\" names no days",
        "line 17: a.shifts: hours is missing",
        "line 17: a.shifts: on is missing",
        "line 18: a.overrides: from is no date",
        "line 18: a.overrides: it ends on 2026-12-23",
        "line 18: a.overrides: on is missing",
        "line 19: No Id: \"No Id\" is no id",
        "line 19: No Id: name is missing",
        "line 19: No Id: place is missing",
    ];
    for beginning in expected {
        assert!(lines.iter().any(|line| line.starts_with(beginning)), "{beginning}\n{}", lines.join("\n"));
    }
    let unexpected: Vec<_> =
        lines.iter().filter(|line| !expected.iter().any(|beginning| line.starts_with(beginning))).collect();
    assert_eq!(unexpected, Vec::<&String>::new());
}

#[test]
fn what_is_no_toml_has_one_fault() {
    let lines = faults("[[person]\n");
    assert!(lines.len() == 1 && lines[0].starts_with("line 1: not TOML"), "{lines:?}");
    assert_eq!(faults("person = 1\n").len(), 1);
    assert!(faults("")[0].contains("nobody is at the top"));
}

#[test]
fn a_unit_of_its_own_needs_no_program_manager() {
    assert_eq!(faults(&person("contact", "unit-contact", "")), Vec::<String>::new());
    assert_eq!(faults(&person("contact", "unit-contact", "unit = 'u.example'")).len(), 1);
}

#[test]
fn circles_above_are_refused_and_deputies_of_each_other_are_not() {
    let circle = manager()
        + &person("a", "owner", "above = 'b'")
        + &person("b", "owner", "above = 'c'")
        + &person("c", "owner", "above = 'b'");
    let lines = faults(&circle);
    assert!(
        lines.len() == 1 && lines[0].starts_with("line 13: b.above: goes round in a circle (b, c, b)"),
        "{lines:?}"
    );
    let both = manager() + &person("a", "owner", "deputies = ['b']") + &person("b", "owner", "deputies = ['a']");
    let Parsed { roster, warnings } = parsed(&both);
    assert!(warnings.len() == 1 && warnings[0].message.contains("each other's deputies"), "{warnings:?}");
    assert_eq!(said(&roster.ladder_of("b", Timestamp::parse(NOON).unwrap())), "b:pager a:pager boss:pager");
}

#[test]
fn channels_come_in_order_then_deputies_then_whoever_is_above() {
    let two = "channels = [{ email = 'x@u.example' }, { pager = '7' }]\n";
    let text = manager()
        + &person("chief", "cio", "")
        + &person("contact", "unit-contact", &format!("unit = 'U.example'\n{two}deputies = ['second', 'third']"))
        + &person("second", "unit-cirt", "unit = 'u.example'\ndeputies = ['fourth']")
        + &person("third", "unit-cirt", "unit = 'u.example'\nabove = 'boss'")
        + &person("fourth", "unit-cirt", "unit = 'u.example'");
    let whole = "contact:email contact:pager second:pager fourth:pager third:pager boss:pager chief:pager";
    assert_eq!(ladder(&text, Place::UnitContact, Some("u.EXAMPLE"), NOON), whole);
    // Nobody owns anything there: the contact stands for them. Nobody is contact elsewhere: the program manager.
    assert_eq!(ladder(&text, Place::Owner, Some("u.example"), NOON), whole);
    assert_eq!(ladder(&text, Place::UnitContact, Some("other.example"), NOON), "boss:pager chief:pager");
    assert_eq!(ladder(&text, Place::Cio, None, NOON), "chief:pager");
    let roster = parsed(&text).roster;
    let rungs = roster.ladder(Place::UnitContact, Some("u.example"), Timestamp::parse(NOON).unwrap());
    let why: Vec<_> = rungs.iter().map(|rung| rung.why.as_str()).collect();
    let of = "unit-contact of u.example";
    let deputies = ["deputy of contact", "deputy of second", "deputy of contact"];
    assert_eq!(why, [of, of, deputies[0], deputies[1], deputies[2], "above contact", "above boss"]);
    assert!(roster.ladder_of("nobody", Timestamp::parse(NOON).unwrap()).is_empty());
}

#[test]
fn whoever_is_named_above_comes_before_the_places_and_leads_on() {
    // The deputy is also above: called once, and the way goes on from there.
    let text = manager()
        + &person("admin", "administrator", "deputies = ['owner']\nabove = 'owner'")
        + &person("owner", "owner", "above = 'friend'")
        + &person("friend", "unit-cirt", "");
    assert_eq!(ladder(&text, Place::Administrator, None, NOON), "admin:pager owner:pager friend:pager boss:pager");
}

#[test]
fn nobody_is_called_twice_on_one_address() {
    let shared = "channels = [{ pager = '1' }, { email = 'desk@u.example' }]";
    let text = manager()
        + &person("a", "unit-contact", &format!("unit = 'u.example'\n{shared}\ndeputies = ['b']"))
        + &person("b", "unit-contact", &format!("unit = 'u.example'\n{shared}"));
    assert_eq!(ladder(&text, Place::UnitContact, Some("u.example"), NOON), "a:pager a:email boss:pager");
}

#[test]
fn a_watch_is_called_by_shift_and_a_gap_falls_to_the_deputies() {
    let watch = "zone = 'Europe/Berlin'\nchannels = []\ndeputies = ['lead']\n\
                 shifts = [{ days = 'daily', hours = '06:00-00:00', on = ['day'] },\n\
                 { days = 'daily', hours = '00:00-05:00', on = ['night'] }]";
    let text = manager()
        + &person("watch", "cirt-watch", watch)
        + &person("lead", "unit-cirt", "")
        + &person("day", "cirt-watch", "")
        + &person("night", "cirt-watch", "");
    let Parsed { warnings, .. } = parsed(&text);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let said = warnings[0].to_string();
    assert!(said.starts_with("line 7: watch.shifts: nobody is on shift mon 05:00 to mon 06:00"), "{said}");
    assert!(said.ends_with("sun 05:00 to sun 06:00 (Europe/Berlin): its deputies are called then"), "{said}");
    let at = |at: &str| ladder(&text, Place::CirtWatch, None, at);
    // Midnight in Berlin, in winter and in summer.
    assert_eq!(at("2026-01-12T22:59:59Z"), "day:pager lead:pager boss:pager");
    assert_eq!(at("2026-01-12T23:00:00Z"), "night:pager lead:pager boss:pager");
    assert_eq!(at("2026-07-13T21:59:59Z"), "day:pager lead:pager boss:pager");
    assert_eq!(at("2026-07-13T22:00:00Z"), "night:pager lead:pager boss:pager");
    // The gap.
    assert_eq!(at("2026-07-13T03:30:00Z"), "lead:pager boss:pager");
}

#[test]
fn whoever_cannot_be_called_is_told_of_and_passed_over() {
    let text = manager() + &person("mute", "unit-contact", "unit = 'u.example'\nchannels = []");
    let Parsed { roster, warnings } = parsed(&text);
    assert!(warnings.len() == 1 && warnings[0].message.starts_with("cannot be called"), "{warnings:?}");
    let at = Timestamp::parse(NOON).unwrap();
    assert_eq!(said(&roster.ladder(Place::UnitContact, Some("u.example"), at)), "boss:pager");
    let nobody = person("mute", "program-manager", "channels = []");
    assert_eq!(parsed(&nobody).roster.ladder(Place::Owner, None, at), []);
}

#[test]
fn a_watch_is_not_on_for_a_watch() {
    let shifts = |on: &str| format!("shifts = [{{ days = 'daily', hours = '00:00-24:00', on = ['{on}'] }}]");
    let text = manager() + &person("a", "cirt-watch", &shifts("b")) + &person("b", "cirt-watch", &shifts("b"));
    let lines = faults(&text);
    assert!(lines.len() == 1 && lines[0].contains("b has shifts of its own"), "{lines:?}");
}

#[test]
fn what_grows_is_bounded() {
    let many: String = (0..10_001).map(|number| person(&format!("p{number}"), "owner", "")).collect();
    assert!(faults(&many).iter().any(|line| line.contains("10001 entries")));
    let long = format!("deputies = [{}]", "'x',".repeat(401));
    assert!(faults(&person("a", "owner", &long)).iter().any(|line| line.contains("401 entries")));
}
