//! The RID client: carries parcels of the outbox to peers over HTTPS (RFC 6546 §3), and tries whether a peer can be
//! reached.
//!
//! Made by `daemon`; the outbox's worker calls [`Client::carry`], the administrator [`Client::probe`]. It promises: every
//! wait has a limit; nothing is sent before the other side has proved to be the peer; no redirection is followed; and
//! whatever ends a try is told in words.

mod dial;
mod outcome;
mod pool;
mod probe;
mod trouble;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::http::response::Parts;
use hyper::{Method, Request, header};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::Config;
use super::server::{TEXT_XML, TOKEN};
use crate::clock::Clock;
use crate::ids::{CallbackToken, PeerName};
use crate::outbox::{Carrier, Load, Outcome, ParcelKind};
use crate::peers::Directory;
use crate::telemetry::Metrics;

use dial::{Line, Place};
use pool::Pool;

pub use probe::{Reached, Step};
pub use trouble::Trouble;

/// How often kept connections are looked through.
const SWEEP: std::time::Duration = std::time::Duration::from_secs(15);

/// What came back: the head, the body (`None` if it was larger than we take), and who answered.
struct Response {
    parts: Parts,
    body: Option<Bytes>,
    remote: String,
}

/// Sends to peers.
pub struct Client {
    directory: Arc<Directory>,
    config: Config,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    pool: Pool,
}

