//! Many peers that only answer: one listener that proves itself as whichever of them the client names.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::server::ResolvesServerCertUsingSni;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{YardstickError, judging, provider, roots, server, unfit};

/// What a peer answers to a message: from its name and the message, the body of a 200; nothing: a 400.
pub type Answer = Arc<dyn Fn(&str, Bytes) -> Option<Vec<u8>> + Send + Sync>;

/// One peer: its name and what it proves itself with.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its DNS-ID.
    pub name: String,
    /// Its certificate, PEM.
    pub certificate: String,
    /// Its private key, PEM.
    pub key: String,
}

/// The peers, listening on one port. Each connection ends with its first answer, so that every message needs a handshake.
pub struct Stub {
    listener: TcpListener,
    address: SocketAddr,
    tls: TlsAcceptor,
    answer: Answer,
}

impl Stub {
    /// Listens on a free port of the loopback as all of these peers, for clients whose certificates lead to that CA (PEM).
    ///
    /// # Errors
    /// If the certificates cannot be used, or there is no port.
    pub async fn bind(peers: &[Identity], ca: &Path, answer: Answer) -> Result<Self, YardstickError> {
        let mut resolver = ResolvesServerCertUsingSni::new();
        for peer in peers {
            let key = PrivateKeyDer::from_pem_slice(peer.key.as_bytes()).map_err(unfit)?;
            let certificate = CertificateDer::from_pem_slice(peer.certificate.as_bytes()).map_err(unfit)?;
            let certified = CertifiedKey::from_der(vec![certificate], key, &provider()).map_err(unfit)?;
            resolver.add(&peer.name, certified).map_err(unfit)?;
        }
        let tls = TlsAcceptor::from(server(judging(roots(ca)?)?.with_cert_resolver(Arc::new(resolver))));
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let failed = |source| YardstickError::Connection { doing: "listening on", address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, tls, answer })
    }

    /// Where they listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped.
    pub async fn run(self) {
        loop {
            // Nothing more is to be had from a listener that fails, and nobody but the bench is waiting.
            let Ok((stream, _)) = self.listener.accept().await else { return };
            tokio::spawn(serve(stream, self.tls.clone(), Arc::clone(&self.answer)));
        }
    }
}

/// One connection with one message.
async fn serve(stream: TcpStream, tls: TlsAcceptor, answer: Answer) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(stream) = tls.accept(stream).await else { return };
    let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
    let answering = service_fn(|request| respond(request, &name, &answer));
    let served = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), answering).await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the bench ended");
    }
}

async fn respond(request: Request<Incoming>, name: &str, answer: &Answer) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.ok().map(http_body_util::Collected::to_bytes);
    let answered = body.and_then(|body| answer(name, body));
    let (status, body) = match answered {
        Some(body) => (StatusCode::OK, body),
        None => (StatusCode::BAD_REQUEST, Vec::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    Ok(response)
}
