//! Why bytes were refused before anything was read from them. Made by the scan and the parser, shown to people and, as
//! a short Justification, to peers.

use std::fmt;

/// A place in a document: line and column count from 1, the column in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The position of byte `offset` of `source`; an offset past the end means the end.
    #[must_use]
    pub fn of(source: &[u8], offset: usize) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        // Continuation bytes do not begin a character.
        let column = before.get(start..).unwrap_or_default().iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1;
        Self { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Whose rule the bytes break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// They are no well-formed XML 1.0 with namespaces.
    Malformed,
    /// They may be well-formed, but carry what we never read: a DTD, another encoding or version, or too much.
    Forbidden,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed",
            Self::Forbidden => "forbidden",
        })
    }
}

/// Bytes that were refused while scanning or parsing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} XML at {position}: expected {expected}, found {found}")]
pub struct XmlError {
    /// Not well-formed, or refused by policy.
    pub fault: Fault,
    /// Where.
    pub position: Position,
    /// What would have been right.
    pub expected: String,
    /// What came instead.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = "a\nö<b".as_bytes();
        assert_eq!(Position::of(source, 4), Position { line: 2, column: 2 });
        assert_eq!(Position::of(source, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of(source, 99).line, 2);
    }
}
