//! `/api/v1/audit`: who did what, and whether the logs of significant events are as they were written.

use std::collections::BTreeMap;

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, listing, no_such_path};
use crate::admin::auth::{Audit, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::admin::trail;
use crate::clock::Timestamp;
use crate::coordination::chain::{Broken, Head};
use crate::coordination::entry::Entry;
use crate::ids::{EventId, MessageId};
use crate::store::records::{Event, LogEntry, Role, StaffAct};
use crate::store::{Bound, Column, Scan};

/// Entries of logs read at a time.
const PAGE: usize = 512;

/// One act of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ActView {
    /// Our name for it.
    pub id: MessageId,
    /// When it was asked for.
    pub at: Timestamp,
    /// The operator.
    pub operator: String,
    /// The operator's number on this machine (uid); nothing if it was done over the page.
    pub user: Option<i64>,
    /// The role in which the operator acted.
    pub role: Role,
    /// What was done, in the words of the command line.
    pub act: String,
    /// To what.
    pub target: Option<String>,
    /// How it ended: `begun` if that is not known, `done`, or the code with which it was refused.
    pub outcome: String,
}

impl From<StaffAct> for ActView {
    fn from(act: StaffAct) -> Self {
        let StaffAct { id, at, operator, user, role, act, target, outcome } = act;
        let user = Some(user).filter(|user| *user != trail::NOBODY);
        Self { id, at, operator, user, role, act, target, outcome }
    }
}

/// A listing of acts, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ActList {
    /// The acts.
    pub acts: Vec<ActView>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// If there are: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A log that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BrokenLog {
    /// The event.
    pub event: EventId,
    /// The number of the first entry that is wrong or missing.
    pub number: i64,
    /// What is wrong with it.
    pub what: String,
}

impl From<Broken> for BrokenLog {
    fn from(Broken { event, number, what }: Broken) -> Self {
        Self { event, number, what }
    }
}

/// What reading the logs of significant events showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verified {
    /// How many logs were read.
    pub events: usize,
    /// How many entries.
    pub entries: u64,
    /// The logs that are not whole, each with its first fault.
    pub broken: Vec<BrokenLog>,
}

/// Answers below `/api/v1/audit`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        (["acts"], &Method::GET) => Reply::json(&acts(call, &call.permit()?).await?),
        (["log"], &Method::GET) => {
            call.ask.only(&["event"])?;
            Reply::json(&verify(call, &call.permit()?, call.ask.parameter("event")?).await?)
        }
        _ => Err(no_such_path(rest)),
    }
}

/// The acts that the query string asks for.
pub(in crate::admin) async fn acts(call: &Call<'_>, _: &Permitted<Audit>) -> Result<ActList, Problem> {
    let ask = &call.ask;
    ask.only(&["limit", "cursor", "operator", "act", "target"])?;
    let operator = ask.parameter::<String>("operator")?;
    let act = ask.parameter::<String>("act")?.map(|act| act.to_lowercase());
    let target = ask.parameter::<String>("target")?.map(|target| target.to_lowercase());
    let keep = |row: &StaffAct| {
        operator.as_ref().is_none_or(|name| row.operator.eq_ignore_ascii_case(name))
            && act.as_ref().is_none_or(|act| row.act.to_lowercase().starts_with(act.as_str()))
            && target.as_ref().is_none_or(|part| row.target.iter().any(|on| on.to_lowercase().contains(part.as_str())))
    };
    let scan = Scan::of::<StaffAct>(0).descending();
    let (store, limit, cursor) = (call.parts.store.as_ref(), call.limit()?, ask.parameter("cursor")?);
    let listing::Listed { records, next } = listing::page(store, scan, limit, cursor, keep).await?;
    Ok(ActList { acts: records.into_iter().map(ActView::from).collect(), more: next.is_some(), next })
}

/// One log as far as it was read.
#[derive(Default)]
struct Log {
    head: Head,
    broken: Option<BrokenLog>,
}

/// Reads the logs of all significant events, or of one.
pub(in crate::admin) async fn verify(
    call: &Call<'_>,
    _: &Permitted<Look>,
    event: Option<EventId>,
) -> Result<Verified, Problem> {
    let store = call.parts.store.as_ref();
    // The events first: whatever is written meanwhile makes their logs longer, never shorter.
    let is_meant = |row: &Event| event.as_ref().is_none_or(|event| *event == row.id);
    let (events, _) = listing::list(store, Scan::of::<Event>(0), usize::MAX, is_meant).await?;
    let mut logs: BTreeMap<EventId, Log> = BTreeMap::new();
    let mut entries = 0;
    let prefix: Vec<_> = event.iter().map(Column::to_value).collect();
    let mut scan = Scan { limit: PAGE, ..Scan::of::<LogEntry>(0).with(prefix.clone()) };
    loop {
        let page = store.list::<LogEntry>(scan.clone()).await?;
        let Some(last) = page.last() else { break };
        let place = [last.event.to_value(), last.number.to_value()];
        scan.from = Some(Bound::Excluding(place[prefix.len()..].to_vec()));
        for record in &page {
            entries += 1;
            take(logs.entry(record.event.clone()).or_default(), record);
        }
    }
    if let (Some(event), true, true) = (&event, events.is_empty(), logs.is_empty()) {
        return Err(Problem::not_found("significant event", event, "ridd event list --all"));
    }
    let rows: BTreeMap<&EventId, i64> = events.iter().map(|event| (&event.id, event.head)).collect();
    for event in rows.keys() {
        logs.entry((*event).clone()).or_default();
    }
    let count = logs.len();
    let broken = logs.into_iter().filter_map(|(event, log)| {
        let number = log.head.number;
        log.broken.or_else(|| {
            let what = match rows.get(&event) {
                Some(last) if *last > number => format!("the log ends before it, but the event has {last} entries"),
                Some(_) => return None,
                None => "the log goes on to here, but the event itself is gone".to_owned(),
            };
            Some(BrokenLog { number: number + i64::from(rows.contains_key(&event)), event, what })
        })
    });
    Ok(Verified { events: count, entries, broken: broken.collect() })
}

/// Follows the log by one record, up to its first fault.
fn take(log: &mut Log, record: &LogEntry) {
    if log.broken.is_some() {
        return;
    }
    log.broken = log.head.follow(record).err().map(BrokenLog::from).or_else(|| {
        let unreadable = Entry::read(record).err()?;
        Some(BrokenLog { event: unreadable.event, number: unreadable.number, what: unreadable.why })
    });
}
