//! From the command line to the page: an operator is added, signs in, works, is removed. What the door refuses in detail is
//! tried in the program itself, where the clock can be moved.

use super::browser::{Browser, PASSWORD, code};
use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::Pki;

fn setup() -> Setup {
    Setup::named("node.example").with("admin.page", "listen = \"127.0.0.1:0\"")
}

#[tokio::test]
async fn the_page_is_off_until_it_is_enabled() {
    let dir = tempfile::tempdir().unwrap();
    let node = Daemon::start(Setup::named("node.example"), &Pki::make(dir.path(), "Page CA"));
    assert_eq!(node.page, None);
}

#[tokio::test]
async fn an_operator_is_added_signs_in_and_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Daemon::start(setup(), &Pki::make(dir.path(), "Page CA"));
    node.ridd(&["operator", "add", "Dr. Quy", "--role", "manager"]);
    let (mut browser, secret) = Browser::enrolled(&node, "Dr. Quy").await;
    let page = browser.get("/status").await;
    assert_eq!((page.status(), page.field("x-frame-options")), (200, Some("DENY")));
    assert!(page.text().contains("Dr. Quy, manager"), "{}", page.text());

    // A session outlives the process; and the code of before is not taken again.
    assert!(node.term().success());
    node.restart();
    let mut again = Browser::new(&node, None);
    again.cookie = browser.cookie.clone();
    assert_eq!(again.get("/status").await.status(), 200);
    let mut other = Browser::new(&node, None);
    let fields = |code| [("name", "Dr. Quy"), ("password", PASSWORD), ("code", code)];
    let used = node.json(&["audit", "acts"])["acts"].as_array().unwrap().len();
    assert!(used >= 4, "sign-ins are in the trail");
    let (old, new) = (code(&secret, -1), code(&secret, 1));
    assert_eq!(other.post("/sign-in", &fields(&old)).await.status(), 401);
    assert_eq!(other.post("/sign-in", &fields(&new)).await.status(), 303);
    assert_eq!(other.get("/api/v1/status").await.status(), 200, "the API, too");

    let log = node.log();
    for secret in [PASSWORD, secret.as_str(), other.cookie.as_deref().unwrap(), &new] {
        assert!(!log.contains(secret), "the log holds no secret");
    }
    assert!(!node.ridd(&["--json", "operator", "list"]).contains("argon2"));
    node.ridd(&["operator", "remove", "Dr. Quy"]);
    for browser in [&mut again, &mut other] {
        assert_eq!(browser.get("/status").await.status(), 303);
    }
}

#[tokio::test]
async fn a_certificate_that_is_pinned_signs_in() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Page CA");
    let node = Daemon::start(setup(), &pki);
    let (card, other) = (pki.issue("ann.example"), pki.issue("bob.example"));
    node.ridd(&[
        "operator",
        "add",
        "ann-of-the-page",
        "--role",
        "officer",
        "--certificate",
        card.certificate.to_str().unwrap(),
    ]);
    let mut browser = Browser::new(&node, Some(&card));
    assert_eq!(browser.post("/sign-in", &[("certificate", "yes")]).await.status(), 303);
    assert!(browser.get("/status").await.text().contains("ann-of-the-page, officer"));
    assert_eq!(Browser::new(&node, Some(&card)).get("/api/v1/peers").await.status(), 200);
    let mut stranger = Browser::new(&node, Some(&other));
    assert_eq!(stranger.post("/sign-in", &[("certificate", "yes")]).await.status(), 401);
    stranger.cookie = browser.cookie.clone();
    assert_eq!(stranger.get("/status").await.status(), 303, "the cookie is worth nothing with another certificate");
}
