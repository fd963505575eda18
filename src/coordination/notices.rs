//! What a person is told: the words of each notice, short enough for a pager and whole for everything else.
//!
//! Called by the service in the batch of the entry that calls the person. Whoever is woken at night must see at once what
//! happened, what is asked, by when, and how to answer.

use std::fmt::Write as _;

use super::plan::milestone;
use super::state::{Mark, Standing, State};
use super::subject::{About, Reason, Subject};
use super::wire::StepKind;
use crate::clock::Timestamp;
use crate::outbox::NoticeText;

/// A line of a notice has at most this many characters where it can be broken.
const WIDTH: usize = 76;
/// So many overdue milestones and systems are named at most; the rest is counted.
const NAMED: usize = 12;

/// The notice to one person about one thing.
///
/// `systems` are those of our own that the person answers for; with the code, or the link, exactly they can be reported
/// corrected.
pub fn text(state: &State, about: &About, way: &Way, systems: &[String], now: Timestamp) -> NoticeText {
    let (ask, code) = (asked(state, about), &way.code);
    let mark = if state.drill { "DRILL " } else { "" };
    let subject = format!("{mark}[{}] {}", state.id, ask.line);
    let respond_by = Some(now + state.plan.calling.answer_within);
    let how = if systems.is_empty() {
        format!("ridd notice ack {code}")
    } else {
        format!("ridd notice ack {code}, and once the systems below are corrected: ridd notice ack {code} --corrected")
    };
    let mut text = String::new();
    if state.drill {
        text.push_str("THIS IS A DRILL. Nothing has happened; act as if it had.\n\n");
    }
    paragraph(&mut text, &ask.line);
    paragraph(&mut text, &ask.request);
    facts(&mut text, state, about, now);
    if !systems.is_empty() {
        list(&mut text, "Your systems", systems.iter().map(String::as_str), systems.len());
    }
    if about.reason == Reason::Overdue {
        overdue(&mut text, state, about, now);
    }
    let _ = writeln!(text, "Answer with the code {code}:\n  {how}");
    let _ = writeln!(
        text,
        "Without an answer in {} the next is called.",
        crate::clock::span::show(state.plan.calling.answer_within)
    );
    NoticeText {
        short: short(&subject, code),
        subject,
        text,
        code: code.clone(),
        event: Some(state.id.clone()),
        drill: state.drill,
        test: false,
        respond_by,
        how,
        link: way.link.clone(),
        alert: alert(state),
    }
}

/// A notice that only tries a channel; `actor` asked for it.
pub fn test(person: &str, way: &Way, actor: &str) -> NoticeText {
    let code = &way.code;
    let how = format!("ridd notice ack {code}");
    NoticeText {
        subject: "Test of this channel".to_owned(),
        short: format!("TEST, no action. Code {code}"),
        text: format!(
            "{person},\n\nthis is a test of the channel on which you are called in a significant event. Nothing has \
             happened.\n{actor} has asked for it. Please acknowledge it:\n\n    {how}\n"
        ),
        code: code.clone(),
        event: None,
        drill: false,
        test: true,
        respond_by: None,
        how,
        link: way.link.clone(),
        alert: None,
    }
}

/// How a notice is answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Way {
    /// The one-time code.
    pub code: String,
    /// The address of the page with the button, where the channel can carry one.
    pub link: Option<String>,
}

/// What a notice says in one line, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What has happened.
    pub line: String,
    /// What is to be done.
    pub request: String,
}

