//! What the forms of an event's pages ask for: the same orders that the API takes, which then say who may give them.

use crate::admin::api::events::{AlertEdit, EventOrder};
use crate::admin::http::Form;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::coordination::plan::Milestone;
use crate::coordination::wire::{AlertParts, Patch, Step, StepKind};
use crate::ids::{Digest, PeerName};

/// The order that the form gives.
pub(super) fn order(form: &Form) -> Result<EventOrder, Problem> {
    let text = |name: &str| form.text(name).map(str::to_owned);
    let why = || form.needed("why").map(str::to_owned);
    let unit = || form.read::<PeerName>("unit");
    let needed_unit = || -> Result<PeerName, Problem> { Ok(form.needed("unit")?.parse()?) };
    Ok(match form.needed("order")? {
        "release" => EventOrder::Release,
        "issued" => EventOrder::Issued { time: instant("time", form.needed("time")?)? },
        "identify" => EventOrder::Identify { cpes: lines(form, "cpes") },
        "met" => {
            let when = form.text("when").map(|when| instant("when", when)).transpose()?;
            EventOrder::Met {
                milestone: milestone(form)?,
                unit: unit()?,
                system: None,
                when,
                evidence: text("evidence"),
            }
        }
        "waive" => EventOrder::Waive { milestone: milestone(form)?, unit: unit()?, system: None, why: why()? },
        "approve" => EventOrder::Approve,
        "issue" => EventOrder::Issue,
        "inform" => EventOrder::Inform {
            units: lines(form, "units").iter().map(|unit| unit.parse()).collect::<Result<_, _>>()?,
        },
        "corrected" => EventOrder::Corrected {
            systems: form.all("system").map(str::to_owned).collect(),
            when: None,
            evidence: text("evidence"),
        },
        "except" => EventOrder::Except { system: form.needed("system")?.to_owned(), why: why()? },
        "progress" => EventOrder::Progress,
        "complete" => EventOrder::Complete { unit: unit()? },
        "scan" => EventOrder::Scan { unit: needed_unit()?, result: form.needed("result")?.to_owned() },
        "sign-off" => EventOrder::SignOff { unit: needed_unit()?, evidence: form.needed("evidence")?.to_owned() },
        "confirm" => EventOrder::Confirm { remark: text("remark"), despite: text("despite") },
        "status" => EventOrder::Status { to: form.read("to")? },
        "note" => EventOrder::Note { text: form.needed("text")?.to_owned() },
        "close" => EventOrder::Close { why: text("why") },
        "reopen" => EventOrder::Reopen { why: why()? },
        "cancel" => EventOrder::Cancel { why: why()? },
        other => return Err(Problem::bad_request(format!("{other:?} is no order"), "go back and reload the page")),
    })
}

/// `milestone`, or from a list where the event's own stand.
fn milestone(form: &Form) -> Result<Milestone, Problem> {
    let unclear = |why: String| Problem::bad_request(why, "go back and choose one");
    form.needed("milestone")?.parse().map_err(unclear)
}

/// An RFC 3339 instant.
pub(super) fn instant(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let unclear = || Problem::bad_request(format!("{name}: {text:?} is no time"), "write it as 2003-01-25T05:30:00Z");
    Timestamp::parse(text).ok_or_else(unclear)
}

