//! Staff's orders, as the administration words them, handed to the exchange; and its refusals in the administration's
//! words.

use async_trait::async_trait;

use crate::admin::{Code, DecideOrder, Problem, QueryOrder, SendOrder, Staff};
use crate::envelope::{Justification, Source};
use crate::exchange::{Decision, Exchange, Sending, StaffError};
use crate::ids::MessageId;
use crate::store::records::Message;

#[async_trait]
impl Staff for Exchange {
    async fn send(&self, order: SendOrder, operator: &str) -> Result<Message, Problem> {
        let sending = Sending {
            to: order.peer,
            document: order.document.into_bytes().into(),
            msg_type: order.msg_type,
            source_of_incident: order.source_of_incident,
            answers: order.answers,
            source: Source { found: order.source_found, addresses: order.sources },
            readers: order.readers,
        };
        Self::send(self, sending, operator).await.map_err(problem)
    }

    async fn query(&self, order: QueryOrder, operator: &str) -> Result<Message, Problem> {
        Self::query(self, &order.peer, order.incident, order.instance, operator).await.map_err(problem)
    }

    async fn decide(&self, id: MessageId, order: DecideOrder, operator: &str) -> Result<Message, Problem> {
        Self::decide(self, &id, decision(&order)?, operator).await.map_err(problem)
    }
}

fn decision(order: &DecideOrder) -> Result<Decision, Problem> {
    if order.approve {
        return Ok(Decision::Approve);
    }
    let word = order.justification.as_deref().unwrap_or(Justification::CannotProcess.as_str());
    // `ext-value` says nothing without the word it stands for.
    let ours = || Justification::ALL.into_iter().filter(|known| *known != Justification::Extension);
    ours().find(|known| known.as_str() == word).map(Decision::Deny).ok_or_else(|| Problem {
        code: Code::BadRequest,
        message: format!("{word:?} is no Justification of RFC 6545 section 5.2"),
        fix: format!("write one of {}", ours().map(Justification::as_str).collect::<Vec<_>>().join(", ")),
    })
}

/// The exchange's own words name the fix.
fn problem(error: StaffError) -> Problem {
    let code = match error {
        StaffError::Store(error) => return error.into(),
        StaffError::NoSuchPeer { .. } | StaffError::NoSuchMessage { .. } => Code::NotFound,
        StaffError::Nowhere
        | StaffError::Unreadable(_)
        | StaffError::NoIncident { .. }
        | StaffError::NotByHand { .. } => Code::BadRequest,
        StaffError::NothingToAnswer { .. } | StaffError::NotHeld { .. } => Code::Conflict,
        StaffError::Refused(_) | StaffError::NotTaken { .. } => Code::Refused,
        StaffError::NotSent { .. } => Code::Failed,
    };
    Problem { code, message: error.to_string(), fix: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(approve: bool, justification: Option<&str>) -> DecideOrder {
        DecideOrder { approve, justification: justification.map(str::to_owned) }
    }

    #[test]
    fn a_denial_needs_a_justification_of_the_standard() {
        assert_eq!(decision(&order(true, None)).unwrap(), Decision::Approve);
        assert_eq!(decision(&order(false, None)).unwrap(), Decision::Deny(Justification::CannotProcess));
        assert_eq!(decision(&order(false, Some("Encryption"))).unwrap(), Decision::Deny(Justification::Encryption));
        for word in ["encryption", "ext-value", ""] {
            assert_eq!(decision(&order(false, Some(word))).unwrap_err().code, Code::BadRequest, "{word}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let none = StaffError::NoSuchMessage { id: MessageId::fresh() };
        assert_eq!(problem(none).code, Code::NotFound);
        assert_eq!(problem(StaffError::Nowhere).code, Code::BadRequest);
    }
}
