//! Queries: what we know of an incident, as far as the asker may know it (RFC 6545 §6.5).

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::compose::Outgoing;
use super::criteria::Criteria;
use super::plan::{Arrived, Plan};
use super::service::Exchange;
use super::status::Fault;
use crate::coordination::Standing;
use crate::envelope::{self, Gist, IncidentId, Justification, Opened, Outbound};
use crate::ids::PeerName;
use crate::peers::{IodefVersion, MsgType, Peer, Policy, Right};
use crate::routing::Sharing;
use crate::store::records::{Body, Incident, Message, Plain, Verdict};
use crate::store::{Column, Scan, StoreError};

/// How many messages of one incident are looked at for one Query.
const PER_INCIDENT: usize = 200;

/// One document that answers a Query.
struct Found {
    opened: Opened,
    restriction: Option<String>,
}

/// Whose Query is answered.
struct Asker<'a> {
    name: &'a PeerName,
    /// The version of IODEF that it takes, by its policy: 2.0 means both.
    takes: IodefVersion,
}

impl Exchange {
    /// A Query is answered with a Report, or denied (RFC 6545 §7.4).
    pub(super) async fn plan_query(&self, arrived: &Arrived<'_>, right: Right, fresh: bool) -> Result<Plan, Fault> {
        // A Query about an incident that we do not know must not make it known: no page is opened for it.
        let page = match arrived.incident() {
            Some(id) => {
                Some(self.post.page(&id.incident, fresh, arrived.at).await?).filter(super::ledger::Page::is_known)
            }
            None => None,
        };
        let mut plan = Plan::new(arrived.record(), page.filter(|_| false));
        match right {
            Right::Deny(_) => plan.deny(Justification::CannotProcess, None),
            Right::Hold => self.wait(&mut plan, arrived),
            Right::Accept => match self.report_on(arrived.opened, &arrived.peer.name).await? {
                Some(mut report) => {
                    report.answers = Some(plan.message.id.clone());
                    plan.body = Some(self.post.compose(&mut plan.batch, &report, arrived.at)?.bytes);
                }
                None => plan.deny(Justification::CannotProcess, Some(nothing_for(&arrived.peer))),
            },
        }
        Ok(plan)
    }

    /// The Report that answers a Query of that peer; nothing if nothing answers it that the peer may know, in a version of
    /// IODEF that it takes.
    pub(super) async fn report_on(&self, query: &Opened, asker: &PeerName) -> Result<Option<Outgoing>, Fault> {
        let Some(peer) = self.post.neighbours.peer(asker) else { return Ok(None) };
        let asked = &query.content().incident;
        if let Some(id) = asked
            && let Some(standing) = self.process.query(&peer, &id.incident).await?
        {
            return self.standing(peer, id, standing).map(Some);
        }
        let asker = &Asker { name: asker, takes: Policy::of(&peer).iodef };
        let found = match (asked, query.facts(self.post.envelopes.reading()).and_then(Criteria::of)) {
            (Some(id), _) => self.of_incident(id, asker).await?,
            (None, Some(criteria)) => self.matching(&criteria, asker).await?,
            // A document that says nothing but its number asks for that one.
            (None, None) => match query.content().payload.as_ref().and_then(|payload| payload.gist.incident.as_ref()) {
                Some(id) => self.of_incident(id, asker).await?,
                None => Vec::new(),
            },
        };
        if found.is_empty() {
            return Ok(None);
        }
        let strictest = found.iter().map(|found| found.restriction.as_deref()).max_by_key(|word| Sharing::of(*word));
        let restriction = strictest.flatten().map(str::to_owned);
        // One IODEF document holds incidents of its own version only; what is in the other version is left out.
        let standard = |opened: &Opened| opened.content().payload.as_ref().map(|payload| payload.standard.clone());
        let mut documents: Vec<Opened> = found.into_iter().map(|found| found.opened).collect();
        let first = documents.first().and_then(standard);
        documents.retain(|opened| standard(opened) == first);
        let mut report = Outgoing::new(peer, MsgType::Report, &self.post.config);
        report.incident.clone_from(asked);
        report.restriction = restriction.filter(|word| super::compose::is_rid_restriction(word));
        report.payload = envelope::merge(&documents, self.post.envelopes.reading())?;
        Ok(Some(report))
    }

    /// The Report that says where a significant event stands.
    fn standing(&self, asker: Arc<Peer>, incident: &IncidentId, standing: Standing) -> Result<Outgoing, Fault> {
        let mut report = Outgoing::new(asker, MsgType::Report, &self.post.config);
        report.incident = Some(incident.clone());
        report.restriction = standing.restriction.filter(|word| super::compose::is_rid_restriction(word));
        let document = Outbound::Iodef { bytes: standing.document, gist: Gist::default() };
        report.payload = document.carried(None, self.post.envelopes.reading())?;
        Ok(report)
    }

