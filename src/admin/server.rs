//! The listeners: the Unix socket for operators, TCP for metrics and health; and the page's, which `door` serves.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Request, Response};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::call::Call;
use super::http::{Ask, Body, answer, talk};
use super::problem::Problem;
use super::users::Users;
use super::{Config, PageConfig, Parts, acknowledge, door, health, operators};
use crate::peers::{PageIdentity, PeersError};

/// After a failed accept (out of file descriptors), this pause before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// One user other than the owner and root holds at most this part of the connections, so that no user can shut out the rest.
const SHARE: usize = 4;

/// At the end, requests under way get this long.
const DRAIN: Duration = Duration::from_secs(5);

/// Why a listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another node answers on the socket.
    #[error("another node answers on {socket}: stop it first, or set admin.socket to another path")]
    InUse {
        /// The socket.
        socket: String,
    },
    /// Something that is no socket is in the way.
    #[error("{socket} is there and is no socket: remove it, or set admin.socket to another path")]
    NoSocket {
        /// The path.
        socket: String,
    },
    /// The system refuses the socket.
    #[error("cannot open the admin socket {socket}: {source}")]
    Socket {
        /// The socket.
        socket: String,
        /// The system's words.
        source: io::Error,
    },
    /// The page's certificate cannot be used.
    #[error("the page of [admin.page] has no certificate: {source}")]
    Identity {
        /// What is wrong with it.
        source: PeersError,
    },
    /// The system refuses the address.
    #[error("cannot listen on {key} = {address}: {source}; choose another address, or \"off\"")]
    Listen {
        /// The key that names it.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
}

/// The listeners, open but not yet served.
#[derive(Debug)]
pub struct Bound {
    socket: UnixListener,
    path: PathBuf,
    owner: u32,
    pub(super) users: Users,
    listener: Option<TcpListener>,
    page: Option<(TcpListener, Option<PageIdentity>)>,
    acknowledge: Option<TcpListener>,
}

impl Bound {
    /// The path of the admin socket.
    pub fn socket(&self) -> &Path {
        &self.path
    }

