//! A browser at the operators' page as far as `ridd bench page` needs one: it signs in by a certificate, holds the cookie that
//! it was given, keeps its connection for what it asks next, and listens to a stream.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::io::AsyncWriteExt;

use super::YardstickError;
use super::load::{Connection, HEAD_LIMIT, head};

/// What a browser sends with the sign-in by certificate.
const SIGN_IN: &str = "certificate=yes";

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Visitor {
    address: SocketAddr,
    name: String,
    tls: Arc<ClientConfig>,
    cookie: String,
}

/// One kept connection of a visitor.
pub struct Visit {
    connection: Connection,
    /// The header fields of every request.
    fields: String,
}

impl Visitor {
    /// Signs in at the page of the node of that DNS-ID, by the certificate that `tls` proves itself with.
    ///
    /// # Errors
    /// The connection fails, or the certificate is no operator's.
    pub async fn sign_in(address: SocketAddr, name: &str, tls: &Arc<ClientConfig>) -> Result<Self, YardstickError> {
        let visitor = Self { address, name: name.to_owned(), tls: Arc::clone(tls), cookie: String::new() };
        let mut visit = visitor.open().await?;
        let head = format!(
            "POST /sign-in HTTP/1.1\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n{}{SIGN_IN}",
            SIGN_IN.len(),
            visit.fields
        );
        let answer = visit.whole(&head).await?;
        let cookie = answer.split_once("__Host-ridd=").and_then(|(_, rest)| rest.split(';').next());
        match cookie.filter(|_| answer.starts_with("HTTP/1.1 303 ")) {
            Some(cookie) => Ok(Self { cookie: cookie.to_owned(), ..visitor }),
            None => Err(unexpected(&answer)),
        }
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// Why it does not stand.
    pub async fn open(&self) -> Result<Visit, YardstickError> {
        let connection = Connection::open(self.address, &self.name, &self.tls).await?;
        let cookie = match self.cookie.is_empty() {
            true => String::new(),
            false => format!("cookie: __Host-ridd={}\r\n", self.cookie),
        };
        Ok(Visit { connection, fields: format!("host: {}\r\naccept: text/html\r\n{cookie}\r\n", self.name) })
    }
}

impl Visit {
    /// The body at that address.
    ///
    /// # Errors
    /// The connection fails, or the answer is not 200.
    pub async fn get(&mut self, at: &str) -> Result<String, YardstickError> {
        let head = format!("GET {at} HTTP/1.1\r\n{}", self.fields);
        let answer = self.whole(&head).await?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
            _ => Err(unexpected(&answer)),
        }
    }

    /// Asks for the stream at that address, and reads on until these words have come.
    ///
    /// # Errors
    /// The connection fails, or the stream ends before.
    pub async fn listen(&mut self, at: &str, words: &str) -> Result<(), YardstickError> {
        let head = format!("GET {at} HTTP/1.1\r\n{}", self.fields);
        self.send(&head).await?;
        self.until(words).await
    }

    /// Reads on in the stream until these words have come.
    ///
    /// # Errors
    /// As [`Visit::listen`].
    pub async fn until(&mut self, words: &str) -> Result<(), YardstickError> {
        while memchr::memmem::find(&self.connection.buffer, words.as_bytes()).is_none() {
            self.connection.read(0).await?;
        }
        self.connection.buffer.clear();
        Ok(())
    }

    async fn send(&mut self, request: &str) -> Result<(), YardstickError> {
        let address = self.connection.address;
        let failed = |source| YardstickError::Connection { doing: "asking", address, source };
        self.connection.buffer.clear();
        self.connection.stream.write_all(request.as_bytes()).await.map_err(failed)?;
        self.connection.stream.flush().await.map_err(failed)
    }

    /// What is answered, head and body.
    async fn whole(&mut self, request: &str) -> Result<String, YardstickError> {
        self.send(request).await?;
        let whole = loop {
            if let Some((_, whole)) = head(&self.connection.buffer) {
                break whole;
            }
            if self.connection.buffer.len() > HEAD_LIMIT {
                return Err(unexpected("no HTTP head"));
            }
            self.connection.read(0).await?;
        };
        while self.connection.buffer.len() < whole {
            self.connection.read(0).await?;
        }
        Ok(String::from_utf8_lossy(&self.connection.buffer).into_owned())
    }
}

fn unexpected(answer: &str) -> YardstickError {
    YardstickError::Answer { message: 0, found: answer.lines().next().unwrap_or("nothing").to_owned() }
}
