//! The chain of a log: each record's digest covers the record and the digest of the one before, so that nothing can be
//! changed, removed or put in between without the chain breaking at that place.
//!
//! Called by `service` when it writes entries, and by `ridd audit verify`.

use crate::clock::Timestamp;
use crate::ids::{Digest, EventId};
use crate::store::records::LogEntry;

use super::entry::{Entry, FORM};

/// A log that is not as it was written: the first record that shows it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log of {event} is broken at entry {number}: {what}")]
pub struct Broken {
    /// The event.
    pub event: EventId,
    /// The number of the first record that is wrong.
    pub number: i64,
    /// What is wrong with it.
    pub what: String,
}

/// Where a log ends: what the next record must follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the last record; 0 for an empty log.
    pub number: i64,
    /// Its digest.
    pub digest: Option<Digest>,
}

impl Head {
    /// The record that comes next, and becomes the head.
    ///
    /// # Errors
    /// If the entry cannot be written as JSON, which only a fault of ours can cause.
    pub fn append(
        &mut self,
        event: &EventId,
        at: Timestamp,
        actor: &str,
        entry: &Entry,
    ) -> Result<LogEntry, serde_json::Error> {
        let mut record = LogEntry {
            event: event.clone(),
            number: self.number + 1,
            at,
            actor: actor.to_owned(),
            kind: entry.kind().to_owned(),
            entry: serde_json::to_string(&super::entry::Written { form: FORM, entry })?,
            previous: self.digest.clone(),
            digest: Digest::of(b""),
        };
        record.digest = digest(&record);
        self.number = record.number;
        self.digest = Some(record.digest.clone());
        Ok(record)
    }

    /// Takes a record that was read as the next one.
    ///
    /// # Errors
    /// What shows that it is not the record that was written there.
    pub fn follow(&mut self, record: &LogEntry) -> Result<(), Broken> {
        let broken = |what: String| Broken { event: record.event.clone(), number: self.number + 1, what };
        if record.number != self.number + 1 {
            return Err(broken(format!("the next record there is has number {}", record.number)));
        }
        if record.previous != self.digest {
            return Err(broken("it does not hold the digest of the record before it".to_owned()));
        }
        if digest(record) != record.digest {
            return Err(broken(
                "its digest is not that of its content: it was changed after it was written".to_owned(),
            ));
        }
        self.number = record.number;
        self.digest = Some(record.digest.clone());
        Ok(())
    }
}

/// SHA-256 over the fields, each after its length, so that no two records have the same bytes.
fn digest(record: &LogEntry) -> Digest {
    let number = record.number.to_string();
    let at = record.at.micros().to_string();
    let previous = record.previous.as_ref().map(ToString::to_string).unwrap_or_default();
    let fields = [record.event.as_str(), &number, &at, &record.actor, &record.kind, &record.entry, previous.as_str()];
    let mut bytes = Vec::with_capacity(record.entry.len() + 256);
    for field in fields {
        bytes.extend_from_slice(field.len().to_string().as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(field.as_bytes());
    }
    Digest::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(length: i64) -> Vec<LogEntry> {
        let event: EventId = "SE-2003-01-25-1".parse().unwrap();
        let mut head = Head::default();
        let note = |number: i64| Entry::Noted { text: format!("note {number}") };
        (1..=length)
            .map(|number| head.append(&event, Timestamp::from_micros(number), "officer", &note(number)).unwrap())
            .collect()
    }

    fn verify(log: &[LogEntry]) -> Result<(), Broken> {
        let mut head = Head::default();
        log.iter().try_for_each(|record| head.follow(record))
    }

    #[test]
    fn a_log_as_it_was_written_is_whole() {
        assert_eq!(verify(&log(20)), Ok(()));
    }

    #[test]
    fn the_first_record_that_was_tampered_with_is_named() {
        let number = |log: &[LogEntry]| verify(log).unwrap_err().number;
        let mut changed = log(20);
        changed[6].entry = changed[6].entry.replace("note 7", "note 8");
        assert_eq!(number(&changed), 7);
        let mut renamed = log(20);
        renamed[6].actor = "nobody".to_owned();
        assert_eq!(number(&renamed), 7);
        let mut gap = log(20);
        gap.remove(3);
        assert_eq!(number(&gap), 4);
        let mut swapped = log(20);
        swapped.swap(8, 9);
        assert_eq!(number(&swapped), 9);
        // A record whose digest was made to fit is found out by the one after it.
        let mut forged = log(20);
        forged[4].actor = "nobody".to_owned();
        forged[4].digest = digest(&forged[4]);
        assert_eq!(number(&forged), 6);
    }
}
