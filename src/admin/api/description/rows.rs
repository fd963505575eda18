//! The table of the addresses: one row each, in the order of the nouns. `dispatch` serves nothing that is not here.

use schemars::SchemaGenerator;
use serde_json::Value;

use super::{Of, Parameter, Row};
use crate::admin::api::{
    audit, events, incidents, inventory, messages, node, notices, operators, outbox, peers, roster, status, store,
};
use crate::admin::auth::{Acknowledge, Audit, ChangeNode, Coordinate, Follow, HandleMessages, Look, ReportCorrected};
use crate::admin::problem::Code::{Conflict, NotFound, Refused};
use crate::admin::{Answered, DecideOrder, OpenOrder, QueryOrder, SendOrder};
use crate::clock::Timestamp;
use crate::coordination::report::Report;
use crate::coordination::timeline::Timeline;
use crate::ids::{EventId, PeerName};
use crate::inventory::{Affected, Format, ImportReport, SystemChange};
use crate::peers::{PeerState, Relation};
use crate::store::records::{Direction, NoticeState, ParcelState, Verdict};

const XML: &[&str] = &["text/xml"];

/// The type of a body, an answer or a parameter.
const fn a<T: schemars::JsonSchema>() -> Of {
    SchemaGenerator::subschema_for::<T>
}

const fn parameter(name: &'static str, of: Of, about: &'static str) -> Parameter {
    Parameter { name, of, about }
}

const LIMIT: Parameter =
    parameter("limit", a::<u32>(), "How many at most: 100 unless said, never above admin.list-limit.");
const CURSOR: Parameter = parameter("cursor", a::<String>(), "The next of the answer before: to go on behind it.");

