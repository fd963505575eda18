//! Writing our extension and structured information: what goes into AdditionalData of either version. Called by the
//! writers beside it.

use super::{EventDetail, MilestoneDetail, Outline, SystemDetail, clean};
use crate::iodef::common::class::{Draft, Enumerated};
use crate::iodef::common::datatypes::{Simple, check};
use crate::iodef::coordination::{Event, Milestone, MilestoneState, NAMESPACE, System, SystemState};
use crate::iodef::sci;

/// The number of a specification in RFC 7203 §4.4 has to be registered or `private`; neither CVE nor CPE is registered.
const PRIVATE: &str = "private";

/// What goes into the Incident's AdditionalData.
pub(super) fn of_incident(outline: &Outline) -> Vec<String> {
    outline.detail.iter().map(event).chain(outline.milestones.iter().filter_map(milestone)).collect()
}

fn event(detail: &EventDetail) -> String {
    let draft = Event::draft()
        .event_id(clean(&detail.event_id))
        .maybe(detail.issued.clone(), Draft::<Event>::issued)
        .drill(if detail.drill { "true" } else { "false" });
    draft.fragment(NAMESPACE, "Event")
}

/// Nothing, if its name cannot stand in an attribute of type NCName.
pub(super) fn milestone(detail: &MilestoneDetail) -> Option<String> {
    check(Simple::NcName, &detail.name).ok()?;
    let state = detail.state.as_deref().and_then(<MilestoneState as Enumerated>::named);
    let draft = Milestone::draft()
        .name(detail.name.clone())
        .maybe(detail.due.clone(), Draft::<Milestone>::due)
        .maybe(detail.owner.as_deref().map(clean), Draft::<Milestone>::owner)
        .state(state.unwrap_or(MilestoneState::Open))
        .maybe(detail.met_at.clone(), Draft::<Milestone>::met_at)
        .maybe(detail.by.as_deref().map(clean), Draft::<Milestone>::by)
        .maybe(detail.unit.as_deref().map(clean), Draft::<Milestone>::unit);
    Some(draft.fragment(NAMESPACE, "Milestone"))
}

/// Nothing, if its state is none of the four.
pub(super) fn system(detail: &SystemDetail) -> Option<String> {
    let draft = System::draft()
        .state(<SystemState as Enumerated>::named(&detail.state)?)
        .maybe(detail.at.clone(), Draft::<System>::at)
        .maybe(detail.by.as_deref().map(clean), Draft::<System>::by)
        .maybe(detail.reason.as_deref().map(clean), Draft::<System>::reason);
    Some(draft.fragment(NAMESPACE, "System"))
}

/// One Vulnerability of RFC 7203 for each name, with all platforms; none, if there are no platforms to tell.
pub(super) fn vulnerabilities(outline: &Outline) -> Vec<Draft<sci::Vulnerability>> {
    if outline.platforms.is_empty() {
        return Vec::new();
    }
    let platforms = || {
        outline.platforms.iter().map(|name| {
            let platform = sci::BasicStructure::draft().spec_id(PRIVATE).ext_spec_id("CPE");
            platform.content_id(clean(name))
        })
    };
    let nameless = outline.vulnerabilities.is_empty().then_some(None);
    let names = outline.vulnerabilities.iter().map(Some).chain(nameless);
    names
        .map(|name| {
            sci::Vulnerability::draft()
                .spec_id(PRIVATE)
                .ext_spec_id("CVE")
                .maybe(name.map(|name| clean(name)), Draft::<sci::Vulnerability>::content_id)
                .each(platforms(), Draft::<sci::Vulnerability>::platform)
        })
        .collect()
}

/// The URL, if it is one that its class takes.
pub(super) fn url(text: &str) -> Option<String> {
    let text = clean(text);
    check(Simple::AnyUri, &text).is_ok().then_some(text)
}

/// The language, `en` where there is none or it is none.
pub(super) fn lang(outline: &Outline) -> String {
    let lang = outline.lang.clone().unwrap_or_default();
    if check(Simple::Language, &lang).is_ok() { lang } else { "en".to_owned() }
}
