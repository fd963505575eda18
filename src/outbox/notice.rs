//! What a person is told: the text of one notice in every length that a channel may need. `coordination` writes it as
//! the body of the notice's parcel; the carriers of `notify` read it and take from it what their channel can carry.
//!
//! It promises that what was written is read back, by this and by later versions, and that no part of it is shown by
//! `Debug`: it holds the one-time code.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::NewParcel;
use crate::clock::Timestamp;
use crate::ids::{EventId, MessageId};
use crate::store::records::{Body, ParcelKind};

/// One notice in words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NoticeText {
    /// One line: what it is about.
    pub subject: String,
    /// For pagers: at most [`NoticeText::SHORT`] characters, the code included, on one line.
    pub short: String,
    /// The whole, in plain text, wrapped; with the code and how to acknowledge.
    pub text: String,
    /// The one-time code that acknowledges it; empty if nothing is to be acknowledged.
    pub code: String,
    /// The significant event it belongs to; nothing for a test.
    #[serde(default)]
    pub event: Option<EventId>,
    /// It belongs to a drill: whether people are disturbed is set at `notify.drill-pages-people`.
    #[serde(default)]
    pub drill: bool,
    /// It tries the channel, and always goes.
    #[serde(default)]
    pub test: bool,
    /// Until when an answer is wanted.
    #[serde(default)]
    pub respond_by: Option<Timestamp>,
    /// How to acknowledge: a command, an address.
    #[serde(default)]
    pub how: String,
    /// The address of the page that acknowledges it; only on channels where a link can be followed.
    #[serde(default)]
    pub link: Option<String>,
    /// The text of the action alert: in the email below the notice, in the fax as its pages.
    #[serde(default)]
    pub alert: Option<String>,
}

/// Why the body of a parcel is no notice.
#[derive(Debug, thiserror::Error)]
#[error("its body is no notice ({source}); it was made by something else, or is damaged: cancel it")]
pub struct BadNotice {
    /// What the reader found.
    #[source]
    source: serde_json::Error,
}

impl NoticeText {
    /// How many characters of text a page holds.
    pub const SHORT: usize = 140;

    /// The notice as the body of its parcel, under the notice's id.
    ///
    /// # Errors
    /// None that are known: every field can be written as JSON.
    pub fn to_body(&self, id: MessageId) -> Result<Body, serde_json::Error> {
        Ok(Body { id, bytes: serde_json::to_vec(self)? })
    }

    /// Reads the body of a parcel.
    ///
    /// # Errors
    /// [`BadNotice`] if the bytes are no notice.
    pub fn read(bytes: &Bytes) -> Result<Self, BadNotice> {
        serde_json::from_slice(bytes).map_err(|source| BadNotice { source })
    }
}

/// Shows no text and no code.
impl fmt::Debug for NoticeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, drill, test, respond_by, .. } = self;
        f.debug_struct("NoticeText")
            .field("event", event)
            .field("drill", drill)
            .field("test", test)
            .field("respond_by", respond_by)
            .finish_non_exhaustive()
    }
}

impl NewParcel {
    /// A notice to a person's address on that channel, at once. `id` names the notice and its body. Notices to the same
    /// address on the same channel leave in the order of making; those to different people never wait for each other.
    pub fn notice(kind: ParcelKind, address: &str, id: MessageId) -> Self {
        Self {
            kind,
            recipient: address.to_owned(),
            about: Some(kind.to_string()),
            message: Some(id),
            token: None,
            address: None,
            delay: std::time::Duration::ZERO,
            expiry: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> NoticeText {
        NoticeText {
            subject: "SE-1: acknowledge the data call".to_owned(),
            short: "SE-1 data call, code 123456".to_owned(),
            text: "A data call has come.".to_owned(),
            code: "123456".to_owned(),
            event: Some("SE-1".parse().unwrap()),
            drill: true,
            test: false,
            respond_by: Timestamp::parse("2003-01-25T06:30:00Z"),
            how: "ridd acknowledge 123456".to_owned(),
            link: None,
            alert: None,
        }
    }

    #[test]
    fn a_notice_reads_back_as_written() {
        let id = MessageId::fresh();
        let body = notice().to_body(id.clone()).unwrap();
        assert_eq!(body.id, id);
        assert_eq!(NoticeText::read(&body.bytes.into()).unwrap(), notice());
    }

    /// What a later version leaves out or adds does not make an old parcel unreadable.
    #[test]
    fn unknown_and_missing_fields_are_no_fault() {
        let json = br#"{"subject": "s", "short": "p", "text": "t", "code": "", "later": 1}"#;
        assert_eq!(NoticeText::read(&Bytes::from_static(json)).unwrap().alert, None);
        let why = NoticeText::read(&Bytes::from_static(b"<RID/>")).unwrap_err().to_string();
        assert!(why.contains("is no notice"), "{why}");
    }

    #[test]
    fn debug_shows_no_code_and_no_text() {
        let shown = format!("{:?}", notice());
        assert!(!shown.contains("123456") && !shown.contains("data call"), "{shown}");
    }

    #[test]
    fn channels_of_one_address_have_lanes_of_their_own() {
        let of = |kind| NewParcel::notice(kind, "+15550100", MessageId::fresh());
        assert_eq!(of(ParcelKind::Pager).about.as_deref(), Some("pager"));
        assert_ne!(of(ParcelKind::Pager).about, of(ParcelKind::Fax).about);
    }
}
