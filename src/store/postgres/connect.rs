//! Connecting: address, password, TLS, limits of time; and what goes wrong with a server, in our words.
//!
//! Over TCP the server must prove its name by a certificate of a configured CA. The password is read anew for each
//! connection, so that a changed one needs no restart.

use std::error::Error as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::layout::SCHEMA;
use crate::store::config::Config;
use crate::store::{ServerState, StoreError};

/// The line behind a client; whoever holds the client must see that it is polled.
pub(super) type Line = Connection<Socket, <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream>;

/// What a connection is for: each has settings of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Committing. The server sets no limit: if it gave up waiting for its standbys it would call the commit good.
    Write,
    /// Reading in the order of an index: whatever the planner believes of our tables, it never sorts nor reads all.
    Read,
    /// Hearing and telling what has changed. What is told need not outlast a crash.
    Tell,
    /// Laying out tables.
    LayOut,
}

/// How connections are made.
pub(super) struct Connector {
    address: Address,
    tls: MakeRustlsConnect,
    password_file: Option<PathBuf>,
    connect: Duration,
    statement: Duration,
}

impl Connector {
    /// Reads the CAs, and looks whether the password can be read.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] or [`StoreError::BadFile`].
    pub(super) fn new(config: &Config) -> Result<Self, StoreError> {
        let address = Address::read(&config.url)?;
        let roots = match (&config.ca_file, address.tls) {
            (Some(file), true) => authorities(file)?,
            _ => rustls::RootCertStore::empty(),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let versions = versions.map_err(|why| StoreError::Backend {
            doing: "setting up TLS",
            place: address.shown.clone(),
            why: why.to_string(),
        })?;
        let tls = MakeRustlsConnect::new(versions.with_root_certificates(roots).with_no_client_auth());
        let (connect, statement) = (config.connect_timeout, config.statement_timeout);
        let made = Self { address, tls, password_file: config.password_file.clone(), connect, statement };
        made.password()?;
        Ok(made)
    }

    /// Where the server is, for people.
    pub(super) fn shown(&self) -> &str {
        &self.address.shown
    }

    /// How long the server may take to answer one statement.
    pub(super) fn patience(&self) -> Duration {
        self.statement
    }

    /// How long connecting may take.
    pub(super) fn connect_patience(&self) -> Duration {
        self.connect
    }

    fn password(&self) -> Result<Option<String>, StoreError> {
        let Some(path) = &self.password_file else { return Ok(None) };
        let text = fs::read_to_string(path).map_err(|why| bad_file("password-file", path, why.to_string()))?;
        let first = text.lines().next().unwrap_or("").to_owned();
        if first.is_empty() {
            return Err(bad_file(
                "password-file",
                path,
                "its first line is empty: it should be the password".to_owned(),
            ));
        }
        Ok(Some(first))
    }

    /// How the client is told for that purpose. A password that cannot be read now is left out: the server says the rest.
    pub(super) fn settings(&self, purpose: Purpose) -> tokio_postgres::Config {
        let mut settings = self.address.client.clone();
        match self.password() {
            Ok(Some(password)) => {
                settings.password(password);
            }
            Ok(None) => {}
            Err(why) => tracing::error!(%why, "connecting without the password"),
        }
        let millis = self.statement.as_millis();
        // The server, too, notices soon when a node is gone, and gives up its locks.
        let common = format!(
            "-c search_path={SCHEMA} -c timezone=UTC -c jit=off -c client_connection_check_interval=1000 \
             -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
        );
        let own = match purpose {
            Purpose::Write => format!(
                "-c statement_timeout=0 -c lock_timeout={millis} -c idle_in_transaction_session_timeout=3000 \
                 -c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                 -c plan_cache_mode=force_generic_plan"
            ),
            Purpose::Read => format!(
                "-c statement_timeout={millis} -c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off \
                 -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan"
            ),
            Purpose::Tell => format!("-c statement_timeout={millis} -c synchronous_commit=off"),
            Purpose::LayOut => "-c statement_timeout=0 -c lock_timeout=60000".to_owned(),
        };
        settings.options(format!("{common} {own}")).application_name("ridd").connect_timeout(self.connect);
        settings.keepalives(true).keepalives_idle(Duration::from_secs(10));
        settings.keepalives_interval(Duration::from_secs(5)).keepalives_retries(3);
        settings.tcp_user_timeout(self.statement.max(Duration::from_secs(5)));
        settings
    }

    /// Makes a connection with settings of [`Self::settings`].
    pub(super) async fn dial(
        &self,
        settings: &tokio_postgres::Config,
    ) -> Result<(Client, Line), tokio_postgres::Error> {
        settings.connect(self.tls.clone()).await
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// [`StoreError::Server`], mostly.
    pub(super) async fn connect(&self, purpose: Purpose) -> Result<(Client, Line), StoreError> {
        let settings = self.settings(purpose);
        match timeout(self.connect, self.dial(&settings)).await {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(why)) => Err(self.error("connecting", &why)),
            Err(_) => Err(self.silent("it did not take a connection in time")),
        }
    }

    /// The server does not answer.
    pub(super) fn silent(&self, why: &str) -> StoreError {
        self.state(ServerState::Unreachable, why.to_owned())
    }

    /// How things stand with the server, with its own words.
    pub(super) fn state(&self, state: ServerState, why: String) -> StoreError {
        StoreError::Server { place: self.address.shown.clone(), state, why }
    }

    /// What the client or the server says, as ours.
    pub(super) fn error(&self, doing: &'static str, why: &tokio_postgres::Error) -> StoreError {
        let place = || self.address.shown.clone();
        let Some(said) = why.as_db_error() else {
            return self.state(state_of_line(why), in_full(why));
        };
        let words = format!("{} ({})", said.message(), said.code().code());
        let code = said.code();
        let state = match code.code().get(..2) {
            _ if *code == SqlState::DISK_FULL => return StoreError::Full { place: place() },
            _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => ServerState::ReadOnly,
            _ if *code == SqlState::QUERY_CANCELED || *code == SqlState::LOCK_NOT_AVAILABLE => ServerState::Busy,
            _ if *code == SqlState::INSUFFICIENT_PRIVILEGE || *code == SqlState::INVALID_CATALOG_NAME => {
                ServerState::Refused
            }
            _ if [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN, SqlState::INVALID_SCHEMA_NAME]
                .contains(code) =>
            {
                ServerState::Unprepared
            }
            Some("28") => ServerState::Refused,
            Some("53") => ServerState::Busy,
            Some("57" | "08") => ServerState::Unreachable,
            _ => return StoreError::Backend { doing, place: place(), why: words },
        };
        self.state(state, words)
    }
}

fn bad_file(setting: &'static str, path: &Path, why: String) -> StoreError {
    StoreError::BadFile { setting, path: path.to_owned(), why }
}

fn authorities(file: &Path) -> Result<rustls::RootCertStore, StoreError> {
    let bad = |why: String| bad_file("ca-file", file, why);
    let mut roots = rustls::RootCertStore::empty();
    let listed = CertificateDer::pem_file_iter(file).map_err(|why| bad(why.to_string()))?;
    for certificate in listed {
        let certificate = certificate.map_err(|why| bad(why.to_string()))?;
        roots.add(certificate).map_err(|why| bad(why.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("it holds no certificate (PEM)".to_owned()));
    }
    Ok(roots)
}

/// What is wrong with the line itself.
fn state_of_line(why: &tokio_postgres::Error) -> ServerState {
    let mut cause = why.source();
    while let Some(next) = cause {
        if next.is::<rustls::Error>() {
            return ServerState::Unproven;
        }
        if let Some(error) = next.downcast_ref::<io::Error>() {
            if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
                return ServerState::Unproven;
            }
            // How the client says that a server is not the one to write to.
            if error.kind() == io::ErrorKind::PermissionDenied && error.to_string().contains("does not allow writes") {
                return ServerState::ReadOnly;
            }
        }
        cause = next.source();
    }
    let said = why.to_string();
    match said.as_str() {
        "authentication error" | "invalid configuration" => ServerState::Refused,
        "error performing TLS handshake" => ServerState::Unproven,
        _ => ServerState::Unreachable,
    }
}

/// The error with all its causes.
fn in_full(why: &tokio_postgres::Error) -> String {
    let mut words = why.to_string();
    let mut cause = why.source();
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words
}
