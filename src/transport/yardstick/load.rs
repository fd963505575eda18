//! A client that sends distinct messages over many kept connections and times every answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::YardstickError;

/// Larger heads than this no node of ours sends.
pub(super) const HEAD_LIMIT: usize = 16 * 1024;

/// What to send where.
#[derive(Clone, Debug)]
pub struct Load {
    /// The node.
    pub address: SocketAddr,
    /// Its DNS-ID.
    pub name: String,
    /// Over so many connections at once.
    pub connections: usize,
    /// So many messages in all.
    pub messages: u64,
    /// The number of the first message; the others follow.
    pub first: u64,
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// How long each message took to be answered with 200.
    answers: Vec<Duration>,
    /// From the first request to the last answer, of all rounds.
    span: Duration,
}

impl Figures {
    /// How many messages were answered with 200.
    pub fn messages(&self) -> u64 {
        self.answers.len() as u64
    }

    /// Messages per second.
    pub fn rate(&self) -> f64 {
        self.answers.len() as f64 / self.span.as_secs_f64().max(1e-9)
    }

    /// So many of 100 answers took no longer.
    pub fn percentile(&mut self, share: usize) -> Duration {
        self.answers.sort_unstable();
        self.answers.get(self.answers.len() * share / 100).copied().unwrap_or_default()
    }

    /// Adds another round.
    pub fn add(&mut self, other: Self) {
        self.answers.extend(other.answers);
        self.span += other.span;
    }
}

/// Sends the messages that `make` makes from their numbers, each once, and waits for every answer.
///
/// # Errors
/// The first connection that fails, or the first answer that is not 200.
pub async fn drive(
    load: &Load,
    tls: Arc<ClientConfig>,
    make: Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>,
) -> Result<Figures, YardstickError> {
    let next = Arc::new(AtomicU64::new(load.first));
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        connections.push(Connection::open(load.address, &load.name, &tls).await?);
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (next, make, end) = (Arc::clone(&next), Arc::clone(&make), load.first + load.messages);
        tasks.spawn(async move {
            let mut answers = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return Ok::<_, YardstickError>(answers);
                }
                let body = make(number);
                let sent = Instant::now();
                connection.exchange(number, &body).await?;
                answers.push(sent.elapsed());
            }
        });
    }
    let mut answers = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let why = |error: tokio::task::JoinError| YardstickError::Answer { message: 0, found: error.to_string() };
        answers.extend(ended.map_err(why)??);
    }
    Ok(Figures { answers, span: start.elapsed() })
}

/// One kept connection.
pub struct Connection {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) address: SocketAddr,
    host: String,
    out: Vec<u8>,
    pub(super) buffer: Vec<u8>,
}

impl Connection {
    /// Connects to the node of that DNS-ID and proves both sides by a full handshake.
    ///
    /// # Errors
    /// Why the connection does not stand.
    pub async fn open(address: SocketAddr, name: &str, tls: &Arc<ClientConfig>) -> Result<Self, YardstickError> {
        let failed = |source| YardstickError::Connection { doing: "connecting to", address, source };
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let host = name.to_owned();
        let name = ServerName::try_from(host.clone())
            .map_err(|error| YardstickError::Certificates { why: error.to_string() })?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(failed)?;
        Ok(Self { stream, address, host, out: Vec::new(), buffer: Vec::new() })
    }

    /// Sends one message and reads its answer to the end.
    ///
    /// # Errors
    /// The connection fails, or the answer is not 200.
    pub async fn exchange(&mut self, number: u64, body: &[u8]) -> Result<(), YardstickError> {
        let address = self.address;
        let failed = |source| YardstickError::Connection { doing: "sending to", address, source };
        self.out.clear();
        let (host, length) = (&self.host, body.len());
        self.out.extend_from_slice(
            format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n")
                .as_bytes(),
        );
        self.out.extend_from_slice(body);
        self.stream.write_all(&self.out).await.map_err(failed)?;
        self.stream.flush().await.map_err(failed)?;
        self.buffer.clear();
        let (status, whole) = loop {
            if let Some(head) = head(&self.buffer) {
                break head;
            }
            if self.buffer.len() > HEAD_LIMIT {
                return Err(YardstickError::Answer { message: number, found: "no HTTP head".to_owned() });
            }
            self.read(number).await?;
        };
        while self.buffer.len() < whole {
            self.read(number).await?;
        }
        if status == "200" {
            return Ok(());
        }
        let shown = String::from_utf8_lossy(&self.buffer).chars().take(600).collect::<String>();
        Err(YardstickError::Answer { message: number, found: format!("{status}:\n{shown}") })
    }

    pub(super) async fn read(&mut self, number: u64) -> Result<(), YardstickError> {
        let address = self.address;
        let failed = |source| YardstickError::Connection { doing: "reading the answer of", address, source };
        match self.stream.read_buf(&mut self.buffer).await.map_err(failed)? {
            0 => Err(YardstickError::Answer { message: number, found: "a closed connection".to_owned() }),
            _ => Ok(()),
        }
    }
}

/// The status and the length of the whole answer, once its head is complete. Nodes of ours always say the length.
pub(super) fn head(buffer: &[u8]) -> Option<(String, usize)> {
    let end = memchr::memmem::find(buffer, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(buffer.get(..end)?).ok()?;
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.to_owned();
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    Some((status, end + length))
}
