//! One connection from its first byte to its end, and why it ended.
//!
//! Nothing is read as TLS before a balancer has told who is there, and nothing as HTTP before the peer is admitted. Afterwards the connection ends as soon as its peer is no longer
//! admitted, whatever it is doing, and when it is idle or slow for too long, must make room, or the server drains.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Shared;
use super::proxy::{self, BadHeader, Told};
use super::pulse::{Phase, Pulse, Pulsed};
use super::request::Handler;
use super::seats::{Full, Seat};
use crate::peers::{Admitted, Refusal};

/// What is read from the system at once. rustls asks for 4 KB at a time, and a message of that size, as most are, takes a
/// little more.
const READ: usize = 8 << 10;
/// How long a connection that we end may take to say so.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often a connection is asked again whether certificates and revocation lists still allow it: time alone can end
/// that, without anything having changed.
const ASK_AGAIN: Duration = Duration::from_secs(60);

const TOO_SLOW: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/xml\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A connection's stream once TLS has begun.
type Tls = TlsStream<BufReader<TcpStream>>;

/// Why we ended a connection.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Proxy(#[from] BadHeader),
    #[error("the TLS handshake took longer than handshake-time")]
    Handshake,
    #[error("it had to make room for newer connections")]
    Evicted,
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{0}")]
    Full(#[from] Full),
    #[error("there was no request for idle-time")]
    Idle,
    #[error("the head of a request took longer than header-time")]
    SlowHead,
    #[error("the answer was not taken within body-time")]
    SlowReader,
    #[error("the server drains")]
    Drained,
}

impl Ended {
    const fn label(&self) -> &'static str {
        match self {
            Self::Proxy(bad) => bad.label(),
            Self::Handshake => "handshake-too-slow",
            Self::Evicted => "evicted",
            Self::Refused(refusal) => refusal.label(),
            Self::Full(Full::Peer) => "peer-full",
            Self::Full(Full::Node) => "node-full",
            Self::Idle => "idle",
            Self::SlowHead => "http-head-too-slow",
            Self::SlowReader => "http-reader-too-slow",
            Self::Drained => "drained",
        }
    }

    /// Whether an administrator should hear of it: the others are the normal course of things.
    const fn is_refusal(&self) -> bool {
        !matches!(self, Self::Idle | Self::Drained | Self::Evicted)
    }
}

/// Serves one connection to its end.
pub(super) async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    remote: SocketAddr,
    drain: watch::Receiver<bool>,
    work: mpsc::Sender<Infallible>,
) {
    shared.metrics.connection_accepted();
    // Who the other side is to us: from a balancer on, whom that tells of.
    let mut remote = remote;
    let ended = run(&shared, stream, &mut remote, drain, work).await;
    shared.metrics.connection_closed();
    let Err(ended) = ended else { return };
    let reason = ended.label();
    shared.metrics.connection_ended(reason);
    if !ended.is_refusal() {
        tracing::debug!(%remote, reason, "connection ended: {ended}");
        return;
    }
    shared.metrics.refused(reason);
    if let Some(unsaid) = shared.hush.may_speak() {
        tracing::warn!(%remote, reason, unsaid, "connection refused: {ended}");
    }
}

async fn run(
    shared: &Arc<Shared>,
    mut stream: TcpStream,
    remote: &mut SocketAddr,
    mut drain: watch::Receiver<bool>,
    work: mpsc::Sender<Infallible>,
) -> Result<(), Ended> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%remote, %error, "TCP_NODELAY cannot be set");
    }
    let behind = shared.config.is_balancer(remote.ip());
    let seat = if behind { shared.seats.take_unnamed() } else { shared.seats.take(remote.ip()) };
    let mut served = true;
    if behind {
        match introduced(shared, &mut stream, &seat, &mut drain).await? {
            Some(Told::Source(source)) => {
                seat.name(source.ip());
                *remote = source;
            }
            Some(Told::Local) => served = false,
            None => return Ok(()),
        }
    }
    let remote = *remote;
    // Subscribed before admission, so that no change in between is missed.
    let mut changed = shared.directory.changed();
    changed.mark_unchanged();
    let stream = BufReader::with_capacity(READ, stream);
    let handshake = TlsAcceptor::from(shared.directory.server_tls()).accept(stream);
    let mut tls = tokio::select! {
        shaken = timeout(shared.config.handshake_time, handshake) => match shaken {
            Ok(Ok(tls)) => tls,
            Ok(Err(error)) if hung_up(&error) => {
                tracing::debug!(%remote, "hung up during the handshake");
                return Ok(());
            }
            Ok(Err(error)) => return Err(Refusal::from_io(&error).into()),
            Err(_) => return Err(Ended::Handshake),
        },
        () = seat.told_to_leave() => return Err(Ended::Evicted),
        _ = drain.wait_for(|drain| *drain) => return Err(Ended::Drained),
    };
    let pulse = Pulse::new();
    let allowed = if served { Ok(()) } else { Err(BadHeader::Local.into()) };
    let admitted = match allowed.and_then(|()| admit(shared, &tls, &seat, &pulse)) {
        Ok(admitted) => admitted,
        Err(ended) => {
            farewell(&mut tls, &[]).await;
            return Err(ended);
        }
    };
    tracing::debug!(peer = %admitted.peer().name, %remote, "connection admitted");
    let handler = Arc::new(Handler {
        admitted,
        remote,
        pulse,
        receiver: Arc::clone(&shared.receiver),
        room: Arc::clone(&shared.room),
        clock: Arc::clone(&shared.clock),
        metrics: Arc::clone(&shared.metrics),
        config: Arc::clone(&shared.config),
        work,
    });
    converse(shared, tls, &handler, &seat, changed, drain).await
}

