//! A node that takes every message and does nothing with it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Papers, YardstickError};

/// As long as the Acknowledgement of a real node.
const ANSWER: &[u8] = &[b' '; 700];

/// The node that does nothing, listening.
pub struct DoNothing {
    listener: TcpListener,
    address: SocketAddr,
    tls: TlsAcceptor,
}

impl DoNothing {
    /// Listens on a free port of the loopback.
    ///
    /// # Errors
    /// If the papers cannot be used, or there is no port.
    pub async fn bind(papers: &Papers) -> Result<Self, YardstickError> {
        let tls = TlsAcceptor::from(papers.server()?);
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let failed = |source| YardstickError::Connection { doing: "listening on", address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, tls })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers 200 to everything, until it is dropped.
    pub async fn run(self) {
        loop {
            // Nothing more is to be had from a listener that fails, and nobody but the bench is waiting.
            let Ok((stream, _)) = self.listener.accept().await else { return };
            tokio::spawn(serve(stream, self.tls.clone()));
        }
    }
}

/// One connection, until either side ends it; the client notices and says so.
async fn serve(stream: TcpStream, tls: TlsAcceptor) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(stream) = tls.accept(stream).await else { return };
    let answering = service_fn(answer);
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), answering).await {
        tracing::debug!(%error, "a connection of the bench ended");
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let whole = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER)));
    if whole.is_err() {
        *response.status_mut() = hyper::StatusCode::BAD_REQUEST;
    }
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/xml"));
    Ok(response)
}
