//! From the text of `roster.toml` to persons, with everything that is wrong with single values. What concerns several
//! persons is judged by `check`.

use std::ops::Range;
use std::str::FromStr;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::address;
use super::fault::Fault;
use super::person::{Channel, Person};
use super::place::Place;
use super::week::{Hours, Override, Shift, Zone};
use crate::ids::PeerName;
use crate::store::records::ParcelKind;

/// Persons of one roster at most.
const PERSONS: usize = 10_000;
/// Entries of one list of one person at most.
const ENTRIES: usize = 400;
/// Characters of a name at most.
const NAME: usize = 200;
/// Characters of an id at most.
const ID: usize = 64;

const KEYS: [&str; 10] =
    ["id", "name", "place", "unit", "channels", "deputies", "above", "zone", "shifts", "overrides"];

/// A mention of a person, to be looked up when all are known.
pub(super) struct Mention {
    /// The key that mentions it.
    pub(super) key: &'static str,
    /// Whom it mentions.
    pub(super) id: String,
    /// Where it stands in the text.
    pub(super) at: usize,
}

/// One person with the places in the text that later faults point at.
pub(super) struct Draft {
    pub(super) person: Person,
    pub(super) at: usize,
    pub(super) mentions: Vec<Mention>,
}

/// Collects what is wrong.
pub(super) struct Faults<'t> {
    text: &'t str,
    pub(super) faults: Vec<Fault>,
}

impl<'t> Faults<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, faults: Vec::new() }
    }

    /// The value at this offset of the text has this fault.
    pub(super) fn add(&mut self, at: usize, key: impl Into<String>, message: impl Into<String>) {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        self.faults.push(Fault { line: Some(line), key: key.into(), message: message.into() });
    }

    /// In the order of the lines.
    pub(super) fn sorted(mut self) -> Vec<Fault> {
        self.faults.sort();
        self.faults.dedup();
        self.faults
    }
}

/// Reads all persons, also those with faults, so that mentions of them are not faults, too.
pub(super) fn persons(text: &str, faults: &mut Faults<'_>) -> Vec<Draft> {
    let (root, broken) = DeTable::parse_recoverable(text);
    for error in broken {
        faults.add(error.span().map_or(0, |span| span.start), "", format!("not TOML: {}", error.message()));
    }
    if !faults.faults.is_empty() {
        return Vec::new();
    }
    let mut zone = Zone::default();
    let mut drafts = Vec::new();
    for (key, value) in root.get_ref() {
        match key.get_ref().as_ref() {
            "zone" => {
                zone = text_of(value, "zone", faults).and_then(|t| read(&t, value, "zone", faults)).unwrap_or(zone)
            }
            "person" => {}
            other => {
                let message = format!("unknown key {other:?}: known are zone and [[person]]");
                faults.add(key.span().start, "", message);
            }
        }
    }
    let Some((_, list)) = root.get_ref().iter().find(|(key, _)| key.get_ref() == "person") else { return drafts };
    for (number, one) in array_of(list, "person", PERSONS, faults).iter().enumerate() {
        match one.get_ref().as_table() {
            Some(table) => {
                drafts.push(Reader { table, span: one.span(), faults, mentions: Vec::new() }.person(number, &zone))
            }
            None => faults.add(one.span().start, "person", "each person is a table: begin it with [[person]]"),
        }
    }
    drafts
}

fn text_of(value: &Spanned<DeValue<'_>>, key: &str, faults: &mut Faults<'_>) -> Option<String> {
    let found = value.get_ref().as_str().map(str::trim).map(str::to_owned);
    if found.is_none() {
        faults.add(value.span().start, key, "expected a text in quotes");
    }
    found
}

fn array_of<'a, 'i>(
    value: &'a Spanned<DeValue<'i>>,
    key: &str,
    most: usize,
    faults: &mut Faults<'_>,
) -> &'a [Spanned<DeValue<'i>>] {
    match value.get_ref().as_array() {
        Some(array) if array.len() <= most => array,
        Some(array) => {
            faults.add(value.span().start, key, format!("{} entries: {most} are allowed at most", array.len()));
            &[]
        }
        None => {
            faults.add(value.span().start, key, "expected a list in [ ]");
            &[]
        }
    }
}

/// Reads the text as a type that says itself what is wrong with it.
fn read<T: FromStr<Err = String>>(
    text: &str,
    value: &Spanned<DeValue<'_>>,
    key: &str,
    faults: &mut Faults<'_>,
) -> Option<T> {
    text.parse().map_err(|why| faults.add(value.span().start, key, why)).ok()
}

