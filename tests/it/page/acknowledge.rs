//! The link in a notice, from the mail to the button.

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::coordination::letters::{Named, alert, now};
use crate::coordination::scene::{Scene, Stage, person, unit};
use crate::harness::daemon::Daemon;
use crate::harness::mailbox::Mail;
use crate::harness::peer::{self, Http};
use crate::harness::wait;

const OWN: &str = "unit1.example";
const DEPARTMENT: &str = "department.example";

/// A unit with two systems, an owner for each, and links that lead to a listener of its own.
pub(super) async fn scene(lines: &str) -> Scene {
    let links = format!("listen = \"127.0.0.1:0\"\nurl = \"https://cirt.example.org\"\n{lines}");
    let stage = Stage::default().table("admin.acknowledge", &links);
    let scene = Scene::with(OWN, &[(DEPARTMENT, "parent")], stage).await;
    let sql = "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*";
    scene.runs([("db1", "ann"), ("db2", "bob")].iter().map(|(name, owner)| format!("{name},{OWN},{owner},,{sql}")));
    let people = [person("contact", "unit-contact", ""), person("ann", "owner", ""), person("bob", "owner", "")];
    scene.calls(&people.concat());
    scene
}

/// The department alerts the unit; the event it opens there.
pub(super) async fn alerted(scene: &Scene) -> String {
    let due = now() + ridd::clock::span::parse("6h").unwrap();
    let about = Named::new(DEPARTMENT, "D-17", "3");
    scene.hand(DEPARTMENT).tell(&scene.node, &alert(&about, &["db1", "db2"], due), 202).await;
    scene.event().await
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Http {
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    Http::read(&mut stream).await.unwrap().unwrap()
}

/// A browser that goes to the listener itself.
async fn browse(node: &Daemon, request: &str) -> Http {
    ask(peer::connect(node.links.unwrap(), None).await.unwrap(), request).await
}

/// A browser at that address, behind a proxy.
async fn proxied(node: &Daemon, from: &str, request: &str) -> Http {
    let stream = TcpStream::connect(node.links.unwrap()).await.unwrap();
    ask(stream, &request.replacen("\r\n", &format!("\r\nX-Forwarded-For: 203.0.113.9, {from}\r\n"), 1)).await
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: cirt.example.org\r\n\r\n")
}

fn press(path: &str, button: &str) -> String {
    let body = format!("do={button}");
    let kind = "Content-Type: application/x-www-form-urlencoded";
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The address of the page that answers the notice, without scheme and host.
pub(super) fn link_in(mail: &Mail) -> String {
    let (_, behind) =
        mail.text.split_once("https://cirt.example.org").unwrap_or_else(|| panic!("no link in {}", mail.text));
    behind.split_whitespace().next().unwrap().to_owned()
}

async fn state_of(scene: &Scene, person: &str) -> Value {
    let list = scene.node.ask(&format!("notices?person={person}")).await;
    list["notices"][0]["state"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_a_mail_answers_once_and_looking_changes_nothing() {
    let scene = scene("").await;
    let (event, node) = (alerted(&scene).await, &scene.node);
    let mail = scene.mailbox.mail("bob@example.org", "db2").await;
    let link = link_in(&mail);
    assert_eq!(link.len(), "/a/".len() + 32, "{link}");
    wait::until(|| "the delivery".to_owned(), async || (state_of(&scene, "bob").await == "delivered").then_some(()))
        .await;
    for _ in 0..3 {
        let page = browse(node, &get(&link)).await;
        let text = page.text();
        assert_eq!(page.status(), 200, "{text}");
        for words in
            ["your systems are affected", "db2: to be corrected", "I acknowledge", "These systems are corrected"]
        {
            assert!(text.contains(words), "{words} is not in {text}");
        }
        assert!(!text.contains("db1") && !text.contains("<script") && !text.contains(mail.code()), "{text}");
        assert_eq!(page.field("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.field("cache-control"), Some("no-store"));
        assert!(page.field("content-security-policy").unwrap().starts_with("default-src 'none';"), "{:?}", page.fields);
        assert!(page.field("strict-transport-security").is_some());
        let (_, style) = text.split_once("href=\"/assets/").unwrap();
        let style = browse(node, &get(&format!("/assets/{}", style.split('"').next().unwrap()))).await;
        assert_eq!((style.status(), style.field("content-type")), (200, Some("text/css; charset=utf-8")));
    }
    assert_eq!((state_of(&scene, "bob").await, scene.logged(&event, "notice-answered").await), ("delivered".into(), 0));

    for _ in 0..2 {
        let pressed = browse(node, &press(&link, "acknowledge")).await;
        assert_eq!((pressed.status(), pressed.field("location")), (303, Some(link.as_str())), "{}", pressed.text());
        let text = browse(node, &get(&link)).await.text();
        assert!(text.contains("Answered") && text.contains("bob (by link). Thank you."), "{text}");
        assert!(!text.contains("I acknowledge") && text.contains("These systems are corrected"), "{text}");
    }
    assert_eq!(scene.logged(&event, "notice-answered").await, 1, "it is taken once");
    assert!(!node.try_ridd(&["notice", "ack", mail.code()]).status.success(), "the code beside it is used, too");

    assert_eq!(browse(node, &press(&link, "corrected")).await.status(), 303);
    scene.until(&event, "bob's system corrected", |event| unit(event, OWN)["corrected"] == 1).await;
    let text = browse(node, &get(&link)).await.text();
    assert!(text.contains("db2: corrected") && !text.contains("<form"), "{text}");
    // Who presses the second button first has acknowledged, too.
    let other = link_in(&scene.mailbox.mail("ann@example.org", "db1").await);
    assert_eq!(browse(node, &press(&other, "corrected")).await.status(), 303);
    scene.until(&event, "all corrected", |event| unit(event, OWN)["corrected"] == 2).await;
    assert_eq!(state_of(&scene, "ann").await, "acknowledged");
    assert!(!node.log().contains(link.trim_start_matches("/a/")), "no code is logged");
    assert_eq!(node.metric("ridd_acknowledgements_total{outcome=\"answered\"}"), 1.0);
    assert!(node.metric("ridd_notice_fates_total{channel=\"email\",fate=\"acknowledged\"}") >= 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_links_slow_down_whoever_tries_them_and_nothing_else_is_there() {
    let scene = scene("tls = false\nwrong-per-address = 3\nwrong = 6").await;
    let node = &scene.node;
    node.ridd(&["roster", "test", "ann"]);
    let mail = scene.mailbox.mail("ann@example.org", "test of the channel").await;
    let right = link_in(&mail);
    let page = proxied(node, "192.0.2.1", &get(&right)).await;
    assert!(page.status() == 200 && page.text().contains("Nothing has happened."), "{}", page.text());
    let upper =
        "/metrics /healthz / /a /a/ /status /api/v1/status /sign-in /events /assets/page.js /a/x/y //a/x /%2e%2e/a";
    for path in upper.split(' ') {
        assert_eq!(proxied(node, "192.0.2.1", &get(path)).await.status(), 404, "{path}");
    }
    for method in ["PUT", "DELETE", "OPTIONS"] {
        let answer = proxied(node, "192.0.2.1", &get(&right).replacen("GET", method, 1)).await;
        assert_eq!(answer.status(), 405, "{method}");
    }
    let large = format!("POST {right} HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n{}", "x".repeat(5_000));
    assert_eq!(proxied(node, "192.0.2.1", &large).await.status(), 413);

    // `/a/` was a wrong link, too: six in all are allowed, three from one address.
    let wrong = |letter: &str| format!("/a/{}", letter.repeat(32));
    let unknown = proxied(node, "192.0.2.7", &get(&wrong("A"))).await;
    assert_eq!(unknown.status(), 404);
    for code in [wrong("B"), "/a/..%2f..%2fetc".to_owned()] {
        let press = press(&code, "acknowledge");
        assert_eq!(proxied(node, "192.0.2.7", &press).await.status(), 404);
    }
    for path in [wrong("C"), right.clone()] {
        let slowed = proxied(node, "192.0.2.7", &get(&path)).await;
        assert_eq!(slowed.status(), 429, "{path}: {}", slowed.text());
        let wait: u64 = slowed.field("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    // Two more from elsewhere, and all have guessed enough; whoever has the right link gets there all the same.
    for _ in 0..2 {
        assert_eq!(proxied(node, "2001:db8::1", &get(&wrong("D"))).await.status(), 404);
    }
    assert_eq!(proxied(node, "2001:db8:1::1", &get(&wrong("D"))).await.status(), 429);
    assert_eq!(proxied(node, "2001:db8:1::1", &press(&right, "acknowledge")).await.status(), 303);
    let list = node.ask("notices?person=ann").await;
    assert_eq!(list["notices"][0]["state"], "acknowledged", "{list:#}");
    assert!(node.log().contains("192.0.2.7"), "whoever guesses is named");
    assert!(node.metric("ridd_acknowledgements_total{outcome=\"slowed\"}") >= 3.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_time_is_over_is_answered_like_one_that_never_was() {
    let links = "listen = \"127.0.0.1:0\"\nurl = \"https://cirt.example.org\"\ntls = false\nwrong = 100000";
    let stage = Stage::set("code-valid = \"1s\"").table("admin.acknowledge", links);
    let scene = Scene::with(OWN, &[], stage).await;
    scene.calls(&[person("contact", "unit-contact", "")].concat());
    scene.node.ridd(&["roster", "test", "contact"]);
    let link = link_in(&scene.mailbox.mail("contact@example.org", "test of the channel").await);
    let tried = std::sync::atomic::AtomicU32::new(0);
    let over = wait::until(
        || "the end of its time".to_owned(),
        async || {
            let number = tried.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let from = format!("2001:db8:{number:x}::1");
            let page = proxied(&scene.node, &from, &get(&link)).await;
            (page.status() != 200).then_some(page)
        },
    )
    .await;
    let never = proxied(&scene.node, "2001:db8:ffff::1", &get(&format!("/a/{}", "Z".repeat(32)))).await;
    let words = |page: &Http| page.text().split("<footer>").next().unwrap().to_owned();
    assert_eq!((over.status(), words(&over)), (never.status(), words(&never)));
    assert_eq!(over.status(), 404);
}
