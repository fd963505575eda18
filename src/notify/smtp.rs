//! Hands mails over to the configured mail server (RFC 5321), one connection each. A mail is taken when the server says so
//! after its content; what the server says to the farewell does not matter any more.

use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::config::{Email, Security};
use super::mail::{Letter, Writer, mailbox};
use super::url::Place;
use super::{Fault, channel, files};
use crate::ids::PeerName;
use crate::outbox::{Outcome, Reply};

/// The server gets this long to answer the farewell.
const FAREWELL: Duration = Duration::from_secs(2);

/// The mail server.
pub(super) struct Smtp {
    place: Place,
    security: Security,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
    writer: Writer,
    time: Duration,
}

/// Why a mail was not taken.
enum Trouble {
    /// We do not get as far as the mail: `step` failed.
    Before { step: &'static str, error: SmtpError },
    /// The server does not offer STARTTLS.
    NoTls,
    /// The server does not want this mail.
    Mail(SmtpError),
}

impl Smtp {
    /// The mail server as configured; `None` if none is.
    ///
    /// # Errors
    /// If a file cannot be used.
    pub(super) fn new(config: &Email, node: &PeerName, time: Duration) -> Result<Option<Self>, Fault> {
        let Some(server) = &config.server else { return Ok(None) };
        let wrong = |why: String| Fault::Mail { why };
        let place = Place::parse(server, config.security.port())
            .ok_or_else(|| wrong(format!("server = {server:?} is no HOST or HOST:PORT")))?;
        let from = config.from.as_deref().and_then(mailbox);
        let from = from.ok_or_else(|| wrong("from is needed: from whom the mail is".to_owned()))?;
        let tls = match config.security {
            Security::Plain => None,
            Security::Starttls | Security::Tls => {
                let name = config.tls_name.clone().unwrap_or_else(|| place.host.clone());
                let mut tls = TlsParameters::builder(name).certificate_store(CertificateStore::None);
                for ca in files::roots("email.ca-file", config.ca_file.as_deref())? {
                    let ca = Certificate::from_der(ca.to_vec()).map_err(|error| wrong(error.to_string()))?;
                    tls = tls.add_root_certificate(ca);
                }
                Some(tls.build().map_err(|error| wrong(error.to_string()))?)
            }
        };
        let credentials = match (&config.user, &config.password_file) {
            (Some(user), Some(path)) => {
                let key = "email.password-file";
                let secret = files::secret(key, path)?;
                let password = std::str::from_utf8(&secret);
                let why = "is no text in UTF-8";
                let password = password.map_err(|_| Fault::Content { key, path: path.clone(), why })?;
                Some(Credentials::new(user.clone(), password.to_owned()))
            }
            _ => None,
        };
        let reply_to = config.reply_to.as_deref().and_then(mailbox);
        let writer = Writer { from, reply_to, node: node.to_string() };
        let hello = ClientId::Domain(node.to_string());
        Ok(Some(Self { place, security: config.security, tls, credentials, hello, writer, time }))
    }

    /// Hands the letter over and says how that ended.
    pub(super) async fn send(&self, letter: Letter<'_>) -> Outcome {
        let to = letter.to.to_string();
        let message = match self.writer.write(letter) {
            Ok(message) => message,
            Err(error) => return channel::refused(format!("the mail to {to} cannot be written: {error}")),
        };
        let server = &self.place;
        match timeout(self.time, self.hand_over(&message)).await {
            Ok(Ok(mut connection)) => {
                // It has the mail, whatever it says now.
                drop(timeout(FAREWELL, connection.quit()).await);
                Outcome::Delivered(Reply::noted(format!("the mail server {server} took it for {to}")))
            }
            Ok(Err(Trouble::Mail(error))) if error.is_permanent() || error.is_client() => {
                channel::refused(format!("the mail server {server} does not take mail for {to}: {}", words(&error)))
            }
            Ok(Err(Trouble::Mail(error))) => {
                channel::later(format!("the mail server {server} does not take mail for {to} now: {}", words(&error)))
            }
            Ok(Err(Trouble::Before { step, error })) => {
                channel::later(format!("the mail server {server}: {step}: {}", words(&error)))
            }
            Ok(Err(Trouble::NoTls)) => channel::later(format!(
                "the mail server {server} offers no STARTTLS, and mail does not go in clear; see notify.email.security"
            )),
            Err(_) => channel::later(format!("the mail server {server} has not taken it within {:?}", self.time)),
        }
    }

    /// Connects, secures, signs in, and hands over.
    async fn hand_over(&self, message: &Message) -> Result<AsyncSmtpConnection, Trouble> {
        let before = |step| move |error| Trouble::Before { step, error };
        let at_once = self.tls.clone().filter(|_| self.security == Security::Tls);
        let server = (self.place.host.as_str(), self.place.port);
        let connected = AsyncSmtpConnection::connect_tokio1(server, Some(self.time), &self.hello, at_once, None).await;
        let mut connection = connected.map_err(before("cannot be reached"))?;
        if let (Security::Starttls, Some(tls)) = (self.security, &self.tls) {
            if !connection.can_starttls() {
                connection.abort().await;
                return Err(Trouble::NoTls);
            }
            let secured = connection.starttls(tls.clone(), &self.hello).await;
            secured.map_err(before("the connection cannot be secured"))?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let signed_in = connection.auth(&mechanisms, credentials).await;
            signed_in.map_err(before("does not accept notify.email.user and its password"))?;
        }
        connection.send(message.envelope(), &message.formatted()).await.map_err(Trouble::Mail)?;
        Ok(connection)
    }
}

/// The error in words, not more than an administrator wants to read.
fn words(error: &SmtpError) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let more = inner.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        source = inner.source();
    }
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}
