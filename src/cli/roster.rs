//! `ridd roster`: who is called in a significant event, and who is next.

use std::path::PathBuf;

use clap::Subcommand;

use super::ask::{ask, or_dash, say};
use super::table::{card, listing};
use super::treatment::read;
use super::{Ended, Exit, Globals};
use crate::admin::api::notices::{TestOrder, Tested};
use crate::admin::api::roster::{Fault, ImportOrder, Imported, Ladder, Person, PersonList, PersonView, Place};
use crate::admin::{path, with_parameters};
use crate::ids::PeerName;

/// Arguments of `ridd roster`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Put the roster of a file in the place of the present one, whole or not at all
    Import {
        /// The roster (TOML)
        file: PathBuf,
        /// Only say what is wrong with it, and what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// List everybody in the roster
    List,
    /// Show one person or team with channels, deputies and shifts
    Show {
        /// The person, by id
        person: String,
    },
    /// Say who would be called, in which order
    Who(WhoArgs),
    /// Send somebody a notice on each channel, marked as a test
    Test {
        /// The person, by id
        person: String,
    },
}

#[derive(Debug, clap::Args)]
struct WhoArgs {
    /// program-manager, cio, cirt-watch, unit-contact, unit-cirt, owner or administrator
    /// [default: cirt-watch; with --unit unit-contact]
    #[arg(long)]
    place: Option<Place>,
    /// Of which operating unit, by its node's name, if not of this node
    #[arg(long)]
    unit: Option<PeerName>,
    /// Beginning with this person of the roster
    #[arg(long, conflicts_with_all = ["place", "unit"])]
    person: Option<String>,
    /// At another instant than now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Carries out `ridd roster`. The answer of `who` is no if nobody can be called.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Import { file, dry_run } => {
            let order = ImportOrder { text: read(&file)?, dry_run };
            let imported: Imported = ask(globals, |client| async move { client.post("roster", &order).await })?;
            say(globals, &imported, import)
        }
        Verb::List => {
            let list: PersonList = ask(globals, |client| async move { client.get("roster").await })?;
            say(globals, &list, table)
        }
        Verb::Show { person } => {
            let path = path(["roster", "persons", &person]);
            let view: PersonView = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &view, show)
        }
        Verb::Who(args) => who(args, globals),
        Verb::Test { person } => {
            let order = TestOrder { person };
            let tested: Tested = ask(globals, |client| async move { client.post("notices/tests", &order).await })?;
            say(globals, &tested, test)
        }
    }
}

fn who(args: WhoArgs, globals: &Globals) -> Ended {
    let parameters = [
        ("place", args.place.map(|place| place.to_string())),
        ("unit", args.unit.map(|unit| unit.to_string())),
        ("person", args.person),
        ("at", args.at),
    ];
    let path = with_parameters("roster/ladder", &parameters);
    let found: Ladder = ask(globals, |client| async move { client.get(&path).await })?;
    say(globals, &found, ladder)?;
    Ok(if found.rungs.is_empty() { Exit::No } else { Exit::Done })
}

fn test(tested: &Tested) -> String {
    let count = tested.notices.len();
    format!(
        "{count} notices to {} are on their way: `ridd notice list --person {0}` says what becomes of them",
        tested.person
    )
}

fn import(imported: &Imported) -> String {
    let Imported { dry_run, persons, added, changed, removed, warnings } = imported;
    let done = if *dry_run { "nothing was imported (dry run); it would have" } else { "imported; the roster has" };
    let persons = if *persons == 1 { "1 person".to_owned() } else { format!("{persons} persons") };
    let mut lines =
        vec![format!("{done} {persons}: {} added, {} changed, {} removed", added.len(), changed.len(), removed.len())];
    lines.extend(warnings.iter().map(|warning: &Fault| format!("warning: {warning}")));
    lines.join("\n")
}

fn channels(person: &Person) -> Vec<String> {
    person.channels.iter().map(|channel| format!("{} {}", channel.kind, channel.address)).collect()
}

fn table(list: &PersonList) -> String {
    let rows = list.persons.iter().map(|person| {
        let kinds: Vec<_> = person.channels.iter().map(|channel| channel.kind.as_str()).collect();
        [
            person.id.clone(),
            person.name.clone(),
            person.place.to_string(),
            or_dash(person.unit.as_ref()),
            if kinds.is_empty() { "-".to_owned() } else { kinds.join(", ") },
            if person.is_watch() { "yes".to_owned() } else { "-".to_owned() },
        ]
    });
    let empty = "no roster: nobody can be called; `ridd roster import FILE` imports one";
    listing(["PERSON", "NAME", "PLACE", "UNIT", "CHANNELS", "SHIFTS"], rows, empty)
}

fn show(view: &PersonView) -> String {
    let person = &view.person;
    let lines = |lines: Vec<String>| Some(lines.join("\n")).filter(|text| !text.is_empty());
    let on = |on: &[String]| if on.is_empty() { "nobody".to_owned() } else { on.join(", ") };
    let shifts = person.shifts.iter().map(|shift| format!("{} {} {}", shift.days, shift.hours, on(&shift.on)));
    let overrides = person.overrides.iter();
    let overrides = overrides.map(|one| format!("{} to {} {} {}", one.from, one.to, one.hours, on(&one.on)));
    card([
        ("person", Some(person.id.clone())),
        ("name", Some(person.name.clone())),
        ("place", Some(person.place.to_string())),
        ("unit", person.unit.clone()),
        ("channels", lines(channels(person)).or_else(|| Some("none".to_owned()))),
        ("deputies", lines(person.deputies.clone())),
        ("above", person.above.clone().or_else(|| person.place.above().map(|place| format!("the {place}")))),
        ("time zone", person.is_watch().then(|| person.zone.to_string())),
        ("shifts", lines(shifts.collect())),
        ("overrides", lines(overrides.collect())),
        ("on now", person.is_watch().then(|| on(&view.on_shift))),
    ])
}

fn ladder(ladder: &Ladder) -> String {
    let rows = ladder.rungs.iter().enumerate().map(|(at, rung)| {
        [
            (at + 1).to_string(),
            rung.person.clone(),
            rung.name.clone(),
            rung.channel.to_string(),
            rung.address.clone(),
            rung.why.clone(),
        ]
    });
    let empty = "nobody of the roster can be called for that; `ridd roster list` shows who is in it";
    listing(["TRY", "PERSON", "NAME", "CHANNEL", "ADDRESS", "WHY"], rows, empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["roster-import", "roster-import-dry"], import);
        compare(&["roster-list", "roster-list-empty"], table);
        compare(&["roster-show", "roster-show-watch"], show);
        compare(&["roster-who", "roster-who-nobody"], ladder);
        compare(&["roster-test"], test);
    }
}
