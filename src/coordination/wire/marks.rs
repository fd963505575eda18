//! Marks in words: `milestone=corrected due=2003-01-25T20:00:00Z` at the end of a Description says to a program, and to
//! the person who reads it, what IODEF has no class for. Called by the documents beside it.
//!
//! A value with spaces stands in double quotes. Of two marks with the same key the last counts: we write ours at the end,
//! so that no text can speak for them.

use crate::clock::Timestamp;

/// What is looked for. Anything else with an equals sign is words.
const KEYS: [&str; 12] = [
    "milestone",
    "due",
    "owner",
    "state",
    "unit",
    "at",
    "status",
    "affected",
    "corrected",
    "excepted",
    "sha256",
    "signature",
];

/// Text with marks behind it; those without a value are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Marked(String);

impl Marked {
    pub(super) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(super) fn mark(mut self, key: &str, value: Option<impl std::fmt::Display>) -> Self {
        let Some(value) = value else { return self };
        let value = value.to_string().replace('"', "'");
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(key);
        self.0.push('=');
        if value.is_empty() || value.contains(char::is_whitespace) {
            self.0.push('"');
            self.0.push_str(&value);
            self.0.push('"');
        } else {
            self.0.push_str(&value);
        }
        self
    }

    pub(super) fn end(self) -> String {
        self.0
    }
}

/// The value of the last mark with that key.
pub(super) fn mark<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    scan(text).into_iter().rev().find(|mark| mark.key == key).map(|mark| mark.value)
}

/// The time of the last mark with that key, if it is one. People end sentences behind it.
pub(super) fn time(text: &str, key: &str) -> Option<Timestamp> {
    Timestamp::parse(mark(text, key)?.trim_end_matches(['.', ',', ';', ')', ']']))
}

/// The text without the marks at its end.
pub(super) fn words(text: &str) -> &str {
    let mut end = text.trim_end().len();
    for mark in scan(text).into_iter().rev() {
        if mark.end != end {
            break;
        }
        end = text.get(..mark.start).unwrap_or_default().trim_end().len();
    }
    text.get(..end).unwrap_or_default().trim()
}

struct Mark<'t> {
    key: &'static str,
    value: &'t str,
    start: usize,
    end: usize,
}

/// Every mark, in order.
fn scan(text: &str) -> Vec<Mark<'_>> {
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let start = at + (rest.len() - rest.trim_start().len());
        let word = text.get(start..).unwrap_or_default();
        let length = word.find(char::is_whitespace).unwrap_or(word.len());
        let (mut end, mut found) = (start + length, None);
        if let Some((name, value)) = word.get(..length).and_then(|word| word.split_once('='))
            && let Some(key) = KEYS.iter().find(|key| key.eq_ignore_ascii_case(name))
        {
            found = Some((*key, value));
            let behind = word.get(name.len() + 1..).unwrap_or_default();
            if let Some(quoted) = behind.strip_prefix('"')
                && let Some((value, _)) = quoted.split_once('"')
            {
                found = Some((*key, value));
                end = start + name.len() + 3 + value.len();
            }
        }
        marks.extend(found.map(|(key, value)| Mark { key, value, start, end }));
        at = end.max(at + 1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_back_and_the_words_are_what_stands_before_them() {
        let text = Marked::new("Correct all.")
            .mark("milestone", Some("corrected"))
            .mark("owner", Some("the \"crew\" on duty"));
        let text = text.mark("due", None::<String>).mark("unit", Some("")).end();
        assert_eq!(text, "Correct all. milestone=corrected owner=\"the 'crew' on duty\" unit=\"\"");
        assert_eq!(mark(&text, "milestone"), Some("corrected"));
        assert_eq!(mark(&text, "owner"), Some("the 'crew' on duty"));
        assert_eq!(mark(&text, "unit"), Some(""));
        assert_eq!(mark(&text, "due"), None);
        assert_eq!(words(&text), "Correct all.");
    }

    #[test]
    fn what_people_write_is_read_and_kept() {
        let due = Timestamp::parse("2003-01-25T20:00:00Z");
        let text = "Please report Due=2003-01-25T20:00:00Z, and call.";
        assert_eq!((time(text, "due"), words(text)), (due, text));
        assert_eq!(time("due=soon", "due"), None);
        for text in ["", " ", "a = b", "x=1 état=ü milestone=", "milestone=\"open end", "=", "é=\u{a0}due="] {
            let _ = (words(text), time(text, "due"), mark(text, "milestone"));
        }
        assert_eq!(words("milestone=a due=b"), "");
    }

    #[test]
    fn the_last_mark_counts() {
        let text = Marked::new("Ignore milestone=validated here").mark("milestone", Some("corrected")).end();
        assert_eq!(mark(&text, "milestone"), Some("corrected"));
        assert_eq!(words(&text), "Ignore milestone=validated here");
    }
}
