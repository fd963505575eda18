//! `/events`: every significant event, and the form that opens one by hand.

use hyper::Method;

use super::head::{Rights, back};
use crate::admin::api::events::{EventView, list, open as open_event};
use crate::admin::auth::{Coordinate, Follow, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::officers::OpenOrder;
use crate::admin::page::Frame;
use crate::admin::page::card::{address, e_time};
use crate::admin::problem::Problem;
use crate::store::records::EventState;

#[derive(askama::Template)]
#[template(path = "event/list.html")]
struct Page {
    frame: Frame,
    state: Option<EventState>,
    events: Vec<(EventView, String, String)>,
    more: bool,
    rights: Rights,
}

/// The list; `state` in the query string filters it.
pub(super) async fn show(call: &Call<'_>, permitted: &Permitted<Follow>) -> Result<Reply, Problem> {
    debug_assert!(call.ask.method != Method::POST);
    call.ask.only(&["state", "limit"])?;
    let state = call.ask.parameter::<EventState>("state")?;
    let found = list(call, permitted, |found| state.is_none_or(|state| state == found)).await?;
    let row = |event: EventView| {
        let ended = matches!(event.state, EventState::Closed | EventState::Cancelled);
        let clock = e_time(event.issued, if ended { event.changed } else { found.now });
        let to = address([event.id.to_string().as_str()]);
        (event, to, clock)
    };
    Reply::page(&Page {
        frame: call.frame("Significant events", "/events"),
        state,
        events: found.events.into_iter().map(row).collect(),
        more: found.more,
        rights: Rights::of(call),
    })
}

/// Opens an event from a pasted document.
pub(super) async fn open(call: &Call<'_>, permitted: &Permitted<Coordinate>) -> Result<Reply, Problem> {
    let form = call.form()?;
    let issued = form.text("issued").map(|issued| super::forms::instant("issued", issued)).transpose()?;
    let order = OpenOrder {
        document: form.needed("document")?.to_owned(),
        issued,
        drill: form.ticked("drill"),
        title: form.text("title").map(str::to_owned),
    };
    let (state, _) = open_event(call, permitted, order).await?;
    Ok(Reply::see_other(&back(&state.id, &[])))
}
