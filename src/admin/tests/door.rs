//! The door over real TLS, with a clock that is moved by hand: signing in and out, and who is kept out.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::Request;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::api::audit::ActList;
use super::super::api::operators::{OperatorView, Reset};
use super::super::door::totp::code_at;
use super::super::path;
use super::pages::Answer;
use super::{Trial, trial};
use crate::clock::Clock;
use crate::peers::issue::{Algorithm, Authority, Issued, Lifetime, Request as Wish};
use crate::peers::{Facts, Layout, bootstrap};
use crate::store::Scan;
use crate::store::records::{Credential, Session};

pub(super) const PASSWORD: &str = "correct horse battery";

/// A browser: it keeps the cookie, and says where its requests come from.
pub(super) struct Browser {
    page: std::net::SocketAddr,
    tls: Arc<ClientConfig>,
    cookie: Option<String>,
    site: &'static str,
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}

pub(super) fn layout(trial: &Trial) -> Layout {
    Layout::of(trial.dir.path().join("data"))
}

/// A certificate for a person, by that node's CA.
pub(super) fn issued(layout: &Layout, trial: &Trial, name: &str) -> Issued {
    let authority = Authority::open(&layout.ca(), &layout.ca_key()).unwrap();
    let lifetime = Lifetime::days(30, trial.clock.now()).unwrap();
    authority.issue(&Wish { names: vec![name.parse().unwrap()], algorithm: Algorithm::EcdsaP256, lifetime }).unwrap()
}

impl Browser {
    pub(super) fn new(trial: &Trial, shown: Option<&Issued>) -> Self {
        let mut roots = RootCertStore::empty();
        for der in certificates(&std::fs::read_to_string(layout(trial).ca()).unwrap()) {
            roots.add(der).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let tls = match shown {
            Some(issued) => {
                let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(certificates(&issued.certificate), key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        Self { page: trial.page, tls: Arc::new(tls), cookie: None, site: "same-origin" }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.page).await.unwrap();
        let name = ServerName::try_from("node.example").unwrap();
        TlsConnector::from(self.tls.clone()).connect(name, stream).await.unwrap()
    }

    async fn send(&mut self, mut request: Request<String>) -> Answer {
        let headers = request.headers_mut();
        headers.insert("host", "node.example".parse().unwrap());
        headers.insert("sec-fetch-site", self.site.parse().unwrap());
        headers.insert("user-agent", "Trial <1>".parse().unwrap());
        if let Some(cookie) = &self.cookie {
            headers.insert("cookie", format!("__Host-ridd={cookie}").parse().unwrap());
        }
        let io = hyper_util::rt::TokioIo::new(self.connect().await);
        let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, String>(io).await.unwrap();
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        drop(sender);
        // Where it was refused before its body was read, the connection ends in the middle of it.
        drop(connection.await.unwrap());
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, text };
        if let Some((_, rest)) = answer.header("set-cookie").split_once("__Host-ridd=") {
            assert!(rest.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict") || rest.contains("Max-Age=0"));
            self.cookie = rest.split(';').next().filter(|value| !value.is_empty()).map(str::to_owned);
        }
        answer
    }

    pub(super) async fn get(&mut self, address: &str) -> Answer {
        self.send(Request::get(address).body(String::new()).unwrap()).await
    }

    pub(super) async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(address).header("content-type", "application/x-www-form-urlencoded");
        let form: Vec<_> = fields.iter().map(|(key, value)| format!("{key}={}", path([*value]))).collect();
        self.send(request.body(form.join("&")).unwrap()).await
    }

    pub(super) async fn sign_in(&mut self, name: &str, password: &str, code: &str) -> Answer {
        self.post("/sign-in", &[("name", name), ("password", password), ("code", code)]).await
    }

    /// The token of the form on that page.
    pub(super) async fn csrf(&mut self, address: &str) -> String {
        let page = self.get(address).await;
        between(&page.text, "name=\"csrf\" value=\"", "\"").to_owned()
    }
}

pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).unwrap_or_else(|| panic!("{text}")).0
}

