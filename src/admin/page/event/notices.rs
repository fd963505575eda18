//! `/events/ID/notices`: who was told what, what became of it, and the answer by code.

use super::head::{Head, back, frame};
use crate::admin::api::events::{CallView, EventDetail};
use crate::admin::api::notices::{AnswerOrder, NoticeList, answer as answer_notice, list};
use crate::admin::auth::{Acknowledge, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::page::Frame;
use crate::admin::problem::Problem;
use crate::coordination::subject::Reason;
use crate::ids::EventId;

#[derive(askama::Template)]
#[template(path = "event/notices.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// Who is still to be reached.
    open: Vec<CallView>,
    notices: NoticeList,
    may_answer: bool,
}

/// The notices of the event.
pub(super) async fn show(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&["limit", "person", "state"])?;
    let state = call.parts.officers.state(event).await?;
    let mut notices = list(call, permitted, Some(event.clone())).await?;
    notices.notices.reverse();
    let calls = EventDetail::calls(&state);
    Reply::page(&Page {
        frame: frame(call, &state, "Notices"),
        head: Head::of(call, &state, "notices"),
        open: calls.into_iter().filter(|one| one.open && one.reason != Reason::Reminder).collect(),
        notices,
        may_answer: call.may::<Acknowledge>(),
    })
}

/// Takes the code of a notice.
pub(super) async fn answer(
    call: &Call<'_>,
    permitted: &Permitted<Acknowledge>,
    event: &EventId,
) -> Result<Reply, Problem> {
    let form = call.form()?;
    let order = AnswerOrder { code: form.needed("code")?.to_owned(), corrected: form.ticked("corrected") };
    answer_notice(call, permitted, order).await?;
    Ok(Reply::see_other(&back(event, &["notices"])))
}
