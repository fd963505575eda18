//! The plan file: TOML, read whole, with every fault at once.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Calling, From, Milestone, Plan, Scope, Step, milestone};
use crate::clock::span;

/// A step may be due this long after its origin at most.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// A plan may have this many steps at most.
const MOST_STEPS: usize = 100;

/// One fault of a plan file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFault {
    /// The line it is in, from 1.
    pub line: usize,
    /// What is wrong and what was expected.
    pub what: String,
}

impl fmt::Display for PlanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: String,
    answer_within: Option<Spanned<String>>,
    quiet: Option<Spanned<String>>,
    #[serde(default)]
    step: Vec<Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Row {
    milestone: Spanned<String>,
    after: Spanned<String>,
    of: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
    scope: Option<Spanned<String>>,
    remind: Option<Spanned<String>>,
    procedure: Option<String>,
}

/// Reads a plan file. What a known milestone's step leaves out is as in the default plan.
///
/// # Errors
/// Every fault there is, in the order of the file.
pub fn parse(text: &str) -> Result<Plan, Vec<PlanFault>> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, &span));
        vec![PlanFault { line, what: error.message().to_owned() }]
    })?;
    let mut reading = Reading { text, faults: Vec::new(), default: Plan::default() };
    let plan = reading.plan(file);
    if reading.faults.is_empty() { Ok(plan) } else { Err(reading.faults) }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}

struct Reading<'a> {
    text: &'a str,
    faults: Vec<PlanFault>,
    default: Plan,
}

