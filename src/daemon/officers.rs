//! Staff's orders about significant events, as the administration words them, handed to the coordination; and its refusals in
//! the administration's words.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use crate::admin::{Answered, Code, Linked, Officers, OpenOrder, Problem};
use crate::coordination::board::Board;
use crate::coordination::decide::{Command, Made};
use crate::coordination::state::{Stamp, State};
use crate::coordination::{self, ByHand, Coordination, Entered, Logged, OrderError, ProcessError};
use crate::ids::{EventId, MessageId, PeerName};

#[async_trait]
impl Officers for Coordination {
    async fn open(&self, order: OpenOrder, operator: &str) -> Result<(Arc<State>, Entered), Problem> {
        let OpenOrder { document, issued, drill, title } = order;
        let by_hand = ByHand { document: document.into_bytes().into(), issued, title, drill };
        self.open_by_hand(by_hand, operator).await.map_err(problem)
    }

    async fn order(&self, event: &EventId, command: Command, operator: &str) -> Result<Arc<State>, Problem> {
        Self::order(self, event, command, operator).await.map_err(problem)
    }

    async fn identify(&self, event: &EventId, cpes: Vec<String>, operator: &str) -> Result<Arc<State>, Problem> {
        Self::identify(self, event, cpes, operator).await.map_err(problem)
    }

    async fn scan(&self, event: &EventId, unit: &str, result: Bytes, operator: &str) -> Result<Arc<State>, Problem> {
        Self::scan(self, event, unit, &result, operator).await.map_err(problem)
    }

    async fn answer(&self, code: &str, corrected: bool, operator: &str) -> Result<Answered, Problem> {
        Self::answer(self, code, corrected, operator).await.map(told).map_err(problem)
    }

    async fn linked(&self, code: &str) -> Result<Linked, Problem> {
        let coordination::Linked { notice, state } = Self::linked(self, code).await.map_err(problem)?;
        Ok(Linked { notice, state })
    }

    async fn answer_link(&self, code: &str, corrected: bool) -> Result<Answered, Problem> {
        Self::answer_link(self, code, corrected).await.map(told).map_err(problem)
    }

    async fn test_person(&self, person: &str, operator: &str) -> Result<Vec<MessageId>, Problem> {
        let notices = Self::test_person(self, person, operator).await.map_err(problem)?;
        Ok(notices.into_iter().map(|notice| notice.id).collect())
    }

    async fn state(&self, event: &EventId) -> Result<Arc<State>, Problem> {
        Self::state(self, event).await.map_err(problem)
    }

    async fn board(&self, event: &EventId, head: i64) -> Result<Arc<Board>, Problem> {
        Self::board(self, event, head).await.map_err(problem)
    }

    fn news(&self, most: usize) -> Option<broadcast::Receiver<EventId>> {
        Self::news(self, most)
    }

    async fn log(&self, event: &EventId) -> Result<Vec<Made>, Problem> {
        Ok(Self::log(self, event).await.map_err(problem)?.into_iter().map(made).collect())
    }

    async fn latest(&self, event: &EventId, below: i64, most: usize) -> Result<Vec<Made>, Problem> {
        Ok(Self::latest(self, event, below, most).await.map_err(problem)?.into_iter().map(made).collect())
    }

    async fn alert(&self, event: &EventId, unit: &PeerName) -> Result<Bytes, Problem> {
        Self::alert(self, event, unit).await.map_err(problem)
    }
}

fn made(Logged { record, entry }: Logged) -> Made {
    let stamp = Stamp { number: record.number, at: record.at, actor: record.actor };
    Made { stamp, entry }
}

fn told(answered: coordination::Answered) -> Answered {
    let notice = answered.notice;
    Answered {
        notice: notice.id,
        event: notice.event,
        person: notice.person,
        about: notice.about,
        corrected: answered.corrected,
    }
}

/// The coordination's own words name the fix.
fn problem(error: OrderError) -> Problem {
    let code = match error {
        OrderError::Refused(refusal) => return refusal.into(),
        OrderError::Process(ProcessError::Store(error)) => return error.into(),
        OrderError::Process(ProcessError::NoSuchEvent { .. }) => Code::NotFound,
        OrderError::Process(ProcessError::Contended { .. }) => Code::Conflict,
        OrderError::Process(_) => Code::Failed,
        OrderError::NoSuchCode | OrderError::NoSuchPerson { .. } => Code::NotFound,
        OrderError::Document(_)
        | OrderError::Evidence(_)
        | OrderError::NoTime { .. }
        | OrderError::NoPlatform { .. } => Code::BadRequest,
        OrderError::OldScan { .. } | OrderError::Answered { .. } => Code::Conflict,
        OrderError::TooManyCodes | OrderError::NothingToCorrect | OrderError::NoChannel { .. } => Code::Refused,
        OrderError::Unwritten(_) | OrderError::NotSent { .. } => Code::Failed,
    };
    Problem { code, message: error.to_string(), fix: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::decide::Refusal;

    #[test]
    fn refusals_keep_their_kind() {
        let event = || "SE-1".to_owned();
        for (error, code) in [
            (ProcessError::NoSuchEvent { event: event() }.into(), Code::NotFound),
            (OrderError::NoSuchCode, Code::NotFound),
            (OrderError::TooManyCodes, Code::Refused),
            (Refusal::NotYours { unit: event(), systems: Vec::new() }.into(), Code::NotPermitted),
            (Refusal::Already { what: event() }.into(), Code::Conflict),
        ] {
            assert_eq!(problem(error).code, code);
        }
    }
}
