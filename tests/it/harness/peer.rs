//! The other side, good and bad: a client that says exactly what it is told, and a RID system that answers as scripted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::pki::Papers;

/// An HTTP message as it came: the first line, the header fields, the body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Http {
    pub(crate) first: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Http {
    /// The status of an answer.
    pub(crate) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// A header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads one message to its end; `None` if the other side closed before it began.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut buffer = Vec::new();
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return if buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        };
        let mut rest = buffer.split_off(end);
        let head = String::from_utf8_lossy(&buffer).into_owned();
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default().to_owned();
        let fields = lines.filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        let mut message = Self { first, fields, body: Vec::new() };
        if message.field("transfer-encoding").is_some() {
            while !rest.ends_with(b"0\r\n\r\n") {
                if stream.read_buf(&mut rest).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            message.body = unchunked(&rest);
            return Ok(Some(message));
        }
        let length = message.field("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while rest.len() < length {
            if stream.read_buf(&mut rest).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        rest.truncate(length);
        message.body = rest;
        Ok(Some(message))
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..at]).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let Some(size @ 1..) = size else { break };
        body.extend_from_slice(&rest[at + 2..at + 2 + size]);
        rest = &rest[at + 4 + size..];
    }
    body
}

/// Takes whatever certificate the node shows: these trials are about what the node does.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn read(papers: &Papers) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_file_iter(&papers.certificate).unwrap().collect::<Result<_, _>>().unwrap();
    (chain, PrivateKeyDer::from_pem_file(&papers.key).unwrap())
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// TLS as a client speaks it, with that certificate or none.
pub(crate) fn config(papers: Option<&Papers>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible));
    match papers {
        Some(papers) => {
            let (chain, key) = read(papers);
            builder.with_client_auth_cert(chain, key).unwrap()
        }
        None => builder.with_no_client_auth(),
    }
}

/// A connection to a node, with that certificate or none.
pub(crate) async fn connect(address: SocketAddr, papers: Option<&Papers>) -> io::Result<TlsStream<TcpStream>> {
    connect_with(address, Arc::new(config(papers))).await
}

/// The same with a TLS configuration that may have been used before.
pub(crate) async fn connect_with(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    shake(TcpStream::connect(address).await?, config).await
}

/// A bare connection from that address of the loopback.
pub(crate) async fn dial(from: &str, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0))?;
    socket.connect(to).await
}

/// TLS on a connection that stands already.
pub(crate) async fn shake(stream: TcpStream, config: Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("node.example").unwrap();
    TlsConnector::from(config).connect(name, stream).await
}

/// Sends one POST as RFC 6546 §3 wants it.
pub(crate) async fn send(stream: &mut (impl AsyncWrite + Unpin), body: &[u8], token: Option<&str>) -> io::Result<()> {
    let token = token.map(|token| format!("RID-Callback-Token: {token}\r\n")).unwrap_or_default();
    let length = body.len();
    let head =
        format!("POST / HTTP/1.1\r\nHost: node\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n{token}\r\n");
    let mut whole = head.into_bytes();
    whole.extend_from_slice(body);
    stream.write_all(&whole).await?;
    stream.flush().await
}

/// Sends one POST and reads its answer.
pub(crate) async fn post(stream: &mut TlsStream<TcpStream>, body: &[u8], token: Option<&str>) -> io::Result<Http> {
    // A node that refuses a large body may answer and close before all of it is sent.
    let sent = send(stream, body, token).await;
    match Http::read(stream).await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(sent.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into())),
        Err(error) => Err(error),
    }
}

/// One connection, one POST, one answer.
pub(crate) async fn post_once(address: SocketAddr, papers: &Papers, body: &[u8]) -> io::Result<Http> {
    let mut stream = connect(address, Some(papers)).await?;
    post(&mut stream, body, None).await
}

/// What a scripted RID system answers. After `Connection: close` among the fields it ends the connection.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    pub(crate) status: u16,
    /// Further header lines, each with its line end.
    pub(crate) fields: String,
    pub(crate) body: Vec<u8>,
}

impl Scripted {
    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, fields: String::new(), body: Vec::new() }
    }

    /// No answer at all: the connection stays open until the other side ends it.
    pub(crate) fn silence() -> Self {
        Self::empty(0)
    }
}

/// A RID system that answers as scripted and remembers what came.
pub(crate) struct RidSystem {
    pub(crate) address: SocketAddr,
    came: Arc<Mutex<Vec<Http>>>,
    taken: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl RidSystem {
    /// Listens on a free port; asks for certificates of that CA.
    pub(crate) async fn start(
        papers: &Papers,
        ca: &Path,
        script: impl Fn(&Http) -> Scripted + Send + Sync + 'static,
    ) -> Self {
        Self::start_at("127.0.0.1", papers, ca, script).await
    }

    /// The same at that address.
    pub(crate) async fn start_at(
        ip: &str,
        papers: &Papers,
        ca: &Path,
        script: impl Fn(&Http) -> Scripted + Send + Sync + 'static,
    ) -> Self {
        let ip: IpAddr = ip.parse().unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let (chain, key) = read(papers);
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let came = Arc::new(Mutex::new(Vec::new()));
        let (taken, left) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (noted, script) = (Arc::clone(&came), Arc::new(script));
        let (accepted, ended) = (Arc::clone(&taken), Arc::clone(&left));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                accepted.fetch_add(1, Ordering::SeqCst);
                let (acceptor, noted, script) = (acceptor.clone(), Arc::clone(&noted), Arc::clone(&script));
                let ended = Arc::clone(&ended);
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    while let Ok(Some(request)) = Http::read(&mut stream).await {
                        let answer = script(&request);
                        noted.lock().unwrap().push(request);
                        if answer.status == 0 {
                            while stream.read_u8().await.is_ok() {}
                            ended.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                        let length = answer.body.len();
                        let mut whole = format!(
                            "HTTP/1.1 {} -\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n{}\r\n",
                            answer.status, answer.fields
                        )
                        .into_bytes();
                        whole.extend_from_slice(&answer.body);
                        let written = stream.write_all(&whole).await.is_ok() && stream.flush().await.is_ok();
                        if !written || answer.fields.contains("Connection: close") {
                            stream.shutdown().await.ok();
                            return;
                        }
                    }
                });
            }
        });
        Self { address, came, taken, left, task }
    }

    /// How many connections it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// How many connections the other side has ended while it was given no answer.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }

    /// What came so far, in order.
    pub(crate) fn came(&self) -> Vec<Http> {
        self.came.lock().unwrap().clone()
    }
}

impl Drop for RidSystem {
    fn drop(&mut self) {
        self.task.abort();
    }
}