/// All addresses.
pub(in crate::admin) const ROWS: &[Row] = &[
    Row::new::<Follow>("GET", "/openapi.json", "describeApi", "This document").answers(a::<Value>()),
    Row::new::<Follow>("GET", "/status", "showStatus", "How the node does").answers(a::<status::Status>()),
    Row::new::<ChangeNode>("POST", "/reload", "reload", "Reads the configuration anew")
        .answers(a::<node::Reloaded>())
        .fails(&[Refused]),
    Row::new::<Look>("GET", "/config", "showConfig", "The configuration in effect").answers(a::<Value>()),
    Row::new::<ChangeNode>(
        "POST",
        "/store/backup",
        "backUpStore",
        "Copies the store, as it is at one moment, into a new directory",
    )
    .takes(a::<store::Backup>())
    .answers(a::<store::Backup>())
    .fails(&[Conflict]),
    // Peers.
    Row::new::<Look>("GET", "/peers", "listPeers", "The peers by name")
        .with(&[
            parameter("limit", a::<u32>(), "How many at most: all unless said."),
            CURSOR,
            parameter("relation", a::<Relation>(), "Only those that stand so to us."),
            parameter("state", a::<PeerState>(), "Only those in this state."),
        ])
        .answers(a::<peers::PeerList>()),
    Row::new::<ChangeNode>("POST", "/peers", "addPeer", "Adds a peer")
        .takes(a::<peers::AddOrder>())
        .answers(a::<peers::PeerView>())
        .fails(&[Conflict, Refused]),
    Row::new::<Look>("GET", "/peers/{peer}", "showPeer", "One peer").answers(a::<peers::PeerView>()).fails(&[NotFound]),
    Row::new::<ChangeNode>("PATCH", "/peers/{peer}", "changePeer", "Changes a peer")
        .takes(a::<peers::ChangeOrder>())
        .answers(a::<peers::PeerView>())
        .fails(&[NotFound, Conflict, Refused]),
    Row::new::<ChangeNode>("DELETE", "/peers/{peer}", "removePeer", "Takes a peer off the list")
        .answers(a::<peers::Removed>())
        .fails(&[NotFound, Conflict]),
    Row::new::<ChangeNode>("POST", "/peers/{peer}/pins", "pinKey", "Pins a key of a peer")
        .takes(a::<peers::PinOrder>())
        .answers(a::<peers::PeerView>())
        .fails(&[NotFound, Conflict, Refused]),
    Row::new::<ChangeNode>("DELETE", "/peers/{peer}/pins/{spki}", "unpinKey", "Pins a key no longer")
        .answers(a::<peers::PeerView>())
        .fails(&[NotFound, Conflict]),
    Row::new::<ChangeNode>("POST", "/peers/{peer}/revocation", "revokePeer", "Withdraws the trust in a peer")
        .takes(a::<peers::RevokeOrder>())
        .answers(a::<peers::PeerView>())
        .fails(&[NotFound, Conflict]),
    Row::new::<ChangeNode>("POST", "/peers/{peer}/test", "testPeer", "Tries to reach a peer")
        .answers(a::<peers::Probed>())
        .fails(&[NotFound]),
    // Messages.
    Row::new::<Look>("GET", "/messages", "listMessages", "The messages, the newest first")
        .with(&[
            LIMIT,
            CURSOR,
            parameter("peer", a::<PeerName>(), "Only those from or to this peer."),
            parameter("incident", a::<String>(), "Only those about this incident, NAME#ID."),
            parameter("type", a::<String>(), "Only those of this MsgType (RFC 6545 section 5.1)."),
            parameter("direction", a::<Direction>(), "Only those that went this way."),
            parameter("verdict", a::<Verdict>(), "Only those of which this became."),
            parameter("after", a::<Timestamp>(), "Only those received or made at this instant or after."),
            parameter("before", a::<Timestamp>(), "Only those received or made before this instant."),
        ])
        .answers(a::<messages::MessageList>()),
    Row::new::<HandleMessages>("POST", "/messages", "sendMessage", "Sends a document to a peer")
        .takes(a::<SendOrder>())
        .answers(a::<messages::MessageView>())
        .fails(&[NotFound, Conflict, Refused]),
    Row::new::<Look>("GET", "/messages/{message}", "showMessage", "One message, with the parcels that carry it")
        .answers(a::<messages::MessageDetail>())
        .fails(&[NotFound]),
    Row::new::<Look>("GET", "/messages/{message}/body", "exportMessage", "The bytes as they came or went")
        .answers_bytes(XML)
        .fails(&[NotFound]),
    Row::new::<Look>("GET", "/messages/{message}/plain", "exportPlain", "The bytes in clear text")
        .answers_bytes(XML)
        .fails(&[NotFound]),
    Row::new::<HandleMessages>("POST", "/messages/{message}/decision", "decideMessage", "Decides about a held message")
        .takes(a::<DecideOrder>())
        .answers(a::<messages::MessageView>())
        .fails(&[NotFound, Conflict, Refused]),
    Row::new::<HandleMessages>("POST", "/queries", "query", "Asks a peer what it knows of an incident")
        .takes(a::<QueryOrder>())
        .answers(a::<messages::MessageView>())
        .fails(&[NotFound, Conflict, Refused]),
    // Incidents.
    Row::new::<Look>("GET", "/incidents", "listIncidents", "The incidents, the one changed last first")
        .with(&[LIMIT, CURSOR, parameter("name", a::<String>(), "Only those that this CSIRT numbered.")])
        .answers(a::<incidents::IncidentList>()),
    Row::new::<Look>("GET", "/incidents/{incident}", "showIncident", "One incident with its messages")
        .with(&[LIMIT, CURSOR])
        .answers(a::<incidents::IncidentDetail>())
        .fails(&[NotFound]),
    // The outbox.
    Row::new::<Look>("GET", "/outbox", "listParcels", "The parcels in the order of making")
        .with(&[
            LIMIT,
            CURSOR,
            parameter("state", a::<ParcelState>(), "Only those in this state; otherwise those that have not left."),
            parameter("to", a::<String>(), "Only those to this recipient."),
        ])
        .answers(a::<outbox::ParcelList>()),
    Row::new::<Look>("GET", "/outbox/{parcel}", "showParcel", "One parcel, and why it stands where it stands")
        .answers(a::<outbox::ParcelView>())
        .fails(&[NotFound]),
    Row::new::<ChangeNode>("POST", "/outbox/{parcel}/retry", "retryParcel", "Has a parcel tried at once")
        .answers(a::<outbox::ParcelView>())
        .fails(&[NotFound, Conflict]),
    Row::new::<ChangeNode>("POST", "/outbox/{parcel}/cancel", "cancelParcel", "Withdraws a parcel")
        .answers(a::<outbox::ParcelView>())
        .fails(&[NotFound, Conflict]),
    // Significant events.
    Row::new::<Follow>("GET", "/events", "listEvents", "The significant events, the last name first")
        .with(&[LIMIT, CURSOR, parameter("all", a::<bool>(), "Also those that are over.")])
        .answers(a::<events::EventList>()),
    Row::new::<Coordinate>("POST", "/events", "openEvent", "Enters a data call that came by other means")
        .takes(a::<OpenOrder>())
        .answers(a::<events::OpenView>())
        .fails(&[Conflict, Refused]),
    Row::new::<Follow>("GET", "/events/{event}", "showEvent", "One event, as far as the operator may see it")
        .answers(a::<events::EventDetail>())
        .fails(&[NotFound]),
    Row::new::<Look>("GET", "/events/{event}/alert", "showAlert", "The alert as it is drafted")
        .answers(a::<events::AlertView>())
        .fails(&[NotFound]),
    Row::new::<Look>("GET", "/events/{event}/alert/{unit}", "previewAlert", "The document for one unit")
        .answers_bytes(XML)
        .fails(&[NotFound, Conflict]),
    Row::new::<Look>("GET", "/events/{event}/log", "showLog", "All that happened")
        .answers(a::<events::LogView>())
        .fails(&[NotFound]),
    Row::new::<Look>("GET", "/events/{event}/timeline", "showTimeline", "Plan beside actual")
        .answers(a::<Timeline>())
        .fails(&[NotFound]),
    Row::new::<Look>("GET", "/events/{event}/report", "showReport", "The report after action")
        .with(&[parameter("format", a::<String>(), "json, markdown or html; json unless said.")])
        .answers(a::<Report>())
        .answers_bytes(&["text/markdown", "text/html"])
        .fails(&[NotFound]),
    // Each order takes a right of its own, which its schema tells; this is the one that most have.
    Row::new::<ReportCorrected>(
        "POST",
        "/events/{event}/orders",
        "orderEvent",
        "Gives an order about an event: each takes a right of its own, see EventOrder",
    )
    .takes(a::<events::EventOrder>())
    .answers(a::<events::EventDetail>())
    .fails(&[NotFound, Conflict, Refused]),
    // Notices.
    Row::new::<Look>("GET", "/notices", "listNotices", "Who was told what, and what became of it")
        .with(&[
            LIMIT,
            CURSOR,
            parameter("event", a::<EventId>(), "Only those of this event."),
            parameter("person", a::<String>(), "Only those to this person of the roster."),
            parameter("state", a::<NoticeState>(), "Only those in this state."),
        ])
        .answers(a::<notices::NoticeList>()),
    Row::new::<Acknowledge>("POST", "/notices/answers", "answerNotice", "Answers a notice by its code")
        .takes(a::<notices::AnswerOrder>())
        .answers(a::<Answered>())
        .fails(&[NotFound, Conflict]),
    Row::new::<Coordinate>("POST", "/notices/tests", "testPerson", "Sends a person a test on each channel")
        .takes(a::<notices::TestOrder>())
        .answers(a::<notices::Tested>())
        .fails(&[NotFound]),
    // Operators.
    Row::new::<Look>("GET", "/operators", "listOperators", "The operators by name")
        .answers(a::<operators::OperatorList>()),
    Row::new::<ChangeNode>("POST", "/operators", "addOperator", "Adds or changes an operator")
        .takes(a::<operators::OperatorOrder>())
        .answers(a::<operators::OperatorView>())
        .fails(&[Conflict, Refused]),
    Row::new::<Look>("GET", "/operators/{operator}", "showOperator", "One operator")
        .answers(a::<operators::OperatorView>())
        .fails(&[NotFound]),
    Row::new::<ChangeNode>("DELETE", "/operators/{operator}", "removeOperator", "Takes all rights from an operator")
        .answers(a::<operators::OperatorView>())
        .fails(&[NotFound, Conflict]),
    Row::new::<ChangeNode>("POST", "/operators/{operator}/reset", "resetOperator", "Gives a password for one sign-in")
        .answers(a::<operators::Reset>())
        .fails(&[NotFound, Conflict]),
    Row::new::<ChangeNode>("POST", "/operators/{operator}/codes", "renewCodes", "Gives a new secret of one-time codes")
        .answers(a::<operators::Enrolment>())
        .fails(&[NotFound, Conflict]),
    Row::new::<ChangeNode>(
        "DELETE",
        "/operators/{operator}/certificates/{spki}",
        "unpinOperator",
        "Takes a certificate from an operator",
    )
    .answers(a::<operators::OperatorView>())
    .fails(&[NotFound, Conflict]),
    // The roster.
    Row::new::<Look>("GET", "/roster", "listPersons", "The whole roster").answers(a::<roster::PersonList>()),
    Row::new::<ChangeNode>("POST", "/roster", "importRoster", "Puts a roster in the place of the present one")
        .takes(a::<roster::ImportOrder>())
        .answers(a::<roster::Imported>())
        .fails(&[Conflict]),
    Row::new::<Look>("GET", "/roster/persons/{person}", "showPerson", "One person of the roster")
        .answers(a::<roster::PersonView>())
        .fails(&[NotFound]),
    Row::new::<Look>("GET", "/roster/ladder", "showLadder", "Who is called in which order")
        .with(&[
            parameter("place", a::<roster::Place>(), "The place that is called."),
            parameter("unit", a::<PeerName>(), "Of which unit; otherwise this node itself."),
            parameter("person", a::<String>(), "In the place of place and unit: the person called first."),
            parameter("at", a::<Timestamp>(), "At which instant; otherwise now."),
        ])
        .answers(a::<roster::Ladder>())
        .fails(&[NotFound]),
    // The inventory.
    Row::new::<Follow>("GET", "/inventory/systems", "listSystems", "The systems by name")
        .with(&[
            LIMIT,
            CURSOR,
            parameter("unit", a::<PeerName>(), "Only those that this unit runs."),
            parameter("text", a::<String>(), "Only those with this text in a field, in upper or lower case."),
        ])
        .answers(a::<inventory::SystemList>()),
    Row::new::<Follow>("GET", "/inventory/systems/{system}", "showSystem", "One system with its patches")
        .answers(a::<inventory::SystemDetail>())
        .fails(&[NotFound]),
    Row::new::<ChangeNode>("PATCH", "/inventory/systems/{system}", "changeSystem", "Changes a system, or adds it")
        .takes(a::<SystemChange>())
        .answers(a::<inventory::SystemView>())
        .fails(&[Conflict, Refused]),
    Row::new::<ChangeNode>("DELETE", "/inventory/systems/{system}", "removeSystem", "Takes a system out")
        .answers(a::<inventory::SystemRemoved>())
        .fails(&[NotFound, Conflict]),
    Row::new::<Look>("GET", "/inventory/file", "exportInventory", "The whole inventory as a file")
        .with(&[parameter("format", a::<Format>(), "How it is written; csv unless said.")])
        .answers_bytes(&["text/csv", "application/json"]),
    Row::new::<ChangeNode>("POST", "/inventory/file", "importInventory", "Takes in a file of systems")
        .with(&[
            parameter("format", a::<Format>(), "How it is written; csv unless said."),
            parameter("dry-run", a::<bool>(), "Only say what it would do."),
        ])
        .takes_bytes(&["text/csv", "application/json", "application/octet-stream"])
        .answers(a::<ImportReport>())
        .fails(&[Conflict, Refused]),
    Row::new::<Look>("GET", "/inventory/affected", "showAffected", "Which systems a call, or an event, concerns")
        .with(&[
            parameter("cpe", a::<String>(), "A platform by its CPE name; may be given several times."),
            parameter("cve", a::<String>(), "A vulnerability; may be given several times."),
            parameter("event", a::<EventId>(), "In their place: what this event's call names."),
        ])
        .answers(a::<Affected>())
        .fails(&[NotFound]),
    // Who did what.
    Row::new::<Audit>("GET", "/audit/acts", "listActs", "The acts of staff, the newest first")
        .with(&[
            LIMIT,
            CURSOR,
            parameter("operator", a::<String>(), "Only those of this operator."),
            parameter("act", a::<String>(), "Only those that begin so, in the words of the command line."),
            parameter("target", a::<String>(), "Only those with this text in their target."),
        ])
        .answers(a::<audit::ActList>()),
    Row::new::<Look>("GET", "/audit/log", "verifyLogs", "Whether the logs of events are as they were written")
        .with(&[parameter("event", a::<EventId>(), "Only the log of this event.")])
        .answers(a::<audit::Verified>())
        .fails(&[NotFound]),
];
