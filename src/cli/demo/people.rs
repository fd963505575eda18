//! The people of the demonstration: they read their mail, and all but one of them answer at once with the code in it.

use std::collections::HashMap;

use super::super::Failure;
use super::smtp::Mail;
use crate::clock::Timestamp;

/// Whoever does not answer.
const ASLEEP: &str = "contact@unit2.example";

/// A notice as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// When it came.
    pub(super) at: Timestamp,
    /// The node that calls.
    pub(super) node: String,
    /// The person's address.
    pub(super) to: String,
    /// What it is about.
    pub(super) subject: String,
    /// The code that answers it.
    pub(super) code: String,
    /// Whether the code can also report systems corrected.
    corrects: bool,
}

impl Notice {
    /// What the mail says; `None` if it is no notice.
    pub(super) fn read(mail: &Mail) -> Option<Self> {
        let id = mail.field("message-id")?;
        let node = id.trim_end_matches('>').rsplit_once('@')?.1.to_owned();
        // Lines that are too long for SMTP are broken with a mark at their end (RFC 2045 §6.7).
        let text = mail.text.replace("=\r\n", "");
        let code = text.split("ridd notice ack ").nth(1)?.split(|c: char| c.is_whitespace() || c == ',').next()?;
        Some(Self {
            at: mail.at,
            node,
            to: mail.to.first()?.clone(),
            subject: mail.field("subject")?,
            code: code.to_owned(),
            corrects: text.contains("--corrected"),
        })
    }

    /// Whether the person answers.
    pub(super) fn is_answered(&self) -> bool {
        self.to != ASLEEP
    }
}

/// What the people remember.
#[derive(Debug, Default)]
pub(super) struct People {
    /// The newest notice to each address that names systems.
    work: HashMap<String, Notice>,
    /// How many notices each address got.
    got: HashMap<String, usize>,
}

impl People {
    /// A notice has come.
    pub(super) fn got(&mut self, notice: &Notice) {
        *self.got.entry(notice.to.clone()).or_default() += 1;
        if notice.corrects {
            self.work.insert(notice.to.clone(), notice.clone());
        }
    }

    /// How many notices that address got.
    pub(super) fn count(&self, address: &str) -> usize {
        self.got.get(address).copied().unwrap_or_default()
    }

    /// The notice with which that person can report the systems corrected.
    pub(super) fn work(&self, address: &str) -> Result<Notice, Failure> {
        let none = || Failure::failed(format_args!("{address} was not told of any systems"));
        self.work.get(address).cloned().ok_or_else(none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str, body: &str) -> Mail {
        let head = "Subject: [SE-1] your systems are\r\n affected\r\nMessage-ID: <se-1/4@unit1.example>";
        Mail { at: Timestamp::from_micros(0), to: vec![to.to_owned()], text: format!("{head}\r\n\r\n{body}") }
    }

    #[test]
    fn a_notice_names_its_node_and_its_code() {
        let body = "Answer with the code:\r\n  ridd notice ack AB=\r\nCD-EFGH, and once they are corrected: \
                    ridd notice ack ABCD-EFGH --corrected\r\n";
        let notice = Notice::read(&mail("dba@unit1.example", body)).unwrap();
        assert_eq!((notice.node.as_str(), notice.code.as_str()), ("unit1.example", "ABCD-EFGH"));
        assert_eq!(notice.subject, "[SE-1] your systems are affected");
        let mut people = People::default();
        people.got(&notice);
        assert_eq!(people.count("dba@unit1.example"), 1);
        assert_eq!(people.work("dba@unit1.example").unwrap(), notice);
        assert!(people.work("cio@department.example").is_err());
    }

    #[test]
    fn one_person_sleeps_and_other_mail_is_no_notice() {
        assert!(!Notice::read(&mail(ASLEEP, "ridd notice ack X-Y\r\n")).unwrap().is_answered());
        assert_eq!(Notice::read(&mail(ASLEEP, "hello")), None);
    }
}
