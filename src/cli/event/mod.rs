//! `ridd event`: significant events from the data call to the confirmation.

mod words;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::ask::{ask, say};
use super::document::write;
use super::moment::Moment;
use super::table::width;
use super::timeline::{draw, is_ascii};
use super::treatment::read;
use super::{Ended, Exit, Globals};
use crate::admin::api::events::{EventDetail, EventList, EventOrder, LogView, OpenView};
use crate::admin::event::Timeline;
use crate::admin::{OpenOrder, path, with_parameters};
use crate::coordination::plan::Milestone;
use crate::ids::{EventId, PeerName};

/// Arguments of `ridd event`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Open an event by a data call that came by other means than RID; one that is known joins its event
    Open {
        /// The call, an IODEF document
        file: PathBuf,
        /// E, when the call was issued, if the document does not say it or wrongly: 2003-01-25T05:30:00Z, or 30m ago
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        issued: Option<Moment>,
        /// It is a drill: marked in every message
        #[arg(long)]
        drill: bool,
        /// What to call it, if not by the document's title
        #[arg(long)]
        title: Option<String>,
    },
    /// List the events that are held or open
    List {
        /// Those that are over too
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show where an event stands: milestones, units, who is being called
    Show {
        /// The event
        event: EventId,
        /// Only this unit, with each of its systems
        #[arg(long)]
        unit: Option<PeerName>,
    },
    /// Draw the plan beside what became of it
    Timeline {
        /// The event
        event: EventId,
    },
    /// Write the report after action: what happened when, what was late, who was reached how, how long each unit took
    Report {
        /// The event
        event: EventId,
        /// How to write it
        #[arg(long, value_enum, default_value_t = Format::Markdown)]
        format: Format,
        /// Where to, if not to standard output
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Say all that happened, entry by entry
    Log {
        /// The event
        event: EventId,
    },
    /// Open an event that is held
    Release {
        /// The event
        event: EventId,
    },
    /// Set or confirm E, when the data call was issued
    Issued {
        /// The event
        event: EventId,
        /// 2003-01-25T05:30:00Z, or 30m ago
        #[arg(allow_hyphen_values = true)]
        time: Moment,
    },
    /// Ask the inventory again which systems are affected
    Identify {
        /// The event
        event: EventId,
        /// A platform that the call does not name by its CPE name: it counts from now on
        #[arg(long = "cpe", value_name = "NAME")]
        cpes: Vec<String>,
    },
    /// Say that a milestone is met
    Met {
        /// The event
        event: EventId,
        /// The milestone
        milestone: Milestone,
        /// Of which unit, for milestones that each unit has
        #[arg(long)]
        unit: Option<PeerName>,
        /// Of which of its systems, for milestones that each system has
        #[arg(long, requires = "unit")]
        system: Option<String>,
        /// When, if not now: 2003-01-25T05:30:00Z, or 30m ago
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        when: Option<Moment>,
        /// On what evidence
        #[arg(long, value_name = "TEXT")]
        evidence: Option<String>,
    },
    /// Say that a milestone need not be met
    Waive {
        /// The event
        event: EventId,
        /// The milestone
        milestone: Milestone,
        /// Of which unit
        #[arg(long)]
        unit: Option<PeerName>,
        /// Of which of its systems
        #[arg(long, requires = "unit")]
        system: Option<String>,
        /// Why
        #[arg(long)]
        why: String,
    },
    /// Report progress to the node above now
    Progress {
        /// The event
        event: EventId,
    },
    /// Report that corrective action is complete
    Complete {
        /// The event
        event: EventId,
        /// Of this unit only, if not of this node and all below it
        #[arg(long)]
        unit: Option<PeerName>,
    },
    /// Validate a unit's corrections by a scan, or sign them off
    Validate {
        /// The event
        event: EventId,
        /// The unit
        unit: PeerName,
        /// The scan's result: XCCDF, OVAL or CSV
        #[arg(long, value_name = "FILE", required_unless_present = "sign_off")]
        result: Option<PathBuf>,
        /// Sign it off without a scan, on this evidence
        #[arg(long, value_name = "TEXT", conflicts_with = "result")]
        sign_off: Option<String>,
    },
    /// Confirm, as the program manager, that the process is at its end
    Confirm {
        /// The event
        event: EventId,
        /// A remark for the record
        #[arg(long)]
        remark: Option<String>,
        /// Although something is open: why
        #[arg(long, value_name = "WHY")]
        despite: Option<String>,
    },
    /// Send the status to a peer now
    Status {
        /// The event
        event: EventId,
        /// To whom, if not to whose call opened it
        #[arg(long, value_name = "PEER")]
        to: Option<PeerName>,
    },
    /// Put a remark or a correction into the log
    Note {
        /// The event
        event: EventId,
        /// The remark
        text: String,
    },
    /// Close an event
    Close {
        /// The event
        event: EventId,
        /// Why, if it is not confirmed
        #[arg(long)]
        why: Option<String>,
    },
    /// Open an event again that is over
    Reopen {
        /// The event
        event: EventId,
        /// Why
        #[arg(long)]
        why: String,
    },
    /// Call an event off
    Cancel {
        /// The event
        event: EventId,
        /// Why
        #[arg(long)]
        why: String,
    },
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// CommonMark with tables
    Markdown,
    /// One HTML file with a drawn timeline
    Html,
}

/// Carries out `ridd event`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    let at = |moment: Option<Moment>| moment.map(|Moment(at)| at);
    let (event, order) = match args.verb {
        Verb::Open { file, issued, drill, title } => {
            let order = OpenOrder { document: read(&file)?, issued: at(issued), drill, title };
            let view: OpenView = ask(globals, |client| async move { client.post("events", &order).await })?;
            return say(globals, &view, words::opened);
        }
        Verb::List { all, limit } => {
            let parameters = [("all", all.then(|| "true".to_owned())), ("limit", Some(limit.to_string()))];
            let path = with_parameters("events", &parameters);
            let list: EventList = ask(globals, |client| async move { client.get(&path).await })?;
            return say(globals, &list, words::table);
        }
        Verb::Show { event, unit } => return show(globals, &event, unit.as_ref()),
        Verb::Timeline { event } => {
            let path = path(["events", event.as_str(), "timeline"]);
            let timeline: Timeline = ask(globals, |client| async move { client.get(&path).await })?;
            return say(globals, &timeline, |timeline| draw(timeline, width(), is_ascii()));
        }
        Verb::Report { event, format, out } => return report(globals, &event, format, out.as_deref()),
        Verb::Log { event } => {
            let path = path(["events", event.as_str(), "log"]);
            let log: LogView = ask(globals, |client| async move { client.get(&path).await })?;
            return say(globals, &log, words::log);
        }
        Verb::Release { event } => (event, EventOrder::Release),
        Verb::Issued { event, time: Moment(time) } => (event, EventOrder::Issued { time }),
        Verb::Identify { event, cpes } => (event, EventOrder::Identify { cpes }),
        Verb::Met { event, milestone, unit, system, when, evidence } => {
            (event, EventOrder::Met { milestone, unit, system, when: at(when), evidence })
        }
        Verb::Waive { event, milestone, unit, system, why } => {
            (event, EventOrder::Waive { milestone, unit, system, why })
        }
        Verb::Progress { event } => (event, EventOrder::Progress),
        Verb::Complete { event, unit } => (event, EventOrder::Complete { unit }),
        Verb::Validate { event, unit, result: Some(file), .. } => {
            (event, EventOrder::Scan { unit, result: read(&file)? })
        }
        Verb::Validate { event, unit, sign_off, .. } => {
            (event, EventOrder::SignOff { unit, evidence: sign_off.unwrap_or_default() })
        }
        Verb::Confirm { event, remark, despite } => (event, EventOrder::Confirm { remark, despite }),
        Verb::Status { event, to } => (event, EventOrder::Status { to }),
        Verb::Note { event, text } => (event, EventOrder::Note { text }),
        Verb::Close { event, why } => (event, EventOrder::Close { why }),
        Verb::Reopen { event, why } => (event, EventOrder::Reopen { why }),
        Verb::Cancel { event, why } => (event, EventOrder::Cancel { why }),
    };
    give(globals, &event, &order)
}

