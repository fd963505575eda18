//! What an administrator can set about the channels to people: the table `[notify]`. A channel without its first key is not
//! configured, and what it should carry is refused with the name of that key.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::url::Place;
use crate::clock::span;

/// Settings of the channels: the table `[notify]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Within this time one notice must have been handed over to its gateway. Default `45s`.
    #[serde(with = "span")]
    pub time: Duration,
    /// Whether a drill disturbs people as the real thing would. Default false: `drill-address` gets it, or nobody.
    pub drill_pages_people: bool,
    /// The mail address that gets everything a drill would have told people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill_address: Option<String>,
    /// Emails; pages and faxes too, if their gateways take mail.
    pub email: Email,
    /// Pages.
    pub pager: Pager,
    /// Faxes.
    pub fax: Fax,
    /// Webhook calls.
    pub webhook: Webhook,
}

/// How the connection to the mail server is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// It begins in clear and must change to TLS before anything is said (RFC 3207).
    #[default]
    Starttls,
    /// It is TLS from the first byte (RFC 8314).
    Tls,
    /// Nothing is encrypted: for a mail server on this host only.
    Plain,
}

impl Security {
    /// The port that is usual for it.
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::Plain => 25,
        }
    }
}

/// How mail is handed over: the table `[notify.email]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Email {
    /// The mail server, `HOST` or `HOST:PORT`. Without it there is no email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// How the connection is secured. Default `starttls`.
    pub security: Security,
    /// The name in the server's certificate, if it is not the host of `server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_name: Option<String>,
    /// The CAs that may vouch for it, as PEM, instead of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The user to sign in as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The file with the user's password, mode 0600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// From whom the mail is: an address, or `Name <address>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where answers go, if not to `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// What a page is handed over to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gateway {
    /// A paging terminal that speaks SNPP (RFC 1861).
    #[default]
    Snpp,
    /// Mail to `NUMBER@domain`.
    Email,
}

/// How pages are handed over: the table `[notify.pager]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pager {
    /// What they are handed over to. Default `snpp`.
    pub gateway: Gateway,
    /// For `snpp`: the paging terminal, `HOST` or `HOST:PORT`; port 444 if none is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// For `snpp`: who calls (CALLerid of level 2), if the terminal wants to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_id: Option<String>,
    /// For `email`: what follows the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// How large a page of paper is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paper {
    /// 210 by 297 mm.
    #[default]
    A4,
    /// 8.5 by 11 inches.
    Letter,
}

/// How faxes are handed over: the table `[notify.fax]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fax {
    /// The fax gateway takes mail with a PDF to `NUMBER@domain`. Without it there is no fax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// How large the pages are. Default `a4`.
    pub paper: Paper,
}

/// How webhooks are called: the table `[notify.webhook]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Webhook {
    /// The file with the secret that calls are signed with, mode 0600; at least 16 bytes. Without it nothing is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// The CAs that may vouch for whom we call, as PEM, instead of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Hosts that may be called over `http:` too, in clear; loopback always may.
    pub clear_hosts: Vec<String>,
    /// Bytes of the largest answer that is read. Default 65536.
    pub answer_bytes: usize,
}

impl Default for Webhook {
    fn default() -> Self {
        Self { secret_file: None, ca_file: None, clear_hosts: Vec::new(), answer_bytes: 64 << 10 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(45),
            drill_pages_people: false,
            drill_address: None,
            email: Email::default(),
            pager: Pager::default(),
            fax: Fax::default(),
            webhook: Webhook::default(),
        }
    }
}

/// One fault of the settings: the key inside `[notify]`, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("notify.{key}: {why}")]
pub struct BadConfig {
    /// The key with its table.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub why: String,
}

impl Config {
    /// The same with every relative path taken from the data directory.
    #[must_use]
    pub fn resolved(mut self, data: &Path) -> Self {
        let paths = [
            &mut self.email.ca_file,
            &mut self.email.password_file,
            &mut self.webhook.secret_file,
            &mut self.webhook.ca_file,
        ];
        for path in paths.into_iter().flatten() {
            *path = data.join(&path);
        }
        self
    }

