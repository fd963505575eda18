//! One channel as the outbox sees it: reads the notice, decides whether it goes to the person, to the drill's address or to
//! nobody, and gives it to the line that knows the channel's protocol.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;

use super::mail::{self, Letter};
use super::smtp::Smtp;
use crate::clock::{Clock, Timestamp};
use crate::ids::MessageId;
use crate::outbox::{Carrier, Load, NoticeText, Outcome, ParcelKind, Reply};
use crate::telemetry::Metrics;

/// One notice on its way to one address.
pub(super) struct Notice<'a> {
    pub(super) id: &'a MessageId,
    /// The person's address on the channel.
    pub(super) to: &'a str,
    pub(super) text: &'a NoticeText,
    /// When it was made.
    pub(super) made: Timestamp,
    pub(super) now: Timestamp,
}

/// Whoever speaks the protocol of a channel.
#[async_trait]
pub(super) trait Line: Send + Sync + 'static {
    /// Hands the notice over, within the configured time.
    async fn send(&self, notice: &Notice<'_>) -> Outcome;
}

/// What becomes of notices of a drill.
#[derive(Clone)]
pub(super) enum Drill {
    /// They go to people like others.
    People,
    /// They go to this address by mail.
    Address(Arc<Smtp>, Address),
    /// They are taken, and go nowhere.
    Nobody,
}

/// A channel: the carrier of its kind.
pub(super) struct Channel {
    pub(super) kind: ParcelKind,
    /// Its line, or the key that is missing.
    pub(super) line: Result<Box<dyn Line>, &'static str>,
    pub(super) drill: Drill,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
}

/// Not now.
pub(super) fn later(why: String) -> Outcome {
    Outcome::Later { why, after: None }
}

/// Not now, and not before that.
pub(super) fn later_after(why: String, after: Option<Duration>) -> Outcome {
    Outcome::Later { why, after }
}

/// Never.
pub(super) fn refused(why: String) -> Outcome {
    Outcome::Refused { why, reply: None }
}

impl Channel {
    async fn send(&self, load: &Load) -> Outcome {
        let text = match NoticeText::read(&load.bytes) {
            Ok(text) => text,
            Err(error) => return refused(error.to_string()),
        };
        let Some(id) = &load.parcel.message else {
            return refused("the parcel names no notice; cancel it".to_owned());
        };
        let (to, made) = (load.parcel.recipient.as_str(), load.parcel.created);
        let notice = Notice { id, to, text: &text, made, now: self.clock.now() };
        // A test tries the channel itself.
        if text.drill && !text.test {
            match &self.drill {
                Drill::People => {}
                Drill::Address(smtp, address) => return self.to_drill(smtp, address.clone(), &notice).await,
                Drill::Nobody => {
                    return Outcome::Delivered(Reply::noted(format!("drill: not sent{}", self.in_earnest())));
                }
            }
        }
        match &self.line {
            Ok(line) => line.send(&notice).await,
            Err(key) => refused(format!(
                "this node has no {}: set {key} and restart it, then `ridd outbox retry {}`",
                self.kind, load.parcel.id
            )),
        }
    }

    /// What a drill should teach though nothing is sent.
    fn in_earnest(&self) -> String {
        match &self.line {
            Ok(_) => String::new(),
            Err(key) => format!("; in earnest it would fail, for {key} is not set"),
        }
    }

    async fn to_drill(&self, smtp: &Smtp, address: Address, notice: &Notice<'_>) -> Outcome {
        let text = notice.text;
        let subject = format!("{} ({} to {})", mail::subject(text), self.kind, notice.to);
        let head = format!("Drill: in earnest this would go by {} to {}.{}", self.kind, notice.to, self.in_earnest());
        let body = format!("{head}\n\n{}", mail::linked_body(text));
        smtp.send(Letter { id: notice.id, to: address, subject, text: body, pdf: None, made: notice.made }).await
    }
}

#[async_trait]
impl Carrier for Channel {
    fn kind(&self) -> ParcelKind {
        self.kind
    }

    async fn carry(&self, load: &Load) -> Outcome {
        let outcome = self.send(load).await;
        let word = match &outcome {
            Outcome::Delivered(_) => "delivered",
            Outcome::Later { .. } => "later",
            Outcome::Refused { .. } => "refused",
        };
        self.metrics.noticed(self.kind.as_str(), word);
        outcome
    }
}

/// A notice for the tests of this part.
#[cfg(test)]
pub(super) fn sample() -> NoticeText {
    NoticeText {
        subject: "SE-1: acknowledge".to_owned(),
        short: "SE-1 data call: acknowledge with 123456".to_owned(),
        text: "A data call has come. Acknowledge it with the code 123456.".to_owned(),
        code: "123456".to_owned(),
        event: "SE-1".parse().ok(),
        drill: false,
        test: false,
        respond_by: Timestamp::parse("2003-01-25T06:30:00Z"),
        how: "ridd acknowledge 123456".to_owned(),
        link: None,
        alert: None,
    }
}
