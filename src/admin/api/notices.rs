//! `/api/v1/notices`: who was told what on which channel, and what became of it; and the codes that answer.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::{Call, listing, no_such_path};
use crate::admin::auth::{Acknowledge, Coordinate, Look, Permitted};
use crate::admin::http::Reply;
pub use crate::admin::officers::Answered;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::{EventId, MessageId};
use crate::store::records::{Notice, NoticeState, ParcelKind};
use crate::store::{Column, Scan};

/// One notice. Its code is nowhere but in its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NoticeView {
    /// Our name for it.
    pub id: MessageId,
    /// Its event; nothing for a test.
    pub event: Option<EventId>,
    /// What it asks for.
    pub about: String,
    /// The person of the roster.
    pub person: String,
    /// How it travels.
    pub channel: ParcelKind,
    /// Where to.
    pub address: String,
    /// The systems that its code may report corrected.
    pub systems: Vec<String>,
    /// Until when its code is taken.
    pub code_until: Timestamp,
    /// Where it stands.
    pub state: NoticeState,
    /// When it was made.
    pub created: Timestamp,
    /// When its state last changed.
    pub changed: Timestamp,
    /// Why it failed, or who answered and how.
    pub reason: Option<String>,
}

impl From<Notice> for NoticeView {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id,
            event: notice.event,
            about: notice.about,
            person: notice.person,
            channel: notice.channel,
            address: notice.address,
            systems: notice.systems.iter().flat_map(|text| text.lines()).map(str::to_owned).collect(),
            code_until: notice.code_until,
            state: notice.state,
            created: notice.created,
            changed: notice.changed,
            reason: notice.reason,
        }
    }
}

/// A listing of notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NoticeList {
    /// The notices, in the order of their names.
    pub notices: Vec<NoticeView>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// If there are: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The code of a notice.
#[derive(Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerOrder {
    /// The code, as it stands in the notice.
    pub code: String,
    /// Whether the systems that the notice names are corrected.
    #[serde(default)]
    pub corrected: bool,
}

/// Whom to send a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestOrder {
    /// The person of the roster.
    pub person: String,
}

/// The notices of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Tested {
    /// The person.
    pub person: String,
    /// One for each channel.
    pub notices: Vec<MessageId>,
}

/// Answers below `/api/v1/notices`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => {
            call.ask.only(&["limit", "cursor", "event", "person", "state"])?;
            Reply::json(&list(call, &call.permit()?, call.ask.parameter("event")?).await?)
        }
        (["answers"], &Method::POST) => Reply::json(&answer(call, &call.permit()?, call.ask.json()?).await?),
        (["tests"], &Method::POST) => Reply::json(&test(call, &call.permit()?, call.ask.json()?).await?),
        _ => Err(no_such_path(rest)),
    }
}

/// The notices of that event, if there is one, of the person and in the state that the query string names.
pub(in crate::admin) async fn list(
    call: &Call<'_>,
    _: &Permitted<Look>,
    event: Option<EventId>,
) -> Result<NoticeList, Problem> {
    let person = call.ask.parameter::<String>("person")?;
    let state = call.ask.parameter::<NoticeState>("state")?;
    let scan = match (&event, &person) {
        (Some(event), _) => Scan::of::<Notice>(0).by("by_event").with(vec![Some(event.clone()).to_value()]),
        (None, Some(person)) => Scan::of::<Notice>(0).by("by_person").with(vec![person.to_value()]),
        (None, None) => Scan::of::<Notice>(0),
    };
    let keep = |notice: &Notice| {
        person.as_ref().is_none_or(|person| *person == notice.person) && state.is_none_or(|state| state == notice.state)
    };
    let (store, limit, cursor) = (call.parts.store.as_ref(), call.limit()?, call.ask.parameter("cursor")?);
    let listing::Listed { mut records, next } = listing::page(store, scan, limit, cursor, keep).await?;
    records.sort_by_key(|notice: &Notice| notice.created);
    let notices = records.into_iter().map(NoticeView::from).collect();
    Ok(NoticeList { notices, more: next.is_some(), next })
}

/// The code proves the right; it is never recorded.
pub(in crate::admin) async fn answer(
    call: &Call<'_>,
    permitted: &Permitted<Acknowledge>,
    AnswerOrder { code, corrected }: AnswerOrder,
) -> Result<Answered, Problem> {
    call.begin(permitted, "notice ack", None).await?;
    let operator = permitted.operator().to_string();
    let answered = call.parts.officers.answer(&code, corrected, &operator).await?;
    tracing::info!(notice = %answered.notice, person = answered.person, operator, corrected, "notice answered");
    Ok(answered)
}

/// Sends a person of the roster a notice that is marked as a test, on each channel.
pub(in crate::admin) async fn test(
    call: &Call<'_>,
    permitted: &Permitted<Coordinate>,
    order: TestOrder,
) -> Result<Tested, Problem> {
    let TestOrder { person } = order;
    call.begin(permitted, "roster test", person.clone()).await?;
    let operator = permitted.operator().to_string();
    let notices = call.parts.officers.test_person(&person, &operator).await?;
    tracing::info!(person, operator, notices = notices.len(), "test sent");
    Ok(Tested { person, notices })
}
