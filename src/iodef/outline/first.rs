//! Writing an outline as IODEF 1.0: what it has no place for goes into descriptions, what it has no word for becomes the
//! nearest.

use super::detail;
use super::{Contact, EventData, Expectation, HistoryItem, Outline, Reference, System, clean, kind_of_address};
use crate::iodef::common::class::{Draft, Enumerated};
use crate::iodef::summary::IncidentId;
use crate::iodef::{sci, v1};

pub(super) fn document(outline: &Outline) -> Draft<v1::IodefDocument> {
    v1::IodefDocument::draft().version("1.00").lang(detail::lang(outline)).incident(incident(outline))
}

fn incident(outline: &Outline) -> Draft<v1::Incident> {
    let details = detail::of_incident(outline).into_iter().map(extension);
    let alternatives = v1::AlternativeID::draft()
        .each(outline.alternatives.iter().map(incident_id), Draft::<v1::AlternativeID>::incident_id);
    let alternatives = (!outline.alternatives.is_empty()).then_some(alternatives);
    let history =
        v1::History::draft().each(outline.history.iter().map(history_item), Draft::<v1::History>::history_item);
    let history = (!outline.history.is_empty()).then_some(history);
    let purpose = <v1::Purpose as Enumerated>::named(&outline.purpose).unwrap_or(v1::Purpose::Other);
    v1::Incident::draft()
        .purpose(purpose)
        .maybe(outline.restriction.as_deref().map(restriction), Draft::<v1::Incident>::restriction)
        .incident_id(incident_id(&outline.id))
        .maybe(alternatives, Draft::<v1::Incident>::alternative_id)
        .maybe(outline.written.clone(), Draft::<v1::Incident>::report_time)
        .each(outline.descriptions.iter().map(|text| words(text)), Draft::<v1::Incident>::description)
        .assessment(assessment(outline))
        .maybe(method(outline), Draft::<v1::Incident>::method)
        .contact(contact(&outline.contact))
        .each(outline.events.iter().filter_map(event_data), Draft::<v1::Incident>::event_data)
        .maybe(history, Draft::<v1::Incident>::history)
        .each(details, Draft::<v1::Incident>::additional_data)
}

/// IODEF 1.0 knows no colours: what it has no word for is told to fewer, not to more.
fn restriction(word: &str) -> v1::Restriction {
    match word {
        "white" => v1::Restriction::Public,
        "partner" | "green" | "amber" => v1::Restriction::NeedToKnow,
        other => <v1::Restriction as Enumerated>::named(other).unwrap_or(v1::Restriction::Private),
    }
}

fn incident_id(id: &IncidentId) -> Draft<v1::IncidentID> {
    v1::IncidentID::of(clean(&id.incident.id))
        .name(clean(&id.incident.name))
        .maybe(id.instance.as_deref().map(clean), Draft::<v1::IncidentID>::instance)
}

/// Demanded, also where nothing is known of the harm.
fn assessment(outline: &Outline) -> Draft<v1::Assessment> {
    let severity = outline.severity.as_deref().and_then(<v1::Severity as Enumerated>::named);
    let impact = v1::Impact::draft()
        .lang(detail::lang(outline))
        .kind(v1::ImpactType::Unknown)
        .maybe(severity, Draft::<v1::Impact>::severity);
    v1::Assessment::draft().impact(impact)
}

/// Method needs a Reference or a Description beside structured information.
fn method(outline: &Outline) -> Option<Draft<v1::Method>> {
    let vulnerabilities = detail::vulnerabilities(outline);
    if outline.references.is_empty() && vulnerabilities.is_empty() {
        return None;
    }
    let told = outline.references.is_empty().then(|| words("The software concerned"));
    let draft = v1::Method::draft()
        .each(outline.references.iter().map(reference), Draft::<v1::Method>::reference)
        .maybe(told, Draft::<v1::Method>::description);
    Some(draft.each(vulnerabilities, |draft, one| {
        draft.additional_data(extension(one.fragment(sci::NAMESPACE, "Vulnerability")))
    }))
}

/// A name is demanded: where there is none, the first address or description serves.
fn reference(reference: &Reference) -> Draft<v1::Reference> {
    let stand_in = reference.urls.first().or_else(|| reference.descriptions.first());
    let name = reference.name.as_ref().or(stand_in).map(String::as_str).unwrap_or_default();
    v1::Reference::draft()
        .reference_name(words(name))
        .each(reference.urls.iter().filter_map(|text| detail::url(text)), Draft::<v1::Reference>::url)
        .each(reference.descriptions.iter().map(|text| words(text)), Draft::<v1::Reference>::description)
}

