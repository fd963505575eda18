//! The links in notices, and the listener that they lead to: one page for each, with one button, without an account. It
//! serves nothing else, so that the operators' pages need never face outward.
//!
//! `server` opens and serves the listener. What it promises: to look changes nothing, for mail scanners follow every link;
//! a link that was never there, one whose time is over and one that was withdrawn get the same answer; no code is logged.

mod config;
mod pace;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::door::Held;
use super::http::{Ask, Body, Reply, answer, talk};
use super::page::{acknowledge as page, assets};
use super::problem::{Code, Problem};
use super::{Parts, server};
pub use config::Config;
use pace::Pace;

/// One address holds at most this part of the connections.
const SHARE: usize = 4;

/// Bytes of a form at most: it has one field.
const FORM_LIMIT: usize = 1_024;

/// What goes with every answer. The address of the page holds a secret, so no other site may learn it or show the page.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-robots-tag", "noindex, nofollow"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Serves the listener until `stop` turns true.
pub(super) async fn serve(parts: Arc<Parts>, listener: TcpListener, stop: watch::Receiver<bool>) {
    let most = parts.config.acknowledge.connections;
    let pace = Arc::new(Pace::new(&parts.config.acknowledge));
    let held = Arc::new(Held::default());
    let serve = |(stream, remote): (TcpStream, SocketAddr), stop| {
        let (parts, pace, held) = (Arc::clone(&parts), Arc::clone(&pace), Arc::clone(&held));
        async move {
            // Behind a proxy all come from one address.
            let share = if parts.config.acknowledge.tls { (most / SHARE).max(1) } else { most };
            let Some(_seat) = Held::seat(&held, remote.ip(), share) else {
                tracing::debug!(%remote, "a connection for a link was one too many of its address");
                return;
            };
            connection(parts, &pace, stream, remote, stop).await;
        }
    };
    server::serve_each(most, || listener.accept(), serve, stop).await;
}

async fn connection(
    parts: Arc<Parts>,
    pace: &Pace,
    stream: TcpStream,
    remote: SocketAddr,
    stop: watch::Receiver<bool>,
) {
    let time = parts.config.read_time;
    let handle = |request| respond(&parts, pace, remote.ip(), request);
    if !parts.config.acknowledge.tls {
        return talk(stream, time, stop, handle).await;
    }
    let shaken = timeout(time, TlsAcceptor::from(parts.directory.site_tls()).accept(stream)).await;
    match shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => talk(stream, time, stop, handle).await,
        Err(error) => tracing::debug!(%remote, %error, "no TLS with someone who came for a link"),
    }
}

async fn respond(parts: &Parts, pace: &Pace, remote: IpAddr, request: Request<Incoming>) -> Response<Body> {
    let remote = if parts.config.acknowledge.tls { remote } else { forwarded(&request).unwrap_or(remote) };
    let reply = match Ask::read(request, FORM_LIMIT, parts.config.read_time).await {
        Ok(ask) => dispatch(parts, pace, remote, &ask).await,
        Err(problem) => Err(problem),
    };
    let reply = reply.or_else(|problem| page::problem(parts, &problem));
    let mut response = answer(reply);
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if parts.config.acknowledge.tls {
        let a_year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(hyper::header::STRICT_TRANSPORT_SECURITY, a_year);
    }
    response
}

/// The address that the proxy before us saw: the last one it wrote.
fn forwarded(request: &Request<Incoming>) -> Option<IpAddr> {
    let fields = request.headers().get_all("x-forwarded-for");
    fields.iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

async fn dispatch(parts: &Parts, pace: &Pace, remote: IpAddr, ask: &Ask) -> Result<Reply, Problem> {
    let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
    match (path.as_slice(), &ask.method) {
        (["a", code], &Method::GET | &Method::HEAD) => linked(parts, pace, remote, code, None).await,
        (["a", code], &Method::POST) => linked(parts, pace, remote, code, Some(ask)).await,
        (["a", _], _) => Err(Problem::new(Code::WrongMethod, "this cannot be done here", "open the link in a browser")),
        (["assets", name], _) if assets::is_style(name) => assets::serve(&ask.method, name),
        _ => Err(Problem::new(Code::NoSuchPath, "there is nothing here", "open the link as it stands in the notice")),
    }
}

/// Shows what the link leads to; or, with a form, answers the notice.
async fn linked(parts: &Parts, pace: &Pace, remote: IpAddr, code: &str, form: Option<&Ask>) -> Result<Reply, Problem> {
    let now = parts.clock.now();
    if let Err(wait) = pace.allow(remote, now) {
        return slowed(parts, wait);
    }
    let outcome = match form {
        None => parts.officers.linked(code).await.map(|linked| (linked, "shown")),
        Some(ask) => taken(parts, code, ask.form()?.text("do") == Some("corrected"), remote).await,
    };
    match outcome {
        Ok((_, word)) if form.is_some() => {
            parts.metrics.acknowledgement(word);
            // So that to load the page again is not to press the button again.
            Ok(Reply::see_other(&format!("/a/{code}")))
        }
        Ok((linked, word)) => {
            parts.metrics.acknowledgement(word);
            page::shown(parts, &linked)
        }
        Err(problem) if problem.code == Code::NotFound => nowhere(parts, pace, remote, problem),
        Err(problem) => {
            parts.metrics.acknowledgement("refused");
            Err(problem)
        }
    }
}

/// Takes the answer. What was answered before is answered: whoever presses twice is told the same.
async fn taken(
    parts: &Parts,
    code: &str,
    corrected: bool,
    remote: IpAddr,
) -> Result<(super::Linked, &'static str), Problem> {
    let linked = parts.officers.linked(code).await?;
    match parts.officers.answer_link(code, corrected).await {
        Ok(answered) => {
            tracing::info!(notice = %answered.notice, person = answered.person, %remote, corrected, "notice answered by its link");
            Ok((linked, if corrected { "corrected" } else { "answered" }))
        }
        Err(problem) if problem.code == Code::Conflict && !corrected => Ok((linked, "again")),
        Err(problem) => Err(problem),
    }
}

/// Counts a link that leads nowhere.
fn nowhere(parts: &Parts, pace: &Pace, remote: IpAddr, problem: Problem) -> Result<Reply, Problem> {
    match pace.wrong(remote, parts.clock.now()) {
        Ok(last) => {
            if last {
                tracing::warn!(%remote, "too many links that lead nowhere: nothing more is answered for a minute");
            }
            parts.metrics.acknowledgement("unknown");
            let message = "This link leads nowhere, or its time is over.";
            Err(Problem {
                message: message.to_owned(),
                fix: "Open the newest notice, or answer it in another way.".to_owned(),
                ..problem
            })
        }
        Err(wait) => slowed(parts, wait),
    }
}

fn slowed(parts: &Parts, wait: Duration) -> Result<Reply, Problem> {
    parts.metrics.acknowledgement("slowed");
    let seconds = wait.as_secs().max(1);
    let message = "Too many links that lead nowhere came from here.";
    let problem = Problem::new(Code::Refused, message, format!("Try again in {seconds} seconds."));
    let reply = page::problem(parts, &problem)?.status(429);
    Ok(reply.with(RETRY_AFTER, HeaderValue::from(seconds)))
}
