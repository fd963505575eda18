//! Notices as webhook calls: JSON in a POST, signed with a secret that both sides know. The receiver checks
//! `X-Ridd-Signature: t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256 over `SECONDS.BODY`, and refuses what is too old; it knows a
//! call that came twice by `X-Ridd-Notice`. No redirection is followed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::channel::{Line, Notice, later, later_after, refused};
use super::config::{Webhook as Config, is_loopback};
use super::url::Url;
use super::{Fault, files};
use crate::clock::Timestamp;
use crate::outbox::{Outcome, Reply};

/// Bytes of the largest head of an answer.
const HEAD_BYTES: usize = 16 << 10;
/// Bytes of the shortest secret.
const SECRET_BYTES: usize = 16;

/// Calls webhooks.
pub(super) struct Webhook {
    tls: TlsConnector,
    secret: hmac::Key,
    clear_hosts: Vec<String>,
    answer_bytes: usize,
    time: Duration,
}

/// What a call says.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Call<'a> {
    notice: &'a str,
    event: Option<&'a str>,
    subject: &'a str,
    short: &'a str,
    text: &'a str,
    code: &'a str,
    how: &'a str,
    link: Option<&'a str>,
    respond_by: Option<Timestamp>,
    drill: bool,
    test: bool,
    alert: Option<&'a str>,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("cannot be reached: {0}")]
    Unreached(std::io::Error),
    #[error("TLS fails: {0}")]
    Tls(std::io::Error),
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
}

impl Webhook {
    /// As configured; `None` if it is not.
    ///
    /// # Errors
    /// If the secret or the CAs cannot be used.
    pub(super) fn new(config: &Config, time: Duration) -> Result<Option<Self>, Fault> {
        let Some(path) = &config.secret_file else { return Ok(None) };
        let secret = files::secret("webhook.secret-file", path)?;
        if secret.len() < SECRET_BYTES {
            let why = "is too short to sign with: write at least 16 bytes, as `openssl rand -hex 32` gives them";
            return Err(Fault::Content { key: "webhook.secret-file", path: path.clone(), why });
        }
        let mut roots = RootCertStore::empty();
        for ca in files::roots("webhook.ca-file", config.ca_file.as_deref())? {
            roots.add(ca).map_err(|source| Fault::Tls { source })?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = versions.map_err(|source| Fault::Tls { source })?.with_root_certificates(roots).with_no_client_auth();
        Ok(Some(Self {
            tls: TlsConnector::from(Arc::new(tls)),
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            clear_hosts: config.clear_hosts.clone(),
            answer_bytes: config.answer_bytes,
            time,
        }))
    }

    fn may_be_clear(&self, host: &str) -> bool {
        is_loopback(host) || self.clear_hosts.iter().any(|clear| clear.eq_ignore_ascii_case(host))
    }

    /// The value of X-Ridd-Signature.
    fn signature(&self, now: Timestamp, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.secret);
        context.update(format!("{}.", now.seconds()).as_bytes());
        context.update(body);
        let hex: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={},v1={hex}", now.seconds())
    }

    /// Sends the request and reads the answer: its head, and whether its body could be read within the limit.
    async fn call(&self, url: &Url, request: Request<Full<Bytes>>) -> Result<Response<()>, Trouble> {
        let place = (url.place.host.as_str(), url.place.port);
        let stream = TcpStream::connect(place).await.map_err(Trouble::Unreached)?;
        if !url.tls {
            return self.converse(stream, request).await;
        }
        let name = ServerName::try_from(url.place.host.clone());
        let name = name.map_err(|error| Trouble::Tls(std::io::Error::other(error)))?;
        let stream = self.tls.connect(name, stream).await.map_err(Trouble::Tls)?;
        self.converse(stream, request).await
    }

