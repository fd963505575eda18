//! What an administrator can set about the outbox.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Backoff, BadBackoff};
use crate::clock::span;

/// Settings of the outbox: the table `[outbox]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The pause after the first try that failed.
    #[serde(with = "span")]
    pub first_retry: Duration,
    /// By how much each further pause is longer than the one before: 1 to 10.
    pub retry_factor: u32,
    /// No pause is longer than this.
    #[serde(with = "span")]
    pub longest_retry: Duration,
    /// By how many per cent a pause is made shorter or longer at random, so that parcels that failed together do not
    /// come back together: 0 to 90.
    pub retry_jitter_percent: u32,
    /// A parcel that is not delivered this long after it was made is given up and moved to the dead letters.
    #[serde(with = "span")]
    pub expiry: Duration,
    /// How many parcels may be under way at once.
    pub concurrency: usize,
    /// How many of them may be under way to the same recipient.
    pub concurrency_per_recipient: usize,
    /// How many parcels may wait for the same recipient; what would need one more is refused.
    pub waiting_per_recipient: usize,
    /// How long a worker may hold a parcel. A try is broken off after three quarters of it; a parcel whose worker died
    /// is tried by another one after all of it (at once when the node starts again, unless it shares its store).
    #[serde(with = "span")]
    pub claim: Duration,
    /// How long delivered and cancelled parcels are kept for the administrator to look at. The messages stay.
    #[serde(with = "span")]
    pub keep: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            first_retry: Duration::from_secs(1),
            retry_factor: 2,
            longest_retry: Duration::from_secs(15 * 60),
            retry_jitter_percent: 20,
            expiry: Duration::from_secs(72 * 3600),
            concurrency: 128,
            concurrency_per_recipient: 4,
            waiting_per_recipient: 10_000,
            claim: Duration::from_secs(2 * 60),
            keep: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// The pauses between tries.
    #[error("outbox: {0}")]
    Backoff(#[from] BadBackoff),
    /// A figure that must not be zero.
    #[error("outbox.{key} = 0: nothing would ever be sent; write at least 1")]
    Zero {
        /// The key of the figure.
        key: &'static str,
    },
    /// A span that is too short to work with.
    #[error("outbox.{key} = {found:?} is too short: write at least {least:?}")]
    TooShort {
        /// The key of the span.
        key: &'static str,
        /// The span as configured.
        found: Duration,
        /// The shortest that works.
        least: Duration,
    },
}

impl Config {
    /// All faults of these settings; none if they can be used.
    pub fn faults(&self) -> Vec<BadConfig> {
        let mut faults: Vec<BadConfig> = self.backoff().err().map(BadConfig::Backoff).into_iter().collect();
        let counts = [
            ("concurrency", self.concurrency),
            ("concurrency-per-recipient", self.concurrency_per_recipient),
            ("waiting-per-recipient", self.waiting_per_recipient),
        ];
        faults.extend(counts.iter().filter(|(_, n)| *n == 0).map(|(key, _)| BadConfig::Zero { key }));
        let spans = [("expiry", self.expiry, Duration::from_secs(1)), ("claim", self.claim, Duration::from_secs(1))];
        for (key, found, least) in spans {
            if found < least {
                faults.push(BadConfig::TooShort { key, found, least });
            }
        }
        faults
    }

    /// The pauses between tries.
    ///
    /// # Errors
    /// If a figure makes no sense.
    pub fn backoff(&self) -> Result<Backoff, BadBackoff> {
        Backoff::new(self.first_retry, self.retry_factor, self.longest_retry, self.retry_jitter_percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_fault_and_all_faults_are_told() {
        assert_eq!(Config::default().faults(), []);
        let wrong = Config { retry_factor: 0, concurrency: 0, claim: Duration::ZERO, ..Config::default() };
        assert_eq!(wrong.faults().len(), 3);
    }

    #[test]
    fn unknown_keys_are_refused_and_spans_are_humane() {
        let config: Config = serde_json::from_str(r#"{"expiry": "3d"}"#).unwrap();
        assert_eq!(config, Config::default());
        assert!(serde_json::from_str::<Config>(r#"{"expires": "3d"}"#).is_err());
        assert_eq!(serde_json::to_value(config).unwrap()["longest-retry"], "15m");
    }
}
