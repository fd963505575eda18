//! One HTTP request: the rules of RFC 6546 §3 on method, path, type, size and time; the rest is the exchange's.
//!
//! Only `POST /` with text/xml becomes an [`Arrival`]. Every answer carries text/xml, none is a redirection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use super::finished::Finished;
use super::pulse::{Phase, Pulse};
use crate::clock::Clock;
use crate::exchange::{Answer, Arrival, Receiver};
use crate::ids::CallbackToken;
use crate::peers::Admitted;
use crate::telemetry::Metrics;
use crate::transport::Config;

/// RFC 6546 §3.
pub(in crate::transport) const TOKEN: HeaderName = HeaderName::from_static("rid-callback-token");
/// The media type of RID (RFC 6546 §3).
pub(in crate::transport) const TEXT_XML: HeaderValue = HeaderValue::from_static("text/xml");

/// Bodies up to this size do not count against the room for bodies: they are the rule.
const SMALL: usize = 64 << 10;
/// The room for bodies is counted in pieces of this size.
const PIECE: usize = 4 << 10;
/// A refused body is read and thrown away for so long, so that the peer is not cut off before it reads the answer.
const LINGER: Duration = Duration::from_secs(2);
/// After how many seconds a peer may come again when we cannot take its message now.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

/// Room for the large bodies that are being received at once, on the whole node.
#[derive(Debug)]
pub(super) struct Room(Arc<Semaphore>);

impl Room {
    /// Room for so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / PIECE).clamp(1, Semaphore::MAX_PERMITS))))
    }

    async fn take(&self, bytes: usize, until: Instant) -> Result<Option<OwnedSemaphorePermit>, Refused> {
        if bytes <= SMALL {
            return Ok(None);
        }
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        match timeout_at(until, Arc::clone(&self.0).acquire_many_owned(pieces)).await {
            Ok(Ok(permit)) => Ok(Some(permit)),
            Ok(Err(_)) | Err(_) => Err(Refused::NoRoom),
        }
    }
}

/// Why a request never reaches the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Host,
    Path,
    Method,
    Type,
    Token,
    TooLarge,
    TooSlow,
    Broken,
    NoRoom,
}

impl Refused {
    const fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Token | Self::Broken => StatusCode::BAD_REQUEST,
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Host => "http-host",
            Self::Path => "http-path",
            Self::Method => "http-method",
            Self::Type => "http-type",
            Self::Token => "http-token",
            Self::TooLarge => "http-too-large",
            Self::TooSlow => "http-too-slow",
            Self::Broken => "http-broken",
            Self::NoRoom => "http-no-room",
        }
    }
}

/// What the requests of one connection need.
pub(super) struct Handler {
    pub(super) admitted: Admitted,
    pub(super) remote: SocketAddr,
    pub(super) pulse: Arc<Pulse>,
    pub(super) receiver: Arc<dyn Receiver>,
    pub(super) room: Arc<Room>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) config: Arc<Config>,
    /// Held by whatever must be finished before the server has drained.
    pub(super) work: mpsc::Sender<Infallible>,
}

