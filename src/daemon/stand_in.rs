//! Stands in for the exchange until it is there: takes no message, and says so.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::admin::{Code, DecideOrder, Problem, QueryOrder, SendOrder, Staff};
use crate::exchange::{Answer, Arrival, Receiver};
use crate::ids::MessageId;
use crate::outbox::{Load, Replies, Reply};
use crate::store::records::Message;
use crate::store::{Batch, StoreError};

pub(super) struct StandIn;

impl StandIn {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self)
    }
}

#[async_trait]
impl Receiver for StandIn {
    async fn receive(&self, _arrival: Arrival) -> Answer {
        Answer { status: 503, token: None, body: Bytes::new() }
    }
}

#[async_trait]
impl Replies for StandIn {
    async fn enter(&self, _load: &Load, _reply: &Reply) -> Result<Batch, StoreError> {
        Ok(Batch::new())
    }

    async fn given_up(&self, _load: &Load, _why: &str) -> Result<Batch, StoreError> {
        Ok(Batch::new())
    }
}

fn none<T>() -> Result<T, Problem> {
    Err(Problem { code: Code::Failed, message: "there is no exchange yet".to_owned(), fix: String::new() })
}

#[async_trait]
impl Staff for StandIn {
    async fn send(&self, _order: SendOrder, _operator: &str) -> Result<Message, Problem> {
        none()
    }

    async fn query(&self, _order: QueryOrder, _operator: &str) -> Result<Message, Problem> {
        none()
    }

    async fn decide(&self, _message: MessageId, _order: DecideOrder, _operator: &str) -> Result<Message, Problem> {
        none()
    }
}
