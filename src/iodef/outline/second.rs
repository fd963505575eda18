//! Writing an outline as IODEF 2.0.

use super::detail;
use super::{Contact, EventData, Expectation, HistoryItem, Outline, Reference, System, clean, kind_of_address};
use crate::iodef::common::class::{Draft, Enumerated};
use crate::iodef::common::datatypes::{Simple, check};
use crate::iodef::summary::IncidentId;
use crate::iodef::{cpe, enumeration, sci, v2};

pub(super) fn document(outline: &Outline) -> Draft<v2::IodefDocument> {
    v2::IodefDocument::draft().version("2.00").lang(detail::lang(outline)).incident(incident(outline))
}

fn incident(outline: &Outline) -> Draft<v2::Incident> {
    let details = detail::of_incident(outline).into_iter().map(extension);
    let alternatives = v2::AlternativeID::draft()
        .each(outline.alternatives.iter().map(incident_id), Draft::<v2::AlternativeID>::incident_id);
    let alternatives = (!outline.alternatives.is_empty()).then_some(alternatives);
    let history =
        v2::History::draft().each(outline.history.iter().map(history_item), Draft::<v2::History>::history_item);
    let history = (!outline.history.is_empty()).then_some(history);
    let mut draft = v2::Incident::draft()
        .incident_id(incident_id(&outline.id))
        .maybe(alternatives, Draft::<v2::Incident>::alternative_id)
        .maybe(outline.written.clone(), Draft::<v2::Incident>::generation_time)
        .each(outline.descriptions.iter().map(|text| words(text)), Draft::<v2::Incident>::description)
        .maybe(assessment(outline), Draft::<v2::Incident>::assessment)
        .maybe(method(outline), Draft::<v2::Incident>::method)
        .contact(contact(&outline.contact))
        .each(outline.events.iter().filter_map(event_data), Draft::<v2::Incident>::event_data)
        .maybe(history, Draft::<v2::Incident>::history)
        .each(details, Draft::<v2::Incident>::additional_data);
    draft = match <v2::Purpose as Enumerated>::named(&outline.purpose) {
        Some(purpose) => draft.purpose(purpose),
        None => draft.purpose(v2::Purpose::ExtValue).ext_purpose(clean(&outline.purpose)),
    };
    if let Some(status) = &outline.status {
        draft = match <v2::Status as Enumerated>::named(status) {
            Some(status) => draft.status(status),
            None => draft.status(v2::Status::ExtValue).ext_status(clean(status)),
        };
    }
    match &outline.restriction {
        None => draft,
        Some(restriction) => match <v2::Restriction as Enumerated>::named(restriction) {
            Some(restriction) => draft.restriction(restriction),
            None => draft.restriction(v2::Restriction::ExtValue).ext_restriction(clean(restriction)),
        },
    }
}

fn incident_id(id: &IncidentId) -> Draft<v2::IncidentID> {
    v2::IncidentID::of(clean(&id.incident.id))
        .name(clean(&id.incident.name))
        .maybe(id.instance.as_deref().map(clean), Draft::<v2::IncidentID>::instance)
}

fn assessment(outline: &Outline) -> Option<Draft<v2::Assessment>> {
    let severity = outline.severity.as_deref().and_then(<v2::Severity as Enumerated>::named)?;
    Some(v2::Assessment::draft().system_impact(v2::SystemImpact::draft().severity(severity)))
}

fn method(outline: &Outline) -> Option<Draft<v2::Method>> {
    let vulnerabilities = detail::vulnerabilities(outline);
    if outline.references.is_empty() && vulnerabilities.is_empty() {
        return None;
    }
    let references = outline.references.iter().map(reference);
    let draft = v2::Method::draft().each(references, Draft::<v2::Method>::reference);
    Some(draft.each(vulnerabilities, |draft, one: Draft<sci::Vulnerability>| draft.vulnerability(one)))
}

/// IANA's first list is CVE. A name of another list whose number we do not know is told in words (RFC 7495 §2.1).
fn reference(reference: &Reference) -> Draft<v2::Reference> {
    let cve = |name: &&String| {
        name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("cve-")) && check(Simple::NcName, name).is_ok()
    };
    let numbered = reference.name.as_ref().filter(cve);
    let told = reference.name.as_ref().filter(|name| !cve(name));
    let number = numbered.map(|name| enumeration::ReferenceName::draft().spec_index("1").id(name.clone()));
    let descriptions = told.into_iter().chain(&reference.descriptions);
    v2::Reference::draft()
        .maybe(number, Draft::<v2::Reference>::reference_name)
        .each(reference.urls.iter().filter_map(|text| detail::url(text)), Draft::<v2::Reference>::url)
        .each(descriptions.map(|text| words(text)), Draft::<v2::Reference>::description)
}

fn contact(contact: &Contact) -> Draft<v2::Contact> {
    let email = contact.email.as_deref().map(|email| v2::Email::draft().email_to(clean(email)));
    let telephone = contact.telephone.as_deref().map(|one| v2::Telephone::draft().telephone_number(clean(one)));
    v2::Contact::draft()
        .role(v2::ContactRole::Creator)
        .kind(v2::ContactType::Organization)
        .contact_name(words(&contact.name))
        .maybe(email, Draft::<v2::Contact>::email)
        .maybe(telephone, Draft::<v2::Contact>::telephone)
}

