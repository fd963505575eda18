//! `/events/ID/units/UNIT`: one unit of an event: its milestones, its systems, and what it, or the CIRT for it, reports.

use super::forms;
use super::head::{Head, Rights, back, frame};
use crate::admin::api::events::{CallView, EventDetail, UnitView, carry_out};
use crate::admin::auth::{Follow, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::page::Frame;
use crate::admin::page::card::{address, spoken};
use crate::admin::problem::Problem;
use crate::coordination::state::Standing;
use crate::ids::EventId;

/// Systems on one page.
const SYSTEMS: usize = 200;

#[derive(askama::Template)]
#[template(path = "event/unit.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// The address of this page.
    here: String,
    unit: UnitView,
    calls: Vec<CallView>,
    rights: Rights,
    /// Milestones of the unit that are open: name, and as it is spoken.
    open: Vec<(String, String)>,
    /// The number of the first system that is shown, from 0.
    from: usize,
    earlier: Option<String>,
    later: Option<String>,
    total: usize,
    preview: Option<String>,
}

/// The page.
pub(super) async fn show(
    call: &Call<'_>,
    permitted: &Permitted<Follow>,
    event: &EventId,
    unit: &str,
) -> Result<Reply, Problem> {
    call.ask.only(&["from"])?;
    let from = call.ask.parameter::<usize>("from")?.unwrap_or(0);
    let state = call.parts.officers.state(event).await?;
    let limits = permitted.limits();
    let now = call.parts.clock.now();
    let mut detail = EventDetail::new(&state, now, |name| name == unit && limits.show_unit(name));
    let nothing = || Problem::not_found("affected unit", unit, "the page of the event");
    let mut found = detail.units.pop().ok_or_else(nothing)?;
    // What is left to do first; within that by name.
    found.systems.sort_by_key(|system| system.corrected.is_some() || system.excepted.is_some());
    let total = found.systems.len();
    let from = from.min(total);
    found.systems = found.systems.into_iter().skip(from).take(SYSTEMS).collect();
    let open = found.milestones.iter().filter(|mark| {
        matches!(mark.standing, Standing::Open | Standing::Missed)
            && mark.milestone != *crate::coordination::plan::milestone::CORRECTED
    });
    let open = open.map(|mark| (mark.milestone.to_string(), spoken(mark.milestone.as_str()))).collect();
    let id = event.to_string();
    let here = address([id.as_str(), "units", unit]);
    let page = |first: usize| format!("{here}?from={first}");
    Reply::page(&Page {
        frame: frame(call, &state, unit),
        head: Head::of(call, &state, "units"),
        calls: detail.calls.into_iter().filter(|one| one.unit.is_some()).collect(),
        rights: Rights::of(call),
        open,
        from,
        earlier: (from > 0).then(|| page(from.saturating_sub(SYSTEMS))),
        later: (from + SYSTEMS < total).then(|| page(from + SYSTEMS)),
        total,
        preview: (!found.own && call.may::<crate::admin::auth::Look>()).then(|| address([id.as_str(), "alert", unit])),
        unit: found,
        here,
    })
}

/// Carries out what a form of the page asks for.
pub(super) async fn order(call: &Call<'_>, event: &EventId, unit: &str) -> Result<Reply, Problem> {
    let form = call.form()?;
    carry_out(call, event, forms::order(&form)?).await?;
    Ok(Reply::see_other(&back(event, &["units", unit])))
}
