//! HTTP for the two listeners of this part: bounded reading of requests, writing of answers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Frame, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::problem::{Code, Problem};

/// Bytes of a request's head at most.
const HEAD_LIMIT: usize = 16 * 1024;

/// Fields of a form at most.
const FIELDS: usize = 10_000;

/// A body is fed for so long. Then the other side asks again, and is judged again.
const FED_TIME: Duration = Duration::from_secs(600);

/// One request, read completely.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// The path between its slashes, percent-decoded.
    pub(super) path: Vec<String>,
    /// The query's parameters in order, percent-decoded.
    pub(super) query: Vec<(String, String)>,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Ask {
    /// Reads the request under the limits.
    pub(super) async fn read(request: Request<Incoming>, body_limit: usize, time: Duration) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let unclear = || Problem::bad_request("the address of the request is not percent-encoded UTF-8", "");
        let path = head.uri.path().split('/').skip(1).map(decode).collect::<Option<_>>().ok_or_else(unclear)?;
        // A form writes a blank as +, where a program that asks the API means it as it stands.
        let api = head.uri.path().starts_with("/api/");
        let word = |word: &str| if api { decode(word) } else { decode(&word.replace('+', " ")) };
        let query = pairs(head.uri.query().unwrap_or_default(), word).ok_or_else(unclear)?;
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
        Ok(Self { method: head.method, path, query, headers: head.headers, body })
    }

    /// No request: for a page that is made without one.
    pub(super) fn nothing() -> Self {
        let (path, query, headers) = (Vec::new(), Vec::new(), HeaderMap::new());
        Self { method: Method::GET, path, query, headers, body: Bytes::new() }
    }

    /// Whether it is a request of a program, answered in JSON, and not for a page.
    pub(super) fn is_api(&self) -> bool {
        self.path.first().is_some_and(|first| first == "api")
    }

    /// The same of a request that has not been read, by the path of its address.
    pub(super) fn is_of_api(path: &str) -> bool {
        path.split('/').nth(1) == Some("api")
    }

    /// The header field of that name, if it is there and readable.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The fields of the form that was sent.
    pub(super) fn form(&self) -> Result<Form, Problem> {
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let unclear = || Problem::bad_request("the form is not percent-encoded UTF-8", "");
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::bad_request(format!("{kind:?} is no form"), "send application/x-www-form-urlencoded"));
        }
        let text = std::str::from_utf8(&self.body).map_err(|_| unclear())?;
        if text.split('&').count() > FIELDS {
            return Err(Problem::new(Code::TooLarge, format!("the form has more than {FIELDS} fields"), "send less"));
        }
        // A browser sends the lines of a text with CR and LF, whatever was typed.
        let fields = pairs(text, |word| Some(decode(&word.replace('+', " "))?.replace("\r\n", "\n")));
        Ok(Form { fields: fields.ok_or_else(unclear)? })
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

/// The fields of a form, decoded, in the order in which they were sent.
#[derive(Debug)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// For tests: the form with these fields.
    #[cfg(test)]
    pub(super) fn of(fields: &[(&str, &str)]) -> Self {
        Self { fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect() }
    }

    /// The field without the white space around it; none if it is absent or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The field, which must be there.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Problem> {
        self.text(name).ok_or_else(|| Problem::bad_request(format!("{name} is missing"), "go back and fill it in"))
    }

    /// The field read as this type; none if it is absent or empty.
    pub(super) fn read<T>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let Some(value) = self.text(name) else { return Ok(None) };
        let unclear = |error| Problem::bad_request(format!("{name}: {error}"), "go back and change it");
        value.parse().map(Some).map_err(unclear)
    }

    /// Every value that was sent under that name and is not empty: boxes that are ticked, for instance.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.fields.iter().filter(move |(key, _)| key == name);
        values.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether the box is ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        self.text(name).is_some()
    }
}

/// `a=1&b=2`, each key and value decoded; `None` if one cannot be.
fn pairs(text: &str, decode: impl Fn(&str) -> Option<String>) -> Option<Vec<(String, String)>> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key)?, decode(value)?))
        })
        .collect()
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
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

impl Reply {
    /// The value as JSON.
    pub(super) fn json(value: &impl Serialize) -> Result<Self, Problem> {
        let bytes = serde_json::to_vec(value)
            .map_err(|error| Problem::new(Code::Failed, format!("the answer cannot be written: {error}"), ""))?;
        Ok(Self::bytes("application/json", bytes))
    }

    /// Bytes as they are.
    pub(super) fn bytes(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self::whole(StatusCode::OK, content_type, bytes.into())
    }

    /// A page.
    pub(super) fn page(page: &impl askama::Template) -> Result<Self, Problem> {
        let text = page
            .render()
            .map_err(|error| Problem::new(Code::Failed, format!("the page cannot be written: {error}"), ""))?;
        Ok(Self::bytes("text/html; charset=utf-8", text))
    }

