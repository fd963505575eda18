//! `/events/ID/log`: what happened, a page of it at a time. Whether the log is as it was written is checked where it is asked
//! for (`/audit/log`): this page is brought up to date with each entry, and a log may have tens of thousands.

use super::head::{Head, back, frame};
use crate::admin::api::events::{LogLine, latest};
use crate::admin::auth::{Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::page::Frame;
use crate::admin::page::card::e_time;
use crate::admin::page::turn::where_is;
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
    total: i64,
    older: Option<String>,
    newer: Option<String>,
    /// Where the chain is checked.
    check: String,
}

/// The log, the newest entries first; `from` in the query string leaves out so many.
pub(super) async fn show(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&["from"])?;
    let from = call.ask.parameter::<usize>("from")?.unwrap_or(0);
    let state = call.parts.officers.state(event).await?;
    // Entries are numbered from 1 without a gap.
    let total = state.head;
    let below = total.saturating_add(1).saturating_sub(i64::try_from(from).unwrap_or(i64::MAX));
    let entries = latest(call, permitted, event, (below, ENTRIES)).await?;
    let are_older = entries.last().is_some_and(|last| last.number > 1);
    let shown = entries.into_iter().map(|line| {
        let at = e_time(state.issued, line.at);
        (line, at)
    });
    let page = |first: usize| format!("{}?from={first}", back(event, &["log"]));
    Reply::page(&Page {
        frame: frame(call, &state, "Log"),
        head: Head::of(call, &state, "log"),
        entries: shown.collect(),
        total,
        older: are_older.then(|| page(from + ENTRIES)),
        newer: (from > 0).then(|| page(from.saturating_sub(ENTRIES))),
        check: where_is("/audit/log", "event", event),
    })
}