impl Reading<'_> {
    fn fault(&mut self, span: &Range<usize>, what: String) {
        self.faults.push(PlanFault { line: line_of(self.text, span), what });
    }

    fn plan(&mut self, file: File) -> Plan {
        let calling = Calling {
            answer_within: self.length(
                file.answer_within.as_ref(),
                "answer-within",
                self.default.calling.answer_within,
            ),
            quiet: self.length(file.quiet.as_ref(), "quiet", self.default.calling.quiet),
        };
        if calling.answer_within.is_zero() {
            let span = file.answer_within.map_or(0..0, |text| text.span());
            self.fault(&span, "answer-within is 0: people need some time to answer".to_owned());
        }
        if file.step.is_empty() {
            self.fault(&(0..0), "it has no [[step]]: a plan has at least one".to_owned());
        }
        if file.step.len() > MOST_STEPS {
            self.fault(&(0..0), format!("it has {} steps: {MOST_STEPS} at most", file.step.len()));
        }
        let mut seen = HashSet::new();
        let mut steps = Vec::new();
        for row in file.step {
            let span = row.get_ref().milestone.span();
            let Some(step) = self.step(row.into_inner()) else { continue };
            if !seen.insert(step.milestone.clone()) {
                self.fault(&span, format!("{} is there twice", step.milestone));
            }
            steps.push(step);
        }
        Plan { name: file.name, calling, steps }
    }

    fn step(&mut self, row: Row) -> Option<Step> {
        let at = row.milestone.span();
        let milestone: Milestone = match row.milestone.get_ref().parse() {
            Ok(milestone) => milestone,
            Err(what) => {
                self.fault(&at, what);
                return None;
            }
        };
        let default = self.default.step(milestone.as_str()).cloned();
        let after = self.length(Some(&row.after), "after", Duration::ZERO);
        let remind = self.length(row.remind.as_ref(), "remind", Duration::ZERO);
        let of = self.word(row.of.as_ref(), default.as_ref().map(|step| step.of)).unwrap_or(From::Issue);
        let scope = self.word(row.scope.as_ref(), default.as_ref().map(|step| step.scope)).unwrap_or(Scope::Event);
        self.check_scope(&milestone, scope, of, row.scope.as_ref().map_or_else(|| at.clone(), Spanned::span));
        if remind >= after && !remind.is_zero() {
            let what = format!(
                "{milestone}: the reminder would come before its time is counted: remind must be less than after"
            );
            self.fault(&row.remind.as_ref().map_or_else(|| at.clone(), Spanned::span), what);
        }
        let owner = match (row.owner, &default) {
            (Some(owner), _) if owner.get_ref().trim().is_empty() => {
                self.fault(&owner.span(), format!("{milestone}: owner is empty: name a place of the roster"));
                String::new()
            }
            (Some(owner), _) => owner.into_inner(),
            (None, Some(step)) => step.owner.clone(),
            (None, None) => {
                self.fault(&at, format!("{milestone} is no milestone of the default plan: say who its owner is"));
                String::new()
            }
        };
        let procedure = row.procedure.or_else(|| default.map(|step| step.procedure)).unwrap_or_default();
        Some(Step { milestone, after, of, owner, scope, remind, procedure })
    }

    fn check_scope(&mut self, milestone: &Milestone, scope: Scope, of: From, at: Range<usize>) {
        if let Some((_, known)) = milestone::KNOWN.iter().find(|(name, _)| *milestone == **name)
            && *known != scope
        {
            self.fault(&at, format!("{milestone} has the scope {known}, it cannot be {scope}"));
        }
        if of == From::AlertIssued && scope == Scope::Event {
            self.fault(
                &at,
                format!(
                    "{milestone}: the alert is issued to each unit, so only scope unit or system can count from it"
                ),
            );
        }
    }

    fn length(&mut self, text: Option<&Spanned<String>>, key: &str, default: Duration) -> Duration {
        let Some(text) = text else { return default };
        let length = match span::parse(text.get_ref()) {
            Ok(length) => length,
            Err(what) => {
                let early = text.get_ref().trim_start().starts_with('-');
                let what = if early {
                    format!("{key} = {:?} would be before E: {what}", text.get_ref())
                } else {
                    format!("{key}: {what}")
                };
                self.fault(&text.span(), what);
                return default;
            }
        };
        if length > LONGEST {
            self.fault(&text.span(), format!("{key} = {:?} is more than a year", text.get_ref()));
        }
        length
    }

    fn word<T: std::str::FromStr<Err = String>>(
        &mut self,
        text: Option<&Spanned<String>>,
        default: Option<T>,
    ) -> Option<T> {
        let Some(text) = text else { return default };
        match text.get_ref().parse() {
            Ok(word) => Some(word),
            Err(what) => {
                self.fault(&text.span(), what);
                default
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_leaves_out_is_as_in_the_default_plan() {
        let plan =
            parse("name = \"short\"\nanswer-within = \"5s\"\n[[step]]\nmilestone = \"corrected\"\nafter = \"2m\"\n")
                .unwrap();
        let step = plan.step("corrected").unwrap();
        assert_eq!(
            (step.after, step.scope, step.owner.as_str()),
            (Duration::from_secs(120), Scope::System, "administrator")
        );
        assert_eq!(plan.calling.answer_within, Duration::from_secs(5));
        assert_eq!(plan.calling.quiet, Plan::default().calling.quiet);
    }

    #[test]
    fn all_faults_are_listed_with_their_lines() {
        let text = "name = \"bad\"\nanswer-within = \"0s\"\n\
            [[step]]\nmilestone = \"confirmed\"\nafter = \"-1h\"\nscope = \"unit\"\n\
            [[step]]\nmilestone = \"Press told\"\nafter = \"1h\"\n\
            [[step]]\nmilestone = \"press-told\"\nafter = \"1h\"\nremind = \"2h\"\nof = \"alert-issued\"\n\
            [[step]]\nmilestone = \"confirmed\"\nafter = \"999d\"\n";
        let faults: Vec<_> = parse(text).unwrap_err().iter().map(ToString::to_string).collect();
        let begin = |start: &str| assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start}: {faults:#?}");
        begin("line 2: answer-within is 0");
        begin("line 5: after = \"-1h\" would be before E");
        begin("line 6: confirmed has the scope event");
        begin("line 8: \"Press told\" is no name of a milestone");
        begin("line 11: press-told: the alert is issued to each unit");
        begin("line 13: press-told: the reminder would come");
        begin("line 11: press-told is no milestone of the default plan");
        begin("line 16: confirmed is there twice");
        begin("line 17: after = \"999d\" is more than a year");
        assert_eq!(faults.len(), 9);
    }

    #[test]
    fn what_is_no_toml_is_one_fault_with_its_line() {
        let faults = parse("name = \"x\"\nbogus = 1\n").unwrap_err();
        assert_eq!((faults.len(), faults[0].line), (1, 2));
    }
}
