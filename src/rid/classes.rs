//! The classes of RID 2.0: RFC 6545 §5. The tables follow its schema (§8) where that and the figures differ. Node,
//! IncidentID and the types of extensions are IODEF 1.0's, also where the document inside is of 2.0.

use crate::iodef::common::class::{AnyUri, Boolean, Language, Text, class, enumeration};
use crate::iodef::v1::{self, Restriction};
use crate::rid::{NAMESPACE, rules};

enumeration! {
    /// What kind of message it is.
    MsgType "RID-MsgType", section "RFC 6545 §5.1" {
        /// Asks to trace the traffic to its source.
        TraceRequest = "TraceRequest",
        /// Tells what becomes of a request, or what was wrong with a message.
        Acknowledgement = "Acknowledgement",
        /// Tells what came of a request.
        Result = "Result",
        /// Asks to investigate, and to act.
        InvestigationRequest = "InvestigationRequest",
        /// Tells of an incident and asks for nothing.
        Report = "Report",
        /// Asks what is known of an incident.
        Query = "Query",
        ExtValue = "ext-value",
    }

    /// What RIDPolicy's Node names.
    MsgDestination "RID-MsgDestination", section "RFC 6545 §5.1" {
        /// The RID system that the message is for.
        RIDSystem = "RIDSystem",
        /// The source of the incident: the message is for the RID system closest to it.
        SourceOfIncident = "SourceOfIncident",
        ExtValue = "ext-value",
    }

    /// How far the information is meant to go.
    Region "RID-region", section "RFC 6545 §5.1" {
        ClientToSP = "ClientToSP",
        SPToClient = "SPToClient",
        IntraConsortium = "IntraConsortium",
        PeerToPeer = "PeerToPeer",
        BetweenConsortiums = "BetweenConsortiums",
        ExtValue = "ext-value",
    }

    /// What kind of traffic or data the message is about.
    Traffic "RID-type", section "RFC 6545 §5.1" {
        Attack = "Attack",
        Network = "Network",
        Content = "Content",
        DataWithHandlingRequirements = "DataWithHandlingRequirements",
        AudienceRestriction = "AudienceRestriction",
        Other = "Other",
        ExtValue = "ext-value",
    }

    /// What becomes of a request.
    AuthorizationStatus "RID-AuthorizationStatus", section "RFC 6545 §5.2" {
        Approved = "Approved",
        Denied = "Denied",
        Pending = "Pending",
        ExtValue = "ext-value",
    }

    /// Why a request is denied or pending.
    Justification "RID-Justification", section "RFC 6545 §5.2" {
        /// The systems concerned lack something.
        SystemResource = "SystemResource",
        /// The sender's signature does not hold.
        Authentication = "Authentication",
        /// The originator's signature does not hold.
        AuthenticationOrigin = "AuthenticationOrigin",
        /// It cannot be decrypted.
        Encryption = "Encryption",
        /// It is not of a form that is understood.
        UnrecognizedFormat = "UnrecognizedFormat",
        /// Law or policy forbids it.
        CannotProcess = "CannotProcess",
        Other = "Other",
        ExtValue = "ext-value",
    }

    /// The version of the document's schema.
    Version "RID-Version", section "RFC 6545 §5.1.1" {
        V1 = "1.0",
        ExtValue = "ext-value",
    }

    /// The namespace of the document's schema.
    XmlSchemaId "RID-XMLSchemaID", section "RFC 6545 §5.1.1" {
        Iodef1 = "urn:ietf:params:xml:ns:iodef-1.0",
        ExtValue = "ext-value",
    }
}

class! {
    /// One message.
    RidMessage "RIDType", section "RFC 6545 §5", rules [
        rules::MESSAGE_HAS_A_POLICY,
        rules::ACKNOWLEDGEMENT_HAS_A_STATUS,
        rules::STATUS_IS_ACKNOWLEDGED,
        rules::RESULT_HAS_A_SOURCE,
        rules::SOURCE_IS_A_RESULT,
    ] {
        attributes {
            /// The language of its texts.
            lang "lang": Language, required;
        }
        sequence {
            /// What the message is and where it goes.
            optional rid_policy "RIDPolicy": RIDPolicy;
            /// In an Acknowledgement only.
            optional request_status "RequestStatus": RequestStatus;
            /// In a Result only.
            optional incident_source "IncidentSource": IncidentSource;
        }
    }

    /// What becomes of a request, or why a message was refused.
    RequestStatus "RequestStatusType", section "RFC 6545 §5.2", rules [rules::ONLY_REFUSALS_ARE_JUSTIFIED] {
        attributes {
            authorization_status "AuthorizationStatus": AuthorizationStatus, required;
            ext_authorization_status "ext-AuthorizationStatus": Text, optional;
            justification "Justification": Justification, optional;
            ext_justification "ext-Justification": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        empty;
    }

    /// Whether the source of the incident was found, and where.
    IncidentSource "IncidentSourceType", section "RFC 6545 §5.3", rules [rules::SOURCE_NODE_HAS_AN_ADDRESS] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            one source_found "SourceFound": Boolean;
            many source_node "Node" @ v1::NAMESPACE: v1::Node;
        }
    }

    /// What the message is, where it goes, whose rules it touches, and the document it carries.
    RIDPolicy "RIDPolicyType", section "RFC 6545 §5.1", rules [
        rules::REQUEST_HAS_A_DOCUMENT,
        rules::POLICY_NODE_HAS_AN_ADDRESS,
        rules::POLICY_NAMES_THE_INCIDENT,
    ] {
        attributes {
            msg_type "MsgType": MsgType, required;
            ext_msg_type "ext-MsgType": Text, optional;
            msg_destination "MsgDestination": MsgDestination, required;
            ext_msg_destination "ext-MsgDestination": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            some policy_region "PolicyRegion": PolicyRegion;
            /// The RID system or the source of the incident, as `MsgDestination` says.
            one policy_node "Node" @ v1::NAMESPACE: v1::Node;
            some traffic_type "TrafficType": TrafficType;
            optional incident_id "IncidentID" @ v1::NAMESPACE: v1::IncidentID;
            optional report_schema "ReportSchema": ReportSchema;
        }
    }

    /// How far the information is meant to go.
    PolicyRegion "PolicyRegion", section "RFC 6545 §5.1" {
        attributes {
            region "region": Region, required;
            ext_region "ext-region": Text, optional;
        }
        empty;
    }

    /// What kind of traffic or data the message is about.
    TrafficType "TrafficType", section "RFC 6545 §5.1" {
        attributes {
            kind "type": Traffic, required;
            ext_kind "ext-type": Text, optional;
        }
        empty;
    }

    /// The document: its label, itself, and signatures over it.
    ReportSchema "ReportSchemaType", section "RFC 6545 §5.1.1", rules [
        rules::DOCUMENTS_ARE_XML,
        rules::LABEL_FITS_THE_DOCUMENT,
    ] {
        attributes {
            version "Version": Version, optional;
            ext_version "ext-Version": Text, optional;
            xml_schema_id "XMLSchemaID": XmlSchemaId, optional;
            ext_xml_schema_id "ext-XMLSchemaID": Text, optional;
        }
        sequence {
            one xml_document "XMLDocument": v1::Extension;
            /// Where a schema is to be found. Never fetched.
            optional url "URL": AnyUri;
            many signature "Signature": v1::Extension;
        }
    }
}
