//! The page *Acknowledge*, to which the link in a notice leads: what has happened, what is asked, and a button. For people
//! without an account, on a telephone at night; it tells nothing that the notice has not told.
//!
//! `acknowledge` serves it, on a listener of its own.

use super::Frame;
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::admin::{Linked, Parts};
use crate::clock::{Timestamp, span};
use crate::coordination::notices::asked;
use crate::coordination::state::State;
use crate::coordination::subject::Subject;
use crate::store::records::NoticeState;

#[derive(askama::Template)]
#[template(path = "acknowledge.html")]
struct Page {
    frame: Frame,
    request: String,
    person: String,
    event: Option<Facts>,
    systems: Vec<System>,
    /// When and by whom it was answered.
    answered: Option<(Timestamp, String)>,
    /// Whether its event is over.
    over: bool,
}

/// What is told of the event.
struct Facts {
    id: String,
    unit: Option<String>,
    severity: Option<String>,
    about: String,
    issued: Timestamp,
    due: Option<Timestamp>,
    /// After how long the next person is called.
    patience: String,
}

/// One system that the person answers for.
struct System {
    name: String,
    standing: &'static str,
    open: bool,
}

impl Page {
    /// Whether systems are left to be reported.
    fn has_open_systems(&self) -> bool {
        self.systems.iter().any(|system| system.open)
    }
}

/// What went wrong, to someone who has no account.
#[derive(askama::Template)]
#[template(path = "acknowledge_problem.html")]
struct Trouble<'a> {
    frame: Frame,
    problem: &'a Problem,
}

fn frame(parts: &Parts, title: &str) -> Frame {
    Frame::bare(title, parts.directory.own_name().to_string(), parts.clock.now())
}

/// The page of a link that leads somewhere.
pub(in crate::admin) fn shown(parts: &Parts, linked: &Linked) -> Result<Reply, Problem> {
    let notice = &linked.notice;
    let answered = notice.state == NoticeState::Acknowledged;
    let by = notice.reason.clone().unwrap_or_else(|| notice.person.clone());
    let mut page = Page {
        frame: frame(parts, "Test of this channel"),
        request: "Nothing has happened. Please confirm that you can be reached in this way.".to_owned(),
        person: notice.person.clone(),
        event: None,
        systems: Vec::new(),
        answered: answered.then_some((notice.changed, by)),
        over: false,
    };
    if let Some(state) = linked.state.as_deref() {
        let about = state.notices.get(&notice.id);
        if let Some(about) = about {
            let ask = asked(state, about);
            (page.frame.title, page.request) = (ask.line, ask.request);
        }
        if state.drill {
            page.frame = page.frame.with_banner("THIS IS A DRILL. Nothing has happened; act as if it had.");
        }
        let names = notice.systems.iter().flat_map(|names| names.lines());
        page.systems = names.map(|name| system(state, name)).collect();
        page.over = state.is_over();
        let due = about.and_then(|about| {
            let (milestone, unit) = (about.milestone.clone(), about.unit.clone());
            state.mark(&Subject { milestone, unit, system: None }).filter(|mark| mark.is_open()).map(|mark| mark.due)
        });
        page.event = Some(Facts {
            id: state.id.to_string(),
            unit: about.and_then(|about| about.unit.clone()),
            severity: state.call.severity.clone(),
            about: state.call.vulnerabilities.join(", "),
            issued: state.issued,
            due,
            patience: span::words(state.plan.calling.answer_within),
        });
    }
    Reply::page(&page)
}

fn system(state: &State, name: &str) -> System {
    let known = state.units.get(&state.own).and_then(|unit| unit.systems.get(name));
    let standing = match known {
        Some(system) if system.corrected.is_some() => "corrected",
        Some(system) if system.excepted.is_some() => "stays as it is",
        Some(_) => "to be corrected",
        None => "not affected any more",
    };
    System { name: name.to_owned(), standing, open: known.is_some_and(|system| !system.is_settled()) }
}

/// The page that says what went wrong.
pub(in crate::admin) fn problem(parts: &Parts, problem: &Problem) -> Result<Reply, Problem> {
    let page = Reply::page(&Trouble { frame: frame(parts, "This did not work"), problem })?;
    Ok(page.status(problem.code.status()))
}
