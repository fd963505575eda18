//! What an administrator can set about the exchange.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::accept;
use crate::clock::span;
use crate::envelope::Accept;

/// Settings of the exchange: the table `[exchange]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Whether a Report that was filed is answered with an Acknowledgement; if not, with an empty 200 (RFC 6546 Table 1
    /// allows both).
    pub acknowledge_reports: bool,
    /// How a Request that is approved at once is answered.
    pub approved_requests: ApprovedRequests,
    /// After how long a Request that nobody has decided is answered with a Pending Acknowledgement (RFC 6545 §6.2 says
    /// two minutes).
    #[serde(with = "span")]
    pub pending_after: Duration,
    /// How many Requests of one peer may wait for a person; what would be one more is denied (SystemResource).
    pub undecided_per_peer: usize,
    /// How many documents one Report that answers a Query may hold (RFC 6545 §6.5 recommends 5).
    pub query_documents: usize,
    /// How many of the newest documents are compared with a Query that names no incident.
    pub query_scan: usize,
    /// How many incidents are kept in memory so that a message about them needs no reading.
    pub incident_cache: usize,
    /// The IP address that others know this node by; written into the path of what we relay.
    pub address: Option<IpAddr>,
    /// Who answers for this node; written into the path of what we relay. Empty: the node's name.
    pub contact: String,
    /// The PolicyRegion of messages that we begin (RFC 6545 §5.1).
    pub policy_region: String,
    /// The TrafficType of messages that we begin (RFC 6545 §5.1).
    pub traffic_type: String,
    /// Values accepted, with a warning, beside those that the standards list (RFC 7970 §5.1), by the name of their list.
    pub accept_values: Accept,
}

/// How a Request that is approved at once is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovedRequests {
    /// With 202 and a RID-Callback-Token: the Acknowledgement and the Result follow as callbacks with that token.
    #[default]
    Callback,
    /// With 200 and the Acknowledgement: the Result follows without a token.
    AtOnce,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            acknowledge_reports: true,
            approved_requests: ApprovedRequests::Callback,
            pending_after: Duration::from_secs(2 * 60),
            undecided_per_peer: 1_000,
            query_documents: 5,
            query_scan: 2_000,
            incident_cache: 10_000,
            address: None,
            contact: String::new(),
            policy_region: "PeerToPeer".to_owned(),
            traffic_type: "Attack".to_owned(),
            accept_values: Accept::new(),
        }
    }
}

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// A figure outside its range.
    #[error("exchange.{key} = {found}: write {expected}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The figure as configured.
        found: usize,
        /// What it may be.
        expected: &'static str,
    },
    /// A word that is none of the standard's.
    #[error("exchange.{key} = {found:?}: write one of {}", allowed.join(", "))]
    NoSuchWord {
        /// The key.
        key: &'static str,
        /// The word as configured.
        found: String,
        /// The standard's words.
        allowed: &'static [&'static str],
    },
    /// A list of values that no standard here has.
    #[error("exchange.accept-values.{list}: no standard has a list of that name; write {}", nearest.join(", "))]
    NoSuchList {
        /// The name as configured.
        list: String,
        /// Names that are like it.
        nearest: Vec<&'static str>,
    },
    /// A value that can stand in no document, or need not be accepted.
    #[error("exchange.accept-values.{list}: {value:?} {why}")]
    NoSuchValue {
        /// The list.
        list: String,
        /// The value as configured.
        value: String,
        /// What is wrong with it, and what to do.
        why: &'static str,
    },
}

const REGIONS: &[&str] = &["ClientToSP", "SPToClient", "IntraConsortium", "PeerToPeer", "BetweenConsortiums"];
const TRAFFIC: &[&str] =
    &["Attack", "Network", "Content", "DataWithHandlingRequirements", "AudienceRestriction", "Other"];

impl Config {
    /// All faults of these settings; none if they can be used.
    pub fn faults(&self) -> Vec<BadConfig> {
        let mut faults = Vec::new();
        let figures = [
            ("undecided-per-peer", self.undecided_per_peer, 1..=100_000, "1 to 100000"),
            ("query-documents", self.query_documents, 1..=100, "1 to 100"),
            ("query-scan", self.query_scan, 1..=100_000, "1 to 100000"),
            ("incident-cache", self.incident_cache, 1..=10_000_000, "1 to 10000000"),
        ];
        for (key, found, range, expected) in figures {
            if !range.contains(&found) {
                faults.push(BadConfig::OutOfRange { key, found, expected });
            }
        }
        let words = [("policy-region", &self.policy_region, REGIONS), ("traffic-type", &self.traffic_type, TRAFFIC)];
        for (key, found, allowed) in words {
            if !allowed.contains(&found.as_str()) {
                faults.push(BadConfig::NoSuchWord { key, found: found.clone(), allowed });
            }
        }
        faults.extend(accept::faults(&self.accept_values));
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_fault_and_all_faults_are_told() {
        assert_eq!(Config::default().faults(), []);
        let wrong = Config { query_documents: 0, traffic_type: "War".to_owned(), ..Config::default() };
        assert_eq!(wrong.faults().len(), 2);
        assert_eq!(serde_json::to_value(Config::default()).unwrap()["pending-after"], "2m");
    }
}