    /// The address of the listener for metrics and health, with the port that it really has.
    pub fn listen(&self) -> Option<SocketAddr> {
        self.listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// The address of the page, with the port that it really has.
    pub fn page(&self) -> Option<SocketAddr> {
        self.page.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// The address of the listener that the links in notices lead to, with the port that it really has.
    pub fn acknowledge(&self) -> Option<SocketAddr> {
        self.acknowledge.as_ref().and_then(|listener| listener.local_addr().ok())
    }
}

/// Opens the socket and the listener. A socket that a dead node left behind is replaced.
///
/// # Errors
/// If another node answers on the socket, or the system refuses.
pub async fn bind(config: &Config) -> Result<Bound, BindError> {
    let path = config.socket.clone();
    let socket = path.display().to_string();
    let refused = |source| BindError::Socket { socket: socket.clone(), source };
    match fs::symlink_metadata(&path) {
        Ok(meta) if !meta.file_type().is_socket() => return Err(BindError::NoSocket { socket }),
        Ok(_) if UnixStream::connect(&path).await.is_ok() => return Err(BindError::InUse { socket }),
        Ok(_) => fs::remove_file(&path).map_err(refused)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(refused(error)),
    }
    let listening = UnixListener::bind(&path).map_err(refused)?;
    // Whoever connects before the mode is set is asked for its user all the same.
    fs::set_permissions(&path, Permissions::from_mode(config.socket_mode)).map_err(refused)?;
    let owner = fs::symlink_metadata(&path).map_err(refused)?.uid();
    let listener = listen("admin.listen", config.listen).await?;
    let acknowledge = listen("admin.acknowledge.listen", config.acknowledge.listen).await?;
    let page = match listen("admin.page.listen", config.page.listen).await? {
        Some(listener) => Some((listener, identity(&config.page)?)),
        None => None,
    };
    Ok(Bound { socket: listening, path, owner, users: Users::default(), listener, page, acknowledge })
}

/// The certificate of the page, if it has one of its own.
fn identity(config: &PageConfig) -> Result<Option<PageIdentity>, BindError> {
    let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else { return Ok(None) };
    PageIdentity::read(certificate, key).map(Some).map_err(|source| BindError::Identity { source })
}

/// Opens the listener of that key, unless it is off.
async fn listen(key: &'static str, address: Option<SocketAddr>) -> Result<Option<TcpListener>, BindError> {
    let Some(address) = address else { return Ok(None) };
    let opened = TcpListener::bind(address).await;
    opened.map(Some).map_err(|source| BindError::Listen { key, address, source })
}

/// Serves all listeners until `stop` turns true, lets requests under way end, and removes the socket.
pub async fn serve(parts: Arc<Parts>, bound: Bound, stop: watch::Receiver<bool>) {
    let Bound { socket, path, owner, users, listener, page, acknowledge } = bound;
    if let Err(error) = operators::adopt(parts.store.as_ref()).await {
        tracing::error!(%error, "the operators of before cannot be read");
    }
    let links = async {
        if let Some(listener) = acknowledge {
            acknowledge::serve(Arc::clone(&parts), listener, stop.clone()).await;
        }
    };
    let operators = serve_socket(Arc::clone(&parts), socket, users, owner, stop.clone());
    let watchers = async {
        if let Some(listener) = listener {
            serve_health(Arc::clone(&parts), listener, stop.clone()).await;
        }
    };
    let visitors = async {
        if let Some(page) = page {
            door::serve(Arc::clone(&parts), page, owner, stop.clone()).await;
        }
    };
    tokio::join!(operators, links, watchers, visitors);
    if let Err(error) = fs::remove_file(&path) {
        tracing::debug!(socket = %path.display(), %error, "the admin socket was gone already");
    }
}

async fn serve_socket(parts: Arc<Parts>, socket: UnixListener, users: Users, owner: u32, stop: watch::Receiver<bool>) {
    let most = parts.config.connections;
    let users = Arc::new(users);
    let serve = |(stream, _), stop| {
        let (parts, users) = (Arc::clone(&parts), Arc::clone(&users));
        async move {
            let user = users.of(&stream).map_err(|error| Problem::unknown_user(&error));
            let share = (most / SHARE).max(1);
            let limited = user.as_ref().ok().copied().filter(|user| !operators::is_owner(*user, owner));
            let seat = limited.map(|user| users.seat(user, share));
            if let (Some(user), Some(None)) = (limited, &seat) {
                tracing::warn!(user, "a connection to the admin socket was one too many of its user");
                return;
            }
            let read_time = parts.config.read_time;
            talk(stream, read_time, stop, |request| api(Arc::clone(&parts), user.clone(), owner, request)).await;
        }
    };
    serve_each(most, || socket.accept(), serve, stop).await;
}

async fn serve_health(parts: Arc<Parts>, listener: TcpListener, stop: watch::Receiver<bool>) {
    let most = parts.config.connections;
    let serve = |(stream, _), stop| {
        let parts = Arc::clone(&parts);
        async move {
            let read_time = parts.config.read_time;
            talk(stream, read_time, stop, |request| std::future::ready(health::answer(&parts, &request))).await;
        }
    };
    serve_each(most, || listener.accept(), serve, stop).await;
}

/// Accepts connections until `stop` turns true and serves each as a task of its own, `most` at once; then those under way
/// get [`DRAIN`] to end.
pub(super) async fn serve_each<C, A, S>(
    most: usize,
    accept: impl Fn() -> A,
    serve: impl Fn(C, watch::Receiver<bool>) -> S,
    mut stop: watch::Receiver<bool>,
) where
    A: Future<Output = io::Result<C>>,
    S: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = take(&room, accept()) => accepted,
        };
        let Some((connection, place)) = accepted else { continue };
        let served = serve(connection, stop.clone());
        connections.spawn(async move {
            served.await;
            drop(place);
        });
    }
    drain(connections).await;
}

/// Waits for room, then for a connection; none if the system could not give one.
async fn take<T>(
    room: &Arc<Semaphore>,
    accept: impl Future<Output = io::Result<T>>,
) -> Option<(T, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    match accept.await {
        Ok(connection) => Some((connection, place)),
        Err(error) => {
            tracing::warn!(%error, "an administrative connection could not be taken");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn drain(mut connections: JoinSet<()>) {
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(DRAIN, all).await.is_err() {
        tracing::warn!("an administrative request was broken off at the end");
    }
}

async fn api(parts: Arc<Parts>, user: Result<u32, Problem>, owner: u32, request: Request<Incoming>) -> Response<Body> {
    let operator = async { operators::whoever(parts.store.as_ref(), user?, owner).await };
    let operator = match operator.await {
        Ok(operator) => operator,
        Err(problem) => {
            tracing::warn!(%problem, "refused on the admin socket");
            let mut response = answer(Err(problem));
            // Whoever is let in meanwhile may well connect anew; nobody else is to hold a connection.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return response;
        }
    };
    let path = request.uri().path().to_owned();
    match Ask::read(request, body_limit(&parts, &path), parts.config.read_time).await {
        Ok(ask) => Call::new(&parts, operator, owner, ask).answer().await,
        Err(problem) => Call::new(&parts, operator, owner, Ask::nothing()).answer_unread(&path, problem),
    }
}

/// Bytes of a request for that address at most. A file of systems has a limit of its own: nothing else that staff send is
/// as large.
pub(super) fn body_limit(parts: &Parts, path: &str) -> usize {
    match path {
        "/api/v1/inventory/file" | "/inventory" => parts.inventory.config().import_bytes.max(parts.config.body_limit),
        _ => parts.config.body_limit,
    }
}
