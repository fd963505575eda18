//! Notices as faxes: a mail with a PDF to the fax gateway. The first page tells what to do, the alert follows.

use std::sync::Arc;

use async_trait::async_trait;

use super::channel::{Line, Notice, refused};
use super::config::Paper;
use super::mail::{self, Letter};
use super::pdf;
use super::smtp::Smtp;
use crate::outbox::Outcome;

/// Sends faxes.
pub(super) struct Fax {
    pub(super) smtp: Arc<Smtp>,
    /// What follows the number and `@`.
    pub(super) domain: String,
    pub(super) paper: Paper,
}

#[async_trait]
impl Line for Fax {
    async fn send(&self, notice: &Notice<'_>) -> Outcome {
        // As people write numbers: +1 (555) 010-0100.
        let number: String = notice.to.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        let sound = (3..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let to = mail::address(&format!("{number}@{}", self.domain)).filter(|_| sound);
        let Some(to) = to else {
            return refused(format!("{:?} is no fax number; mend it in the roster", notice.to));
        };
        let subject = mail::subject(notice.text);
        let event = notice.text.event.as_ref().map_or("notice", |event| event.as_str());
        let head = mail::marked(notice.text, event, "DRILL ", "TEST ");
        let pages = pdf::write(&head, &subject, &mail::body(notice.text), self.paper);
        let pdf = Some((format!("{event}.pdf"), pages));
        // Many gateways set the mail's text as a cover page: it holds nothing that is not in the PDF.
        self.smtp
            .send(Letter { id: notice.id, to, text: format!("{subject}\n"), subject, pdf, made: notice.made })
            .await
    }
}
