//! The listener of `[admin.page]`: TLS for every connection, within limits, and nothing in clear.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::enter::answer;
use super::visitor::Visitor;
use super::{Door, Pace};
use crate::admin::Parts;
use crate::admin::http::talk;
use crate::admin::server::serve_each;
use crate::peers::PageIdentity;

/// A handshake may take so long.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// One address holds at most this part of the connections.
const SHARE: usize = 2;

/// Serves the pages on the listener until `stop` turns true.
pub(in crate::admin) async fn serve(
    parts: Arc<Parts>,
    (listener, identity): (TcpListener, Option<PageIdentity>),
    owner: u32,
    stop: watch::Receiver<bool>,
) {
    let most = parts.config.page.connections;
    let door = Arc::new(Door { parts, owner, pace: Pace::default() });
    let identity = Arc::new(identity);
    let held = Arc::new(Held::default());
    let serve = |(stream, remote): (TcpStream, SocketAddr), stop| {
        let (door, identity, held) = (Arc::clone(&door), Arc::clone(&identity), Arc::clone(&held));
        async move {
            let Some(_seat) = Held::seat(&held, remote.ip(), most / SHARE) else {
                tracing::warn!(%remote, "a connection to the page was one too many of its address");
                return;
            };
            converse(door, stream, remote, identity.as_ref().as_ref(), stop).await;
        }
    };
    serve_each(most, || listener.accept(), serve, stop).await;
}

async fn converse(
    door: Arc<Door>,
    stream: TcpStream,
    remote: SocketAddr,
    identity: Option<&PageIdentity>,
    stop: watch::Receiver<bool>,
) {
    let config = match door.parts.directory.page_tls(identity) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(%error, "the page cannot be served");
            return;
        }
    };
    let tls = match timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => {
            tracing::debug!(%remote, %error, "no handshake with the page");
            return;
        }
        Err(_) => {
            tracing::debug!(%remote, "the handshake with the page took too long");
            return;
        }
    };
    let chain = tls.get_ref().1.peer_certificates().unwrap_or_default();
    let chain = chain.iter().map(|der| der.clone().into_owned()).collect();
    let visitor = Arc::new(Visitor { remote, chain });
    let read_time = door.parts.config.read_time;
    talk(tls, read_time, stop, |request| answer(Arc::clone(&door), Arc::clone(&visitor), request)).await;
}

/// Connections by address.
#[derive(Debug, Default)]
pub(in crate::admin) struct Held(Mutex<HashMap<IpAddr, usize>>);

/// One connection's place; given back when dropped.
pub(in crate::admin) struct Seat {
    held: Arc<Held>,
    from: IpAddr,
}

impl Held {
    /// A place for one more connection from there; none if it has as many already.
    pub(in crate::admin) fn seat(held: &Arc<Self>, from: IpAddr, most: usize) -> Option<Seat> {
        let mut counts = held.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(from).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat { held: Arc::clone(held), from })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.held.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.from);
            }
        }
    }
}