/// What a person is told and asked about this.
pub fn asked(state: &State, about: &About) -> Ask {
    let title = &state.title;
    let unit = about.unit.as_deref().unwrap_or_default();
    let new = |line: String, request: &str| Ask { line, request: request.to_owned() };
    match (about.reason, about.milestone.as_str()) {
        (Reason::Asked, "opening") => new(
            format!("a data call waits to be opened: {title}"),
            "Look at it and open it with `ridd event release`, or cancel it with `ridd event cancel`. The clock runs.",
        ),
        (Reason::Asked, "issue") => new(
            format!("confirm when the data call was issued: {title}"),
            "The time it states is in the future or long past. Set it with `ridd event issued`. The clock runs.",
        ),
        (Reason::Asked, milestone::CIRT_NOTIFIED) => new(
            format!("significant event: {title}"),
            "A data call has come. Research it, complete the alert (how to prevent entry, restrict spread, eradicate) with \
             `ridd alert edit`, approve it with `ridd alert approve` and issue it with `ridd alert issue`.",
        ),
        (Reason::Asked, milestone::MANAGER_INFORMED) if state.all_validated() => new(
            format!("all units are validated: {title}"),
            "Look at the event with `ridd event show` and confirm it with `ridd event confirm`.",
        ),
        (Reason::Asked, milestone::MANAGER_INFORMED) => new(
            format!("not all units are validated: {title}"),
            "The time is nearly over. See with `ridd event show` which units are not validated, and decide.",
        ),
        (Reason::Asked, super::decide::STATUS) => new(
            format!("confirmed: {title}"),
            "The program manager has confirmed that corrective action is complete. `ridd event report` says what happened when.",
        ),
        (Reason::Asked, milestone::PATCHES_OBTAINED) => new(
            format!("alert for your unit: {title}"),
            "Review the profiles of the affected systems and fetch the authenticated patches; then \
             `ridd event met EVENT patches-obtained`.",
        ),
        (Reason::Asked, milestone::OWNERS_NOTIFIED) => new(
            format!("your systems are affected: {title}"),
            "Take the steps of the alert, test the patch on a testbed, install it, and report each system corrected.",
        ),
        (Reason::Trouble, milestone::ALERT_ISSUED) => new(
            format!("the node of {unit} cannot be reached: {title}"),
            "The alert could not be delivered to your node. Act on it as it stands here, mend the node, and tell the CIRT.",
        ),
        (Reason::Trouble, milestone::ALERT_ACKNOWLEDGED) => new(
            format!("{unit} denied the alert: {title}"),
            "Your node refused the alert. Act on it as it stands here, and tell the CIRT why it was refused.",
        ),
        (Reason::Trouble, _) => new(
            format!("systems of {unit} are still vulnerable: {title}"),
            "Systems that were reported corrected are not. Correct them and report completion again.",
        ),
        (Reason::Reminder, milestone) => {
            new(format!("{} is due soon: {title}", of(milestone, unit)), &procedure(state, milestone))
        }
        (Reason::Overdue | Reason::Asked, milestone) => {
            new(format!("{} is overdue: {title}", of(milestone, unit)), &procedure(state, milestone))
        }
    }
}

fn of(milestone: &str, unit: &str) -> String {
    if unit.is_empty() { milestone.to_owned() } else { format!("{milestone} of {unit}") }
}

fn procedure(state: &State, milestone: &str) -> String {
    state.plan.step(milestone).map(|step| step.procedure.clone()).unwrap_or_default()
}

fn facts(text: &mut String, state: &State, about: &About, now: Timestamp) {
    let _ = writeln!(text, "Event     {}", state.id);
    let _ = writeln!(text, "Issued    {} ({} ago)", state.issued, crate::clock::span::show(minutes(now, state.issued)));
    if let Some(severity) = &state.call.severity {
        let _ = writeln!(text, "Severity  {severity}");
    }
    if !state.call.vulnerabilities.is_empty() {
        let _ = writeln!(text, "About     {}", state.call.vulnerabilities.join(", "));
    }
    let subject = Subject { milestone: about.milestone.clone(), unit: about.unit.clone(), system: None };
    if let Some(mark) = state.mark(&subject).filter(|mark| mark.is_open()) {
        let _ = writeln!(text, "Due       {}", mark.due);
    }
    text.push('\n');
}

/// Whole minutes, as people count them.
fn minutes(now: Timestamp, then: Timestamp) -> std::time::Duration {
    std::time::Duration::from_secs(now.since(then).as_secs() / 60 * 60)
}