    /// After a form was carried out: look at this address of ours (303), so that to reload is not to send again.
    pub(super) fn see_other(address: &str) -> Self {
        let reply = Self::whole(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Bytes::new());
        // An address of ours is percent-encoded; were it not, the start page is no bad place.
        let address = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
        reply.with(LOCATION, address)
    }

    /// What is fed as it comes, until the feeder is dropped, the other side leaves, the node stops,
    /// or [`FED_TIME`] is over.
    pub(super) fn fed(content_type: &'static str, feed: mpsc::Receiver<Bytes>) -> Self {
        Self { body: Either::Right(Fed { feed, stop: None }), ..Self::bytes(content_type, Bytes::new()) }
    }

    fn whole(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self { status, headers, body: Either::Left(Full::new(bytes)) }
    }

    /// The same with this status.
    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// The same with this header field, in the place of one of that name.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// As it goes out.
    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// The body of an answer: whole, or fed as it comes.
pub(super) type Body = Either<Full<Bytes>, Fed>;

/// A body that is fed through a channel.
pub(super) struct Fed {
    feed: mpsc::Receiver<Bytes>,
    /// The node stops.
    stop: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

impl std::fmt::Debug for Fed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fed").finish_non_exhaustive()
    }
}

impl hyper::body::Body for Fed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.stop.as_mut().is_some_and(|stop| stop.as_mut().poll(context).is_ready()) {
            return Poll::Ready(None);
        }
        self.feed.poll_recv(context).map(|fed| Some(Ok(Frame::data(fed?))))
    }
}

/// The HTTP answer for a handler's result; what went wrong in JSON.
pub(super) fn answer(result: Result<Reply, Problem>) -> Response<Body> {
    match result {
        Ok(reply) => reply.into_response(),
        Err(problem) => {
            let body = serde_json::to_vec(&problem).unwrap_or_default();
            respond(problem.code.status(), "application/json", body.into())
        }
    }
}

/// A whole HTTP answer.
pub(super) fn respond(status: u16, content_type: &'static str, body: Bytes) -> Response<Body> {
    Reply::bytes(content_type, body).status(status).into_response()
}

/// Serves one connection until the other side leaves, is idle too long, or the node stops.
pub(super) async fn talk<S, F, R>(stream: S, read_time: Duration, stop: watch::Receiver<bool>, handle: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Response<Body>>,
{
    let service = service_fn(|request| {
        let response = handle(request);
        let mut stop = stop.clone();
        async move {
            let mut response = response.await;
            if let Either::Right(fed) = response.body_mut() {
                fed.stop = Some(Box::pin(async move {
                    tokio::select! {
                        _ = stop.wait_for(|stop| *stop) => {}
                        () = sleep(FED_TIME) => {}
                    }
                }));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(read_time)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut stop = stop.clone();
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

    fn form(text: &str, kind: &'static str) -> Result<Form, Problem> {
        let headers = [(CONTENT_TYPE, HeaderValue::from_static(kind))].into_iter().collect();
        let body = Bytes::copy_from_slice(text.as_bytes());
        Ask { method: Method::POST, path: Vec::new(), query: Vec::new(), headers, body }.form()
    }

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        let kind = "application/x-www-form-urlencoded; charset=UTF-8";
        let read = form("remark=+a+%2B+b%0D%0Ac+&system=one&system=two&system=&empty=&n=7", kind).unwrap();
        assert_eq!(read.text("remark"), Some("a + b\nc"));
        assert_eq!(read.all("system").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!((read.text("empty"), read.ticked("empty"), read.ticked("n")), (None, false, true));
        assert_eq!(read.read::<u8>("n"), Ok(Some(7)));
        assert_eq!(read.read::<u8>("remark").unwrap_err().code, Code::BadRequest);
        assert_eq!(read.needed("empty").unwrap_err().code, Code::BadRequest);
        assert_eq!(form("a=%ff", kind).unwrap_err().code, Code::BadRequest);
        assert_eq!(form("a=1", "text/plain").unwrap_err().code, Code::BadRequest);
        assert_eq!(form(&"a&".repeat(FIELDS + 1), kind).unwrap_err().code, Code::TooLarge);
    }

    #[tokio::test]
    async fn what_is_fed_ends_with_its_feeder_and_with_the_node() {
        let (feeder, feed) = mpsc::channel(2);
        let Either::Right(mut fed) = Reply::fed("text/event-stream", feed).body else { panic!() };
        feeder.try_send(Bytes::from_static(b"one")).unwrap();
        assert_eq!(fed.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
        fed.stop = Some(Box::pin(std::future::ready(())));
        assert!(fed.frame().await.is_none());
        fed.stop = None;
        drop(feeder);
        assert!(fed.frame().await.is_none());
    }

    #[test]
    fn paths_are_percent_decoded_once() {
        assert_eq!(decode("cert.example.org%23189%2F493").as_deref(), Some("cert.example.org#189/493"));
        assert_eq!(decode("%2541").as_deref(), Some("%41"));
        for bad in ["%", "%4", "%zz", "%ff", "a%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
