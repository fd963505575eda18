//! A notice as a mail. The same notice is always the same mail, with the same Message-ID and date, so that one that had to be
//! tried twice is seen to be one.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::clock::Timestamp;
use crate::ids::MessageId;
use crate::outbox::NoticeText;

/// `address`, or `Name <address>`.
pub(super) fn mailbox(text: &str) -> Option<Mailbox> {
    text.parse().ok()
}

/// A bare address.
pub(super) fn address(text: &str) -> Option<Address> {
    text.parse().ok()
}

/// What one mail says.
pub(super) struct Letter<'a> {
    /// The notice it carries.
    pub(super) id: &'a MessageId,
    pub(super) to: Address,
    pub(super) subject: String,
    pub(super) text: String,
    /// Name and content of a PDF.
    pub(super) pdf: Option<(String, Vec<u8>)>,
    /// When the notice was made.
    pub(super) made: Timestamp,
}

/// Whose mails they are.
pub(super) struct Writer {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    /// The node's name, for the Message-ID.
    pub(super) node: String,
}

impl Writer {
    /// The letter as it is sent.
    ///
    /// # Errors
    /// If the mail library finds something missing.
    pub(super) fn write(&self, letter: Letter<'_>) -> Result<Message, lettre::error::Error> {
        let since = Duration::from_secs(u64::try_from(letter.made.seconds()).unwrap_or(0));
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, letter.to))
            .subject(one_line(&letter.subject))
            .date(SystemTime::UNIX_EPOCH + since)
            .message_id(Some(format!("<{}@{}>", letter.id, self.node)))
            // RFC 3834 §5: so that nobody's holiday answers it.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let Some((name, pdf)) = letter.pdf else {
            return builder.header(ContentType::TEXT_PLAIN).body(letter.text);
        };
        let pdf =
            Attachment::new(name).body(pdf, ContentType::parse("application/pdf").unwrap_or(ContentType::TEXT_PLAIN));
        let parts = MultiPart::mixed().boundary(format!("ridd-{}", letter.id));
        builder.multipart(parts.singlepart(SinglePart::plain(letter.text)).singlepart(pdf))
    }
}

/// The subject with the marks of drills and tests.
pub(super) fn subject(text: &NoticeText) -> String {
    marked(text, &text.subject, "[DRILL] ", "[TEST] ")
}

/// The words with the mark that they need and do not have yet.
pub(super) fn marked(text: &NoticeText, words: &str, drill: &str, test: &str) -> String {
    let mark = match (text.drill, text.test) {
        (true, _) => drill,
        (false, true) => test,
        (false, false) => "",
    };
    if words.starts_with(mark.trim_end()) { words.to_owned() } else { format!("{mark}{words}") }
}

/// The same for a mail, in which a link can be followed.
pub(super) fn linked_body(text: &NoticeText) -> String {
    let Some(link) = &text.link else { return body(text) };
    let answer = "Or open this page and press its button. It asks for no account, and is meant for you alone:";
    let text = NoticeText { text: format!("{}\n\n{answer}\n  {link}", text.text.trim_end()), ..text.clone() };
    body(&text)
}

/// The whole text, the alert below it.
pub(super) fn body(text: &NoticeText) -> String {
    match &text.alert {
        Some(alert) => format!("{}\n\n----\n\n{}\n", text.text.trim_end(), alert.trim_end()),
        None => format!("{}\n", text.text.trim_end()),
    }
}

/// Without line ends and other control characters: nothing can add a header field.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::channel::sample;

    fn writer() -> Writer {
        let from = mailbox("CIRT <cirt@example.org>").unwrap();
        Writer { from, reply_to: mailbox("watch@example.org"), node: "node.example".to_owned() }
    }

    fn letter<'a>(id: &'a MessageId, subject: &str) -> Letter<'a> {
        Letter {
            id,
            to: address("duty@example.org").unwrap(),
            subject: subject.to_owned(),
            text: "Grüße\n".to_owned(),
            pdf: None,
            made: Timestamp::parse("2003-01-25T05:30:00Z").unwrap(),
        }
    }

    #[test]
    fn the_same_notice_is_the_same_mail() {
        let id = MessageId::fresh();
        let write =
            |pdf: Option<(String, Vec<u8>)>| writer().write(Letter { pdf, ..letter(&id, "s") }).unwrap().formatted();
        assert_eq!(write(None), write(None));
        let pdf = || Some(("alert.pdf".to_owned(), b"%PDF".to_vec()));
        assert_eq!(write(pdf()), write(pdf()));
        let text = String::from_utf8(write(None)).unwrap();
        for line in [
            format!("Message-ID: <{id}@node.example>"),
            "Auto-Submitted: auto-generated".to_owned(),
            "Date: Sat, 25 Jan 2003 05:30:00 +0000".to_owned(),
            "Reply-To: watch@example.org".to_owned(),
        ] {
            assert!(text.contains(&line), "{line} in {text}");
        }
    }

    #[test]
    fn a_subject_adds_no_header_field() {
        let id = MessageId::fresh();
        let mail = writer().write(letter(&id, "a\r\nBcc: everyone@example.org")).unwrap().formatted();
        let text = String::from_utf8(mail).unwrap();
        assert!(text.contains("Subject: a Bcc: everyone@example.org\r\n"), "{text}");
    }

    #[test]
    fn a_link_stands_between_the_notice_and_the_alert() {
        let mut text = sample();
        assert_eq!(linked_body(&text), body(&text));
        text.link = Some("https://cirt.example.org/a/X".to_owned());
        text.alert = Some("Block UDP 1434.".to_owned());
        let mail = linked_body(&text);
        let places =
            ["with the code 123456", "\n  https://cirt.example.org/a/X\n", "Block UDP"].map(|part| mail.find(part));
        assert!(places.is_sorted() && places[0].is_some(), "{mail}");
        assert!(!body(&text).contains("https:"), "a fax carries no link");
    }

    #[test]
    fn drills_and_tests_are_marked_once() {
        let mut text = sample();
        assert_eq!(subject(&text), "SE-1: acknowledge");
        text.test = true;
        assert_eq!(subject(&text), "[TEST] SE-1: acknowledge");
        text.drill = true;
        assert_eq!(subject(&text), "[DRILL] SE-1: acknowledge");
        text.subject = subject(&text);
        assert_eq!(subject(&text), "[DRILL] SE-1: acknowledge");
    }
}