/// Everything of the same unit (or of the event) that is overdue: one answer covers it all.
fn overdue(text: &mut String, state: &State, about: &About, now: Timestamp) {
    let late = |mark: &Mark| mark.standing() == Standing::Missed;
    let missed = || state.marks.of_unit(about.unit.as_deref()).filter(|(_, mark)| mark.is_open() && late(mark));
    let lines = missed().map(|(subject, mark)| {
        let what = subject
            .system
            .as_deref()
            .map_or_else(|| subject.milestone.to_string(), |name| format!("{} {name}", subject.milestone));
        format!("{what}, since {}", crate::clock::span::show(minutes(now, mark.due)))
    });
    let lines: Vec<String> = lines.take(NAMED).collect();
    list(text, "Overdue", lines.iter().map(String::as_str), missed().count());
}

fn list<'a>(text: &mut String, head: &str, lines: impl Iterator<Item = &'a str>, all: usize) {
    let _ = writeln!(text, "{head}:");
    let mut named = 0;
    for line in lines.take(NAMED) {
        let _ = writeln!(text, "  {line}");
        named += 1;
    }
    if all > named {
        let _ = writeln!(text, "  and {} more", all - named);
    }
    text.push('\n');
}

/// The text of the alert as it stands, for the email and the fax; nothing before there is one.
fn alert(state: &State) -> Option<String> {
    let parts = &state.parts;
    if parts.title.is_empty() && parts.steps.is_empty() && parts.descriptions.is_empty() {
        return None;
    }
    let mut text = String::new();
    if state.drill {
        text.push_str("DRILL\n\n");
    }
    paragraph(&mut text, if parts.title.is_empty() { &state.title } else { &parts.title });
    for description in &parts.descriptions {
        paragraph(&mut text, description);
    }
    for kind in StepKind::ALL {
        let steps: Vec<&str> =
            parts.steps.iter().filter(|step| step.kind == kind).map(|step| step.text.as_str()).collect();
        if !steps.is_empty() {
            let _ = writeln!(text, "{}:", kind.word());
            for step in steps {
                for line in wrapped(step, WIDTH - 2) {
                    let _ = writeln!(text, "  {line}");
                }
            }
            text.push('\n');
        }
    }
    if !parts.patches.is_empty() {
        text.push_str("Patches:\n");
        for patch in &parts.patches {
            let _ = writeln!(text, "  {}", patch.name);
            let details = [("from", &patch.url), ("SHA-256", &patch.digest), ("signature", &patch.signature)];
            for (what, detail) in details.into_iter().filter_map(|(what, detail)| Some((what, detail.as_ref()?))) {
                let _ = writeln!(text, "    {what} {detail}");
            }
        }
    }
    Some(text)
}

fn paragraph(text: &mut String, words: &str) {
    if words.is_empty() {
        return;
    }
    for line in wrapped(words, WIDTH) {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
}

/// The words in lines; a word that is longer than a line gets one of its own.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The page: as much of the subject as there is room for, and always the whole code.
fn short(subject: &str, code: &str) -> String {
    let end = format!(" Code {code}");
    let room = NoticeText::SHORT.saturating_sub(end.chars().count());
    let one_line = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = one_line.chars().take(room).collect();
    format!("{cut}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_code_whatever_the_title() {
        let page = short(&"Größe ".repeat(60), "ABCD-EFGH");
        assert_eq!(page.chars().count(), NoticeText::SHORT);
        assert!(page.ends_with(" Code ABCD-EFGH"));
        assert_eq!(short("two\nlines", "X"), "two lines Code X");
    }

    #[test]
    fn words_are_wrapped_and_none_is_lost() {
        let words = "install the patch and then restart the service, slowly";
        let lines = wrapped(words, 20);
        assert!(lines.iter().all(|line| line.chars().count() <= 20), "{lines:?}");
        assert_eq!(lines.join(" "), words);
        assert_eq!(wrapped("averyveryverylongword x", 5), ["averyveryverylongword", "x"]);
    }
}
