//! What a peer's HTTP response means for the parcel: delivered, to be tried again, or refused for good.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{self, HeaderMap};
use hyper::{StatusCode, http::response::Parts};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::clock::Timestamp;
use crate::outbox::{Outcome, Reply};
use crate::transport::server::{is_text_xml, token};

/// However long a peer asks us to stay away, we come again after a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);

/// What is improper about a response that the peer gave to a message it took (RFC 6546 §3: to be logged and shown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Improper {
    /// 202 without a well-formed RID-Callback-Token.
    NoToken,
    /// 202 with a body.
    BodyWith202,
    /// A status that Table 1 does not know.
    Status,
}

impl Improper {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::NoToken => "202 without a well-formed RID-Callback-Token",
            Self::BodyWith202 => "202 with a body",
            Self::Status => "a successful status other than 200 and 202",
        }
    }
}

/// The outcome of a response, and what is improper about it.
pub(super) fn judge(parts: &Parts, body: Bytes, remote: &str, now: Timestamp) -> (Outcome, Option<Improper>) {
    let status = parts.status;
    let reply = |body| Reply {
        status: status.as_u16(),
        token: token(&parts.headers).ok().flatten(),
        body,
        remote: Some(remote.to_owned()),
        note: None,
    };
    let later = |why: String| Outcome::Later { why, after: retry_after(&parts.headers, now) };
    match status.as_u16() {
        200 => (Outcome::Delivered(reply(body)), None),
        202 => {
            let improper = match token(&parts.headers) {
                Ok(Some(_)) if body.is_empty() => None,
                Ok(Some(_)) => Some(Improper::BodyWith202),
                _ => Some(Improper::NoToken),
            };
            (Outcome::Delivered(reply(Bytes::new())), improper)
        }
        201..=299 => (Outcome::Delivered(reply(body)), Some(Improper::Status)),
        300..=399 => {
            let why = format!(
                "{remote} answers with the redirection {status}, which RID forbids and we do not follow; \
                 set the right address with `ridd peer change`"
            );
            (later(why), None)
        }
        code @ (401 | 404 | 405 | 407 | 421) => {
            let why = format!("{remote} answers {code}: no RID node listens there; check the peer's address");
            (later(why), None)
        }
        code @ (408 | 425 | 429) => (later(format!("{remote} answers {code}: it is busy or the line is slow")), None),
        400..=499 => {
            let reply = (!body.is_empty() && is_text_xml(&parts.headers)).then(|| reply(body));
            (Outcome::Refused { why: refused(status, remote), reply }, None)
        }
        503 => (later(format!("{remote} cannot take messages now (503)")), None),
        507 => (later(format!("{remote} has no room for messages (507); tell its administrator")), None),
        code => (later(format!("{remote} has a fault of its own ({code}); tell its administrator if it lasts")), None),
    }
}

fn refused(status: StatusCode, remote: &str) -> String {
    match status.as_u16() {
        403 => format!("{remote} does not allow us this message (403)"),
        413 => format!("the message is too large for {remote} (413)"),
        415 => format!("{remote} does not take text/xml (415): it may be no RID node"),
        code => format!("{remote} says that the message is improper ({code})"),
    }
}

/// Seconds, or an HTTP date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let span = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
            Timestamp::from_micros(i64::try_from(date.unix_timestamp_nanos() / 1_000).ok()?).since(now)
        }
    };
    Some(span.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use hyper::Response;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(784_111_767_000_000);

    fn judged(status: u16, pairs: &[(&str, &str)], body: &'static str) -> (Outcome, Option<Improper>) {
        let mut response = Response::builder().status(status);
        for (name, value) in pairs {
            response = response.header(*name, *value);
        }
        judge(&response.body(()).unwrap().into_parts().0, Bytes::from_static(body.as_bytes()), "a:1", NOW)
    }

    #[test]
    fn table_1_is_delivered() {
        let (Outcome::Delivered(reply), None) = judged(200, &[], "<x/>") else { panic!() };
        assert_eq!((reply.status, &reply.body[..]), (200, &b"<x/>"[..]));
        let (Outcome::Delivered(reply), None) = judged(202, &[("rid-callback-token", "t")], "") else { panic!() };
        assert_eq!((reply.status, reply.token.unwrap().as_str()), (202, "t"));
    }

    #[test]
    fn an_improper_success_is_delivered_and_told() {
        assert!(matches!(judged(202, &[], ""), (Outcome::Delivered(_), Some(Improper::NoToken))));
        assert!(matches!(judged(202, &[("rid-callback-token", "a b")], ""), (_, Some(Improper::NoToken))));
        let with_body = judged(202, &[("rid-callback-token", "t")], "<x/>");
        assert!(matches!(with_body, (Outcome::Delivered(reply), Some(Improper::BodyWith202)) if reply.body.is_empty()));
        assert!(matches!(judged(204, &[], ""), (Outcome::Delivered(_), Some(Improper::Status))));
    }

    #[test]
    fn redirections_are_not_followed() {
        let (Outcome::Later { why, .. }, None) = judged(301, &[("location", "https://b/")], "") else { panic!() };
        assert!(why.contains("redirection 301"), "{why}");
    }

    #[test]
    fn an_improper_message_is_refused_with_what_came_along() {
        let xml = [("content-type", "text/xml")];
        let (Outcome::Refused { reply: Some(reply), .. }, None) = judged(400, &xml, "<x/>") else { panic!() };
        assert_eq!(&reply.body[..], b"<x/>");
        assert!(matches!(
            judged(413, &[("content-type", "text/html")], "<p>"),
            (Outcome::Refused { reply: None, .. }, _)
        ));
    }

    #[test]
    fn their_own_faults_are_tried_again_when_they_say() {
        let after = |value| match judged(503, &[("retry-after", value)], "") {
            (Outcome::Later { after, .. }, None) => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(after("99999999"), Some(LONGEST_PAUSE));
        assert_eq!(after("soon"), None);
        for status in [408, 404, 429, 500, 502, 507] {
            assert!(matches!(judged(status, &[], ""), (Outcome::Later { .. }, None)), "{status}");
        }
    }
}
