//! `ridd inventory`: the systems, which unit runs them, what they are, and which of them a data call concerns.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::ask::{ask, cut, or_dash, say};
use super::table::{card, listing, second};
use super::{Ended, Exit, Failure, Globals, print};
use crate::admin::api::inventory::{SystemDetail, SystemList, SystemRemoved, SystemView};
use crate::admin::{path, with_parameters};
use crate::ids::EventId;
use crate::inventory::{Affected, Format, ImportReport, SystemChange};

/// Arguments of `ridd inventory`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Take in a file of systems, wholly or not at all: those it names are added or changed, the others stay
    Import {
        /// The file; the first line of CSV names the columns: name, unit, owner, administrators, addresses, cpes, note,
        /// patched, excepted
        file: PathBuf,
        /// csv or json [default: by the file's name, else csv]
        #[arg(long)]
        format: Option<Format>,
        /// Only say what would be done, and what is wrong with the file
        #[arg(long)]
        dry_run: bool,
    },
    /// List the systems by name
    List {
        /// Only systems that this unit runs
        #[arg(long)]
        unit: Option<String>,
        /// Only systems with this text in their profile
        #[arg(long)]
        text: Option<String>,
        /// Only systems whose name comes after this one
        #[arg(long, value_name = "NAME")]
        after: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one system, and how it stands to each vulnerability that was looked at
    Show {
        /// The system
        name: String,
    },
    /// Change a system, or add it; what is not named stays, an empty value clears
    Set(SetArgs),
    /// Take a system out, with what is known of its patches
    Remove {
        /// The system
        name: String,
    },
    /// Write all systems in a form that can be imported again
    Export {
        /// csv or json
        #[arg(long, default_value_t)]
        format: Format,
    },
    /// Say which systems a data call about these platforms concerns, by unit: those on which something is left to do
    Affected {
        /// The significant event whose platforms and vulnerabilities are meant
        #[arg(conflicts_with_all = ["cpe", "cve"])]
        event: Option<EventId>,
        /// A platform by its CPE name, as a formatted string or a URI; several with several --cpe
        #[arg(long, value_name = "NAME", required_unless_present = "event")]
        cpe: Vec<String>,
        /// A vulnerability: systems patched, or excepted, against all that are named are left out
        #[arg(long, value_name = "NAME")]
        cve: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The system
    name: String,
    /// The unit that runs it, by its node's name; needed for a system that is new
    #[arg(long)]
    unit: Option<String>,
    /// Who owns it: a person of the roster
    #[arg(long, value_name = "PERSON")]
    owner: Option<String>,
    /// Who administers it: a person of the roster; those named replace all
    #[arg(long, value_name = "PERSON")]
    administrator: Option<Vec<String>>,
    /// A network address of it; those named replace all
    #[arg(long)]
    address: Option<Vec<String>>,
    /// A CPE name of its platform; those named replace all
    #[arg(long, value_name = "NAME")]
    cpe: Option<Vec<String>>,
    /// What else people should know
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Carries out `ridd inventory`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Import { file, format, dry_run } => import(&file, format, dry_run, globals),
        Verb::List { unit, text, after, limit } => {
            let parameters = [("unit", unit), ("text", text), ("cursor", after), ("limit", Some(limit.to_string()))];
            let path = with_parameters("inventory/systems", &parameters);
            let list: SystemList = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &list, table)
        }
        Verb::Show { name } => {
            let path = path(["inventory", "systems", &name]);
            let detail: SystemDetail = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &detail, show)
        }
        Verb::Set(args) => set(args, globals),
        Verb::Remove { name } => {
            let path = path(["inventory", "systems", &name]);
            let removed: SystemRemoved = ask(globals, |client| async move { client.delete(&path).await })?;
            say(globals, &removed, |removed| format!("{} removed", removed.removed))
        }
        Verb::Export { format } => {
            let path = with_parameters("inventory/file", &[("format", Some(format.to_string()))]);
            let file = ask(globals, |client| async move { client.bytes(&path).await })?;
            print(String::from_utf8_lossy(&file))?;
            Ok(Exit::Done)
        }
        Verb::Affected { event, cpe, cve } => {
            let named = |key, values: Vec<String>| values.into_iter().map(move |value| (key, Some(value)));
            let mut parameters: Vec<_> = named("cpe", cpe).chain(named("cve", cve)).collect();
            parameters.push(("event", event.map(|event| event.to_string())));
            let path = with_parameters("inventory/affected", &parameters);
            let affected: Affected = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &affected, concerned)
        }
    }
}

