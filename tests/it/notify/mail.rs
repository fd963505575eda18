//! Emails, and pages and faxes by mail, over a small mail server with and without TLS.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ridd::notify::{Config, EmailConfig, FaxConfig, Gateway, PagerConfig, Security};
use ridd::outbox::{NoticeText, ParcelKind};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Channels, delivered, later, load, refused, secret, text};
use crate::harness::pki::Pki;

/// What the server does that is out of the ordinary.
#[derive(Clone, Default)]
struct Manners {
    tls: Option<TlsAcceptor>,
    /// TLS from the first byte.
    at_once: bool,
    /// The answer to RCPT, if not 250; how often.
    recipient: Option<(&'static str, usize)>,
    /// Says nothing after the content has come.
    silent: bool,
    /// Says nothing to QUIT.
    no_farewell: bool,
    /// The answer to AUTH.
    auth: Option<&'static str>,
}

/// A mail server: what it was told, and the mails it took.
struct Server {
    address: String,
    mails: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (mails, heard) = (Arc::default(), Arc::default());
        let server = Self { address, mails: Arc::clone(&mails), heard: Arc::clone(&heard) };
        tokio::spawn(async move {
            let mut manners = manners;
            while let Ok((stream, _)) = listener.accept().await {
                let talk = Talk { manners: manners.clone(), mails: Arc::clone(&mails), heard: Arc::clone(&heard) };
                // One connection at a time is enough here; a client that has hung up ends it.
                drop(talk.connection(stream).await);
                if let Some((_, times)) = &mut manners.recipient {
                    *times = times.saturating_sub(1);
                }
            }
        });
        server
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    fn heard(&self, what: &str) -> bool {
        self.heard.lock().unwrap().iter().any(|line| line.contains(what))
    }

