//! A cable that can be cut: a TCP forwarder between a node and what it talks to.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The cable. While it is cut nothing passes in either direction, and nobody is told: connections stay open, and new ones
/// stand and are never answered, as on a network that loses every packet. Mended, what was sent arrives after all.
pub(crate) struct Cable {
    /// Where the near end is.
    pub(crate) address: SocketAddr,
    whole: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Cable {
    /// A whole cable to there.
    pub(crate) async fn to(far: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (whole, state) = watch::channel(true);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(join(near, far, state.clone()));
            }
        });
        Self { address, whole, task }
    }

    /// Cuts it.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Mends it.
    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(near: TcpStream, far: SocketAddr, mut state: watch::Receiver<bool>) {
    if state.wait_for(|whole| *whole).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(far).await else { return };
    near.set_nodelay(true).ok();
    far.set_nodelay(true).ok();
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let there = tokio::spawn(pass(near_in, far_out, state.clone()));
    pass(far_in, near_out, state).await;
    there.await.ok();
}

/// Carries what comes to the other end, and its end too, while the cable is whole.
async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut state: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        // The sender of the state is gone when the trial is over.
        if state.wait_for(|whole| *whole).await.is_err() {
            return;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            to.shutdown().await.ok();
            return;
        }
    }
}