pub(super) async fn add(trial: &Trial, name: &str, certificate: Option<&str>) {
    let order = json!({ "name": name, "role": "administrator", "certificate": certificate });
    let _: OperatorView = trial.client.post("operators", &order).await.unwrap();
}

pub(super) async fn reset(trial: &Trial, name: &str) -> String {
    let reset: Reset = trial.client.post(&path(["operators", name, "reset"]), &()).await.unwrap();
    reset.password
}

/// Makes ann an operator with a password of her own; the browser with which she did it, and her secret.
pub(super) async fn ann(trial: &Trial) -> (Browser, String) {
    add(trial, "ann", None).await;
    let once = reset(trial, "ann").await;
    let mut browser = Browser::new(trial, None);
    let answer = browser.sign_in("ann", &once, "").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/setup"), "{}", answer.text);
    let page = browser.get("/setup").await;
    let secret = between(&page.text, "secret=", "&").to_owned();
    let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"").to_owned();
    let code = code_at(&secret, trial.clock.now());
    let fields = [("csrf", csrf.as_str()), ("password", PASSWORD), ("again", PASSWORD), ("code", &code)];
    let kept = browser.post("/setup", &fields).await;
    assert_eq!((kept.status, kept.header("location")), (303, "/"), "{}", kept.text);
    (browser, secret)
}

/// The code of the next step, to which the clock is moved.
pub(super) fn next_code(trial: &Trial, secret: &str) -> String {
    trial.clock.advance(Duration::from_secs(30));
    code_at(secret, trial.clock.now())
}

#[tokio::test]
async fn the_first_sign_in_chooses_a_password_and_sets_up_codes() {
    let trial = trial().await;
    add(&trial, "ann", None).await;
    let once = reset(&trial, "ann").await;
    let mut browser = Browser::new(&trial, None);
    let outside = browser.get("/status").await;
    assert_eq!((outside.status, outside.header("location")), (303, "/sign-in?to=%2Fstatus"));
    assert_eq!(browser.sign_in("ann", &once, "").await.header("location"), "/setup");
    for address in ["/status", "/sessions", "/"] {
        assert_eq!(browser.get(address).await.header("location"), "/setup", "{address}");
    }
    assert_eq!(browser.get("/api/v1/status").await.status, 403, "nothing but the set-up");
    let page = browser.get("/setup").await;
    let secret = between(&page.text, "secret=", "&").to_owned();
    let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"").to_owned();
    let code = code_at(&secret, trial.clock.now());
    for (password, again, code, why) in [
        ("short", "short", code.as_str(), "too short"),
        (PASSWORD, "another", &code, "differ"),
        (PASSWORD, PASSWORD, "000000", "not that of the app"),
        (&once, &once, &code, "cannot be kept"),
    ] {
        let fields = [("csrf", csrf.as_str()), ("password", password), ("again", again), ("code", code)];
        let refused = browser.post("/setup", &fields).await;
        assert!(refused.status == 422 && refused.text.contains(why), "{why}: {}", refused.text);
    }
    let first = browser.cookie.clone();
    let fields = [("csrf", csrf.as_str()), ("password", PASSWORD), ("again", PASSWORD), ("code", &code)];
    assert_eq!(browser.post("/setup", &fields).await.status, 303);
    assert_ne!(browser.cookie, first, "a new session");
    assert!(browser.get("/status").await.text.contains("ann, administrator"));
    assert_ne!(Browser::new(&trial, None).sign_in("ann", &once, "").await.status, 303, "once is once");
    let stored = trial.parts.store.list::<Credential>(Scan::of::<Credential>(9)).await.unwrap().remove(0);
    assert!(stored.password.starts_with("$argon2id$") && !stored.password.contains(PASSWORD));
}

#[tokio::test]
async fn a_one_time_password_runs_out() {
    let trial = trial().await;
    add(&trial, "ann", None).await;
    let once = reset(&trial, "ann").await;
    trial.clock.advance(trial.parts.config.page.first_sign_in);
    assert_eq!(Browser::new(&trial, None).sign_in("ann", &once, "").await.status, 401);
}

