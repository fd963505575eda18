//! The completion report of a unit in the demonstration: what it would write once its systems are corrected.

use super::super::Failure;
use crate::admin::api::messages::MessageView;
use crate::clock::{Clock, SystemClock};
use crate::ids::PeerName;

/// An IODEF 2.0 document that says: resolved, this system is corrected, since when.
pub(super) fn document(unit: &PeerName, request: &MessageView) -> Result<String, Failure> {
    let incident = request.incident.as_ref().ok_or_else(|| Failure::failed("the request names no incident"))?;
    let instance = request.instance.as_ref().map(|text| format!(" instance=\"{text}\"")).unwrap_or_default();
    let now = SystemClock.now();
    let (name, id) = (&incident.name, &incident.id);
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<IODEF-Document xmlns="urn:ietf:params:xml:ns:iodef-2.0" version="2.00" xml:lang="en">
  <Incident purpose="reporting" status="resolved" restriction="need-to-know">
    <IncidentID name="{name}"{instance}>{id}</IncidentID>
    <GenerationTime>{now}</GenerationTime>
    <Description>All affected systems of {unit} are corrected</Description>
    <Contact role="creator" type="organization">
      <ContactName>{unit}</ContactName>
      <Email>
        <EmailTo>soc@{unit}</EmailTo>
      </Email>
    </Contact>
    <EventData>
      <Flow>
        <System category="target">
          <Node>
            <Address category="ipv4-addr">192.0.2.17</Address>
          </Node>
          <AssetID>sql1.{unit}</AssetID>
        </System>
      </Flow>
    </EventData>
    <History>
      <HistoryItem action="upgrade-software">
        <DateTime>{now}</DateTime>
        <Description>MS02-039 installed, service restarted</Description>
      </HistoryItem>
    </History>
  </Incident>
</IODEF-Document>
"#
    ))
}
