//! The configuration of routing: static rules until a plan of coordination replaces them.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::peers::Relation;

/// `[routing]`: what goes on to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// A message whose path already names this many RID systems is not relayed further; 1 to 64.
    pub hop_limit: usize,
    /// Networks (CIDR) whose hosts are our own: a Request for a SourceOfIncident there is ours to answer.
    /// A node without any, whose peers have none either, takes all such Requests for its own.
    pub networks: Vec<IpNet>,
    /// The rules. All that match are followed; no peer gets the same message twice.
    pub relay: Vec<Rule>,
}

/// `[[routing.relay]]`: what comes from whom goes to whom, as what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// The relation of the peer that sent it.
    pub from: Relation,
    /// The MsgTypes it holds for, for instance `["Report", "InvestigationRequest"]`.
    pub messages: Vec<String>,
    /// Which of them.
    #[serde(default)]
    pub when: When,
    /// To whom it goes.
    pub to: To,
    /// As what it goes.
    #[serde(default, rename = "as")]
    pub form: Form,
}

/// Which messages a rule holds for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// All of the named types.
    #[default]
    Always,
    /// Those that ask for action: purpose `mitigation`, or an Expectation other than `nothing`.
    DataCall,
    /// Those that answer nothing we have relayed.
    Unsolicited,
}

/// To whom a rule sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum To {
    /// All peers of relation `authority`.
    Authority,
    /// All peers of relation `parent`.
    Parent,
    /// All peers of relation `unit`.
    Unit,
    /// All peers of relation `peer`.
    Peer,
    /// Where the message came from that this one answers: the same path back (RFC 6545 §6.1).
    Origin,
}

impl To {
    pub(super) fn relation(self) -> Option<Relation> {
        match self {
            Self::Authority => Some(Relation::Authority),
            Self::Parent => Some(Relation::Parent),
            Self::Unit => Some(Relation::Unit),
            Self::Peer => Some(Relation::Peer),
            Self::Origin => None,
        }
    }
}

/// As what a rule sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// As what it came. On the way back: a Result if the origin sent a Request and this is a Result, else a Report.
    #[default]
    Same,
    /// As a Report.
    Report,
    /// As our own InvestigationRequest.
    InvestigationRequest,
}

impl Default for Config {
    fn default() -> Self {
        let rule = |from, messages: &[&str], when, to, form| Rule {
            from,
            messages: messages.iter().map(|&name| name.to_owned()).collect(),
            when,
            to,
            form,
        };
        let alert = ["Report", "InvestigationRequest"];
        let request = Form::InvestigationRequest;
        Self {
            hop_limit: 16,
            networks: Vec::new(),
            relay: vec![
                rule(Relation::Authority, &alert, When::DataCall, To::Unit, request),
                rule(Relation::Parent, &alert, When::DataCall, To::Unit, request),
                rule(Relation::Unit, &["Report", "Result"], When::Always, To::Origin, Form::Same),
                rule(Relation::Unit, &["Report"], When::Unsolicited, To::Parent, Form::Report),
            ],
        }
    }
}

impl Config {
    /// What is wrong with it, each fault a sentence that begins with the key.
    pub fn faults(&self) -> Vec<String> {
        const KNOWN: [&str; 4] = ["Report", "InvestigationRequest", "TraceRequest", "Result"];
        let mut faults = Vec::new();
        if !(1..=64).contains(&self.hop_limit) {
            faults.push(format!("routing.hop-limit = {}: write 1 to 64", self.hop_limit));
        }
        for (at, rule) in self.relay.iter().enumerate() {
            if rule.messages.is_empty() {
                faults
                    .push(format!("routing.relay[{at}].messages is empty: name at least one of {}", KNOWN.join(", ")));
            }
            for name in rule.messages.iter().filter(|name| !KNOWN.contains(&name.as_str())) {
                faults.push(format!(
                    "routing.relay[{at}].messages has {name:?}: only {} can be relayed",
                    KNOWN.join(", ")
                ));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_fault_and_faults_name_their_key() {
        assert_eq!(Config::default().faults(), Vec::<String>::new());
        let mut config = Config { hop_limit: 0, ..Config::default() };
        config.relay[1].messages = vec!["Query".to_owned()];
        let faults = config.faults();
        assert!(faults[0].starts_with("routing.hop-limit") && faults[1].starts_with("routing.relay[1].messages"));
    }
}
