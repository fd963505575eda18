//! The RID server (RFC 6546 §3): listens, admits peers, hands their messages to the exchange, answers.
//!
//! Made by `daemon`: [`Server::bind`], then [`Server::run`] until it is told to stop. A handshake uses the TLS
//! configuration that `peers` holds at that moment, so that changed certificates need no restart.

mod connection;
mod finished;
mod hush;
mod proxy;
mod pulse;
mod request;
mod seats;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Config;
use crate::clock::Clock;
use crate::exchange::Receiver;
use crate::peers::Directory;
use crate::telemetry::Metrics;

use hush::Hush;
use request::Room;
use seats::Seats;

pub(super) use request::{TEXT_XML, TOKEN, is_text_xml, token};

/// Connections that the kernel holds until we accept them.
const BACKLOG: i32 = 1024;
/// How long no connection is accepted when the system has no more open files to give.
const BREATH: Duration = Duration::from_millis(100);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// An address cannot be had.
    #[error("cannot listen on {address}: {source}; choose another address in [transport] listen, or end who has it")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No address is left.
    #[error("there is no address to listen on; name one in [transport] listen")]
    Nowhere,
}

/// Whom the server works with.
#[derive(Clone)]
pub struct ServerParts {
    /// Who may connect.
    pub directory: Arc<Directory>,
    /// Who takes the messages.
    pub receiver: Arc<dyn Receiver>,
    /// Who tells the time.
    pub clock: Arc<dyn Clock>,
    /// Who counts.
    pub metrics: Arc<Metrics>,
    /// How many files the process may have open, if it is known: connections are held below that.
    pub open_files: Option<usize>,
}

/// What all connections share.
struct Shared {
    directory: Arc<Directory>,
    receiver: Arc<dyn Receiver>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    config: Arc<Config>,
    seats: Arc<Seats>,
    room: Arc<Room>,
    hush: Hush,
}

/// A server that listens.
pub struct Server {
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on all configured addresses. An unspecified IPv6 address is left out with a warning where the system
    /// has no IPv6 and another address is named too.
    ///
    /// # Errors
    /// If an address cannot be had.
    pub fn bind(config: &Config, parts: ServerParts) -> Result<Self, ListenError> {
        let mut listeners = Vec::new();
        for &address in &config.listen {
            match listen(address) {
                Ok(listener) => listeners.push(listener),
                Err(error) if address.is_ipv6() && address.ip().is_unspecified() && config.listen.len() > 1 => {
                    tracing::warn!(%address, %error, "not listening on IPv6");
                }
                Err(source) => return Err(ListenError::Bind { address, source }),
            }
        }
        let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        if addresses.is_empty() {
            return Err(ListenError::Nowhere);
        }
        let shared = Arc::new(Shared {
            seats: Seats::new(config, parts.open_files),
            room: Arc::new(Room::new(config.room_bytes)),
            hush: Hush::new(100, Duration::from_secs(10)),
            directory: parts.directory,
            receiver: parts.receiver,
            clock: parts.clock,
            metrics: parts.metrics,
            config: Arc::new(config.clone()),
        });
        Ok(Self { listeners, addresses, shared })
    }

    /// The addresses it listens on, with the ports that the system chose where 0 was asked for.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `stop` says true (or its sender is gone); then finishes the requests under way, for drain-time at
    /// most, and closes everything.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let drain_time = self.shared.config.drain_time;
        let (work, mut finished) = mpsc::channel(1);
        let (tell, told) = watch::channel(false);
        let mut accepting = JoinSet::new();
        let mut connections = JoinSet::new();
        let (arrivals, mut arrived) = mpsc::channel(64);
        for listener in self.listeners {
            accepting.spawn(accept(listener, arrivals.clone()));
        }
        drop(arrivals);
        loop {
            tokio::select! {
                Some((stream, remote)) = arrived.recv() => {
                    let shared = Arc::clone(&self.shared);
                    connections.spawn(connection::serve(shared, stream, remote, told.clone(), work.clone()));
                }
                Some(ended) = connections.join_next(), if !connections.is_empty() => note(ended),
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        accepting.shutdown().await;
        drop(work);
        tell.send_replace(true);
        let done = async {
            while let Some(ended) = connections.join_next().await {
                note(ended);
            }
            // Messages whose connection broke while they were received are received to the end, too.
            if let Some(never) = finished.recv().await {
                match never {}
            }
        };
        if timeout(drain_time, done).await.is_err() {
            tracing::warn!(connections = connections.len(), "drain-time is over: closing connections that are busy");
            connections.shutdown().await;
        }
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task failed");
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // So that 0.0.0.0 and [::] can be listened on side by side.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

async fn accept(listener: TcpListener, arrivals: mpsc::Sender<(tokio::net::TcpStream, SocketAddr)>) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
                if arrivals.send((stream, remote)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // The connection was gone again, or the system is out of files or memory: neither ends the server.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(BREATH).await;
            }
        }
    }
}