fn show(globals: &Globals, event: &EventId, unit: Option<&PeerName>) -> Ended {
    let path = path(["events", event.as_str()]);
    let mut detail: EventDetail = ask(globals, |client| async move { client.get(&path).await })?;
    if let Some(unit) = unit {
        detail.units.retain(|one| one.unit == unit.as_str());
    }
    say(globals, &detail, |detail| words::page(detail, unit.map(PeerName::as_str)))
}

fn report(globals: &Globals, event: &EventId, format: Format, out: Option<&Path>) -> Ended {
    let format = match (globals.json, format) {
        (true, _) => "json",
        (false, Format::Markdown) => "markdown",
        (false, Format::Html) => "html",
    };
    let path = path(["events", event.as_str(), "report"]);
    let path = with_parameters(&path, &[("format", Some(format.to_owned()))]);
    let bytes = ask(globals, |client| async move { client.bytes(&path).await })?;
    write(&bytes, out)?;
    Ok(Exit::Done)
}

/// Gives the order and says where the event stands then. `alert` and `system` give theirs by it too.
pub(super) fn give(globals: &Globals, event: &EventId, order: &EventOrder) -> Ended {
    let path = path(["events", event.as_str(), "orders"]);
    let detail: EventDetail = ask(globals, |client| async move { client.post(&path, order).await })?;
    say(globals, &detail, words::brief)
}
