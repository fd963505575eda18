//! How the node logs: the `[telemetry]` table of the configuration.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The `[telemetry]` table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// How a log line is written to standard error: `text` or `json`. Default `text`. Takes a restart.
    pub format: Format,
    /// What is logged: a level, and after it levels for single parts, as in `info,transport=debug`. Default `info`.
    /// Other people's crates speak only from `warn` up, whatever is set. Message bodies are logged at no level.
    pub level: Levels,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// From which weight on an event is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Something failed and somebody should act.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What the node does, an event a line.
    #[default]
    Info,
    /// How it does it.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    const ALL: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, level)| *level == self).map_or("info", |(word, _)| word)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(word, _)| *word == text).map(|(_, level)| *level)
    }
}

/// A level for all, and other levels for single parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// For every part that is not named.
    pub all: Level,
    /// For a part by its name in `docs/architecture.md`, or deeper: `transport`, `transport::server`.
    pub parts: Vec<(String, Level)>,
}

/// Why a text names no [`Levels`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLevels {
    /// A word is no level.
    #[error("{word:?} is no level: write error, warn, info, debug or trace")]
    Level {
        /// The word that came.
        word: String,
    },
    /// A part's name is none.
    #[error("{name:?} is no name of a part: write it as in docs/architecture.md, for instance transport=debug")]
    Part {
        /// The name that came.
        name: String,
    },
}

impl FromStr for Levels {
    type Err = BadLevels;

    fn from_str(text: &str) -> Result<Self, BadLevels> {
        let level = |word: &str| Level::parse(word).ok_or_else(|| BadLevels::Level { word: word.to_owned() });
        let mut levels = Self::default();
        for entry in text.split(',').map(str::trim) {
            let Some((part, word)) = entry.split_once('=') else {
                levels.all = level(entry)?;
                continue;
            };
            let part = part.trim().strip_prefix("ridd::").unwrap_or_else(|| part.trim());
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b':') {
                return Err(BadLevels::Part { name: part.to_owned() });
            }
            levels.parts.push((part.to_owned(), level(word.trim())?));
        }
        Ok(levels)
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.all.word())?;
        self.parts.iter().try_for_each(|(part, level)| write!(f, ",{part}={}", level.word()))
    }
}

impl Serialize for Levels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Levels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_read_back_as_written() {
        for text in ["info", "warn,transport=debug,store::sqlite=trace"] {
            assert_eq!(text.parse::<Levels>().unwrap().to_string(), text);
        }
        assert_eq!("ridd::outbox=warn".parse::<Levels>().unwrap().to_string(), "info,outbox=warn");
    }

    #[test]
    fn what_is_no_level_is_refused() {
        assert!(matches!("loud".parse::<Levels>(), Err(BadLevels::Level { word }) if word == "loud"));
        assert!(matches!("info,x=".parse::<Levels>(), Err(BadLevels::Level { .. })));
        assert!(matches!("info,=debug".parse::<Levels>(), Err(BadLevels::Part { .. })));
        assert!(matches!("Transport=debug".parse::<Levels>(), Err(BadLevels::Part { .. })));
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"format":"json","level":"debug"}"#).is_ok());
        assert!(serde_json::from_str::<Config>(r#"{"colour":true}"#).is_err());
    }
}
