//! `/events/ID/alert`: the draft of the alert, its approval and issue; `/events/ID/alert/UNIT`: the document that goes to one
//! unit, as the unit will read it.

use super::forms::{self, patches_text, steps_text};
use super::head::{Head, Rights, back, frame};
use crate::admin::api::events::{AlertUnit, AlertView, EventOrder, alert, carry_out, document};
use crate::admin::auth::{Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::page::Frame;
use crate::admin::page::card::address;
use crate::admin::problem::{Code, Problem};
use crate::coordination::state::AlertState;
use crate::coordination::wire::{Alert, StepKind, read_alert};
use crate::ids::{EventId, PeerName};
use crate::iodef::outline::Outline;

/// Systems of a unit that a preview lists.
const SYSTEMS: usize = 200;

#[derive(askama::Template)]
#[template(path = "event/alert.html")]
struct Page {
    frame: Frame,
    head: Head,
    rights: Rights,
    alert: AlertView,
    /// Of each kind of step: its word, the name of its field, the texts.
    steps: Vec<(&'static str, &'static str, String)>,
    patches: String,
    seen: String,
    /// Each unit with the address of its page, and of its preview if it gets a document.
    units: Vec<(AlertUnit, String, Option<String>)>,
    /// How many units are to get the alert still.
    unsent: usize,
}

/// The draft.
pub(super) async fn show(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let state = call.parts.officers.state(event).await?;
    let mut alert = alert(call, permitted, event).await?;
    let parts = &alert.parts;
    let steps = [(StepKind::Prevent, "prevent"), (StepKind::Restrict, "restrict"), (StepKind::Eradicate, "eradicate")];
    let steps = steps.map(|(kind, name)| (kind.word(), name, steps_text(parts, kind))).into();
    let (patches, seen) = (patches_text(&parts.patches), forms::seen(parts));
    let id = event.to_string();
    let units: Vec<_> = std::mem::take(&mut alert.units)
        .into_iter()
        .map(|unit| {
            let preview = (unit.unit != state.own).then(|| address([id.as_str(), "alert", &unit.unit]));
            let to = address([id.as_str(), "units", &unit.unit]);
            (unit, to, preview)
        })
        .collect();
    let waits = |unit: &AlertUnit| unit.alert == AlertState::Unsent || unit.stale;
    Reply::page(&Page {
        frame: frame(call, &state, "Alert"),
        head: Head::of(call, &state, "alert"),
        rights: Rights::of(call),
        unsent: units.iter().filter(|(unit, ..)| waits(unit)).count(),
        steps,
        patches,
        seen,
        units,
        alert,
    })
}

/// Changes, approves or issues the draft.
pub(super) async fn order(call: &Call<'_>, event: &EventId) -> Result<Reply, Problem> {
    let form = call.form()?;
    let order = match form.needed("order")? {
        "edit" => {
            let state = call.parts.officers.state(event).await?;
            still(form.needed("seen")?, &state)?;
            EventOrder::Edit { edit: Box::new(forms::edit(&form, &state.parts)?) }
        }
        "approve" => {
            still(form.needed("seen")?, &*call.parts.officers.state(event).await?)?;
            EventOrder::Approve
        }
        _ => forms::order(&form)?,
    };
    carry_out(call, event, order).await?;
    Ok(Reply::see_other(&back(event, &["alert"])))
}

/// Nobody approves, or writes over, a draft that was changed since it was looked at.
fn still(seen: &str, state: &crate::coordination::state::State) -> Result<(), Problem> {
    if forms::seen(&state.parts) == seen {
        return Ok(());
    }
    let message = "somebody else has changed the draft since you looked at it";
    Err(Problem::new(Code::Conflict, message, "reload the page, look at it and try again"))
}

#[derive(askama::Template)]
#[template(path = "event/preview.html")]
struct Preview {
    frame: Frame,
    head: Head,
    unit: String,
    back: String,
    alert: Option<Alert>,
    steps: Vec<(&'static str, Vec<String>)>,
    /// Systems that are not listed.
    more: usize,
    raw: String,
}

/// The document for one unit.
pub(super) async fn preview(
    call: &Call<'_>,
    permitted: &Permitted<Look>,
    event: &EventId,
    unit: &PeerName,
) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let state = call.parts.officers.state(event).await?;
    let bytes = document(call, permitted, event, unit).await?;
    // Shown as its reader will understand it, not as we meant it.
    let outlines = Outline::parse(&bytes, &[], &call.parts.reading.for_sealed()).unwrap_or_default();
    let mut alert = outlines.first().map(read_alert);
    let more = alert.as_mut().map_or(0, |alert| {
        let more = alert.systems.len().saturating_sub(SYSTEMS);
        alert.systems.truncate(SYSTEMS);
        more
    });
    let steps = alert.as_ref().map(|alert| {
        let of = |kind: StepKind| {
            let steps = alert.parts.steps.iter().filter(move |step| step.kind == kind);
            (kind.word(), steps.map(|step| step.text.clone()).collect::<Vec<_>>())
        };
        StepKind::ALL.map(of).into_iter().filter(|(_, steps)| !steps.is_empty()).collect()
    });
    Reply::page(&Preview {
        frame: frame(call, &state, &format!("Alert to {unit}")),
        head: Head::of(call, &state, "alert"),
        unit: unit.to_string(),
        back: back(event, &["alert"]),
        steps: steps.unwrap_or_default(),
        more,
        raw: String::from_utf8_lossy(&bytes).into_owned(),
        alert,
    })
}
