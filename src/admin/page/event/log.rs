//! `/events/ID/log`: everything that happened, and whether the log is as it was written.

use super::head::{Head, back, frame};
use crate::admin::api::audit::{BrokenLog, verify};
use crate::admin::api::events::{LogLine, log};
use crate::admin::auth::{Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::page::Frame;
use crate::admin::page::card::e_time;
use crate::admin::problem::Problem;
use crate::ids::EventId;

/// Entries on one page.
const ENTRIES: usize = 200;

#[derive(askama::Template)]
#[template(path = "event/log.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// The entries with their times after E, the newest first.
    entries: Vec<(LogLine, String)>,
    total: usize,
    older: Option<String>,
    newer: Option<String>,
    broken: Option<BrokenLog>,
}

/// The log, the newest entries first; `from` in the query string leaves out so many.
pub(super) async fn show(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&["from"])?;
    let from = call.ask.parameter::<usize>("from")?.unwrap_or(0);
    let state = call.parts.officers.state(event).await?;
    let entries = log(call, permitted, event).await?.entries;
    let verified = verify(call, permitted, Some(event.clone())).await?;
    let total = entries.len();
    let shown = entries.into_iter().rev().skip(from).take(ENTRIES);
    let shown = shown.map(|line| {
        let at = e_time(state.issued, line.at);
        (line, at)
    });
    let page = |first: usize| format!("{}?from={first}", back(event, &["log"]));
    Reply::page(&Page {
        frame: frame(call, &state, "Log"),
        head: Head::of(call, &state, "log"),
        entries: shown.collect(),
        total,
        older: (from + ENTRIES < total).then(|| page(from + ENTRIES)),
        newer: (from > 0).then(|| page(from.saturating_sub(ENTRIES))),
        broken: verified.broken.into_iter().next(),
    })
}