    /// All faults of these settings; none if they can be used. Files are read later.
    pub fn faults(&self) -> Vec<BadConfig> {
        let mut faults = Vec::new();
        let mut fault = |key, why: &str| faults.push(BadConfig { key, why: why.to_owned() });
        if self.time < Duration::from_secs(1) || self.time > Duration::from_secs(80) {
            fault("time", "write 1s to 80s: a try that takes longer is broken off by the outbox");
        }
        let mail = self.email.server.is_some();
        let by_mail = "goes by mail: set notify.email.server";
        for (key, used) in [
            ("drill-address", self.drill_address.is_some()),
            ("fax.domain", self.fax.domain.is_some()),
            ("pager.gateway", self.pager.gateway == Gateway::Email),
        ] {
            if used && !mail {
                fault(key, by_mail);
            }
        }
        if let Some(address) = &self.drill_address
            && super::mail::address(address).is_none()
        {
            fault("drill-address", "is no mail address: write it as in drill@example.org");
        }
        if self.pager.gateway == Gateway::Email && self.pager.domain.is_none() {
            fault("pager.domain", "is needed with gateway = \"email\": the page goes to NUMBER@domain");
        }
        if self.pager.server.as_deref().is_some_and(|server| Place::parse(server, 444).is_none()) {
            fault("pager.server", "is no HOST or HOST:PORT");
        }
        let spoken =
            |id: &str| !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if self.pager.caller_id.as_deref().is_some_and(|id| !spoken(id)) {
            fault("pager.caller-id", "must be 1 to 64 ASCII characters on one line");
        }
        for (key, domain) in [("pager.domain", &self.pager.domain), ("fax.domain", &self.fax.domain)] {
            if domain.as_deref().is_some_and(|domain| super::mail::address(&format!("1@{domain}")).is_none()) {
                fault(key, "cannot follow the @ of a mail address: write it as in fax.example.org");
            }
        }
        if self.webhook.answer_bytes < 1024 {
            fault("webhook.answer-bytes", "is too small: at least 1024");
        }
        faults.extend(self.email.faults());
        faults
    }
}

impl Email {
    fn faults(&self) -> Vec<BadConfig> {
        let mut faults = Vec::new();
        let mut fault = |key, why: &str| faults.push(BadConfig { key, why: why.to_owned() });
        let Some(server) = &self.server else { return faults };
        match Place::parse(server, self.security.port()) {
            None => fault("email.server", "is no HOST or HOST:PORT"),
            Some(place) if self.security == Security::Plain && self.user.is_some() && !is_loopback(&place.host) => {
                fault(
                    "email.security",
                    "\"plain\" would show the password to the network: write \"starttls\" or \"tls\"",
                );
            }
            Some(_) => {}
        }
        match &self.from {
            None => fault("email.from", "is needed: from whom the mail is"),
            Some(from) if super::mail::mailbox(from).is_none() => {
                fault("email.from", "is no mail address: write it as in \"CIRT <cirt@example.org>\"");
            }
            Some(_) => {}
        }
        if self.reply_to.as_deref().is_some_and(|reply| super::mail::mailbox(reply).is_none()) {
            fault("email.reply-to", "is no mail address: write it as in \"CIRT <cirt@example.org>\"");
        }
        if self.user.is_some() != self.password_file.is_some() {
            fault("email.user", "and password-file are needed both, or neither");
        }
        faults
    }
}

/// Whether the host is this machine, whatever the network.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_fault_and_no_channel() {
        let config = Config::default();
        assert_eq!(config.faults(), []);
        assert_eq!((config.email.server, config.pager.server, config.fax.domain), (None, None, None));
    }

    #[test]
    fn all_faults_are_told() {
        let config = Config {
            time: Duration::ZERO,
            drill_address: Some("nobody".to_owned()),
            pager: Pager { gateway: Gateway::Email, ..Pager::default() },
            fax: Fax { domain: Some("not a domain".to_owned()), ..Fax::default() },
            ..Config::default()
        };
        let keys: Vec<_> = config.faults().iter().map(|fault| fault.key).collect();
        let expected =
            ["time", "drill-address", "fax.domain", "pager.gateway", "drill-address", "pager.domain", "fax.domain"];
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_password_is_not_sent_in_clear_except_to_this_host() {
        let email = |server: &str| Email {
            server: Some(server.to_owned()),
            security: Security::Plain,
            user: Some("ridd".to_owned()),
            password_file: Some("password".into()),
            from: Some("CIRT <cirt@example.org>".to_owned()),
            ..Email::default()
        };
        assert_eq!(email("127.0.0.1:2525").faults(), []);
        assert_eq!(email("mail.example.org").faults()[0].key, "email.security");
    }

    #[test]
    fn unknown_keys_are_refused_and_paths_count_from_the_data_directory() {
        assert!(serde_json::from_str::<Config>(r#"{"sms": {}}"#).is_err());
        assert!(serde_json::from_str::<Config>(r#"{"email": {"password": "x"}}"#).is_err());
        let config: Config = serde_json::from_str(r#"{"webhook": {"secret-file": "hook.secret"}}"#).unwrap();
        assert_eq!(config.resolved(Path::new("/d")).webhook.secret_file, Some(PathBuf::from("/d/hook.secret")));
    }
}