fn lines(form: &Form, name: &str) -> Vec<String> {
    form.text(name)
        .unwrap_or_default()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What the form changes of the draft; whatever it leaves as it was is not touched, with all that a form cannot say.
pub(super) fn edit(form: &Form, parts: &AlertParts) -> Result<AlertEdit, Problem> {
    let steps = |kind: StepKind, name: &str| {
        let said = form.text(name).unwrap_or_default();
        (said != steps_text(parts, kind)).then(|| paragraphs(said))
    };
    let title = form.needed("title")?;
    let said = form.text("patches").unwrap_or_default();
    let patches = match said == patches_text(&parts.patches) {
        true => None,
        false => Some(said.lines().filter(|line| !line.trim().is_empty()).map(patch).collect::<Result<_, _>>()?),
    };
    let edit = AlertEdit {
        parts: None,
        title: (title != parts.title).then(|| title.to_owned()),
        prevent: steps(StepKind::Prevent, "prevent"),
        restrict: steps(StepKind::Restrict, "restrict"),
        eradicate: steps(StepKind::Eradicate, "eradicate"),
        patches,
    };
    if edit == AlertEdit::default() {
        return Err(Problem::bad_request("nothing was changed", "go back and change the draft"));
    }
    Ok(edit)
}

/// By which an approval names the draft that was seen.
pub(super) fn seen(parts: &AlertParts) -> String {
    // A draft is plain texts: it can always be written. Were it not, nothing could be approved on the page.
    Digest::of(&serde_json::to_vec(parts).unwrap_or_default()).to_string()
}

/// The steps of that kind as the form shows them: an empty line between two.
pub(super) fn steps_text(parts: &AlertParts, kind: StepKind) -> String {
    let texts: Vec<&str> =
        parts.steps.iter().filter(|step| step.kind == kind).map(|Step { text, .. }| text.trim()).collect();
    texts.join("\n\n")
}

fn paragraphs(text: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut fresh = true;
    for line in text.lines() {
        if line.trim().is_empty() {
            fresh = true;
            continue;
        }
        match steps.last_mut().filter(|_| !fresh) {
            Some(step) => {
                step.push('\n');
                step.push_str(line.trim_end());
            }
            None => steps.push(line.trim_end().to_owned()),
        }
        fresh = false;
    }
    steps
}

/// The patches as the form shows them, one in a line, as `ridd alert show` writes them.
pub(super) fn patches_text(patches: &[Patch]) -> String {
    let line = |patch: &Patch| {
        let digest = patch.digest.as_ref().map(|digest| format!("sha256:{digest}"));
        let signature = patch.signature.as_ref().map(|url| format!("signature:{url}"));
        let words = [Some(patch.name.clone()).filter(|name| !name.is_empty()), patch.url.clone(), digest, signature];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    patches.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn patch(line: &str) -> Result<Patch, Problem> {
    let unclear = |why: String| {
        let fix = "write NAME ADDRESS sha256:DIGEST signature:ADDRESS; all but the name may be left out";
        Problem::bad_request(format!("patch {:?}: {why}", line.trim()), fix)
    };
    let mut patch = Patch::default();
    for (word, at) in line.split_whitespace().zip(0..) {
        if let Some(digest) = word.strip_prefix("sha256:") {
            patch.digest = Some(digest.parse::<Digest>().map_err(|error| unclear(error.to_string()))?.to_string());
        } else if let Some(url) = word.strip_prefix("signature:") {
            patch.signature = Some(url.to_owned());
        } else if at == 0 && !word.contains("://") {
            patch.name = word.to_owned();
        } else if patch.url.is_none() {
            patch.url = Some(word.to_owned());
        } else {
            return Err(unclear(format!("{word:?} is one word too many")));
        }
    }
    Ok(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(kind: StepKind, text: &str) -> Step {
        Step { kind, text: text.to_owned(), course: Some("A-1".to_owned()) }
    }

    fn parts() -> AlertParts {
        let digest = Some("a".repeat(64));
        let url = Some("https://vendor.example/p".to_owned());
        AlertParts {
            title: "Worm".to_owned(),
            steps: vec![step(StepKind::Prevent, "block 1434\nat the border"), step(StepKind::Prevent, "filter")],
            patches: vec![
                Patch { name: "MS02-039".to_owned(), url: url.clone(), digest, signature: url.clone() },
                Patch { url, ..Patch::default() },
            ],
            ..AlertParts::default()
        }
    }

    #[test]
    fn a_draft_survives_its_form_untouched() {
        let parts = parts();
        assert_eq!(paragraphs(&steps_text(&parts, StepKind::Prevent)), ["block 1434\nat the border", "filter"]);
        let read: Vec<Patch> = patches_text(&parts.patches).lines().map(|line| patch(line).unwrap()).collect();
        assert_eq!(read, parts.patches);
        let (prevent, patches) = (steps_text(&parts, StepKind::Prevent), patches_text(&parts.patches));
        let form = Form::of(&[("title", "Worm"), ("prevent", &prevent), ("patches", &patches)]);
        assert!(edit(&form, &parts).is_err(), "nothing was changed");
        let form =
            Form::of(&[("title", "Worm"), ("prevent", &prevent), ("patches", &patches), ("restrict", "cut off")]);
        let restrict = Some(vec!["cut off".to_owned()]);
        assert_eq!(edit(&form, &parts).unwrap(), AlertEdit { restrict, ..AlertEdit::default() });
        assert_ne!(seen(&parts), seen(&AlertParts::default()));
    }

    #[test]
    fn what_a_form_says_wrongly_is_told() {
        for line in ["MS02 a b", "MS02 sha256:12", "one https://a https://b"] {
            assert!(patch(line).is_err(), "{line}");
        }
        for (name, value) in
            [("order", "explode"), ("order", "waive"), ("order", "issued"), ("order", "scan"), ("x", "y")]
        {
            assert!(order(&Form::of(&[(name, value)])).is_err(), "{value}");
        }
        let form = Form::of(&[("order", "issued"), ("time", "yesterday")]);
        assert!(order(&form).unwrap_err().fix.contains("2003-01-25T05:30:00Z"));
    }

    #[test]
    fn orders_are_those_of_the_api() {
        let unit = "rid.unit1.example";
        let read = |fields: &[(&str, &str)]| order(&Form::of(fields)).unwrap();
        let waive = read(&[("order", "waive"), ("milestone", "validated"), ("unit", unit), ("why", "gone")]);
        let EventOrder::Waive { milestone, unit: found, system: None, why } = waive else { panic!() };
        assert_eq!((milestone.as_str(), found.unwrap().as_str(), why.as_str()), ("validated", unit, "gone"));
        let corrected = read(&[("order", "corrected"), ("system", "a"), ("system", "b")]);
        let systems = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(corrected, EventOrder::Corrected { systems, when: None, evidence: None });
        assert_eq!(read(&[("order", "confirm"), ("remark", " ")]), EventOrder::Confirm { remark: None, despite: None });
    }
}
