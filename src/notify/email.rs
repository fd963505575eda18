//! Notices as emails.

use std::sync::Arc;

use async_trait::async_trait;

use super::channel::{Line, Notice, refused};
use super::mail::{self, Letter};
use super::smtp::Smtp;
use crate::outbox::Outcome;

/// Sends emails to people.
pub(super) struct Email(pub(super) Arc<Smtp>);

#[async_trait]
impl Line for Email {
    async fn send(&self, notice: &Notice<'_>) -> Outcome {
        let Some(to) = mail::address(notice.to) else {
            return refused(format!("{:?} is no mail address; mend it in the roster", notice.to));
        };
        let (subject, text) = (mail::subject(notice.text), mail::linked_body(notice.text));
        self.0.send(Letter { id: notice.id, to, subject, text, pdf: None, made: notice.made }).await
    }
}
