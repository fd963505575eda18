//! A browser as far as trials need one: TLS, one cookie, forms, and an authenticator app.

use std::net::SocketAddr;

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use ridd::clock::{Clock, SystemClock};
use tokio::io::AsyncWriteExt;

use crate::harness::daemon::Daemon;
use crate::harness::peer::{Http, connect};
use crate::harness::pki::Papers;

/// The password that [`Browser::enrolled`] chooses.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// One browser.
pub(crate) struct Browser<'a> {
    page: SocketAddr,
    papers: Option<&'a Papers>,
    /// The token of its session.
    pub(crate) cookie: Option<String>,
}

impl<'a> Browser<'a> {
    /// For the page of that node, with that certificate or none.
    pub(crate) fn new(node: &Daemon, papers: Option<&'a Papers>) -> Self {
        Self { page: node.page.expect("the page is on"), papers, cookie: None }
    }

    /// Signed in as an operator of that name, who has just chosen [`PASSWORD`]; and the secret of the codes.
    pub(crate) async fn enrolled(node: &Daemon, name: &str) -> (Self, String) {
        let once = node.json(&["operator", "reset", name])["password"].as_str().unwrap().to_owned();
        let mut browser = Self::new(node, None);
        let answer = browser.post("/sign-in", &[("name", name), ("password", &once)]).await;
        assert_eq!((answer.status(), answer.field("location")), (303, Some("/setup")), "{}", answer.text());
        let page = browser.get("/setup").await.text();
        let secret = between(&page, "secret=", "&").to_owned();
        let csrf = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
        let code = code(&secret, 0);
        let fields = [("csrf", csrf.as_str()), ("password", PASSWORD), ("again", PASSWORD), ("code", &code)];
        let answer = browser.post("/setup", &fields).await;
        assert_eq!(answer.status(), 303, "{}", answer.text());
        (browser, secret)
    }

    /// Gets what is at that address.
    pub(crate) async fn get(&mut self, address: &str) -> Http {
        self.send(&format!("GET {address} HTTP/1.1\r\n"), "").await
    }

    /// Sends a form.
    pub(crate) async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Http {
        let form: Vec<_> = fields.iter().map(|(key, value)| format!("{key}={}", ridd::admin::path([*value]))).collect();
        let form = form.join("&");
        let head = format!(
            "POST {address} HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
            form.len()
        );
        self.send(&head, &form).await
    }

    /// Sends a request of which everything but the body and the browser's own fields stands in `head`.
    pub(crate) async fn send(&mut self, head: &str, body: &str) -> Http {
        let mut stream = connect(self.page, self.papers).await.unwrap();
        let cookie = self.cookie.as_ref().map(|cookie| format!("cookie: __Host-ridd={cookie}\r\n")).unwrap_or_default();
        let host = self.page;
        let fields = format!("host: {host}\r\norigin: https://{host}\r\nsec-fetch-site: same-origin\r\n{cookie}");
        stream.write_all(format!("{head}{fields}\r\n{body}").as_bytes()).await.unwrap();
        let answer = Http::read(&mut stream).await.unwrap().expect("an answer");
        if let Some((_, rest)) = answer.field("set-cookie").and_then(|field| field.split_once("__Host-ridd=")) {
            self.cookie = rest.split(';').next().filter(|value| !value.is_empty()).map(str::to_owned);
        }
        answer
    }
}

/// What stands between the two.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).unwrap_or_else(|| panic!("{text}")).0
}

/// The code that an authenticator app shows, so many steps from now (RFC 6238).
pub(crate) fn code(secret: &str, steps: i64) -> String {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for letter in secret.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
        held = held << 5 | u32::try_from(value).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    let step = SystemClock.now().seconds() / 30 + steps;
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes), &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 0xf);
    let four = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap());
    format!("{:06}", (four & 0x7fff_ffff) % 1_000_000)
}