    fn config(&self) -> Config {
        let email = EmailConfig {
            server: Some(self.address.clone()),
            security: Security::Plain,
            from: Some("CIRT <cirt@example.org>".to_owned()),
            ..EmailConfig::default()
        };
        Config { email, time: Duration::from_secs(5), ..Config::default() }
    }
}

struct Talk {
    manners: Manners,
    mails: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Talk {
    async fn connection(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some(tls) = &self.manners.tls else { return self.talk(stream, true).await.map(drop) };
        if !self.manners.at_once {
            if !self.talk(&mut stream, true).await? {
                return Ok(());
            }
            let secured = tls.accept(stream).await?;
            return self.talk(secured, false).await.map(drop);
        }
        let secured = tls.accept(stream).await?;
        self.talk(secured, true).await.map(drop)
    }

    /// Talks until the end; true if the other side wants TLS now.
    async fn talk(&self, stream: impl AsyncRead + AsyncWrite + Unpin, greet: bool) -> std::io::Result<bool> {
        let mut stream = BufReader::new(stream);
        if greet {
            stream.get_mut().write_all(b"220 mail.example ready\r\n").await?;
        }
        let offers = self.manners.tls.is_some() && !self.manners.at_once && greet;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(false);
            }
            self.heard.lock().unwrap().push(line.trim_end().to_owned());
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" if offers => "250-mail.example\r\n250 STARTTLS",
                "EHLO" => "250-mail.example\r\n250 AUTH PLAIN",
                "STAR" if offers => {
                    stream.get_mut().write_all(b"220 go on\r\n").await?;
                    return Ok(true);
                }
                "AUTH" => self.manners.auth.unwrap_or("235 welcome"),
                "MAIL" => "250 ok",
                "RCPT" => self.manners.recipient.filter(|(_, times)| *times > 0).map_or("250 ok", |(answer, _)| answer),
                "DATA" => {
                    stream.get_mut().write_all(b"354 go on\r\n").await?;
                    self.content(&mut stream).await?;
                    if self.manners.silent {
                        std::future::pending::<()>().await;
                    }
                    "250 taken"
                }
                "QUIT" if self.manners.no_farewell => std::future::pending().await,
                "QUIT" => "221 bye",
                _ => "500 what?",
            };
            stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await?;
            if verb == "QUIT" {
                return Ok(false);
            }
        }
    }

    async fn content(&self, stream: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<()> {
        let mut mail = String::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            if line == ".\r\n" {
                self.mails.lock().unwrap().push(mail);
                return Ok(());
            }
            mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}

/// A server's TLS with a certificate for that name, and the CA that vouches for it.
fn tls(pki: &Pki, name: &str) -> TlsAcceptor {
    let papers = pki.issue(name);
    let chain = vec![CertificateDer::from_pem_file(&papers.certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&papers.key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

const EMAIL: ParcelKind = ParcelKind::Email;

#[tokio::test]
async fn an_email_arrives_and_a_retry_is_the_same_mail() {
    let server = Server::start(Manners::default()).await;
    let channels = Channels::new(&server.config());
    let load = load(EMAIL, "duty@example.org", &text());
    let note = delivered(channels.send(EMAIL, &load).await);
    assert_eq!(note, format!("the mail server {} took it for duty@example.org", server.address));
    delivered(channels.send(EMAIL, &load).await);
    let mails = server.mails();
    assert_eq!(mails[0], mails[1]);
    let id = load.parcel.message.unwrap();
    let parts = [
        format!("Message-ID: <{id}@node.example>\r\n"),
        "Subject: SE-1: acknowledge the data call\r\n".to_owned(),
        "Auto-Submitted: auto-generated\r\n".to_owned(),
        "A data call has come.\r\n.\r\nAcknowledge it with the code 123456.\r\n".to_owned(),
        "Block UDP port 1434.\r\n".to_owned(),
    ];
    for part in parts {
        assert!(mails[0].contains(&part), "{part:?} in {}", mails[0]);
    }
}

#[tokio::test]
async fn busy_is_tried_again_and_refused_is_not() {
    let server = Server::start(Manners { recipient: Some(("450 busy", 1)), ..Manners::default() }).await;
    let channels = Channels::new(&server.config());
    let load = load(EMAIL, "duty@example.org", &text());
    let why = later(channels.send(EMAIL, &load).await);
    assert!(why.contains("450") && why.contains("busy"), "{why}");
    delivered(channels.send(EMAIL, &load).await);
    let server = Server::start(Manners { recipient: Some(("550 no such user", 9)), ..Manners::default() }).await;
    let why = refused(Channels::new(&server.config()).send(EMAIL, &load).await);
    assert!(why.contains("550") && why.contains("no such user"), "{why}");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn what_is_no_address_is_refused_without_asking() {
    let server = Server::start(Manners::default()).await;
    let channels = Channels::new(&server.config());
    for to in ["", "duty", "duty@example.org\r\nRCPT TO:<x@y>", "Duty <duty@example.org>"] {
        let why = refused(channels.send(EMAIL, &load(EMAIL, to, &text())).await);
        assert!(why.contains("is no mail address"), "{why}");
    }
}

#[tokio::test]
async fn mail_does_not_go_in_clear_where_tls_is_demanded() {
    let server = Server::start(Manners::default()).await;
    let mut config = server.config();
    config.email.security = Security::Starttls;
    let place = tempfile::tempdir().unwrap();
    config.email.ca_file = Some(Pki::make(place.path(), "mail CA").ca());
    let why = later(Channels::new(&config).send(EMAIL, &load(EMAIL, "duty@example.org", &text())).await);
    assert!(why.contains("offers no STARTTLS"), "{why}");
    assert!(!server.heard("MAIL"));
}

#[tokio::test]
async fn the_server_must_be_whom_it_claims_to_be_before_it_gets_the_password() {
    let place = tempfile::tempdir().unwrap();
    let (pki, other) = (Pki::make(&place.path().join("a"), "mail CA"), Pki::make(&place.path().join("b"), "other CA"));
    let load = load(EMAIL, "duty@example.org", &text());
    for security in [Security::Starttls, Security::Tls] {
        let at_once = security == Security::Tls;
        let acceptor = tls(&pki, "mail.example");
        let server = Server::start(Manners { tls: Some(acceptor), at_once, ..Manners::default() }).await;
        let mut config = server.config();
        config.email.security = security;
        config.email.tls_name = Some("mail.example".to_owned());
        config.email.ca_file = Some(pki.ca());
        config.email.user = Some("ridd".to_owned());
        config.email.password_file = Some(secret(place.path(), "password", "p4ssw0rd\n"));
        delivered(Channels::new(&config).send(EMAIL, &load).await);
        // base64 of \0ridd\0p4ssw0rd
        assert!(server.heard("AUTH PLAIN AHJpZGQAcDRzc3cwcmQ="));
        assert_eq!(server.mails().len(), 1);
        server.heard.lock().unwrap().clear();
        config.email.tls_name = Some("other.example".to_owned());
        later(Channels::new(&config).send(EMAIL, &load).await);
        config.email.tls_name = Some("mail.example".to_owned());
        config.email.ca_file = Some(other.ca());
        let why = later(Channels::new(&config).send(EMAIL, &load).await);
        assert!(why.contains("certificate"), "{why}");
        assert!(!server.heard("AUTH") && server.mails().len() == 1);
    }
}

/// A wrong password of ours is no reason to give the person up.
#[tokio::test]
async fn a_server_that_does_not_let_us_in_is_tried_again() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(Manners { auth: Some("535 no"), ..Manners::default() }).await;
    let mut config = server.config();
    config.email.user = Some("ridd".to_owned());
    config.email.password_file = Some(secret(place.path(), "password", "p4ssw0rd"));
    let why = later(Channels::new(&config).send(EMAIL, &load(EMAIL, "duty@example.org", &text())).await);
    assert!(why.contains("does not accept notify.email.user") && !why.contains("p4ssw0rd"), "{why}");
}

#[tokio::test]
async fn silence_ends_a_try_before_the_mail_is_taken_and_not_after() {
    let load = load(EMAIL, "duty@example.org", &text());
    let server = Server::start(Manners { silent: true, ..Manners::default() }).await;
    let config = Config { time: Duration::from_secs(1), ..server.config() };
    let why = later(Channels::new(&config).send(EMAIL, &load).await);
    assert!(why.contains("within 1s"), "{why}");
    let server = Server::start(Manners { no_farewell: true, ..Manners::default() }).await;
    delivered(Channels::new(&Config { time: Duration::from_secs(1), ..server.config() }).send(EMAIL, &load).await);
}

#[tokio::test]
async fn pages_and_faxes_go_by_mail() {
    let server = Server::start(Manners::default()).await;
    let pager =
        PagerConfig { gateway: Gateway::Email, domain: Some("pager.example".to_owned()), ..PagerConfig::default() };
    let fax = FaxConfig { domain: Some("fax.example".to_owned()), ..FaxConfig::default() };
    let channels = Channels::new(&Config { pager, fax, ..server.config() });
    delivered(channels.send(ParcelKind::Pager, &load(ParcelKind::Pager, "5550100", &text())).await);
    delivered(channels.send(ParcelKind::Fax, &load(ParcelKind::Fax, "+1 (555) 010-0101", &text())).await);
    let why = refused(channels.send(ParcelKind::Fax, &load(ParcelKind::Fax, "duty", &text())).await);
    assert!(why.contains("is no fax number"), "{why}");
    let mails = server.mails();
    assert!(server.heard("RCPT TO:<5550100@pager.example>") && server.heard("RCPT TO:<+15550100101@fax.example>"));
    assert!(mails[0].contains("SE-1 data call: acknowledge with 123456\r\n"), "{}", mails[0]);
    assert!(!mails[0].contains("A data call has come"), "{}", mails[0]);
    // base64 of %PDF-1.7
    assert!(mails[1].contains("application/pdf") && mails[1].contains("JVBERi0xLj"), "{}", mails[1]);
}

#[tokio::test]
async fn a_drill_goes_to_the_drills_address_unless_people_are_to_be_told() {
    let server = Server::start(Manners::default()).await;
    let mut config = Config { drill_address: Some("drill@example.org".to_owned()), ..server.config() };
    let drill = load(ParcelKind::Pager, "5550100", &NoticeText { drill: true, ..text() });
    delivered(Channels::new(&config).send(ParcelKind::Pager, &drill).await);
    let mail = server.mails().remove(0);
    assert!(mail.contains("To: drill@example.org\r\n") && mail.contains("Subject: [DRILL] SE-1"), "{mail}");
    config.drill_pages_people = true;
    let drill = load(EMAIL, "duty@example.org", &NoticeText { drill: true, ..text() });
    delivered(Channels::new(&config).send(EMAIL, &drill).await);
    let mail = server.mails().remove(1);
    assert!(mail.contains("To: duty@example.org\r\n") && mail.contains("Subject: [DRILL] SE-1"), "{mail}");
}