impl Handler {
    /// Answers one request.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.pulse.enter(Phase::Busy);
        let response = match self.handle(request).await {
            Ok(response) => response,
            Err(refused) => {
                let (peer, reason) = (&self.admitted.peer().name, refused.label());
                tracing::info!(%peer, remote = %self.remote, reason, status = refused.status().as_u16(), "request refused");
                self.metrics.refused(reason);
                refusal(refused)
            }
        };
        self.metrics.answered(response.status().as_u16());
        self.pulse.enter(Phase::Answering);
        response
    }

    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Refused> {
        let until = Instant::now() + self.config.body_time;
        let (head, body) = request.into_parts();
        let judged = host(head.version, &head.headers).and_then(|()| judge(&head.method, &head.uri, &head.headers));
        let token = match judged {
            Ok(Asked::Post(token)) => token,
            Ok(Asked::Nothing) => return Ok(empty(StatusCode::NO_CONTENT)),
            Err(refused) => {
                discard(body, &head.headers, self.config.body_bytes).await;
                return Err(refused);
            }
        };
        let (body, held) = self.read(body, &head.headers, until).await?;
        let arrival =
            Arrival { admitted: self.admitted.clone(), remote: self.remote, token, body, at: self.clock.now() };
        Ok(said(self.receive(arrival, held).await))
    }

    /// Hands the message over. It is received to the end even if the connection breaks meanwhile: what follows from
    /// a message that was filed must not depend on the peer's patience.
    async fn receive(&self, arrival: Arrival, held: Option<OwnedSemaphorePermit>) -> Answer {
        let (receiver, work) = (Arc::clone(&self.receiver), self.work.clone());
        Finished::new(async move {
            let answer = receiver.receive(arrival).await;
            drop((work, held));
            answer
        })
        .await
    }

    async fn read(
        &self,
        mut body: Incoming,
        headers: &HeaderMap,
        until: Instant,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refused> {
        let limit = self.config.body_bytes;
        let announced = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced.is_some_and(|length| length > limit) {
            discard(body, headers, limit).await;
            return Err(Refused::TooLarge);
        }
        let mut held = self.room.take(announced.unwrap_or(0), until).await?;
        let mut first = Bytes::new();
        let mut more = BytesMut::new();
        loop {
            let frame = match timeout_at(until, body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(None) => break,
                Ok(Some(Err(_))) => return Err(Refused::Broken),
                Err(_) => return Err(Refused::TooSlow),
            };
            let Ok(data) = frame.into_data() else { continue };
            let size = first.len() + more.len() + data.len();
            if size > limit {
                discard(body, headers, limit).await;
                return Err(Refused::TooLarge);
            }
            if size > SMALL && held.is_none() {
                held = self.room.take(limit, until).await?;
            }
            // A body that comes in one piece, as most do, is not copied.
            if first.is_empty() && more.is_empty() {
                first = data;
            } else {
                if more.is_empty() {
                    more.reserve(announced.unwrap_or(first.len() + data.len()));
                    more.extend_from_slice(&std::mem::take(&mut first));
                }
                more.extend_from_slice(&data);
            }
        }
        Ok((if more.is_empty() { first } else { more.freeze() }, held))
    }
}

/// What a request that obeys the rules asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// To take a message.
    Post(Option<CallbackToken>),
    /// Nothing: `GET /` and `HEAD /` have no meaning (RFC 6546 §3).
    Nothing,
}

/// HTTP/1.1 wants exactly one Host field (RFC 9112 §3.2).
fn host(version: Version, headers: &HeaderMap) -> Result<(), Refused> {
    let count = headers.get_all(header::HOST).iter().count();
    if count == 1 || (count == 0 && version < Version::HTTP_11) { Ok(()) } else { Err(Refused::Host) }
}

fn judge(method: &Method, uri: &hyper::Uri, headers: &HeaderMap) -> Result<Asked, Refused> {
    if uri.path() != "/" || uri.query().is_some() {
        return Err(Refused::Path);
    }
    match *method {
        Method::POST => {}
        Method::GET | Method::HEAD => return Ok(Asked::Nothing),
        _ => return Err(Refused::Method),
    }
    if !is_text_xml(headers) {
        return Err(Refused::Type);
    }
    token(headers).map(Asked::Post).map_err(|()| Refused::Token)
}

/// Whether the body is `text/xml`, in UTF-8 if a charset is named, and not compressed.
pub(in crate::transport) fn is_text_xml(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(media)), None) = (types.next().map(HeaderValue::to_str), types.next()) else { return false };
    let mut parts = media.split(';').map(str::trim);
    if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("text/xml")) {
        return false;
    }
    let utf8 = parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    utf8 && codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The callback token, if there is one. `Err` if there are several, or it is none.