    /// The newest documents about that incident (all instances, unless one is named).
    async fn of_incident(&self, id: &IncidentId, asker: &Asker<'_>) -> Result<Vec<Found>, StoreError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for message in self.messages_about(&id.incident.name, &id.incident.id).await? {
            let instance = id.instance.is_none() || message.instance == id.instance;
            if instance && found.len() < self.post.config.query_documents {
                self.take_document(&message, asker, None, &mut seen, &mut found).await?;
            }
        }
        Ok(found)
    }

    /// The newest documents that match the criteria: among those exchanged with the asker, then among public ones.
    async fn matching(&self, criteria: &Criteria, asker: &Asker<'_>) -> Result<Vec<Found>, StoreError> {
        let limit = self.post.config.query_scan;
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let with_asker = Scan::of::<Message>(limit).by("by_peer").with(vec![asker.name.to_value()]).descending();
        for message in self.store.list::<Message>(with_asker).await? {
            if found.len() >= self.post.config.query_documents {
                return Ok(found);
            }
            self.take_document(&message, asker, Some(criteria), &mut seen, &mut found).await?;
        }
        for word in ["public", "white"] {
            let prefix = vec![word.to_owned().to_value()];
            let public = Scan::of::<Incident>(limit).by("by_restriction").with(prefix).descending();
            for incident in self.store.list::<Incident>(public).await? {
                for message in self.messages_about(&incident.name, &incident.id).await? {
                    if found.len() >= self.post.config.query_documents {
                        return Ok(found);
                    }
                    self.take_document(&message, asker, Some(criteria), &mut seen, &mut found).await?;
                }
            }
        }
        Ok(found)
    }

    /// The messages about that incident, the newest first.
    async fn messages_about(&self, name: &String, id: &String) -> Result<Vec<Message>, StoreError> {
        let prefix = vec![name.to_value(), id.to_value()];
        let scan = Scan::of::<Message>(PER_INCIDENT).by("by_incident").with(prefix).descending();
        self.store.list(scan).await
    }

    /// Takes the document of that message if the asker may know it, it is not there yet, and it matches.
    async fn take_document(
        &self,
        message: &Message,
        asker: &Asker<'_>,
        criteria: Option<&Criteria>,
        seen: &mut HashSet<crate::ids::Digest>,
        found: &mut Vec<Found>,
    ) -> Result<(), StoreError> {
        if !may_know(message, asker) {
            return Ok(());
        }
        let Some(opened) = self.opened_again(message).await? else { return Ok(()) };
        let Some(payload) = opened.content().payload.as_ref().filter(|payload| payload.standard.is_iodef()) else {
            return Ok(());
        };
        let met = criteria.is_none_or(|criteria| {
            opened.facts(self.post.envelopes.reading()).is_some_and(|facts| criteria.are_met_by(&facts))
        });
        if met && seen.insert(payload.digest.clone()) {
            found.push(Found { restriction: message.restriction.clone(), opened });
        }
        Ok(())
    }

    /// A stored message, opened again; nothing if its body is gone or cannot be opened any more.
    pub(super) async fn opened_again(&self, message: &Message) -> Result<Option<Opened>, StoreError> {
        let Some(body) = self.store.find::<Body>(vec![message.id.to_value()]).await? else { return Ok(None) };
        let plain = self.store.find::<Plain>(vec![message.id.to_value()]).await?;
        let plain = plain.map(|plain| Bytes::from(plain.bytes));
        Ok(match self.post.envelopes.reopen(&message.peer, Bytes::from(body.bytes), plain) {
            Ok(opened) => Some(opened),
            Err(unopened) => {
                tracing::warn!(message = %message.id, %unopened, "a stored message cannot be opened again");
                None
            }
        })
    }
}

/// Why a Query of that peer is denied, in words for staff.
pub(super) fn nothing_for(peer: &Peer) -> String {
    let nothing = "nothing that this peer may know answers the query";
    match Policy::of(peer).iodef {
        IodefVersion::V2 => nothing.to_owned(),
        IodefVersion::V1 => {
            format!(
                "{nothing} in IODEF 1.0, the only version that its policy allows (`ridd peer change {} --iodef 2.0`)",
                peer.name
            )
        }
    }
}

/// Whether the asker may know the document of a message, and can read it: it was exchanged with the asker, or it is
/// public. Nobody is told what was denied or has not been decided.
fn may_know(message: &Message, asker: &Asker<'_>) -> bool {
    let readable = match message.payload.as_deref() {
        Some("iodef-1.0") => message.msg_type != "Query",
        Some("iodef-2.0") => message.msg_type != "Query" && asker.takes == IodefVersion::V2,
        _ => false,
    };
    let settled = matches!(message.verdict, Verdict::Accepted | Verdict::Sent);
    readable && settled && (message.peer == *asker.name || Sharing::of(message.restriction.as_deref()) == Sharing::Free)
}
