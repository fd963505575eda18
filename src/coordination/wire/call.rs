//! The data call: which document is one, and what it says.

use super::marks::{self, words};
use super::references::{patches, vulnerabilities};
use super::{Action, AlertParts, Call, frame};
use crate::iodef::outline::{Expectation, Outline};

/// Whether an Incident from an authority asks for action: purpose `mitigation`, or an Expectation other than `nothing`.
/// That it came from an authority is for the caller to know.
#[must_use]
pub fn is_data_call(outline: &Outline) -> bool {
    let mut expectations = outline.events.iter().flat_map(|event| &event.expectations);
    outline.purpose == "mitigation" || expectations.any(|expectation| expectation.action != "nothing")
}

/// What a data call says; or any report, for what vulnerabilities it names.
#[must_use]
pub fn read_call(outline: &Outline) -> Call {
    let mut platforms = outline.platforms.clone();
    let mut software = Vec::new();
    for one in &outline.software {
        one.cpe.iter().for_each(|name| frame::add(name, &mut platforms));
        one.name.iter().for_each(|name| frame::add(name, &mut software));
    }
    let expectations = outline.events.iter().flat_map(|event| &event.expectations);
    Call {
        incident: outline.id.clone(),
        alternatives: frame::alternatives(outline),
        issued: frame::time(outline.written.as_ref()),
        title: frame::title(outline),
        descriptions: frame::further(outline).cloned().collect(),
        severity: outline.severity.clone(),
        vulnerabilities: vulnerabilities(outline),
        platforms,
        software,
        actions: expectations.filter(|expectation| expectation.action != "nothing").map(action).collect(),
        patches: patches(outline),
        restriction: outline.restriction.clone(),
        lang: outline.lang.clone(),
        drill: frame::drill(outline),
    }
}

/// What an Expectation asks for.
pub(super) fn action(expectation: &Expectation) -> Action {
    let texts: Vec<_> =
        expectation.descriptions.iter().map(|text| words(text)).filter(|text| !text.is_empty()).collect();
    Action {
        action: expectation.action.clone(),
        text: texts.join(" "),
        severity: expectation.severity.clone(),
        due: expectation.descriptions.iter().find_map(|text| marks::time(text, "due")),
    }
}

impl AlertParts {
    /// What of a data call goes into the alert to units before people work on it: all but what is between the authority
    /// and us, such as what to report and by when.
    #[must_use]
    pub fn of(call: &Call) -> Self {
        let reports = |action: &&Action| !matches!(action.action.as_str(), "status-triage" | "status-new-info");
        let actions = call.actions.iter().filter(reports).map(|action| Action { due: None, ..action.clone() });
        Self {
            title: call.title.clone().unwrap_or_else(|| format!("Data call {}", call.incident.incident)),
            descriptions: call.descriptions.clone(),
            severity: call.severity.clone(),
            vulnerabilities: call.vulnerabilities.clone(),
            platforms: call.platforms.clone(),
            software: call.software.clone(),
            steps: Vec::new(),
            actions: actions.collect(),
            patches: call.patches.clone(),
            restriction: call.restriction.clone(),
            lang: call.lang.clone(),
            drill: call.drill,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fixture, one};
    use super::*;
    use crate::clock::Timestamp;
    use crate::coordination::wire::Patch;

    fn slammer(version: &str) -> Call {
        read_call(&fixture(&format!("data-call/slammer-{version}.xml")))
    }

    #[test]
    fn a_data_call_says_the_same_in_both_versions() {
        for version in ["1.0", "2.0"] {
            let call = slammer(version);
            assert_eq!(call.incident.incident.to_string(), "authority.example#2003-0125-1");
            assert_eq!(call.incident.instance.as_deref(), Some("1"));
            assert_eq!(call.issued, Timestamp::parse("2003-01-25T08:00:00Z"));
            assert!(call.title.as_ref().unwrap().starts_with("SQL Slammer"), "{:?}", call.title);
            assert_eq!(call.severity.as_deref(), Some("high"));
            assert_eq!(call.vulnerabilities, ["CVE-2002-0649"]);
            assert_eq!(call.restriction.as_deref(), Some("need-to-know"));
            assert_eq!(call.lang.as_deref(), Some("en"));
            assert!(!call.drill);
            let actions: Vec<_> = call.actions.iter().map(|action| action.action.as_str()).collect();
            let correct = if version == "1.0" { "remediate-other" } else { "upgrade-software" };
            assert_eq!(actions, ["block-port", correct, "status-new-info"]);
            assert_eq!(call.actions[0].text, "Block UDP 1434 at every border, in and out");
            assert_eq!(call.actions[2].severity.as_deref(), Some("medium"));
            assert!(call.actions.iter().all(|action| action.due.is_none()));
        }
    }

    #[test]
    fn each_version_names_software_in_its_own_way() {
        let first = slammer("1.0");
        assert!(first.platforms.is_empty());
        assert_eq!(first.software, ["Microsoft SQL Server 2000", "Microsoft MSDE 2000"]);
        assert_eq!(first.patches, [Patch { name: "MS02-039".into(), ..Patch::default() }]);
        let second = slammer("2.0");
        assert_eq!(second.platforms.len(), 2);
        assert_eq!(second.platforms[0], "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*");
        assert_eq!(second.software.len(), 2);
    }

    #[test]
    fn a_data_call_asks_for_action() {
        for (purpose, action, is) in [
            ("mitigation", None, true),
            ("mitigation", Some("nothing"), true),
            ("reporting", None, false),
            ("reporting", Some("nothing"), false),
            ("reporting", Some("investigate"), true),
        ] {
            let expectation = action.map(|action| format!("<Expectation action=\"{action}\"/>")).unwrap_or_default();
            let outline = one(&format!(
                "<Incident purpose=\"{purpose}\"><IncidentID name=\"a.example\">1</IncidentID>\
                 <GenerationTime>2003-01-25T08:00:00Z</GenerationTime><Contact role=\"creator\" type=\"organization\">\
                 <ContactName>A</ContactName></Contact><EventData><Description>x</Description>{expectation}</EventData>\
                 </Incident>"
            ));
            assert_eq!(is_data_call(&outline), is, "{purpose} {action:?}");
        }
    }

    #[test]
    fn patches_vulnerabilities_and_due_times_are_found_where_they_stand() {
        let outline = fixture("coordination/call-structured-2.0.xml");
        let call = read_call(&outline);
        assert_eq!(call.vulnerabilities, ["CVE-2002-0649", "VU#484891"]);
        let names: Vec<_> = call.patches.iter().map(|patch| patch.name.as_str()).collect();
        assert_eq!(names, ["MS02-039", "KB323875"]);
        assert_eq!(call.patches[0].url.as_deref(), Some("https://vendor.example/q323875.exe"));
        assert_eq!(
            call.patches[0].digest.as_deref(),
            Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        );
        assert_eq!(call.platforms, ["cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*"]);
        assert_eq!(call.actions[0].due, Timestamp::parse("2003-01-26T08:00:00Z"));
        assert_eq!(call.actions[0].text, "Install the patch on every server");
        assert!(call.drill);
        assert_eq!(call.title.as_deref(), Some("Exercise - SQL Slammer"));
    }

    #[test]
    fn the_draft_of_an_alert_takes_up_what_units_need() {
        let call = slammer("2.0");
        let parts = AlertParts::of(&call);
        assert_eq!(parts.vulnerabilities, call.vulnerabilities);
        let actions: Vec<_> = parts.actions.iter().map(|action| action.action.as_str()).collect();
        assert_eq!(actions, ["block-port", "upgrade-software"]);
    }
}