/// Nothing, if it would have no child.
fn event_data(event: &EventData) -> Option<Draft<v2::EventData>> {
    if event.descriptions.is_empty() && event.systems.is_empty() && event.expectations.is_empty() {
        return None;
    }
    let flow = v2::Flow::draft().each(event.systems.iter().map(system), Draft::<v2::Flow>::system);
    let flow = (!event.systems.is_empty()).then_some(flow);
    let milestones = event.milestones.iter().filter_map(detail::milestone).map(extension);
    let draft = v2::EventData::draft()
        .each(event.descriptions.iter().map(|text| words(text)), Draft::<v2::EventData>::description)
        .maybe(flow, Draft::<v2::EventData>::flow)
        .each(event.expectations.iter().map(expectation), Draft::<v2::EventData>::expectation)
        .each(milestones, Draft::<v2::EventData>::additional_data);
    Some(draft)
}

/// A course of action makes it `defined-coa` only if it asks for nothing else (RFC 7970 §3.15).
fn expectation(expectation: &Expectation) -> Draft<v2::Expectation> {
    let severity = expectation.severity.as_deref().and_then(<v2::Severity as Enumerated>::named);
    let draft = v2::Expectation::draft()
        .maybe(severity, Draft::<v2::Expectation>::severity)
        .each(expectation.descriptions.iter().map(|text| words(text)), Draft::<v2::Expectation>::description)
        .each(expectation.courses.iter().map(|course| clean(course)), Draft::<v2::Expectation>::defined_coa);
    match <v2::Action as Enumerated>::named(&expectation.action) {
        Some(action) => draft.action(action),
        None => draft.action(v2::Action::ExtValue).ext_action(clean(&expectation.action)),
    }
}

fn system(system: &System) -> Draft<v2::System> {
    let category = system.category.as_deref().and_then(<v2::SystemCategory as Enumerated>::named);
    let (platforms, applications): (Vec<_>, Vec<_>) = system.cpes.iter().partition(|name| is_platform(name));
    let software = |name: &String| v2::Software::draft().software_reference(cpe::reference(&clean(name)));
    let services = applications.into_iter().map(|name| v2::Service::draft().application(software(name)));
    let detail = system.detail.as_ref().and_then(detail::system).map(extension);
    v2::System::draft()
        .category(category.unwrap_or(v2::SystemCategory::Target))
        .node(node(system))
        .each(services, Draft::<v2::System>::service)
        .each(platforms.into_iter().map(software), Draft::<v2::System>::operating_system)
        .each(system.asset_ids.iter().map(|name| clean(name)), Draft::<v2::System>::asset_id)
        .each(system.descriptions.iter().map(|text| words(text)), Draft::<v2::System>::description)
        .maybe(detail, Draft::<v2::System>::additional_data)
}

/// A Node needs a name or an address (RFC 7970 §3.18): where there is none, the asset's name serves.
fn node(system: &System) -> Draft<v2::Node> {
    let addresses: Vec<_> = system
        .addresses
        .iter()
        .filter_map(|address| {
            let category = <v2::AddressCategory as Enumerated>::named(kind_of_address(address)?)?;
            Some(v2::Address::of(address.trim()).category(category))
        })
        .collect();
    let stand_in = (system.names.is_empty() && addresses.is_empty()).then(|| system.asset_ids.first()).flatten();
    let names = system.names.iter().chain(stand_in);
    let names = names.map(|name| v2::DomainData::draft().name(clean(name)));
    v2::Node::draft().each(names, Draft::<v2::Node>::domain_data).each(addresses, Draft::<v2::Node>::address)
}

fn history_item(item: &HistoryItem) -> Draft<v2::HistoryItem> {
    let by = item.by.as_deref().map(|name| {
        let contact = v2::Contact::draft().role(v2::ContactRole::Tech).kind(v2::ContactType::Person);
        contact.contact_name(words(name))
    });
    let draft = v2::HistoryItem::draft()
        .date_time(item.at.clone())
        .maybe(by, Draft::<v2::HistoryItem>::contact)
        .each(item.descriptions.iter().map(|text| words(text)), Draft::<v2::HistoryItem>::description)
        .maybe(
            item.milestone.as_ref().and_then(detail::milestone).map(extension),
            Draft::<v2::HistoryItem>::additional_data,
        );
    match <v2::Action as Enumerated>::named(&item.action) {
        Some(action) => draft.action(action),
        None => draft.action(v2::Action::ExtValue).ext_action(clean(&item.action)),
    }
}

fn extension(fragment: String) -> Draft<v2::Extension> {
    v2::Extension::draft().dtype(v2::Dtype::Xml).raw(fragment, &[])
}

fn words(text: &str) -> Draft<v2::MLString> {
    v2::MLString::of(clean(text))
}

/// Whether a CPE name is that of an operating system or of hardware, and not of an application.
fn is_platform(name: &str) -> bool {
    let part = name.strip_prefix("cpe:2.3:").or_else(|| name.strip_prefix("cpe:/"));
    part.is_some_and(|part| part.starts_with('o') || part.starts_with('h'))
}