    async fn converse<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Response<()>, Trouble>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_BYTES).max_headers(64);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        tokio::pin!(connection);
        let answered = async {
            let (parts, body) = sender.send_request(request).await?.into_parts();
            // The status says it all; a body is read to be polite, and no further than we said.
            drop(Limited::new(body, self.answer_bytes).collect().await);
            Ok(Response::from_parts(parts, ()))
        };
        tokio::pin!(answered);
        tokio::select! {
            response = &mut answered => response,
            _ = &mut connection => answered.await,
        }
    }
}

#[async_trait]
impl Line for Webhook {
    async fn send(&self, notice: &Notice<'_>) -> Outcome {
        let Some(url) = Url::parse(notice.to) else {
            return refused(
                "the address is no https:// or http:// URL without user and fragment; mend it in the roster".to_owned(),
            );
        };
        let place = &url.place;
        if !url.tls && !self.may_be_clear(&place.host) {
            return refused(format!(
                "{place} is not called in clear: give it an https:// address, or list it in notify.webhook.clear-hosts"
            ));
        }
        let body = match serde_json::to_vec(&call(notice)) {
            Ok(body) => Bytes::from(body),
            Err(error) => return refused(format!("the call cannot be written: {error}")),
        };
        let request = Request::post(url.target.as_str())
            .header(header::HOST, url.authority.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("ridd/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "close")
            .header("X-Ridd-Notice", notice.id.as_str())
            .header("X-Ridd-Signature", self.signature(notice.now, &body))
            .body(Full::new(body));
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                return refused(format!("{place} cannot be called so: {error}; mend the address in the roster"));
            }
        };
        match timeout(self.time, self.call(&url, request)).await {
            Ok(Ok(response)) => judge(&place.to_string(), &response),
            Ok(Err(trouble)) => later(format!("the webhook at {place}: {trouble}")),
            Err(_) => later(format!("the webhook at {place} has not answered within {:?}", self.time)),
        }
    }
}

fn call<'a>(notice: &'a Notice<'_>) -> Call<'a> {
    let text = notice.text;
    Call {
        notice: notice.id.as_str(),
        event: text.event.as_ref().map(|event| event.as_str()),
        subject: &text.subject,
        short: &text.short,
        text: &text.text,
        code: &text.code,
        how: &text.how,
        link: text.link.as_deref(),
        respond_by: text.respond_by,
        drill: text.drill,
        test: text.test,
        alert: text.alert.as_deref(),
    }
}

/// What the answer means for the notice.
fn judge(place: &str, response: &Response<()>) -> Outcome {
    let status = response.status();
    // Seconds only: a date would need to believe the other clock.
    let after = response.headers().get(header::RETRY_AFTER);
    let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    match status.as_u16() {
        200..=299 => {
            Outcome::Delivered(Reply::noted(format!("the webhook at {place} took it with {}", status.as_u16())))
        }
        300..=399 => refused(format!(
            "the webhook at {place} answers {status}: redirections are not followed; put the new address into the roster"
        )),
        408 | 429 => later_after(format!("the webhook at {place} answers {status}"), after),
        400..=499 => refused(format!("the webhook at {place} refuses it with {status}")),
        _ => later_after(format!("the webhook at {place} answers {status}"), after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> Response<()> {
        let mut response = Response::builder().status(status);
        if let Some(after) = retry_after {
            response = response.header(header::RETRY_AFTER, after);
        }
        response.body(()).unwrap()
    }

    #[test]
    fn each_status_has_its_meaning() {
        assert!(matches!(judge("a", &answer(204, None)), Outcome::Delivered(_)));
        for status in [301, 308, 400, 404, 410] {
            assert!(matches!(judge("a", &answer(status, None)), Outcome::Refused { .. }), "{status}");
        }
        for status in [408, 429, 500, 503] {
            let outcome = judge("a", &answer(status, Some("7")));
            assert!(matches!(outcome, Outcome::Later { after: Some(after), .. } if after.as_secs() == 7), "{status}");
        }
        assert!(matches!(judge("a", &answer(503, Some("soon"))), Outcome::Later { after: None, .. }));
    }
}
