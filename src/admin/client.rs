//! The command line's side of the admin socket.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::problem::Problem;

/// Why a request had no good answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers on the socket.
    #[error(
        "no node answers on {socket}: {source}\n  start it with `ridd serve`, or name its data directory with --data \
         or its socket with --socket"
    )]
    Unreachable {
        /// The socket.
        socket: String,
        /// The system's words.
        source: io::Error,
    },
    /// The node says no.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The answer broke off.
    #[error("the node's answer broke off: {source}\n  see its log, and `ridd status`")]
    Broken {
        /// What broke.
        source: hyper::Error,
    },
    /// The answer is not what this version of the program expects.
    #[error("the node's answer ({status}) is not understood: {why}\n  is the command of the node's own version?")]
    Foreign {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        why: String,
    },
    /// The request cannot be written.
    #[error("the request cannot be written: {why}")]
    Request {
        /// What is wrong with it.
        why: String,
    },
}

/// Asks the node that serves one socket.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// For the node that serves this socket. Nothing is connected yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Reads `path`, which [`path`] makes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        read(self.call(Method::GET, path, Bytes::new()).await?)
    }

    /// Reads `path` as bytes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn bytes(&self, path: &str) -> Result<Bytes, ClientError> {
        Ok(self.call(Method::GET, path, Bytes::new()).await?.into_body())
    }

    /// Posts the value to `path`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn post<T: DeserializeOwned>(&self, path: &str, value: &impl Serialize) -> Result<T, ClientError> {
        read(self.call(Method::POST, path, write(value)?).await?)
    }

    /// Posts bytes as they are to `path`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn post_bytes<T: DeserializeOwned>(&self, path: &str, bytes: Bytes) -> Result<T, ClientError> {
        read(self.call(Method::POST, path, bytes).await?)
    }

    /// Changes what `path` names.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn patch<T: DeserializeOwned>(&self, path: &str, value: &impl Serialize) -> Result<T, ClientError> {
        read(self.call(Method::PATCH, path, write(value)?).await?)
    }

    /// Removes what `path` names.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        read(self.call(Method::DELETE, path, Bytes::new()).await?)
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Bytes>, ClientError> {
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|source| ClientError::Unreachable { socket: self.socket.display().to_string(), source })?;
        let broken = |source| ClientError::Broken { source };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header(hyper::header::HOST, "localhost")
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| ClientError::Request { why: error.to_string() })?;
        let answered = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            // The connection may be dropped only when the last byte is read.
            let answer = Response::from_parts(head, body.collect().await?.to_bytes());
            drop(sender);
            Ok(answer)
        };
        // What the connection itself says is also said by the request that it breaks.
        let (answer, _) = tokio::join!(answered, connection);
        let answer: Response<Bytes> = answer.map_err(broken)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        match serde_json::from_slice::<Problem>(answer.body()) {
            Ok(problem) => Err(problem.into()),
            Err(error) => Err(ClientError::Foreign { status, why: error.to_string() }),
        }
    }
}

fn write(value: &impl Serialize) -> Result<Bytes, ClientError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| ClientError::Request { why: error.to_string() })
}

fn read<T: DeserializeOwned>(answer: Response<Bytes>) -> Result<T, ClientError> {
    let status = answer.status().as_u16();
    serde_json::from_slice(answer.body()).map_err(|error| ClientError::Foreign { status, why: error.to_string() })
}

/// Percent-encodes the segments and joins them: `["incidents", "cert.example.org#1"]` is
/// `incidents/cert.example.org%231`.
pub fn path<'a>(segments: impl IntoIterator<Item = &'a str>) -> String {
    segments.into_iter().map(encode).collect::<Vec<_>>().join("/")
}

/// `path` with the parameters that have a value.
pub fn with_parameters(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let pairs: Vec<_> = given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Percent-encodes all that is not plain in any part of an address.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
