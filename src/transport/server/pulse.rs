//! What one connection is doing, and since when: read by the idle and slowness checks and by eviction.
//!
//! A [`Pulsed`] stream tells by itself when a request begins to arrive and when an answer has been taken; the request
//! handler tells the rest. Costs one relaxed store per change.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::transport::Config;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing: it waits for the next request.
    Idle,
    /// The head of a request is arriving.
    Head,
    /// A request is being received or decided.
    Busy,
    /// An answer is on its way out.
    Answering,
}

/// The phase and since when, in one word: milliseconds since `base`, times four, plus the phase.
#[derive(Debug)]
pub(super) struct Pulse {
    base: Instant,
    word: AtomicU64,
}

impl Pulse {
    /// A connection that is idle since now.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { base: Instant::now(), word: AtomicU64::new(Phase::Idle as u64) })
    }

    /// The connection does this from now on.
    pub(super) fn enter(&self, phase: Phase) {
        let millis = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        self.word.store(millis << 2 | phase as u64, Ordering::Relaxed);
    }

    /// What it does and for how long already.
    pub(super) fn phase(&self) -> (Phase, Duration) {
        let word = self.word.load(Ordering::Relaxed);
        let phase = match word & 3 {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Busy,
            _ => Phase::Answering,
        };
        (phase, self.base.elapsed().saturating_sub(Duration::from_millis(word >> 2)))
    }

    fn is(&self, phase: Phase) -> bool {
        self.word.load(Ordering::Relaxed) & 3 == phase as u64
    }

    /// How long it may go on as it does: `Err` with the phase if it has gone on too long. Deciding has no limit here,
    /// and receiving a body has its own in the request handler.
    pub(super) fn left(&self, config: &Config) -> Result<Duration, Phase> {
        let (phase, span) = self.phase();
        let limit = match phase {
            Phase::Idle => config.idle_time,
            Phase::Head => config.header_time,
            Phase::Answering => config.body_time,
            Phase::Busy => return Ok(config.header_time),
        };
        // A head can begin at any moment: look again after its time at the latest.
        limit.checked_sub(span).filter(|left| !left.is_zero()).map(|left| left.min(config.header_time)).ok_or(phase)
    }
}

/// A stream that keeps the pulse.
pub(super) struct Pulsed<S> {
    stream: S,
    pulse: Arc<Pulse>,
}

impl<S> Pulsed<S> {
    pub(super) fn new(stream: S, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Pulsed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before && self.pulse.is(Phase::Idle) {
            self.pulse.enter(Phase::Head);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pulsed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if self.pulse.is(Phase::Answering) {
            self.pulse.enter(Phase::Idle);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_phase_that_lasts_too_long_is_found_out() {
        let config = Config { header_time: Duration::from_secs(2), ..Config::default() };
        let pulse = Pulse::new();
        assert_eq!(pulse.left(&config), Ok(Duration::from_secs(2)), "a head may begin at any moment");
        pulse.enter(Phase::Head);
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(pulse.left(&config), Ok(Duration::from_millis(500)));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(pulse.left(&config), Err(Phase::Head));
        pulse.enter(Phase::Busy);
        tokio::time::advance(Duration::from_secs(1_000)).await;
        assert!(pulse.left(&config).is_ok(), "deciding has no limit here");
        pulse.enter(Phase::Idle);
        tokio::time::advance(config.idle_time).await;
        assert_eq!(pulse.left(&config), Err(Phase::Idle));
    }

    #[tokio::test]
    async fn the_stream_tells_when_a_head_begins_and_an_answer_is_out() {
        let (near, mut far) = tokio::io::duplex(64);
        let pulse = Pulse::new();
        let mut near = Pulsed::new(near, Arc::clone(&pulse));
        far.write_all(b"P").await.unwrap();
        near.read_u8().await.unwrap();
        assert_eq!(pulse.phase().0, Phase::Head);
        near.flush().await.unwrap();
        assert_eq!(pulse.phase().0, Phase::Head, "a flush ends an answer only");
        pulse.enter(Phase::Answering);
        near.write_all(b"HTTP/1.1").await.unwrap();
        near.flush().await.unwrap();
        assert_eq!(pulse.phase().0, Phase::Idle);
    }
}