#[tokio::test]
async fn a_code_is_taken_once_and_every_fault_looks_the_same() {
    let trial = trial().await;
    let (_, secret) = ann(&trial).await;
    let code = next_code(&trial, &secret);
    let mut browser = Browser::new(&trial, None);
    let mut said = Vec::new();
    for (name, password, code) in [
        ("nobody", PASSWORD, code.as_str()),
        ("ann", "wrong horse battery", &code),
        ("ann", PASSWORD, "123456"),
        ("ann", PASSWORD, ""),
        ("ann", &"x".repeat(1_000), &code),
    ] {
        let refused = browser.sign_in(name, password, code).await;
        assert!(refused.status == 401 && browser.cookie.is_none(), "{name} {code}");
        said.push(between(&refused.text, "role=\"alert\">", "</p>").to_owned());
    }
    said.dedup();
    assert_eq!(said, ["Not signed in: name, password or code is wrong"]);
    trial.clock.advance(Duration::from_secs(2));
    assert_eq!(browser.sign_in("ann", PASSWORD, &code).await.status, 303);
    let replayed = Browser::new(&trial, None).sign_in("ann", PASSWORD, &code).await;
    assert_eq!(replayed.status, 401, "the same code again");
    let code = next_code(&trial, &secret);
    let mut browsers = [Browser::new(&trial, None), Browser::new(&trial, None)];
    let [one, two] = &mut browsers;
    let (one, two) = tokio::join!(one.sign_in("ann", PASSWORD, &code), two.sign_in("ann", PASSWORD, &code));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 401], "of two at the same time, one");
}

#[tokio::test]
async fn guessing_is_slowed() {
    let trial = trial().await;
    let (_, secret) = ann(&trial).await;
    let mut browser = Browser::new(&trial, None);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(browser.sign_in("bob", "guess", "000000").await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 429, 429]);
    let refused = browser.sign_in("bob", "guess", "000000").await;
    assert!(refused.text.contains("too many tries: wait"), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), "2");
    let code = next_code(&trial, &secret);
    assert_eq!(browser.sign_in("ann", PASSWORD, &code).await.status, 303, "nobody is locked out");
}

#[tokio::test]
async fn a_session_is_fresh_at_the_sign_in_and_ends() {
    let trial = trial().await;
    let (mut first, secret) = ann(&trial).await;
    // Fixation: what a browser brings is not taken on, and what it held before is void.
    let mut browser = Browser::new(&trial, None);
    browser.cookie = Some("0f".repeat(32));
    let code = next_code(&trial, &secret);
    assert_eq!(browser.sign_in("ann", PASSWORD, &code).await.status, 303);
    let before = browser.cookie.clone().unwrap();
    assert_ne!(before, "0f".repeat(32));
    let code = next_code(&trial, &secret);
    assert_eq!(browser.sign_in("ann", PASSWORD, &code).await.status, 303);
    let after = browser.cookie.replace(before).unwrap();
    assert_eq!(browser.get("/status").await.status, 303, "the session of before has ended");
    browser.cookie = Some(after);
    assert_eq!(browser.get("/status").await.status, 200);
    assert_eq!(first.get("/status").await.status, 200, "another browser's has not");
    for session in trial.parts.store.list::<Session>(Scan::of::<Session>(9)).await.unwrap() {
        assert!(!Some(session.token.to_string()).eq(&browser.cookie), "the store knows no token");
    }
    trial.clock.advance(trial.parts.config.page.idle_time);
    assert_eq!(browser.get("/status").await.status, 303, "idle");
    let code = next_code(&trial, &secret);
    browser.sign_in("ann", PASSWORD, &code).await;
    let step = trial.parts.config.page.idle_time - Duration::from_secs(60);
    let mut used = Duration::ZERO;
    while browser.get("/status").await.status == 200 {
        trial.clock.advance(step);
        used += step;
    }
    assert!(used >= trial.parts.config.page.session_time && used < trial.parts.config.page.session_time + step);
}

