//! What an entry of the log says, as a sentence for people. Called by the report and by whoever lists a log.

use crate::coordination::entry::{Entry, Finding, Opening};
use crate::coordination::subject::{About, Reason};

/// Names that are told one by one; of more, only how many there are.
const TOLD: usize = 6;

/// What happened, without saying when and by whom: that stands beside the entry.
#[must_use]
pub fn sentence(entry: &Entry) -> String {
    match entry {
        Entry::Opened(opening) => opened(opening),
        Entry::Released => "The event was confirmed and opened.".to_owned(),
        Entry::IssueConfirmed { issued } => format!("E was set to {issued}."),
        Entry::Repeated { source: Some(source) } => format!("The call came again from {}.", source.peer),
        Entry::Repeated { source: None } => "The call was entered again.".to_owned(),
        Entry::Updated { source: Some(source), .. } => format!("{} said more about it.", source.peer),
        Entry::Updated { source: None, .. } => "More was entered about it.".to_owned(),
        Entry::AdvisoryJoined { vulnerability, peer, title, .. } => {
            let title = title.as_deref().map(|title| format!(": {title}")).unwrap_or_default();
            format!("A message of {peer} about {vulnerability} was joined{title}.")
        }
        Entry::UnitsIdentified { affected, of } => {
            let systems: usize = affected.values().map(Vec::len).sum();
            let of = of.map(|of| format!(", of {of} that were looked at")).unwrap_or_default();
            format!("{} of {} affected{of}.", counted(systems, "system"), counted(affected.len(), "unit"))
        }
        Entry::AlertEdited { .. } => "The draft of the alert was changed.".to_owned(),
        Entry::AlertApproved => "The alert was approved.".to_owned(),
        Entry::Met { subject, when, evidence } => {
            let when = when.map(|when| format!(" at {when}")).unwrap_or_default();
            format!("Met: {subject}{when}{}.", on(evidence.as_ref()))
        }
        Entry::Missed { subject } => format!("Missed: {subject} was due."),
        Entry::Waived { subject, why } => format!("Waived: {subject}, because: {why}."),
        Entry::Confirmed { remark } => format!("The program manager confirmed{}.", because(remark.as_ref())),
        Entry::StatusSent { to } => format!("The status was sent to {to}."),
        Entry::ProgressSent => "Progress was reported to the node above.".to_owned(),
        Entry::CompletionSent => "Completion was reported to the node above.".to_owned(),
        Entry::Noted { text } => format!("Note: {text}"),
        Entry::Closed { why } => format!("The event was closed{}.", because(why.as_ref())),
        Entry::Reopened { why } => format!("The event was opened again: {why}."),
        Entry::Cancelled { why } => format!("The event was called off: {why}."),
        Entry::Called { .. }
        | Entry::NobodyAnswered { .. }
        | Entry::NoticeDelivered { .. }
        | Entry::NoticeFailed { .. }
        | Entry::NoticeAnswered { .. } => of_calls(entry),
        _ => of_unit(entry),
    }
}

/// What somebody is called about.
pub(super) fn matter(about: &About) -> String {
    let unit = about.unit.as_deref().map(|unit| format!(" of {unit}")).unwrap_or_default();
    let milestone = &about.milestone;
    match about.reason {
        Reason::Asked => format!("{milestone}{unit}"),
        Reason::Reminder => format!("{milestone}{unit} (reminder)"),
        Reason::Overdue => format!("{milestone}{unit} (overdue)"),
        Reason::Trouble => format!("{milestone}{unit} (trouble)"),
    }
}

fn opened(opening: &Opening) -> String {
    let by = match &opening.source {
        Some(source) => format!(" by a call of {}", source.peer),
        None => " by hand".to_owned(),
    };
    let held = if opening.held { " It is held until a person confirms it." } else { "" };
    format!("The event was opened{by}.{held}")
}