/// Reads the table of one person.
struct Reader<'a, 'i, 'f, 't> {
    table: &'a DeTable<'i>,
    span: Range<usize>,
    faults: &'f mut Faults<'t>,
    mentions: Vec<Mention>,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl<'a, 'i> Reader<'a, 'i, '_, '_> {
    fn person(mut self, number: usize, zone: &Zone) -> Draft {
        let at = self.span.start;
        let id = self.text("id", &format!("person {}", number + 1));
        let shown = id.clone().unwrap_or_else(|| format!("person {}", number + 1));
        self.unknown_keys(self.table, &KEYS, &shown);
        let key = |key: &str| format!("{shown}.{key}");
        for missing in ["id", "name", "place"] {
            if self.value(missing).is_some() {
                continue;
            }
            self.faults.add(at, shown.clone(), format!("{missing} is missing"));
        }
        if let Some(id) = id.as_deref().filter(|id| !is_id(id)) {
            let message = format!("{id:?} is no id: 1 to {ID} lower-case letters, digits, - _ .");
            self.faults.add(at, shown.clone(), message);
        }
        let name = self.text("name", &key("name")).unwrap_or_default();
        self.judge_name(&name, &key("name"));
        let person = Person {
            place: self.parsed("place", &key("place")).unwrap_or(Place::Owner),
            unit: self.unit(&key("unit")),
            channels: self.channels(&key("channels")),
            deputies: self.ids(self.value("deputies"), "deputies", &key("deputies")),
            above: self.above(&key("above")),
            zone: self.parsed("zone", &key("zone")).unwrap_or_else(|| zone.clone()),
            shifts: self.shifts(&key("shifts")),
            overrides: self.overrides(&key("overrides")),
            id: id.unwrap_or_default(),
            name,
        };
        Draft { person, at, mentions: self.mentions }
    }

    fn value(&self, key: &str) -> Option<&'a Value<'i>> {
        of(self.table, key)
    }

    fn text(&mut self, key: &str, shown: &str) -> Option<String> {
        text_of(self.value(key)?, shown, self.faults)
    }

    /// A name must fit into a table and into a subject line.
    fn judge_name(&mut self, name: &str, shown: &str) {
        let right = !name.is_empty() && name.chars().count() <= NAME && !name.chars().any(char::is_control);
        let Some(value) = self.value("name").filter(|value| !right && value.get_ref().is_str()) else { return };
        self.faults.add(value.span().start, shown, format!("a name is 1 to {NAME} printable characters"));
    }

    fn parsed<T: FromStr<Err = String>>(&mut self, key: &str, shown: &str) -> Option<T> {
        let value = self.value(key)?;
        let text = text_of(value, shown, self.faults)?;
        read(&text, value, shown, self.faults)
    }

    fn unknown_keys(&mut self, table: &DeTable<'_>, known: &[&str], shown: &str) {
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let message = format!("unknown key {:?}: known are {}", key.get_ref(), known.join(", "));
            self.faults.add(key.span().start, shown, message);
        }
    }

    fn unit(&mut self, shown: &str) -> Option<String> {
        let value = self.value("unit")?;
        let text = text_of(value, shown, self.faults)?;
        match text.parse::<PeerName>() {
            Ok(name) => Some(name.to_string()),
            Err(error) => {
                self.faults.add(value.span().start, shown, format!("{error}: a unit is named by its node's DNS-ID"));
                None
            }
        }
    }

    fn above(&mut self, shown: &str) -> Option<String> {
        let id = self.text("above", shown)?;
        let at = self.value("above").map_or(0, |value| value.span().start);
        self.mentions.push(Mention { key: "above", id: id.clone(), at });
        Some(id)
    }

    fn ids(&mut self, list: Option<&Value<'_>>, key: &'static str, shown: &str) -> Vec<String> {
        let Some(list) = list else { return Vec::new() };
        let mut found = Vec::new();
        for one in array_of(list, shown, ENTRIES, self.faults) {
            let Some(id) = text_of(one, shown, self.faults) else { continue };
            self.mentions.push(Mention { key, id: id.clone(), at: one.span().start });
            found.push(id);
        }
        found
    }