pub(in crate::transport) fn token(headers: &HeaderMap) -> Result<Option<CallbackToken>, ()> {
    let mut tokens = headers.get_all(TOKEN).iter();
    match (tokens.next(), tokens.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => one.to_str().ok().and_then(|text| text.parse().ok()).map(Some).ok_or(()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Reads what is left of a body that was refused, within bounds, unless the peer waits for our word before it sends it.
async fn discard(mut body: Incoming, headers: &HeaderMap, limit: usize) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let until = Instant::now() + LINGER;
    let mut left = limit.saturating_mul(4);
    while let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => break,
        }
    }
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn refusal(refused: Refused) -> Response<Full<Bytes>> {
    let mut response = empty(refused.status());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, TEXT_XML);
    match refused {
        Refused::Method => drop(headers.insert(header::ALLOW, HeaderValue::from_static("POST, GET, HEAD"))),
        Refused::NoRoom => drop(headers.insert(header::RETRY_AFTER, RETRY_AFTER)),
        _ => {}
    }
    // What is left of such a body cannot be told from the next request.
    if matches!(refused, Refused::TooLarge | Refused::TooSlow | Refused::Broken | Refused::NoRoom) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The answer of the exchange as a response.
fn said(answer: Answer) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, TEXT_XML);
    if let Some(token) = answer.token.and_then(|token| HeaderValue::from_str(token.as_str()).ok()) {
        headers.insert(TOKEN, token);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::INSUFFICIENT_STORAGE {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    fn asked(method: Method, uri: &str, pairs: &[(&'static str, &'static str)]) -> Result<Asked, Refused> {
        judge(&method, &uri.parse().unwrap(), &headers(pairs))
    }

    #[test]
    fn only_text_xml_in_utf_8_is_rid() {
        for good in ["text/xml", "Text/XML; charset=utf-8", "text/xml;charset=\"UTF-8\"", "text/xml; q=1"] {
            assert!(is_text_xml(&headers(&[("content-type", good)])), "{good}");
        }
        for bad in ["application/xml", "text/xml; charset=iso-8859-1", "text/xmlx", "", "text/html"] {
            assert!(!is_text_xml(&headers(&[("content-type", bad)])), "{bad}");
        }
        assert!(!is_text_xml(&HeaderMap::new()));
        assert!(!is_text_xml(&headers(&[("content-type", "text/xml"), ("content-encoding", "gzip")])));
        let mut two = headers(&[("content-type", "text/xml")]);
        two.append("content-type", TEXT_XML);
        assert!(!is_text_xml(&two));
    }

    #[test]
    fn path_comes_before_method_and_method_before_type() {
        let xml = [("content-type", "text/xml")];
        assert_eq!(asked(Method::POST, "/", &xml), Ok(Asked::Post(None)));
        assert_eq!(asked(Method::POST, "https://unit.example.org/", &xml), Ok(Asked::Post(None)));
        assert_eq!(asked(Method::GET, "/", &[]), Ok(Asked::Nothing));
        assert_eq!(asked(Method::HEAD, "/", &[]), Ok(Asked::Nothing));
        assert_eq!(asked(Method::GET, "/metrics", &[]), Err(Refused::Path));
        assert_eq!(asked(Method::POST, "/?x", &xml), Err(Refused::Path));
        assert_eq!(asked(Method::OPTIONS, "*", &[]), Err(Refused::Path));
        assert_eq!(asked(Method::PUT, "/", &xml), Err(Refused::Method));
        assert_eq!(asked(Method::POST, "/", &[]), Err(Refused::Type));
    }

    #[test]
    fn a_callback_token_is_one_and_visible() {
        let token = |value| asked(Method::POST, "/", &[("content-type", "text/xml"), ("rid-callback-token", value)]);
        assert_eq!(token("abc"), Ok(Asked::Post(Some("abc".parse().unwrap()))));
        assert_eq!(token("a b"), Err(Refused::Token));
        assert_eq!(token(""), Err(Refused::Token));
    }

    #[test]
    fn http_1_1_wants_one_host() {
        assert_eq!(host(Version::HTTP_11, &headers(&[("host", "unit.example.org")])), Ok(()));
        assert_eq!(host(Version::HTTP_11, &HeaderMap::new()), Err(Refused::Host));
        assert_eq!(host(Version::HTTP_10, &HeaderMap::new()), Ok(()));
    }

    #[test]
    fn no_refusal_is_a_redirection_and_all_say_text_xml() {
        use Refused::*;
        for refused in [Host, Path, Method, Type, Token, TooLarge, TooSlow, Broken, NoRoom] {
            let response = refusal(refused);
            assert!(!response.status().is_redirection());
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/xml");
        }
        assert_eq!(refusal(Method).headers()[header::ALLOW], "POST, GET, HEAD");
    }

    #[test]
    fn an_answer_carries_its_token_and_a_503_says_when_to_come_again() {
        let token: CallbackToken = "t1".parse().unwrap();
        let accepted = said(Answer { status: 202, token: Some(token), body: Bytes::new() });
        assert_eq!((accepted.status().as_u16(), &accepted.headers()[TOKEN]), (202, &HeaderValue::from_static("t1")));
        let full = said(Answer { status: 503, token: None, body: Bytes::new() });
        assert!(full.headers().contains_key(header::RETRY_AFTER));
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_share_a_room_and_small_ones_need_none() {
        let room = Room::new(1 << 20);
        let until = Instant::now() + Duration::from_secs(1);
        let held = room.take(1 << 20, until).await.unwrap();
        assert!(held.is_some());
        assert!(matches!(room.take(SMALL, until).await, Ok(None)));
        assert!(matches!(room.take(SMALL + 1, until).await, Err(Refused::NoRoom)));
        drop(held);
        assert!(room.take(SMALL + 1, Instant::now() + Duration::from_secs(1)).await.is_ok());
    }
}
