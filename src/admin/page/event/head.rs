//! What stands above each page of an event: what it is, where it stands, the way to its other pages.

use crate::admin::auth::{Coordinate, Look, Manage, ReportCorrected, ReportUnit};
use crate::admin::call::Call;
use crate::admin::page::Frame;
use crate::admin::page::card::address;
use crate::coordination::state::State;
use crate::ids::EventId;
use crate::store::records::EventState;

/// The pages of an event: the last part of the address, and what it is called.
const TABS: [(&str, &str); 6] = [
    ("", "Overview"),
    ("alert", "Alert"),
    ("notices", "Notices"),
    ("evidence", "Evidence"),
    ("log", "Log"),
    ("report", "Report"),
];

/// What the operator may do about an event, for what is shown. Acting takes a permission.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub(super) coordinate: bool,
    pub(super) manage: bool,
    pub(super) report_unit: bool,
    pub(super) report_corrected: bool,
}

impl Rights {
    pub(super) fn of(call: &Call<'_>) -> Self {
        Self {
            coordinate: call.may::<Coordinate>(),
            manage: call.may::<Manage>(),
            report_unit: call.may::<ReportUnit>(),
            report_corrected: call.may::<ReportCorrected>(),
        }
    }
}

/// One of the pages of the event.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) words: &'static str,
    pub(super) address: String,
    pub(super) here: bool,
}

/// What stands above each page of an event.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) address: String,
    pub(super) state: EventState,
    pub(super) tabs: Vec<Tab>,
}

impl Head {
    /// For the page whose address ends so.
    pub(super) fn of(call: &Call<'_>, state: &State, here: &str) -> Self {
        let id = state.id.to_string();
        let may_look = call.may::<Look>();
        let tab = |(end, words): &(&'static str, &'static str)| Tab {
            words,
            address: if end.is_empty() { address([id.as_str()]) } else { address([id.as_str(), end]) },
            here: *end == here,
        };
        Self {
            address: address([id.as_str()]),
            state: state.state,
            tabs: TABS.iter().filter(|(end, _)| end.is_empty() || may_look).map(tab).collect(),
            id,
        }
    }

    /// Whether the process runs.
    pub(super) fn is_open(&self) -> bool {
        self.state == EventState::Open
    }

    /// Whether it waits for a person.
    pub(super) fn is_held(&self) -> bool {
        self.state == EventState::Held
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, EventState::Closed | EventState::Cancelled)
    }
}

/// The frame of a page about the event; a drill says so above all else.
pub(super) fn frame(call: &Call<'_>, state: &State, page: &str) -> Frame {
    let title = match page {
        "" => state.title.clone(),
        page => format!("{page}: {}", state.title),
    };
    let frame = call.frame(title, "/events");
    if state.drill { frame.with_banner(format!("Drill: {} is an exercise", state.id)) } else { frame }
}

/// Back to that page of the event, after a form.
pub(super) fn back(event: &EventId, rest: &[&str]) -> String {
    let id = event.to_string();
    address(std::iter::once(id.as_str()).chain(rest.iter().copied()))
}
