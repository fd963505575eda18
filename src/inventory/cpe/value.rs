//! The value of one attribute of a name, and how two of them compare (NISTIR 7695 §5.3, NISTIR 7696 attribute comparison).

use std::fmt;

use super::{Certainty, Relation};

/// How many characters may stand before or after the rest of a value: none is any number (`*`), a number counts the
/// question marks, each of which is one character or none (NISTIR 7696, wildcards).
pub(super) type Slack = Option<usize>;

/// The value of one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// Whatever it is: no restriction, or not known.
    Any,
    /// Not applicable: there is no meaningful value.
    Na,
    /// A string.
    Text(Text),
}

/// A string in lower case, quoting undone, with the wildcards that may stand at its ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Text {
    pub(super) before: Slack,
    pub(super) body: String,
    pub(super) after: Slack,
}

/// One place of a string with wildcards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    One(u8),
    Maybe,
    Many,
}

impl Value {
    /// The rows of the table of attribute comparison in NISTIR 7696.
    pub(super) fn relation(&self, target: &Self) -> Relation {
        match (self, target) {
            (_, Self::Text(target)) if target.wild() => Relation::Undefined,
            (Self::Any, Self::Any) | (Self::Na, Self::Na) => Relation::Equal,
            (Self::Any, _) => Relation::Superset,
            (_, Self::Any) => Relation::Subset,
            (Self::Na, _) | (_, Self::Na) => Relation::Disjoint,
            (Self::Text(source), Self::Text(target)) => match source.matches(&target.body) {
                true if source.wild() => Relation::Superset,
                true => Relation::Equal,
                false => Relation::Disjoint,
            },
        }
    }

    /// Whether this value in a data call means a system with that value.
    pub(super) fn means(&self, system: &Self) -> Option<Certainty> {
        match (self, system) {
            (Self::Any, _) | (Self::Na, Self::Na) => Some(Certainty::Surely),
            (_, Self::Any) => Some(Certainty::Possibly),
            (Self::Na, _) | (_, Self::Na) => None,
            (Self::Text(call), Self::Text(system)) if call == system => Some(Certainty::Surely),
            (Self::Text(call), Self::Text(system)) if !system.wild() => {
                call.matches(&system.body).then_some(Certainty::Surely)
            }
            (Self::Text(call), Self::Text(system)) => call.meets(system).then_some(Certainty::Possibly),
        }
    }
}

impl Text {
    /// Whether there are wildcards in it.
    fn wild(&self) -> bool {
        self.before != Some(0) || self.after != Some(0)
    }

    /// Whether the string without wildcards is one that this one stands for.
    fn matches(&self, target: &str) -> bool {
        if !self.wild() {
            return self.body == target;
        }
        let (body, target) = (self.body.as_bytes(), target.as_bytes());
        let Some(spare) = target.len().checked_sub(body.len()) else { return false };
        let last = self.before.map_or(spare, |most| most.min(spare));
        let first = self.after.map_or(0, |most| spare.saturating_sub(most));
        (first..=last).any(|at| target.get(at..).is_some_and(|rest| rest.starts_with(body)))
    }

    /// Whether there is a string that both stand for. Both are short: the table of places is at most as large as the
    /// product of their lengths.
    fn meets(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.tokens(), other.tokens());
        // Row by row: from which places of the other one the rest of mine can be reached.
        let mut row = vec![false; theirs.len() + 1];
        if let Some(first) = row.first_mut() {
            *first = true;
        }
        for at in 0..=mine.len() {
            let own = mine.get(at).copied();
            let mut next = vec![false; theirs.len() + 1];
            for place in 0..=theirs.len() {
                if !row.get(place).copied().unwrap_or(false) {
                    continue;
                }
                let (along, down, across) = steps(own, theirs.get(place).copied());
                set(&mut row, place + 1, along);
                set(&mut next, place, down);
                set(&mut next, place + 1, across);
            }
            if at == mine.len() {
                return row.last().copied().unwrap_or(false);
            }
            row = next;
        }
        false
    }

    fn tokens(&self) -> Vec<Token> {
        let slack = |slack: Slack| match slack {
            None => vec![Token::Many],
            Some(count) => vec![Token::Maybe; count],
        };
        let mut tokens = slack(self.before);
        tokens.extend(self.body.bytes().map(Token::One));
        tokens.extend(slack(self.after));
        tokens
    }
}

/// Which steps lead on from a place in each of two strings: in the other alone, in ours alone, in both.
fn steps(own: Option<Token>, other: Option<Token>) -> (bool, bool, bool) {
    let spare = |token: Option<Token>| matches!(token, Some(Token::Maybe | Token::Many));
    // A wildcard may stand for nothing; `*` also takes any character and stays where it is.
    let along = spare(other) || (own == Some(Token::Many) && other.is_some());
    let down = spare(own) || (other == Some(Token::Many) && own.is_some());
    let across = match (own, other) {
        (Some(Token::One(own)), Some(Token::One(other))) => own == other,
        (Some(Token::Maybe), Some(_)) | (Some(_), Some(Token::Maybe)) => true,
        _ => false,
    };
    (along, down, across)
}

fn set(row: &mut [bool], place: usize, reached: bool) {
    if let Some(cell) = row.get_mut(place).filter(|_| reached) {
        *cell = true;
    }
}

/// As in a formatted string (NISTIR 7695 §6.2, binding): all but letters, digits, `_`, `.` and `-` is quoted.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Any => return f.write_str("*"),
            Self::Na => return f.write_str("-"),
            Self::Text(text) => text,
        };
        slack(f, text.before)?;
        for c in text.body.chars() {
            if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') {
                write!(f, "{c}")?;
            } else {
                write!(f, "\\{c}")?;
            }
        }
        slack(f, text.after)
    }
}

fn slack(f: &mut fmt::Formatter<'_>, slack: Slack) -> fmt::Result {
    match slack {
        None => f.write_str("*"),
        Some(count) => (0..count).try_for_each(|_| f.write_str("?")),
    }
}