fn of_calls(entry: &Entry) -> String {
    match entry {
        Entry::Called { about, person, channel, .. } => {
            format!("{person} was called by {channel} about {}.", matter(about))
        }
        Entry::NobodyAnswered { about } => {
            format!("Everybody has been called about {}, nobody has answered.", matter(about))
        }
        Entry::NoticeDelivered { .. } => "The notice was delivered.".to_owned(),
        Entry::NoticeFailed { why, .. } => format!("The notice could not be delivered: {why}."),
        Entry::NoticeAnswered { by, .. } => format!("The notice was answered by {by}."),
        _ => String::new(),
    }
}

/// Entries about one unit.
fn of_unit(entry: &Entry) -> String {
    match entry {
        Entry::AlertSent { unit, instance: 0 } => format!("The alert was taken up for our own systems ({unit})."),
        Entry::AlertSent { unit, .. } => format!("The alert to {unit} was sent."),
        Entry::AlertDelivered { unit } => format!("The alert was delivered to {unit}."),
        Entry::AlertFailed { unit, why } => format!("The alert could not be delivered to {unit}: {why}."),
        Entry::AlertAcknowledged { unit } => format!("{unit} acknowledged the alert."),
        Entry::AlertPending { unit } => format!("{unit} says that nobody there has decided yet."),
        Entry::AlertDenied { unit, justification } => format!("{unit} denied the alert: {justification}."),
        Entry::Informed { unit } => format!("{unit} was informed; it has no affected systems."),
        Entry::Corrected { unit, systems, when, evidence } => {
            let when = when.map(|when| format!(" at {when}")).unwrap_or_default();
            format!("Corrected at {unit}{when}: {}{}.", names(systems), on(evidence.as_ref()))
        }
        Entry::Excepted { unit, system, why } => format!("{system} of {unit} stays as it is: {why}."),
        Entry::ReportRefused { unit, systems, why } => {
            format!("A report of {unit} was refused, it names {}: {why}.", names(systems))
        }
        Entry::Completed { unit } => format!("{unit} reported completion."),
        Entry::CompletionLacking { unit, systems } => {
            format!("{unit} reported completion, but neither corrected nor excepted: {}.", names(systems))
        }
        Entry::Scanned { unit, scan, findings, .. } => {
            let count = |finding| findings.iter().filter(|(_, one, _)| *one == finding).count();
            let mut said: Vec<String> = Vec::new();
            for finding in Finding::ALL {
                if let many @ 1.. = count(*finding) {
                    said.push(format!("{many} {finding}"));
                }
            }
            format!("A scan of {unit} was read ({scan}): {}.", said.join(", "))
        }
        Entry::SignedOff { unit, evidence } => format!("{unit} was signed off without a scan: {evidence}."),
        Entry::Validated { unit } => format!("The corrections of {unit} are validated."),
        Entry::DiscrepancySent { unit, systems, why, .. } => {
            format!("{unit} was asked to look again at {}: {why}.", names(systems))
        }
        Entry::DiscrepancyTaken { source, systems, why } => {
            format!("{} asks to look again at {}: {why}.", source.peer, names(systems))
        }
        // `sentence` has taken all others.
        other => other.kind().to_owned(),
    }
}

fn on(evidence: Option<&String>) -> String {
    evidence.map(|evidence| format!(" ({evidence})")).unwrap_or_default()
}

fn because(why: Option<&String>) -> String {
    why.map(|why| format!(": {why}")).unwrap_or_default()
}

pub(super) fn counted(many: usize, what: &str) -> String {
    let end = if many == 1 { "" } else { "s" };
    format!("{many} {what}{end}")
}

fn names(names: &[String]) -> String {
    let told = names.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::report::sample;

    #[test]
    fn every_entry_is_a_sentence() {
        let (_, log) = sample::whole();
        for made in &log {
            let said = sentence(&made.entry);
            assert!(said.ends_with('.') && said != made.entry.kind(), "{said}");
        }
    }

    #[test]
    fn many_names_are_counted() {
        let systems: Vec<String> = (1..=9).map(|n| format!("db{n}")).collect();
        let said = sentence(&Entry::CompletionLacking { unit: "u".to_owned(), systems });
        assert!(said.ends_with("db5, db6 and 3 more."), "{said}");
    }
}