impl Client {
    /// A client without connections yet.
    pub fn new(config: &Config, directory: Arc<Directory>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Arc<Self> {
        let pool = Pool::new(config.kept_per_peer, config.kept_time);
        Arc::new(Self { directory, config: config.clone(), clock, metrics, pool })
    }

    /// Keeps the kept connections in order until `stop` says true: closes those that are broken, too old, or to a peer
    /// that is no longer one.
    pub async fn keep(&self, mut stop: watch::Receiver<bool>) {
        let mut changed = self.directory.changed();
        loop {
            tokio::select! {
                Ok(()) = changed.changed() => self.pool.sweep(&self.directory),
                () = tokio::time::sleep(SWEEP) => self.pool.sweep(&self.directory),
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// How many connections are kept open for the next message.
    pub fn kept(&self) -> usize {
        self.pool.len()
    }

    /// Sends one request and reads its response. A kept connection that turns out to be closed is replaced once by a
    /// fresh one: sending is idempotent (RFC 6546 §3).
    async fn ask(&self, peer: &PeerName, place: &Place, request: Request<Full<Bytes>>) -> Result<Response, Trouble> {
        if let Some(mut line) = self.pool.take(peer, place)
            && self.directory.still_admits(&line.admitted).is_ok()
        {
            match self.converse(&mut line, request.clone()).await {
                Ok(response) => return Ok(self.put_back(peer, place, line, response)),
                Err(Trouble::Broken { .. }) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        let mut line = dial::dial(&self.directory, &self.config, peer, place).await?;
        let response = self.converse(&mut line, request).await?;
        Ok(self.put_back(peer, place, line, response))
    }

    fn put_back(&self, peer: &PeerName, place: &Place, mut line: Line, response: Response) -> Response {
        // A body that was not read to its end stands in the way of the next response.
        if response.body.is_some() {
            line.free_since = Instant::now();
            self.pool.put(peer, place, line);
        }
        response
    }

    /// One request and its response on this connection, ended early if the peer ceases to be one meanwhile.
    async fn converse(&self, line: &mut Line, request: Request<Full<Bytes>>) -> Result<Response, Trouble> {
        let admitted = line.admitted.clone();
        let limit = self.config.answer_time;
        let address = line.remote.to_string();
        let mut changed = self.directory.changed();
        changed.mark_unchanged();
        // It may have ceased to be one since the connection was made.
        self.directory.still_admits(&admitted).map_err(Trouble::NoLonger)?;
        let asked = timeout(limit, self.request(line, request));
        tokio::pin!(asked);
        loop {
            tokio::select! {
                done = &mut asked => return done.unwrap_or(Err(Trouble::AnswerTime { address, limit })),
                Ok(()) = changed.changed() => {
                    self.directory.still_admits(&admitted).map_err(Trouble::NoLonger)?;
                }
            }
        }
    }

    async fn request(&self, line: &mut Line, request: Request<Full<Bytes>>) -> Result<Response, Trouble> {
        let remote = line.remote.to_string();
        let first = !line.proven;
        let failed = |error: hyper::Error| Trouble::from_request(&remote, first, &error);
        line.sender.ready().await.map_err(failed)?;
        let (parts, body) = line.sender.send_request(request).await.map_err(failed)?.into_parts();
        line.proven = true;
        let body =
            read(body, self.config.body_bytes).await.map_err(|error| Trouble::from_request(&remote, false, &error))?;
        Ok(Response { parts, body, remote })
    }

    async fn send(&self, load: &Load) -> Outcome {
        let parcel = &load.parcel;
        let Ok(peer) = parcel.recipient.parse::<PeerName>() else {
            return Outcome::Refused { why: format!("{:?} is no peer's name", parcel.recipient), reply: None };
        };
        let Some(known) = self.directory.peer(&peer) else {
            let why = format!("{peer} is no peer (any more); add it with `ridd peer add`, then retry");
            return Outcome::Refused { why, reply: None };
        };
        if !known.is_active() {
            return Outcome::Refused { why: format!("the peer {peer} is revoked; nothing is sent to it"), reply: None };
        }
        let place = match Place::of(&known.address, parcel.address.as_deref()) {
            Ok(place) => place,
            Err(trouble) => return later(&trouble),
        };
        let request = post(&peer, place.port, load.bytes.clone(), parcel.token.as_ref());
        match self.ask(&peer, &place, request).await {
            Ok(response) => self.judge(load, response),
            Err(trouble) => later(&trouble),
        }
    }

    fn judge(&self, load: &Load, response: Response) -> Outcome {
        let (parcel, peer) = (&load.parcel.id, &load.parcel.recipient);
        let too_large = response.body.is_none();
        let body = response.body.unwrap_or_default();
        let (outcome, improper) = outcome::judge(&response.parts, body, &response.remote, self.clock.now());
        let improper =
            improper.map(outcome::Improper::words).or_else(|| too_large.then_some("a body larger than body-bytes"));
        if let Some(improper) = improper {
            self.metrics.improper_response();
            tracing::error!(%parcel, %peer, status = response.parts.status.as_u16(), "improper response of a peer: {improper}");
        }
        outcome
    }
}

#[async_trait]
impl Carrier for Client {
    fn kind(&self) -> ParcelKind {
        ParcelKind::Rid
    }

    async fn carry(&self, load: &Load) -> Outcome {
        self.send(load).await
    }
}

fn later(trouble: &Trouble) -> Outcome {
    Outcome::Later { why: trouble.to_string(), after: None }
}

/// The whole body, or `None` if it is larger than `limit`.
async fn read(mut body: Incoming, limit: usize) -> Result<Option<Bytes>, hyper::Error> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if all.len() + data.len() > limit {
            return Ok(None);
        }
        all.extend_from_slice(&data);
    }
    Ok(Some(all.freeze()))
}

fn post(peer: &PeerName, port: u16, body: Bytes, token: Option<&CallbackToken>) -> Request<Full<Bytes>> {
    let mut request = request(Method::POST, peer, port, Full::new(body));
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, TEXT_XML);
    if let Some(token) = token.and_then(|token| header::HeaderValue::from_str(token.as_str()).ok()) {
        headers.insert(TOKEN, token);
    }
    request
}

fn request(method: Method, peer: &PeerName, port: u16, body: Full<Bytes>) -> Request<Full<Bytes>> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    let headers = request.headers_mut();
    // A peer's name and a port are always a well-formed header.
    if let Ok(host) = header::HeaderValue::from_str(&format!("{peer}:{port}")) {
        headers.insert(header::HOST, host);
    }
    headers.insert(header::ACCEPT, TEXT_XML);
    headers.insert(header::USER_AGENT, header::HeaderValue::from_static("ridd"));
    request
}
