//! `/events/ID/evidence`: on what the corrections rest: reports, scans, sign-offs, exceptions; and the form for a scan.

use super::forms;
use super::head::{Head, Rights, back, frame};
use crate::admin::api::events::{LogLine, carry_out, latest};
use crate::admin::auth::{Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::page::Frame;
use crate::admin::problem::Problem;
use crate::ids::EventId;

/// The kinds of entries that say on what something rests.
const KINDS: [&str; 9] = [
    "corrected",
    "excepted",
    "completed",
    "completion-lacking",
    "report-refused",
    "scanned",
    "signed-off",
    "validated",
    "discrepancy-sent",
];
/// Entries that are shown at most.
const ENTRIES: usize = 500;
/// Entries of the log that are read for them: the page is brought up to date with each one.
const READ: usize = 2_000;

#[derive(askama::Template)]
#[template(path = "event/evidence.html")]
struct Page {
    frame: Frame,
    head: Head,
    rights: Rights,
    entries: Vec<LogLine>,
    /// Whether there may be older ones, which the log has.
    more: bool,
    /// The units of whom scans can be read.
    units: Vec<String>,
}

/// The evidence, the newest first.
pub(super) async fn show(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let state = call.parts.officers.state(event).await?;
    let mut entries = latest(call, permitted, event, (i64::MAX, READ)).await?;
    let mut more = entries.last().is_some_and(|last| last.number > 1);
    entries.retain(|entry| KINDS.contains(&entry.kind.as_str()));
    more |= entries.len() > ENTRIES;
    entries.truncate(ENTRIES);
    Reply::page(&Page {
        frame: frame(call, &state, "Evidence"),
        head: Head::of(call, &state, "evidence"),
        rights: Rights::of(call),
        entries,
        more,
        units: state.units.keys().cloned().collect(),
    })
}

/// Reads a scan, or signs a unit off.
pub(super) async fn order(call: &Call<'_>, event: &EventId) -> Result<Reply, Problem> {
    let form = call.form()?;
    carry_out(call, event, forms::order(&form)?).await?;
    Ok(Reply::see_other(&back(event, &["evidence"])))
}