fn import(file: &Path, format: Option<Format>, dry_run: bool, globals: &Globals) -> Ended {
    let bytes =
        std::fs::read(file).map_err(|error| Failure::input(format_args!("cannot read {}: {error}", file.display())))?;
    let json = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let format = format.unwrap_or(if json { Format::Json } else { Format::Csv });
    let parameters = [("format", Some(format.to_string())), ("dry-run", dry_run.then(|| "true".to_owned()))];
    let path = with_parameters("inventory/file", &parameters);
    let report: ImportReport = ask(globals, |client| async move { client.post_bytes(&path, bytes.into()).await })?;
    say(globals, &report, imported)
}

fn imported(report: &ImportReport) -> String {
    let ImportReport { dry_run, systems, added, changed, unchanged, patches } = report;
    let tried = if *dry_run { "nothing was written; it would be: " } else { "" };
    format!("{tried}{systems} systems: {added} added, {changed} changed, {unchanged} unchanged; {patches} patch states")
}

fn set(args: SetArgs, globals: &Globals) -> Ended {
    let SetArgs { name, unit, owner, administrator, address, cpe, note } = args;
    let change = SystemChange { unit, owner, administrators: administrator, addresses: address, cpes: cpe, note };
    if change == SystemChange::default() {
        let why = "nothing to change: name what shall be different, see `ridd inventory set --help`";
        return Err(Failure::input(why));
    }
    let path = path(["inventory", "systems", &name]);
    let system: SystemView = ask(globals, |client| async move { client.patch(&path, &change).await })?;
    say(globals, &system, |system| format!("{} is run by {}", system.name, system.unit))
}

fn table(list: &SystemList) -> String {
    let rows = list.systems.iter().map(|system| {
        [
            system.name.clone(),
            system.unit.clone(),
            or_dash(system.owner.as_ref()),
            or_dash(system.addresses.first()),
            or_dash(system.cpes.first()),
        ]
    });
    let empty = "no system; `ridd inventory import FILE` takes in a file of them";
    cut(listing(["SYSTEM", "UNIT", "OWNER", "ADDRESS", "PLATFORM"], rows, empty), list.more)
}

fn show(detail: &SystemDetail) -> String {
    let system = &detail.system;
    let lines = |list: &[String]| Some(list.join("\n")).filter(|text| !text.is_empty());
    let patches = detail.patches.iter().map(|patch| {
        let why = patch.evidence.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        format!("{} {} ({}, {}){why}", patch.vulnerability, patch.state, second(patch.at), patch.by)
    });
    card([
        ("system", Some(system.name.clone())),
        ("unit", Some(system.unit.clone())),
        ("owner", system.owner.clone()),
        ("administrators", lines(&system.administrators)),
        ("addresses", lines(&system.addresses)),
        ("platform", lines(&system.cpes).or_else(|| Some("not known: no data call can mean it".to_owned()))),
        ("note", system.note.clone()),
        ("patches", lines(&patches.collect::<Vec<_>>())),
        ("changed", Some(format!("{} by {}", second(system.changed), system.by))),
    ])
}

fn concerned(affected: &Affected) -> String {
    let rows = affected.units.iter().flat_map(|(unit, systems)| {
        systems
            .iter()
            .map(move |system| [unit.clone(), system.name.clone(), system.certainty.to_string(), system.cpe.clone()])
    });
    let mut text = listing(["UNIT", "SYSTEM", "AFFECTED", "PLATFORM"], rows, "no system is affected");
    let count = affected.count();
    text.push_str(&format!(
        "\n{count} of {} systems in {} units; {} more are patched or excepted, {} have no CPE name",
        affected.systems,
        affected.units.len(),
        affected.closed,
        affected.unnamed
    ));
    affected.unreadable.iter().for_each(|why| text.push_str(&format!("\nnot compared: {why}")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["inventory-list", "inventory-list-empty"], table);
        compare(&["inventory-show", "inventory-show-bare"], show);
        compare(&["inventory-affected", "inventory-affected-none"], concerned);
        compare(&["inventory-import", "inventory-import-dry"], imported);
    }
}
