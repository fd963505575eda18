//! HTTP for the two listeners of this part: bounded reading of requests, writing of answers.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::problem::{Code, Problem};

/// Bytes of a request's head at most.
const HEAD_LIMIT: usize = 16 * 1024;

/// One request, read completely.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// The path between its slashes, percent-decoded.
    pub(super) path: Vec<String>,
    /// The query's parameters in order, percent-decoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Ask {
    /// Reads the request under the limits.
    pub(super) async fn read(request: Request<Incoming>, body_limit: usize, time: Duration) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let unclear = || Problem::bad_request("the address of the request is not percent-encoded UTF-8", "");
        let path = head.uri.path().split('/').skip(1).map(decode).collect::<Option<_>>().ok_or_else(unclear)?;
        let pairs = head.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let query = pairs
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decode(key)?, decode(value)?))
            })
            .collect::<Option<_>>()
            .ok_or_else(unclear)?;
        let collected = timeout(time, Limited::new(body, body_limit).collect()).await;
        let body = match collected {
            Err(_) => return Err(Problem::new(Code::TooSlow, "the body of the request took too long", "try again")),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                let message = format!("the request is larger than {body_limit} bytes");
                return Err(Problem::new(Code::TooLarge, message, "raise admin.body-limit if it is right"));
            }
            Ok(Err(error)) => return Err(Problem::bad_request(format!("the request broke off: {error}"), "")),
            Ok(Ok(body)) => body.to_bytes(),
        };
        Ok(Self { method: head.method, path, query, body })
    }

    /// The body as this type.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Problem::bad_request(format!("the body is not as expected: {error}"), ""))
    }

    /// The parameter of that name, read as this type; absent if it is not there or empty.
    pub(super) fn parameter<T>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let Some((_, value)) = self.query.iter().find(|(key, value)| key == name && !value.is_empty()) else {
            return Ok(None);
        };
        match value.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Problem::bad_request(format!("{name}: {error}"), "")),
        }
    }

    /// Refuses parameters that nobody reads: a misspelt filter must not list everything.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        match self.query.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => {
                Err(Problem::bad_request(format!("unknown parameter {key:?}"), format!("known: {}", known.join(", "))))
            }
        }
    }
}

/// `%41` becomes `A`; `None` if it is not well-formed or no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// What goes back when all went well.
#[derive(Debug)]
pub(super) struct Reply {
    content_type: &'static str,
    bytes: Bytes,
}

impl Reply {
    /// The value as JSON.
    pub(super) fn json(value: &impl Serialize) -> Result<Self, Problem> {
        let bytes = serde_json::to_vec(value)
            .map_err(|error| Problem::new(Code::Failed, format!("the answer cannot be written: {error}"), ""))?;
        Ok(Self { content_type: "application/json", bytes: bytes.into() })
    }

    /// Bytes as they are.
    pub(super) fn bytes(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self { content_type, bytes: bytes.into() }
    }
}

/// The HTTP answer for a handler's result.
pub(super) fn answer(result: Result<Reply, Problem>) -> Response<Full<Bytes>> {
    match result {
        Ok(reply) => respond(200, reply.content_type, reply.bytes),
        Err(problem) => {
            let body = serde_json::to_vec(&problem).unwrap_or_default();
            respond(problem.code.status(), "application/json", body.into())
        }
    }
}

/// A whole HTTP answer.
pub(super) fn respond(status: u16, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    headers.insert(hyper::header::CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}

/// Serves one connection until the other side leaves, is idle too long, or the node stops.
pub(super) async fn talk<S, F, R>(stream: S, read_time: Duration, mut stop: watch::Receiver<bool>, handle: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Response<Full<Bytes>>>,
{
    let service = service_fn(|request| {
        let response = handle(request);
        async { Ok::<_, Infallible>(response.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(read_time)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        _ = stop.wait_for(|stop| *stop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an administrative connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_percent_decoded_once() {
        assert_eq!(decode("cert.example.org%23189%2F493").as_deref(), Some("cert.example.org#189/493"));
        assert_eq!(decode("%2541").as_deref(), Some("%41"));
        for bad in ["%", "%4", "%zz", "%ff", "a%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
