//! Who may send what: one table by relation and MsgType, and the peer's own policy over it. Pure.
//!
//! `exchange` asks before it decides; a Query that is accepted still returns only what the asker may see.

use super::policy::Policy;
use crate::store::records::Relation;
use crate::store::worded;

worded! {
    /// RIDPolicy's MsgType (RFC 6545 §5.3), in RID's own words. A message of another type is refused before this.
    pub enum MsgType: "RID message type" {
        /// Asks to look into an incident or to act on it.
        InvestigationRequest = "InvestigationRequest",
        /// Asks to trace an attack towards its source.
        TraceRequest = "TraceRequest",
        /// Says whether a request will be acted on.
        Acknowledgement = "Acknowledgement",
        /// Says what came of a request.
        Result = "Result",
        /// Tells of an incident.
        Report = "Report",
        /// Asks for what is known of incidents.
        Query = "Query",
    }
}

worded! {
    /// What becomes of a message.
    pub enum Ruling: "ruling" {
        /// It is filed and acted on.
        Accept = "accept",
        /// It is filed and waits for a person.
        Hold = "hold",
        /// It is filed and refused.
        Deny = "deny",
    }
}

worded! {
    /// The Justification of a refusal (RFC 6545 §5.2), as far as rights give one.
    pub enum Justification: "Justification" {
        /// It cannot be processed, for legal or policy reasons.
        CannotProcess = "CannotProcess",
    }
}

/// What a peer's message has a right to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// File it and act on it.
    Accept,
    /// File it and let a person decide.
    Hold,
    /// File it and refuse it with this Justification.
    Deny(Justification),
}

/// What a message of this type from this peer has a right to: its policy's word, else the table's.
pub fn right(relation: Relation, policy: &Policy, msg_type: MsgType) -> Right {
    match policy.messages.get(&msg_type).copied().unwrap_or_else(|| table(relation, msg_type)) {
        Ruling::Accept => Right::Accept,
        Ruling::Hold => Right::Hold,
        Ruling::Deny => Right::Deny(Justification::CannotProcess),
    }
}

/// The safe defaults. What only tells or answers is accepted from everybody (an answer is matched with what we sent).
/// What asks for work is accepted from above; from below and beside a person looks at it first.
const fn table(relation: Relation, msg_type: MsgType) -> Ruling {
    match (msg_type, relation) {
        (MsgType::Acknowledgement | MsgType::Result | MsgType::Report | MsgType::Query, _) => Ruling::Accept,
        (MsgType::InvestigationRequest | MsgType::TraceRequest, Relation::Authority | Relation::Parent) => {
            Ruling::Accept
        }
        (MsgType::InvestigationRequest | MsgType::TraceRequest, Relation::Unit | Relation::Peer) => Ruling::Hold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_accepts_work_only_from_above() {
        let policy = Policy::default();
        for relation in [Relation::Authority, Relation::Parent] {
            for msg_type in MsgType::ALL {
                assert_eq!(right(relation, &policy, *msg_type), Right::Accept, "{relation} {msg_type}");
            }
        }
        for relation in [Relation::Unit, Relation::Peer] {
            assert_eq!(right(relation, &policy, MsgType::Report), Right::Accept);
            assert_eq!(right(relation, &policy, MsgType::InvestigationRequest), Right::Hold);
            assert_eq!(right(relation, &policy, MsgType::TraceRequest), Right::Hold);
        }
    }

    #[test]
    fn the_policy_of_a_peer_overrides_the_table() {
        let mut policy = Policy::default();
        policy.messages.insert(MsgType::Query, Ruling::Deny);
        policy.messages.insert(MsgType::TraceRequest, Ruling::Accept);
        assert_eq!(right(Relation::Peer, &policy, MsgType::Query), Right::Deny(Justification::CannotProcess));
        assert_eq!(right(Relation::Peer, &policy, MsgType::TraceRequest), Right::Accept);
        assert_eq!(right(Relation::Peer, &policy, MsgType::InvestigationRequest), Right::Hold);
    }
}