/// What a balancer tells of the connection before it begins; `None` if it went away without a word.
async fn introduced(
    shared: &Shared,
    stream: &mut TcpStream,
    seat: &Seat,
    drain: &mut watch::Receiver<bool>,
) -> Result<Option<Told>, Ended> {
    let told = tokio::select! {
        read = timeout(shared.config.header_time, proxy::read(stream)) => read.map_err(|_| BadHeader::TooSlow)??,
        () = seat.told_to_leave() => return Err(Ended::Evicted),
        _ = drain.wait_for(|drain| *drain) => return Err(Ended::Drained),
    };
    match told {
        Some(Told::Source(source)) if shared.config.is_balancer(source.ip()) => {
            Err(BadHeader::Balancer(source.ip()).into())
        }
        told => Ok(told),
    }
}

/// Whether the other side went away without a word, as port scanners and health checks do.
fn hung_up(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

fn admit(shared: &Shared, tls: &Tls, seat: &Seat, pulse: &Arc<Pulse>) -> Result<Admitted, Ended> {
    let chain = tls.get_ref().1.peer_certificates().unwrap_or_default();
    let admitted = shared.directory.admit(chain)?;
    seat.prove(&admitted.peer().name, pulse)?;
    Ok(admitted)
}

/// HTTP until one side ends it.
async fn converse(
    shared: &Shared,
    tls: Tls,
    handler: &Arc<Handler>,
    seat: &Seat,
    mut changed: watch::Receiver<u64>,
    mut drain: watch::Receiver<bool>,
) -> Result<(), Ended> {
    let config = &shared.config;
    let service = service_fn(|request| {
        let handler = Arc::clone(handler);
        async move { Ok::<_, Infallible>(handler.answer(request).await) }
    });
    let stream = TokioIo::new(Pulsed::new(tls, Arc::clone(&handler.pulse)));
    let mut http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(config.header_fields)
        .max_header_size(config.header_bytes)
        .max_buf_size(config.header_bytes.max(64 << 10))
        .serve_connection(stream, service);
    let mut look = Instant::now() + config.header_time.min(config.idle_time);
    let mut ask = Instant::now() + ASK_AGAIN;
    let mut draining = false;
    let ended = loop {
        tokio::select! {
            done = Pin::new(&mut http) => {
                if let Err(error) = done {
                    tracing::debug!(peer = %handler.admitted.peer().name, remote = %handler.remote, %error, "connection broke");
                }
                return Ok(());
            }
            Ok(()) = changed.changed() => {
                if let Err(refusal) = shared.directory.still_admits(&handler.admitted) {
                    break Ended::Refused(refusal);
                }
            }
            () = seat.told_to_leave() => break Ended::Evicted,
            _ = drain.wait_for(|drain| *drain), if !draining => {
                draining = true;
                Pin::new(&mut http).graceful_shutdown();
            }
            () = sleep_until(look.min(ask)) => {
                if Instant::now() >= ask {
                    ask = Instant::now() + ASK_AGAIN;
                    if let Err(refusal) = shared.directory.still_admits(&handler.admitted) {
                        break Ended::Refused(refusal);
                    }
                }
                match handler.pulse.left(config) {
                    Ok(left) => look = Instant::now() + left,
                    Err(Phase::Idle) => break Ended::Idle,
                    Err(Phase::Head | Phase::Busy) => break Ended::SlowHead,
                    Err(Phase::Answering) => break Ended::SlowReader,
                }
            }
        }
    };
    let mut stream = http.into_parts().io.into_inner();
    farewell(&mut stream, if matches!(ended, Ended::SlowHead) { TOO_SLOW } else { &[] }).await;
    Err(ended)
}

/// Ends the connection as TLS wants it, if the other side lets us.
async fn farewell<S: AsyncWrite + Unpin>(stream: &mut S, last: &[u8]) {
    let words = async {
        if !last.is_empty() {
            stream.write_all(last).await?;
        }
        stream.shutdown().await
    };
    if let Ok(Err(error)) = timeout(FAREWELL, words).await {
        tracing::trace!(%error, "the other side had gone");
    }
}