#[tokio::test]
async fn signing_out_here_and_everywhere() {
    let trial = trial().await;
    let (mut here, secret) = ann(&trial).await;
    let mut there = Browser::new(&trial, None);
    let code = next_code(&trial, &secret);
    there.sign_in("ann", PASSWORD, &code).await;
    let mut third = Browser::new(&trial, None);
    let code = next_code(&trial, &secret);
    third.sign_in("ann", PASSWORD, &code).await;
    let list = here.get("/sessions").await;
    assert_eq!((list.text.matches("password and code").count(), list.text.matches("(this one)").count()), (3, 1));
    assert!(list.text.contains("Trial &#60;1&#62;"), "{}", list.text);
    let csrf = third.csrf("/sessions").await;
    let held = third.cookie.clone();
    let out = third.post("/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!((out.status, third.cookie.as_deref()), (303, None));
    third.cookie = held;
    assert_eq!(third.get("/status").await.status, 303);
    assert_eq!(there.get("/status").await.status, 200);
    let csrf = here.csrf("/status").await;
    assert_eq!(here.post("/sign-out", &[("csrf", &csrf), ("everywhere", "yes")]).await.status, 303);
    assert_eq!(there.get("/status").await.status, 303);
    let acts: ActList = trial.client.get("audit/acts?operator=ann").await.unwrap();
    let acts: Vec<_> = acts.acts.iter().map(|act| (act.act.as_str(), act.outcome.as_str(), act.user)).collect();
    assert_eq!(acts[0], ("sign out everywhere", "done", None));
    assert_eq!(acts[1], ("sign out", "done", None));
    assert_eq!(acts.last(), Some(&("sign in", "done", None)));
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_has_it_and_the_app() {
    let trial = trial().await;
    let (mut browser, secret) = ann(&trial).await;
    let mut other = Browser::new(&trial, None);
    let code = next_code(&trial, &secret);
    other.sign_in("ann", PASSWORD, &code).await;
    assert!(browser.get("/sessions").await.text.contains("/password"));
    let csrf = browser.csrf("/password").await;
    let another = "battery staple horse";
    let fresh = next_code(&trial, &secret);
    for (present, new, code, status) in [
        ("wrong horse battery", another, fresh.as_str(), 403),
        (PASSWORD, another, &code, 403),
        (PASSWORD, "short", &fresh, 422),
        (PASSWORD, another, &fresh, 303),
    ] {
        let fields = [("csrf", csrf.as_str()), ("present", present), ("code", code), ("password", new), ("again", new)];
        let answer = browser.post("/password", &fields).await;
        assert_eq!(answer.status, status, "{present} {code}: {}", answer.text);
    }
    assert_eq!(browser.get("/status").await.status, 200);
    assert_eq!(other.get("/status").await.status, 303, "every other session has ended");
    let code = next_code(&trial, &secret);
    assert_eq!(other.sign_in("ann", PASSWORD, &code).await.status, 401);
    assert_eq!(other.sign_in("ann", another, &code).await.status, 303);
}

#[tokio::test]
async fn an_operator_who_is_reset_or_removed_is_out() {
    let trial = trial().await;
    let (mut browser, secret) = ann(&trial).await;
    reset(&trial, "ann").await;
    assert_eq!(browser.get("/status").await.status, 303);
    let code = next_code(&trial, &secret);
    assert_eq!(browser.sign_in("ann", PASSWORD, &code).await.status, 401);
    let (mut browser, _) = ann(&trial).await;
    let _: OperatorView = trial.client.delete("operators/ann").await.unwrap();
    assert_eq!(browser.get("/status").await.status, 303);
}

#[tokio::test]
async fn other_sites_cannot_send_forms() {
    let trial = trial().await;
    let (mut browser, _) = ann(&trial).await;
    let csrf = browser.csrf("/status").await;
    for (site, fields, why) in [
        ("cross-site", vec![("csrf", csrf.as_str())], "another site"),
        ("same-site", vec![("csrf", csrf.as_str())], "another site"),
        ("same-origin", vec![], "no token"),
        ("same-origin", vec![("csrf", "0000")], "not of this session"),
    ] {
        browser.site = site;
        let refused = browser.post("/sign-out", &fields).await;
        assert!(refused.status == 403 && refused.text.contains(why), "{site} {fields:?}: {}", refused.text);
    }
    browser.site = "cross-site";
    assert_eq!(browser.sign_in("ann", PASSWORD, "000000").await.status, 403, "nor sign anybody in");
    browser.site = "same-origin";
    assert_eq!(browser.get("/status").await.status, 200, "still in");
    let order = || Request::post("/api/v1/reload").header("content-type", "application/json");
    assert_eq!(browser.send(order().body(String::new()).unwrap()).await.status, 403);
    let answer = browser.send(order().header("x-csrf", &csrf).body(String::new()).unwrap()).await;
    assert_eq!(answer.status, 422, "carried out: the node of the test refuses every reload: {}", answer.text);
}

#[tokio::test]
async fn a_certificate_opens_the_door_if_it_is_pinned_and_good() {
    let trial = trial().await;
    let own = layout(&trial);
    let card = issued(&own, &trial, "ann.example");
    add(&trial, "ann", Some(&card.certificate)).await;
    let mut browser = Browser::new(&trial, Some(&card));
    assert!(browser.get("/sign-in").await.text.contains("Sign in as ann"));
    assert_eq!(browser.get("/status").await.status, 303, "a browser with a certificate signs in, too");
    let answer = browser.post("/sign-in", &[("certificate", "yes"), ("to", "/status")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/status"));
    assert_eq!(browser.get("/status").await.status, 200);
    let mut thief = Browser::new(&trial, None);
    thief.cookie = browser.cookie.clone();
    assert_eq!(thief.get("/status").await.status, 303, "the cookie alone is not enough");

    // Programs show the certificate with each request.
    let mut program = Browser::new(&trial, Some(&card));
    assert_eq!(program.get("/api/v1/status").await.status, 200);
    let reload = |kind: &str| Request::post("/api/v1/reload").header("content-type", kind).body(String::new()).unwrap();
    assert_eq!(program.send(reload("application/json")).await.status, 422, "carried out");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        assert_eq!(program.send(reload(kind)).await.status, 403, "{kind}");
    }

    let unknown = issued(&own, &trial, "bob.example");
    let elsewhere = trial.dir.path().join("elsewhere");
    bootstrap(&elsewhere, &"elsewhere.example".parse().unwrap(), trial.clock.now()).unwrap();
    let strange = issued(&Layout::of(&elsewhere), &trial, "ann.example");
    for shown in [&unknown, &strange] {
        let mut browser = Browser::new(&trial, Some(shown));
        let page = browser.get("/sign-in").await;
        assert!(page.status == 200 && !page.text.contains("Sign in as"), "{}", page.text);
        assert_eq!(browser.post("/sign-in", &[("certificate", "yes")]).await.status, 401);
        assert_eq!(browser.get("/api/v1/status").await.status, 401);
    }
    let facts = Facts::read(&certificates(&card.certificate)[0]).unwrap();
    let authority = Authority::open(&own.ca(), &own.ca_key()).unwrap();
    let list = authority.revocation_list(None, &[facts.serial], trial.clock.now(), 30).unwrap();
    std::fs::write(own.own_crl(), list).unwrap();
    trial.parts.directory.reload().await.unwrap();
    assert_eq!(browser.get("/status").await.status, 303, "revoked");
    assert_eq!(program.get("/api/v1/status").await.status, 401, "revoked");
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let trial = trial().await;
    let (mut inside, _) = ann(&trial).await;
    let mut outside = Browser::new(&trial, None);
    let page = outside.get("/sign-in").await;
    let asset = between(&page.text, "href=\"/assets/", "\"");
    let addresses = [
        ("/sign-in", 200),
        ("/", 303),
        ("/api/v1/status", 401),
        (&format!("/assets/{asset}"), 200),
        ("/assets/none", 404),
        ("/assets/..%2f..%2fdata%2fpki%2fnode-key.pem", 404),
        ("/assets/../../data/pki/node-key.pem", 404),
        ("/%ff", 303),
        ("/sign-in?to=%ff", 400),
    ];
    for (address, status) in addresses {
        let answer = outside.get(address).await;
        assert_eq!(answer.status, status, "{address}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"),
            "{address}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{address}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{address}");
        assert!(answer.header("strict-transport-security").starts_with("max-age="), "{address}");
        assert!(!answer.text.contains("PRIVATE KEY"), "{address}");
    }
    assert_eq!(inside.get("/status").await.header("cache-control"), "no-store");
    assert_eq!(inside.get("/status").await.header("x-frame-options"), "DENY");
    assert_eq!(inside.get("/nothing").await.status, 404);
    assert!(!inside.get("/status").await.text.contains("style=\""), "no style that the policy refuses");
}

#[tokio::test]
async fn what_is_too_large_or_malformed_is_refused() {
    let trial = trial().await;
    let (mut inside, _) = ann(&trial).await;
    let mut outside = Browser::new(&trial, None);
    let form = |address: &str, body: String| {
        Request::post(address).header("content-type", "application/x-www-form-urlencoded").body(body).unwrap()
    };
    for (address, body, status) in [
        ("/sign-in", "x".repeat(9_000), 413),
        ("/sign-in", "name=%zz".to_owned(), 400),
        ("/sign-in", "name=%ff".to_owned(), 400),
        ("/sign-in", String::new(), 401),
        ("/status", "x".repeat(3_000), 401),
    ] {
        let answer = outside.send(form(address, body)).await;
        assert_eq!(answer.status, status, "{address}: {}", answer.text);
    }
    let json = Request::post("/sign-in").header("content-type", "application/json").body("{}".to_owned()).unwrap();
    assert_eq!(outside.send(json).await.status, 400);
    assert_eq!(outside.send(Request::put("/sign-in").body(String::new()).unwrap()).await.status, 405);
    // For addresses that are pages, a page: with the navigation for whoever is in, and the words that programs get.
    let csrf = inside.csrf("/status").await;
    for (request, status, words) in [
        (form("/peers", "x".repeat(5_000)), 413, "larger than 4096 bytes"),
        (form("/peers", format!("csrf={csrf}&name=%zz")), 400, "not percent-encoded UTF-8"),
        (form("/peers", String::new()), 403, "carries no token"),
        (Request::get("/peers?relation=%ff").body(String::new()).unwrap(), 400, "not percent-encoded UTF-8"),
        (Request::get("/peers?relation=king").body(String::new()).unwrap(), 400, "relation: "),
        (Request::get("/sessions?x=1").body(String::new()).unwrap(), 400, "unknown parameter"),
        (Request::get("/apis").body(String::new()).unwrap(), 404, "is no page"),
    ] {
        let address = request.uri().clone();
        let answer = inside.send(request).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"), "{address}");
        assert!(answer.text.contains(words) && answer.text.contains("<nav aria-label=\"Pages\">"), "{}", answer.text);
    }
    for (address, body) in [("/api/v1/peers", "x".repeat(5_000)), ("/api/v1/peers", "name=%zz".to_owned())] {
        let request = Request::post(address).header("x-csrf", &csrf).header("content-type", "application/json");
        let answer = inside.send(request.body(body).unwrap()).await;
        assert_eq!(answer.header("content-type"), "application/json", "{}", answer.text);
    }

    // In clear, and with a head that never ends.
    let mut clear = TcpStream::connect(trial.page).await.unwrap();
    clear.write_all(b"GET / HTTP/1.1\r\nhost: node.example\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = clear.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "nothing is served in clear");
    let mut endless = outside.connect().await;
    let line = format!("x-long: {}\r\n", "y".repeat(1_000));
    endless.write_all(format!("GET / HTTP/1.1\r\n{}", line.repeat(32)).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = endless.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn one_address_cannot_hold_all_connections() {
    let trial = trial().await;
    let browser = Browser::new(&trial, None);
    let mut held = Vec::new();
    for _ in 0..trial.parts.config.page.connections / 2 {
        held.push(browser.connect().await);
    }
    let stream = TcpStream::connect(trial.page).await.unwrap();
    let name = ServerName::try_from("node.example").unwrap();
    assert!(TlsConnector::from(browser.tls.clone()).connect(name, stream).await.is_err());
    held.pop();
    let again = async {
        loop {
            let stream = TcpStream::connect(trial.page).await.unwrap();
            let name = ServerName::try_from("node.example").unwrap();
            if TlsConnector::from(browser.tls.clone()).connect(name, stream).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
}