    fn channels(&mut self, shown: &str) -> Vec<Channel> {
        const KINDS: &str = "{ email = \"…\" }, { pager = \"…\" }, { fax = \"…\" } or { webhook = \"…\" }";
        let Some(list) = self.value("channels") else { return Vec::new() };
        let mut found: Vec<Channel> = Vec::new();
        for one in array_of(list, shown, ENTRIES, self.faults) {
            let at = one.span().start;
            let pair = one.get_ref().as_table().filter(|table| table.len() == 1).and_then(|table| table.iter().next());
            let Some((kind, value)) = pair else {
                self.faults.add(at, shown, format!("each channel is one of {KINDS}"));
                continue;
            };
            let Some(kind) = kind.get_ref().parse().ok().filter(|kind| *kind != ParcelKind::Rid) else {
                self.faults.add(at, shown, format!("{:?} is no channel for people: write {KINDS}", kind.get_ref()));
                continue;
            };
            let Some(address) = text_of(value, shown, self.faults) else { continue };
            if let Some(wrong) = address::wrong(kind, &address) {
                self.faults.add(at, shown, wrong);
            }
            let channel = Channel { kind, address };
            if found.contains(&channel) {
                self.faults.add(at, shown, format!("{kind} {} stands here twice: write it once", channel.address));
            }
            found.push(channel);
        }
        found
    }

    fn shifts(&mut self, shown: &str) -> Vec<Shift> {
        let mut found = Vec::new();
        for (at, table) in self.tables("shifts", &["days", "hours", "on"], shown) {
            let days = self.field(at, table, "days", shown);
            let hours = self.field(at, table, "hours", shown);
            let on = self.on(at, table, shown);
            if let (Some(days), Some(hours), Some(on)) = (days, hours, on) {
                found.push(Shift { days, hours, on });
            }
        }
        found
    }

    fn overrides(&mut self, shown: &str) -> Vec<Override> {
        let mut found = Vec::new();
        for (at, table) in self.tables("overrides", &["from", "to", "hours", "on"], shown) {
            let (from, to) = (self.date(at, table, "from", shown), self.date(at, table, "to", shown));
            let hours = match of(table, "hours") {
                Some(_) => self.field(at, table, "hours", shown),
                None => Some(Hours::ALL),
            };
            let on = self.on(at, table, shown);
            let (Some(from), Some(to), Some(hours), Some(on)) = (from, to, hours, on) else { continue };
            if to < from {
                self.faults.add(at, shown, format!("it ends on {to}, before it begins on {from}"));
            }
            found.push(Override { from, to, hours, on });
        }
        found
    }

    /// The tables of that list, with where each stands in the text.
    fn tables(&mut self, key: &str, known: &[&str], shown: &str) -> Vec<(usize, &'a DeTable<'i>)> {
        let Some(list) = self.value(key) else { return Vec::new() };
        let mut found = Vec::new();
        for one in array_of(list, shown, ENTRIES, self.faults) {
            let at = one.span().start;
            match one.get_ref().as_table() {
                Some(table) => {
                    self.unknown_keys(table, known, shown);
                    found.push((at, table));
                }
                None => self.faults.add(at, shown, format!("each entry is a table with {}", known.join(", "))),
            }
        }
        found
    }

    fn field<T: FromStr<Err = String>>(&mut self, at: usize, table: &DeTable<'_>, key: &str, shown: &str) -> Option<T> {
        let Some(value) = of(table, key) else {
            self.faults.add(at, shown, format!("{key} is missing"));
            return None;
        };
        let text = text_of(value, shown, self.faults)?;
        read(&text, value, shown, self.faults)
    }

    fn on(&mut self, at: usize, table: &DeTable<'_>, shown: &str) -> Option<Vec<String>> {
        let list = of(table, "on");
        if list.is_none() {
            self.faults.add(at, shown, "on is missing: who is on, for instance on = [\"ana\"], or [] for nobody");
            return None;
        }
        Some(self.ids(list, "on", shown))
    }

    /// A date, in TOML's own form or in quotes.
    fn date(&mut self, at: usize, table: &DeTable<'_>, key: &str, shown: &str) -> Option<Date> {
        let Some(value) = of(table, key) else {
            self.faults.add(at, shown, format!("{key} is missing: a date such as 2026-12-24"));
            return None;
        };
        let text = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        let date = Some(&text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
        if date.is_none() {
            self.faults.add(value.span().start, shown, format!("{key} is no date: write one such as 2026-12-24"));
        }
        date
    }
}

fn of<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a Value<'i>> {
    table.iter().find(|(known, _)| known.get_ref() == key).map(|(_, value)| value)
}

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (1..=ID).contains(&text.len()) && text.bytes().all(allowed)
}
