//! The department's node with its page, and an operator who signs in as a person does.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::driver::{Browser, Hosts, Script};
use crate::coordination::letters::Call;
use crate::coordination::scene::{Scene, Stage};
use crate::harness::daemon::Daemon;
use crate::page::browser::{PASSWORD, code};

/// Where the page is, for a browser of the trial.
pub(crate) const PAGE: &str = "https://department.example";

/// Lines of `[admin.page]`.
pub(crate) fn listening(stage: Stage) -> Stage {
    stage.table("admin.page", "listen = \"127.0.0.1:0\"")
}

/// The department with a data call for which no alert has been approved yet; the name of its event.
pub(crate) async fn called() -> (Scene, String) {
    let scene = Scene::department(listening(Stage::default())).await;
    scene.authority().tell(&scene.node, &Call::new("2.0", "2003-7").as_a("Report"), 200).await;
    let event = scene.event().await;
    (scene, event)
}

/// How a browser finds that node.
pub(crate) fn hosts(node: &Daemon) -> Hosts {
    let at = [("department.example", node.page), ("cirt.example.org", node.links)];
    let pem = std::fs::read(&node.papers.certificate).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    let certificate = pem.parse_x509().unwrap();
    let key = BASE64_STANDARD.encode(digest(&SHA256, certificate.public_key().raw));
    Hosts { at: at.into_iter().filter_map(|(name, address)| Some((name, address?))).collect(), key }
}

/// Makes someone an operator; the password for the first sign-in.
pub(crate) fn operator(node: &Daemon, name: &str, role: &str) -> String {
    node.ridd(&["operator", "add", name, "--role", role]);
    node.json(&["operator", "reset", name])["password"].as_str().unwrap().to_owned()
}

/// Signs that operator in for the first time, and sets a password and codes up; their secret.
pub(crate) async fn first_sign_in(browser: &Browser, name: &str, once: &str) -> String {
    come_in(browser, name, once).await;
    set_up(browser).await
}

/// Signs that operator in with the one-time password, as far as the page that sets the others up.
pub(crate) async fn come_in(browser: &Browser, name: &str, once: &str) {
    browser.go(&format!("{PAGE}/sign-in")).await;
    browser.fill("#name", name).await;
    browser.fill("#password", once).await;
    browser.button("Sign in").await;
    browser.arrives("/setup").await;
}

/// Sets the password and the codes up; the secret.
pub(crate) async fn set_up(browser: &Browser) -> String {
    let secret: String = browser.text("#app ~ p code").await.split_whitespace().collect();
    browser.fill("#password", PASSWORD).await;
    browser.fill("#again", PASSWORD).await;
    browser.fill("#code", &code(&secret, 0)).await;
    browser.button("Keep both").await;
    browser.arrives("/").await;
    secret
}

/// A browser in which an operator of that role is signed in.
pub(crate) async fn signed_in(node: &Daemon, role: &str, script: Script) -> Browser {
    let once = operator(node, "ann", role);
    let browser = Browser::start(&hosts(node), script).await;
    first_sign_in(&browser, "ann", &once).await;
    browser
}
