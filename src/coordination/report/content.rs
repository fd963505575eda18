//! The order and the words of the report, the same for every form it is written in.

use super::words::{counted, matter};
use super::{Procedure, Report, after_e, millis};
use crate::clock::Timestamp;
use crate::coordination::measures::{Measure, Summary};
use crate::coordination::state::{Standing, TryFate};
use crate::coordination::timeline::Bar;
use crate::store::records::EventState;

/// A piece of the report.
pub(super) enum Block {
    /// The title of the report.
    Title(String),
    /// What must not be overlooked.
    Warning(String),
    /// A section.
    Section(&'static str),
    /// A step of the plan, inside a section.
    Step(String),
    /// A paragraph.
    Text(String),
    /// Names and values.
    Facts(Vec<(&'static str, String)>),
    /// A table.
    Table(Vec<&'static str>, Vec<Vec<Cell>>),
    /// Where a drawing of the timeline belongs.
    Chart,
    /// Where plots of the measures belong.
    Plots,
}

/// One cell of a table.
pub(super) struct Cell {
    pub(super) text: String,
    /// What it says of a milestone, for a colour.
    pub(super) standing: Option<Standing>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, standing: None }
    }
}

pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let timeline = &report.timeline;
    let mut blocks = vec![Block::Title(format!("After-action report: {}", timeline.title))];
    if timeline.drill {
        blocks.push(Block::Warning("This was a drill.".to_owned()));
    }
    if !matches!(timeline.state, EventState::Closed | EventState::Cancelled) {
        blocks.push(Block::Warning(format!("The event is {}: this report is not the last word.", timeline.state)));
    }
    blocks.push(facts(report));
    blocks.push(Block::Section("In short"));
    blocks.extend(in_short(report).into_iter().map(Block::Text));
    blocks.push(Block::Section("Timeline"));
    blocks.push(Block::Chart);
    steps(report, &mut blocks);
    late(report, &mut blocks);
    calls(report, &mut blocks);
    measures(report, &mut blocks);
    units(report, &mut blocks);
    blocks.push(Block::Section("Log"));
    let rows = report
        .log
        .iter()
        .map(|one| row([one.number.to_string(), instant(report, one.at), one.actor.clone(), one.text.clone()]));
    blocks.push(Block::Table(vec!["No.", "When", "Who", "What"], rows.collect()));
    blocks
}

/// What is worth a look while the event runs.
pub(super) fn extract(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Section("In short")];
    blocks.extend(in_short(report).into_iter().map(Block::Text));
    blocks.push(Block::Section("Timeline"));
    blocks.push(Block::Chart);
    measures(report, &mut blocks);
    late(report, &mut blocks);
    blocks
}

/// What stands in a cell that has nothing to say.
fn dash() -> String {
    "–".to_owned()
}

fn row<const N: usize>(cells: [String; N]) -> Vec<Cell> {
    cells.into_iter().map(Cell::from).collect()
}

fn instant(report: &Report, at: Timestamp) -> String {
    format!("{at} ({})", after_e(report.timeline.issued, at))
}

fn facts(report: &Report) -> Block {
    let timeline = &report.timeline;
    Block::Facts(vec![
        ("Event", timeline.event.clone()),
        ("Role of this node", timeline.role.to_string()),
        ("State", timeline.state.to_string()),
        ("Opened by", report.source.clone().unwrap_or_else(|| "hand".to_owned())),
        ("Severity", report.severity.clone().unwrap_or_else(|| "not stated".to_owned())),
        (
            "Vulnerabilities",
            match report.vulnerabilities.is_empty() {
                true => "none named".to_owned(),
                false => report.vulnerabilities.join(", "),
            },
        ),
        ("E, issuance of the call", format!("{} ({})", timeline.issued, report.issued_is)),
        ("Opened here", instant(report, report.opened)),
        ("Plan", report.plan.clone()),
        ("As of", instant(report, timeline.shown)),
        ("Written", report.written.to_string()),
    ])
}