fn contact(contact: &Contact) -> Draft<v1::Contact> {
    let email = contact.email.as_deref().map(|email| v1::ContactMeans::of(clean(email)));
    let telephone = contact.telephone.as_deref().map(|one| v1::ContactMeans::of(clean(one)));
    v1::Contact::draft()
        .role(v1::ContactRole::Creator)
        .kind(v1::ContactType::Organization)
        .contact_name(words(&contact.name))
        .maybe(email, Draft::<v1::Contact>::email)
        .maybe(telephone, Draft::<v1::Contact>::telephone)
}

/// Nothing, if it would have no child.
fn event_data(event: &EventData) -> Option<Draft<v1::EventData>> {
    if event.descriptions.is_empty() && event.systems.is_empty() && event.expectations.is_empty() {
        return None;
    }
    let flow = v1::Flow::draft().each(event.systems.iter().map(system), Draft::<v1::Flow>::system);
    let flow = (!event.systems.is_empty()).then_some(flow);
    let milestones = event.milestones.iter().filter_map(detail::milestone).map(extension);
    let draft = v1::EventData::draft()
        .each(event.descriptions.iter().map(|text| words(text)), Draft::<v1::EventData>::description)
        .maybe(flow, Draft::<v1::EventData>::flow)
        .each(event.expectations.iter().map(expectation), Draft::<v1::EventData>::expectation)
        .each(milestones, Draft::<v1::EventData>::additional_data);
    Some(draft)
}

/// What IODEF 1.0 has no word for: `remediate-other` where a system is to be corrected, else `other`.
fn action(word: &str) -> v1::Action {
    match word {
        "upgrade-software" | "rebuild-asset" | "harden-asset" => v1::Action::RemediateOther,
        other => <v1::Action as Enumerated>::named(other).unwrap_or(v1::Action::Other),
    }
}

fn expectation(expectation: &Expectation) -> Draft<v1::Expectation> {
    let severity = expectation.severity.as_deref().and_then(<v1::Severity as Enumerated>::named);
    v1::Expectation::draft()
        .action(action(&expectation.action))
        .maybe(severity, Draft::<v1::Expectation>::severity)
        .each(
            expectation.descriptions.iter().chain(&expectation.courses).map(|text| words(text)),
            Draft::<v1::Expectation>::description,
        )
}

fn system(system: &System) -> Draft<v1::System> {
    let category = system.category.as_deref().and_then(<v1::SystemCategory as Enumerated>::named);
    let detail = system.detail.as_ref().and_then(detail::system).map(extension);
    v1::System::draft()
        .category(category.unwrap_or(v1::SystemCategory::Target))
        .node(node(system))
        .each(system.cpes.iter().chain(&system.descriptions).map(|text| words(text)), Draft::<v1::System>::description)
        .maybe(detail, Draft::<v1::System>::additional_data)
}

fn node(system: &System) -> Draft<v1::Node> {
    let addresses = system.addresses.iter().filter_map(|address| {
        let category = <v1::AddressCategory as Enumerated>::named(kind_of_address(address)?)?;
        Some(v1::Address::of(address.trim()).category(category))
    });
    v1::Node::draft()
        .each(system.asset_ids.iter().chain(&system.names).map(|name| words(name)), Draft::<v1::Node>::node_name)
        .each(addresses, Draft::<v1::Node>::address)
}

fn history_item(item: &HistoryItem) -> Draft<v1::HistoryItem> {
    let by = item.by.as_deref().map(|name| {
        let contact = v1::Contact::draft().role(v1::ContactRole::Tech).kind(v1::ContactType::Person);
        contact.contact_name(words(name))
    });
    v1::HistoryItem::draft()
        .action(action(&item.action))
        .date_time(item.at.clone())
        .maybe(by, Draft::<v1::HistoryItem>::contact)
        .each(item.descriptions.iter().map(|text| words(text)), Draft::<v1::HistoryItem>::description)
        .maybe(
            item.milestone.as_ref().and_then(detail::milestone).map(extension),
            Draft::<v1::HistoryItem>::additional_data,
        )
}

fn extension(fragment: String) -> Draft<v1::Extension> {
    v1::Extension::draft().dtype(v1::Dtype::Xml).raw(fragment, &[])
}

fn words(text: &str) -> Draft<v1::MLString> {
    v1::MLString::of(clean(text))
}
