//! The options by which `ridd peer add` and `ridd peer change` say how a peer is treated, and how `ridd peer show` says it.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::peers::{Encryption, IodefVersion, Policy, Signatures};

/// How a peer is treated; what is absent stays.
#[derive(Debug, clap::Args)]
pub(super) struct Treatment {
    /// The version of IODEF that it takes: 1.0 or 2.0 (which is both). Our answers to its queries hold no other; what is
    /// relayed or sent to it stays as its author wrote it, with a warning
    #[arg(long, value_name = "VERSION")]
    iodef: Option<IodefVersion>,
    /// Whether its messages must be signed: required, when-present, off
    #[arg(long, value_name = "RULE")]
    signatures: Option<Signatures>,
    /// Which messages to it are encrypted: by-restriction, always, never
    #[arg(long, value_name = "RULE")]
    encryption: Option<Encryption>,
    /// Whether the restriction green asks for encryption
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    encrypt_green: Option<bool>,
    /// The signature algorithms that count, the preferred one first, parted by commas; `all` for all there are
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    signature_algorithms: Vec<String>,
    /// The encryption algorithms that count, parted by commas, the first for sending; `all` for all there are
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    encryption_algorithms: Vec<String>,
    /// How it is treated: a JSON file of what differs from the defaults
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Treatment {
    /// Whether single parts are to be different and the others to stay as they are.
    pub(super) fn changes_parts(&self) -> bool {
        self.names_parts() && self.policy.is_none()
    }

    fn names_parts(&self) -> bool {
        self.iodef.is_some()
            || self.signatures.is_some()
            || self.encryption.is_some()
            || self.encrypt_green.is_some()
            || !self.signature_algorithms.is_empty()
            || !self.encryption_algorithms.is_empty()
    }

    /// The policy that the options ask for, over the present one; none if they ask for none.
    pub(super) fn policy(self, present: Option<Policy>) -> Result<Option<Policy>, Failure> {
        let names_parts = self.names_parts();
        let written = match &self.policy {
            Some(file) => Some(Policy::read(Some(&read(file)?)).map_err(Failure::input)?),
            None => None,
        };
        if !names_parts {
            return Ok(written);
        }
        let mut policy = written.or(present).unwrap_or_default();
        policy.iodef = self.iodef.unwrap_or(policy.iodef);
        policy.signatures = self.signatures.unwrap_or(policy.signatures);
        policy.encryption = self.encryption.unwrap_or(policy.encryption);
        policy.encrypt_green = self.encrypt_green.unwrap_or(policy.encrypt_green);
        if !self.signature_algorithms.is_empty() {
            let read = Policy::signature_algorithms_of(listed(&self.signature_algorithms));
            policy.signature_algorithms = read.map_err(|why| option("--signature-algorithms", &why))?;
        }
        if !self.encryption_algorithms.is_empty() {
            let read = Policy::encryption_algorithms_of(listed(&self.encryption_algorithms));
            policy.encryption_algorithms = read.map_err(|why| option("--encryption-algorithms", &why))?;
        }
        Ok(Some(policy))
    }
}

fn option(name: &str, why: &str) -> Failure {
    Failure::input(format_args!("{name}: {why}"))
}

fn listed(names: &[String]) -> &[String] {
    if names == ["all"] { &[] } else { names }
}

/// The contents of a text file that an option names.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure::input(format_args!("cannot read {}: {error}", file.display())))
}

/// How the peer's messages must be signed, in words.
pub(super) fn signatures(policy: &Policy) -> String {
    let names: Vec<_> = policy.signature_algorithms.iter().map(|one| one.name()).collect();
    with_algorithms(policy.signatures.as_str(), &names)
}

/// How messages to the peer are encrypted, in words.
pub(super) fn encryption(policy: &Policy) -> String {
    let names: Vec<_> = policy.encryption_algorithms.iter().map(|one| one.name()).collect();
    let green = if policy.encrypt_green { ", green too" } else { "" };
    with_algorithms(&format!("{}{green}", policy.encryption), &names)
}

fn with_algorithms(rule: &str, names: &[&str]) -> String {
    if names.is_empty() { rule.to_owned() } else { format!("{rule} ({})", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        treatment: Treatment,
    }

    fn treatment(line: &str) -> Treatment {
        Line::try_parse_from(std::iter::once("x").chain(line.split_whitespace())).unwrap().treatment
    }

    #[test]
    fn named_parts_change_and_the_others_stay() {
        let line = "--signatures when-present --encryption always --encrypt-green --signature-algorithms \
                    ed25519,pss-sha256 --encryption-algorithms aes128-gcm";
        let asked = treatment(line);
        assert!(asked.changes_parts());
        let present = Policy { callback_port: 4591, ..Policy::default() };
        let policy = asked.policy(Some(present)).unwrap().unwrap();
        assert_eq!(policy.callback_port, 4591);
        assert_eq!(signatures(&policy), "when-present (ed25519, pss-sha256)");
        assert_eq!(encryption(&policy), "always, green too (aes128-gcm)");
        let back = treatment("--signature-algorithms all --encryption-algorithms all --encrypt-green false");
        let policy = back.policy(Some(policy)).unwrap().unwrap();
        assert_eq!((signatures(&policy).as_str(), encryption(&policy).as_str()), ("when-present", "always"));
        assert!(treatment("").policy(None).unwrap().is_none());
    }

    #[test]
    fn what_is_no_algorithm_is_named() {
        let error = treatment("--signature-algorithms rsa-sha1,hmac,ed25519,ed25519").policy(None).unwrap_err();
        for part in ["--signature-algorithms", "rsa-sha1", "hmac", "\"ed25519\" stands there twice", "ecdsa-sha384"] {
            assert!(error.message.contains(part), "{part}: {}", error.message);
        }
    }
}