fn in_short(report: &Report) -> Vec<String> {
    let bars: Vec<&Bar> = report.timeline.bars().collect();
    let count = |standing| bars.iter().filter(|bar| bar.standing == standing).count();
    let marks = format!(
        "Of {}, {} met in time, {} late, {} missed, {} waived, {} open.",
        counted(bars.len(), "milestone"),
        count(Standing::Met),
        count(Standing::Late),
        count(Standing::Missed),
        count(Standing::Waived),
        count(Standing::Open),
    );
    let sum = |of: fn(&super::UnitLine) -> usize| report.units.iter().map(of).sum::<usize>();
    let systems = format!(
        "{} of {} affected: {} corrected, {} excepted, {} still open.",
        counted(sum(|unit| unit.systems), "system"),
        counted(report.units.len(), "unit"),
        sum(|unit| unit.corrected),
        sum(|unit| unit.exceptions.len()),
        sum(|unit| unit.systems.saturating_sub(unit.corrected + unit.exceptions.len())),
    );
    let tries: usize = report.calls.iter().map(|call| call.tries.len()).sum();
    let calls = format!(
        "People were called about {}, with {}; {} answered.",
        counted(report.calls.len(), "matter"),
        counted(tries, "notice"),
        report.calls.iter().filter(|call| call.tries.iter().any(|tried| tried.fate == TryFate::Answered)).count(),
    );
    let latest = report.late.iter().max_by_key(|late| late.by).map(|late| {
        let whose = late.unit.as_deref().map(|unit| format!(" of {unit}")).unwrap_or_default();
        format!("The longest delay: {}{whose}, {}.", late.milestone, millis(late.by))
    });
    [Some(marks), latest, Some(systems), Some(calls)].into_iter().flatten().collect()
}

/// Plan beside actual, step by step, with the procedure.
fn steps(report: &Report, blocks: &mut Vec<Block>) {
    blocks.push(Block::Section("Plan and actual, step by step"));
    for procedure in &report.procedures {
        blocks.push(Block::Step(format!("{} · due {} · {}", procedure.milestone, procedure.due, procedure.owner)));
        blocks.push(Block::Text(procedure.text.clone()));
        let rows = rows_of(report, procedure);
        blocks.push(match rows.is_empty() {
            true => Block::Text("It has not come to this step.".to_owned()),
            false => Block::Table(vec!["Whose", "Due", "Met", "By", "On what", "Result"], rows),
        });
    }
}

fn rows_of(report: &Report, procedure: &Procedure) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for lane in &report.timeline.lanes {
        for bar in lane.bars.iter().filter(|bar| bar.milestone == procedure.milestone) {
            let mut cells = row([
                lane.unit.clone().unwrap_or_else(|| "event".to_owned()),
                bar.due.map_or_else(dash, |at| after_e(report.timeline.issued, at)),
                bar.met.map_or_else(dash, |at| instant(report, at)),
                bar.by.clone().unwrap_or_else(dash),
                bar.evidence.clone().unwrap_or_else(dash),
            ]);
            cells.push(Cell { text: bar.remark.clone(), standing: Some(bar.standing) });
            rows.push(cells);
        }
    }
    rows
}

fn late(report: &Report, blocks: &mut Vec<Block>) {
    blocks.push(Block::Section("What was late"));
    if report.late.is_empty() {
        blocks.push(Block::Text("Nothing.".to_owned()));
        return;
    }
    let rows = report.late.iter().map(|late| {
        let calls: Vec<String> = late.calls.iter().map(ToString::to_string).collect();
        let mut cells = row([
            late.milestone.clone(),
            late.unit.clone().unwrap_or_else(|| "event".to_owned()),
            instant(report, late.due),
            late.met.map_or_else(|| "not met".to_owned(), |met| instant(report, met)),
        ]);
        let standing = Some(if late.met.is_some() { Standing::Late } else { Standing::Missed });
        cells.push(Cell { text: millis(late.by), standing });
        cells.push(Cell::from(if calls.is_empty() { dash() } else { calls.join(", ") }));
        cells
    });
    blocks.push(Block::Table(vec!["Milestone", "Whose", "Due", "Met", "Late by", "Calls"], rows.collect()));
}

