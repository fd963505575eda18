//! Text of strangers on the pages, addresses that lead elsewhere, and orders that make no sense: over TLS, at the real program.
//! What the door refuses (forged forms, fixed sessions, guesses, endless heads) is tried in the program itself.

use ridd::admin::path;
use serde_json::Value;

use super::browser::{Browser, between};
use super::chromium::site::listening;
use crate::coordination::letters::{Call, acknowledgement, completion};
use crate::coordination::scene::{Scene, Stage, UNITS, person, unit};

/// What would show on every page if one text were not escaped: it leaves an attribute, and an element.
const MARK: &str = "\"'><script>wasHere=1</script><img src=x onerror=wasHere=1>";
/// The operator who looks at it all.
pub(super) const OPERATOR: &str = "ann<script>wasHere=1</script>";

fn in_xml() -> String {
    MARK.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A department where every text that somebody else can choose is [`MARK`]; the name of its event.
pub(super) async fn scene() -> (Scene, String) {
    let scene = Scene::department(listening(Stage::default())).await;
    let sql = "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*";
    let quoted = format!("\"{}\"", MARK.replace('"', "\"\""));
    scene.runs([format!("{quoted},{},{quoted},,{sql}", UNITS[0])].into_iter());
    let people = [person("cipm", "program-manager", ""), person("stranger", "cirt-watch", "")].concat();
    let name = format!("name = \"{}\"", MARK.replace('"', "\\\""));
    scene.calls(&people.replace("name = \"stranger\"", &name));
    let mark = in_xml();
    let call = Call::new("2.0", "2003-7")
        .but("SQL Slammer: a worm", &format!("{mark}: a worm"))
        .but("https://www.cve.org/CVERecord?id=CVE-2002-0649", "javascript:wasHere=1")
        .but("Buffer overflows in", &mark)
        .but("Network Operations Authority", &mark)
        .but("Block UDP 1434", &mark)
        .but("Microsoft SQL Server 2000</Description>", &format!("{mark}</Description>"))
        .but("Reports of three backbone", &mark);
    scene.authority().tell(&scene.node, &call.as_a("Report"), 200).await;
    let event = scene.event().await;
    let node = &scene.node;
    node.ridd(&["alert", "edit", &event, "--prevent", MARK, "--patch", "MS02-039=javascript:wasHere=1"]);
    node.ridd(&["alert", "approve", &event]);
    node.ridd(&["alert", "issue", &event]);
    node.ridd(&["event", "note", &event, MARK]);
    let alert = scene.unit(1).request(node, 0).await;
    let about = alert.about();
    scene.unit(1).reply(node, &alert, &acknowledgement(&about, "AuthorizationStatus=\"Approved\"")).await;
    scene.unit(1).tell(node, &completion(&about, &["sql1"], &[("sql2", &mark)]), 200).await;
    scene.until(&event, "the exception", |event| unit(event, UNITS[0])["corrected"] == 1).await;
    node.ridd(&["operator", "add", OPERATOR, "--role", "administrator"]);
    (scene, event)
}

/// Where the text of strangers shows.
pub(super) async fn addresses(scene: &Scene, event: &str) -> Vec<String> {
    let of = |rest: &str| format!("/events/{event}{rest}");
    let mut addresses: Vec<String> = ["", "/alert", "/notices", "/evidence", "/log", "/report"].map(of).into();
    addresses.extend([of(&format!("/alert/{}", UNITS[0])), of(&format!("/units/{}", UNITS[0]))]);
    for message in scene.node.messages().await {
        addresses.push(format!("/messages/{}", message["id"].as_str().unwrap()));
    }
    let plain = "/ /events /messages /outbox /peers /inventory /inventory/affected /roster /audit /status /sessions";
    addresses.extend(plain.split(' ').map(str::to_owned));
    addresses.push("/roster/persons/stranger".to_owned());
    addresses.push(format!("/inventory/systems/{}", path([MARK])));
    let queries = ["/messages?peer", "/inventory?text", "/audit?operator", "/peers?relation", "/outbox?to", "/?x"];
    addresses.extend(queries.map(|query| format!("{query}={}", path([MARK]))));
    addresses.extend([path(["events", MARK]), path(["peers", MARK]), path([MARK])].map(|rest| format!("/{rest}")));
    addresses
}

fn assert_harmless(text: &str, at: &str) {
    for bad in ["<script>", "<img", "\"'>", "=\"javascript:", "='javascript:"] {
        assert!(!text.contains(bad), "{bad} at {at}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_of_strangers_is_text_on_every_page() {
    let (scene, event) = scene().await;
    let (mut browser, _) = Browser::enrolled(&scene.node, OPERATOR).await;
    let mut shown = 0;
    for at in addresses(&scene, &event).await {
        let page = browser.get(&at).await;
        assert!(page.status() < 500, "{at}: {}", page.text());
        assert_harmless(&page.text(), &at);
        // The name of the operator, which stands on every page, is another.
        shown += u32::from(page.text().contains("onerror=wasHere"));
    }
    assert!(shown >= 15, "on {shown} pages only: the text does not get there");
    let csrf = between(&browser.get("/peers").await.text(), "name=\"csrf\" value=\"", "\"").to_owned();
    let right = [("csrf", csrf.as_str()), ("name", "unit9.example"), ("address", "a.example:1"), ("relation", "unit")];
    for field in 1..right.len() {
        let mut fields = right;
        fields[field].1 = MARK;
        let refused = browser.post("/peers", &fields).await;
        assert!((400..500).contains(&refused.status()), "{} {}", fields[field].0, refused.text());
        assert_harmless(&refused.text(), fields[field].0);
    }
    // What is handed out as it came is kept from running, too.
    let message = scene.node.messages().await.pop().unwrap()["id"].as_str().unwrap().to_owned();
    for at in [format!("/messages/{message}/raw"), format!("/messages/{message}/plain")] {
        let file = browser.get(&at).await;
        assert_eq!(file.status(), 200, "{at}");
        assert!(file.field("content-disposition").unwrap().starts_with("attachment"), "{:?}", file.fields);
        assert_eq!(file.field("x-content-type-options"), Some("nosniff"));
        assert!(file.field("content-security-policy").unwrap().starts_with("default-src 'none'"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_leads_out_of_the_pages() {
    let scene = Scene::department(listening(Stage::default())).await;
    scene.node.ridd(&["operator", "add", "ann", "--role", "administrator"]);
    let (mut browser, _) = Browser::enrolled(&scene.node, "ann").await;
    let ways = ["..", "%2e%2e", "..%2f..%2f..%2fetc%2fpasswd", "../../../../etc/passwd", "..%5c..%5cetc", "%00", "%2f"];
    let within = ["", "/assets", "/events", "/messages", "/outbox", "/peers", "/inventory/systems", "/roster/persons"];
    for folder in within.into_iter().chain(["/api/v1", "/api/v1/messages", "/api/v1/peers", "/api/v1/config"]) {
        for way in ways {
            let at = format!("{folder}/{way}");
            let answer = browser.get(&at).await;
            assert!((300..500).contains(&answer.status()), "{at}: {} {}", answer.status(), answer.text());
            assert!(!answer.text().contains("root:") && !answer.text().contains("PRIVATE KEY"), "{at}");
        }
    }
    for to in ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/%0d%0ax: y"] {
        let page = Browser::new(&scene.node, None).get(&format!("/sign-in?to={}", path([to]))).await.text();
        let kept = between(&page, "name=\"to\" value=\"", "\"");
        assert!(kept.starts_with('/') && !kept.starts_with("//") && !kept.contains('\\'), "{to} is kept as {kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_make_no_sense_are_refused_with_a_reason() {
    let scene = Scene::department(listening(Stage::default())).await;
    scene.authority().tell(&scene.node, &Call::new("2.0", "2003-7").as_a("Report"), 200).await;
    let event = scene.event().await;
    scene.node.ridd(&["operator", "add", "ann", "--role", "administrator"]);
    let (mut browser, _) = Browser::enrolled(&scene.node, "ann").await;
    let csrf = between(&browser.get("/peers").await.text(), "name=\"csrf\" value=\"", "\"").to_owned();
    let orders = format!("events/{event}/orders");
    let nouns = ["peers", "operators", "events", &orders, "messages", "queries", "roster", "notices/answers"];
    let deep = "[".repeat(50_000);
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(3_000));
    let bodies =
        ["", "{", "null", "[]", "\0", "\"x\"", "{\"name\":1}", "{\"name\":\"\u{202e}\"}", "1e999", &deep, &long];
    for noun in nouns.into_iter().chain(["notices/tests", "outbox/x/retry", "messages/x/decision", "peers/x/pins"]) {
        for body in bodies {
            let head = format!(
                "POST /api/v1/{noun} HTTP/1.1\r\ncontent-type: application/json\r\nx-csrf: {csrf}\r\ncontent-length: {}\r\n",
                body.len()
            );
            let answer = browser.send(&head, body).await;
            let (text, start) = (answer.text(), body.chars().take(20).collect::<String>());
            assert!((400..500).contains(&answer.status()), "{noun} {start:?}: {} {text}", answer.status());
            let said: Value = serde_json::from_str(&text).unwrap();
            assert!(said["error"]["code"].is_string() || said["code"].is_string(), "{noun} {start:?}: {text}");
        }
    }
    for query in ["limit=-1", "limit=99999999999999999999", "limit=x", "after=%00", "unknown=1", "limit=1&limit=2"] {
        for noun in ["messages", "events", "outbox", "inventory", "notices", "audit/acts"] {
            let answer = browser.get(&format!("/api/v1/{noun}?{query}")).await;
            assert!(answer.status() < 500, "{noun}?{query}: {}", answer.text());
        }
    }
    assert_eq!(browser.get("/api/v1/status").await.status(), 200, "and the node goes on");
}
