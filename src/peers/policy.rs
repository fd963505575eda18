//! What one peer may send and how we send to it, where that differs from what its relation says.
//!
//! Kept in the peer's record as JSON. A policy that is absent is the default one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rights::{MsgType, Ruling};

/// The version of IODEF that a peer takes; both are always read from it. It rules the documents that we put together
/// (answers to its Queries). What is relayed or sent is its author's and stays as it is, with a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IodefVersion {
    /// IODEF 1.0 (RFC 5070).
    #[serde(rename = "1.0")]
    V1,
    /// IODEF 2.0 (RFC 7970), and 1.0.
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

impl IodefVersion {
    /// `1.0` or `2.0`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

impl std::fmt::Display for IodefVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for IodefVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "1.0" => Ok(Self::V1),
            "2.0" => Ok(Self::V2),
            _ => Err(format!("{text:?} is no version of IODEF: expected 1.0 or 2.0")),
        }
    }
}

/// How a peer is treated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// What becomes of its messages by type, where the table of its relation is not what is wanted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub messages: BTreeMap<MsgType, Ruling>,
    /// The version of IODEF that it takes.
    pub iodef: IodefVersion,
    /// The port that callbacks to it go to, at the address its request came from (RFC 6546 §3: 4590 unless configured).
    pub callback_port: u16,
}

impl Default for Policy {
    fn default() -> Self {
        Self { messages: BTreeMap::new(), iodef: IodefVersion::V2, callback_port: 4590 }
    }
}

/// Why a policy is none.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is no JSON object of the fields we know.
    #[error("the policy cannot be read: {source}; it is a JSON object such as {{\"iodef\":\"1.0\"}}")]
    Unreadable {
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A port is none.
    #[error("the policy's callback-port is 0: expected 1 to 65535")]
    NoPort,
}

impl Policy {
    /// Reads the policy of a peer's record.
    ///
    /// # Errors
    /// If the text is none.
    pub fn read(json: Option<&str>) -> Result<Self, PolicyError> {
        let Some(json) = json else { return Ok(Self::default()) };
        let policy: Self = serde_json::from_str(json).map_err(|source| PolicyError::Unreadable { source })?;
        policy.check()?;
        Ok(policy)
    }

    /// Checks what its types leave open.
    ///
    /// # Errors
    /// Names what is not right.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.callback_port == 0 {
            return Err(PolicyError::NoPort);
        }
        Ok(())
    }

    /// The policy as its record keeps it; the default one is kept as nothing.
    pub fn write(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        serde_json::to_string(self).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_written_and_the_default_is_nothing() {
        assert_eq!(Policy::default().write(), None);
        assert_eq!(Policy::read(None).unwrap(), Policy::default());
        let mut policy = Policy { iodef: IodefVersion::V1, ..Policy::default() };
        policy.messages.insert(MsgType::TraceRequest, Ruling::Deny);
        let json = policy.write().unwrap();
        assert!(json.contains(r#""messages":{"TraceRequest":"deny"}"#), "{json}");
        assert_eq!(Policy::read(Some(&json)).unwrap(), policy);
    }

    #[test]
    fn what_is_no_policy_is_refused_with_the_field() {
        for (json, part) in [
            ("{\"iodef\":\"3.0\"}", "3.0"),
            ("{\"hops\":3}", "hops"),
            ("{\"messages\":{\"Report\":\"maybe\"}}", "maybe"),
            ("{\"callback-port\":0}", "callback-port is 0"),
        ] {
            let error = Policy::read(Some(json)).unwrap_err().to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