fn calls(report: &Report, blocks: &mut Vec<Block>) {
    blocks.push(Block::Section("Who was called, and who was reached"));
    if report.calls.is_empty() {
        blocks.push(Block::Text("Nobody was called.".to_owned()));
        return;
    }
    let mut rows = Vec::new();
    for (call, number) in report.calls.iter().zip(1..) {
        for (at, tried) in call.tries.iter().enumerate() {
            // What is the same in each row of a call stands in its first.
            let first = |text: String| if at == 0 { text } else { String::new() };
            let why = tried.why.as_deref().filter(|_| tried.fate == TryFate::Failed);
            let fate = why.map_or_else(|| tried.fate.to_string(), |why| format!("{}: {why}", tried.fate));
            rows.push(row([
                first(number.to_string()),
                first(matter(&call.about)),
                instant(report, tried.at),
                tried.person.clone(),
                tried.channel.to_string(),
                fate,
                first(call.outcome.clone()),
            ]));
        }
    }
    blocks.push(Block::Table(vec!["Call", "About", "When", "Person", "Channel", "Notice", "Outcome"], rows));
}

fn measures(report: &Report, blocks: &mut Vec<Block>) {
    blocks.push(Block::Section("Measures"));
    blocks.push(Block::Text(
        "Time to acknowledge counts from the delivery of the alert, all others from E. A dash: not reached, waived, or no concern of the unit."
            .to_owned(),
    ));
    if !report.measures.units.is_empty() {
        blocks.push(Block::Plots);
    }
    let taken = |taken: Option<u64>| taken.map_or_else(dash, millis);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for unit in &report.measures.units {
        let cells = std::iter::once(unit.unit.clone()).chain(unit.millis.iter().map(|one| taken(*one)));
        rows.push(cells.map(Cell::from).collect());
    }
    let summaries = &report.measures.summaries;
    let over_all = |name: &str, of: fn(&Summary) -> String| {
        let cells = std::iter::once(name.to_owned()).chain(summaries.iter().map(of));
        cells.map(Cell::from).collect::<Vec<_>>()
    };
    rows.push(over_all("plan", |one| one.planned.map_or_else(dash, millis)));
    rows.push(over_all("median", |one| one.median.map_or_else(dash, millis)));
    rows.push(over_all("worst", |one| match (one.worst, &one.worst_unit) {
        (Some(worst), Some(unit)) => format!("{} ({unit})", millis(worst)),
        _ => dash(),
    }));
    let heads = std::iter::once("Unit").chain(Measure::ALL.iter().map(|measure| measure.as_str()));
    blocks.push(Block::Table(heads.collect(), rows));
}

fn units(report: &Report, blocks: &mut Vec<Block>) {
    blocks.push(Block::Section("Units"));
    if report.units.is_empty() {
        blocks.push(Block::Text("No unit has affected systems.".to_owned()));
        return;
    }
    let rows = report.units.iter().map(|unit| {
        row([
            unit.unit.clone(),
            unit.systems.to_string(),
            unit.corrected.to_string(),
            unit.exceptions.len().to_string(),
            unit.discrepancies.to_string(),
            unit.proof.clone(),
        ])
    });
    let heads = vec!["Unit", "Systems", "Corrected", "Excepted", "Discrepancies", "Validation"];
    blocks.push(Block::Table(heads, rows.collect()));
    let exceptions = report.units.iter().flat_map(|unit| {
        unit.exceptions.iter().map(|(system, why)| row([unit.unit.clone(), system.clone(), why.clone()]))
    });
    let exceptions: Vec<_> = exceptions.collect();
    if !exceptions.is_empty() {
        blocks.push(Block::Text("Systems that stay as they are:".to_owned()));
        blocks.push(Block::Table(vec!["Unit", "System", "Reason"], exceptions));
    }
}
