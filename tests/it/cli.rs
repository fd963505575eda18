//! The command line against a running node: what it says, and the exit codes that scripts rely on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::daemon::{Daemon, RIDD, Setup};
use crate::harness::pki::Pki;
use crate::harness::{peer, report, skip, wait};

const CALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data-call/slammer-2.0.xml");

fn node() -> (tempfile::TempDir, Pki, Daemon) {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Command line CA");
    let node = Daemon::start(Setup::named("node.example"), &pki);
    (dir, pki, node)
}

/// The exit code and what was said on both outputs.
fn told(output: &Output) -> (i32, String) {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

fn ridd(node: &Daemon, args: &[&str]) -> (i32, String) {
    told(&node.try_ridd(args))
}

#[test]
fn exit_codes_are_those_of_the_manual() {
    let (_dir, pki, mut node) = node();
    let papers = pki.issue("peer.example");
    let certificate = papers.certificate.to_str().unwrap();
    assert_eq!(ridd(&node, &["status"]).0, 0);
    assert_eq!(ridd(&node, &["peer", "show", "nobody.example"]).0, 1);
    assert_eq!(ridd(&node, &["message", "show", "0190b3c0-0000-7000-8000-000000000001"]).0, 1);
    assert_eq!(ridd(&node, &["peer", "sing"]).0, 2);
    assert_eq!(ridd(&node, &["peer", "add", "peer.example", "no port", "--relation", "unit"]).0, 2);
    assert_eq!(ridd(&node, &["send", "peer.example", "no-such-file"]).0, 2);
    assert_eq!(ridd(&node, &["query", "peer.example", "no-hash"]).0, 2);
    let add = ["peer", "add", "peer.example", "127.0.0.1:1", "--relation", "unit", "--certificate", certificate];
    assert_eq!(ridd(&node, &add).0, 0);
    let (code, said) = ridd(&node, &add);
    assert_eq!((code, said.contains("ridd peer change")), (4, true), "{said}");
    // A key proves one peer only.
    let other = ["peer", "add", "other.example", "127.0.0.1:1", "--relation", "unit", "--certificate", certificate];
    assert_eq!(ridd(&node, &other).0, 4);
    let (code, said) = ridd(&node, &["peer", "test", "peer.example"]);
    assert_eq!((code, said.starts_with("peer.example: TCP: ")), (1, true), "{said}");
    assert_eq!(ridd(&node, &["config", "check"]).0, 0);
    node.term();
    let (code, said) = ridd(&node, &["status"]);
    assert_eq!((code, said.contains("ridd serve")), (3, true), "{said}");
}

#[test]
fn peers_are_managed_and_shown() {
    let (_dir, pki, node) = node();
    let (first, second) = (pki.issue("peer.example"), pki.issue("peer.example"));
    node.knows_as("peer.example", "127.0.0.1:1", "unit", &first);
    node.ridd(&["peer", "pin", "peer.example", second.certificate.to_str().unwrap()]);
    let shown = node.json(&["peer", "show", "peer.example"]);
    let pins: Vec<_> = shown["pins"].as_array().unwrap().iter().map(|pin| pin["spki"].as_str().unwrap()).collect();
    assert_eq!(pins.len(), 2);
    let text = node.ridd(&["peer", "show", "peer.example"]);
    assert!(pins.iter().all(|spki| text.contains(&format!("sha256:{spki}"))), "{text}");
    // What it is for is said anew; the other one stays.
    let uses = |at: usize| node.json(&["peer", "show", "peer.example"])["pins"][at]["uses"].clone();
    assert_eq!(uses(0), serde_json::json!(["tls", "sign", "encrypt"]));
    let (certificate, for_two) = (second.certificate.to_str().unwrap(), "sign,encrypt");
    node.ridd(&["peer", "pin", "peer.example", "--certificate", certificate, "--for", for_two]);
    let both = [uses(0), uses(1)];
    assert!(both.contains(&serde_json::json!(["sign", "encrypt"])), "{both:?}");
    assert!(both.contains(&serde_json::json!(["tls", "sign", "encrypt"])), "{both:?}");
    // As it is printed, so it is taken.
    node.ridd(&["peer", "unpin", "peer.example", &format!("sha256:{}", pins[0])]);
    node.ridd(&["peer", "change", "peer.example", "--network", "192.0.2.0/24", "--iodef", "1.0"]);
    let algorithms = ["--signature-algorithms", "ecdsa-sha256,ed25519", "--encryption-algorithms", "aes128-gcm"];
    node.ridd(&[&["peer", "change", "peer.example", "--signatures", "when-present"][..], &algorithms].concat());
    node.ridd(&["peer", "change", "peer.example", "--encryption", "always", "--encrypt-green"]);
    node.ridd(&["peer", "change", "peer.example", "--address", "localhost:4590"]);
    let shown = node.json(&["peer", "show", "peer.example"]);
    assert_eq!(shown["networks"][0], "192.0.2.0/24");
    let policy = serde_json::json!({
        "iodef": "1.0", "callback-port": 4590, "signatures": "when-present", "encryption": "always",
        "encrypt-green": true, "signature-algorithms": ["ecdsa-sha256", "ed25519"],
        "encryption-algorithms": ["aes128-gcm"],
    });
    assert_eq!(shown["policy"], policy);
    let text = node.ridd(&["peer", "show", "peer.example"]);
    assert!(text.contains("when-present (ecdsa-sha256, ed25519)"), "{text}");
    assert_eq!((shown["address"].as_str(), shown["pins"].as_array().unwrap().len()), (Some("localhost:4590"), 1));
    node.ridd(&["peer", "revoke", "peer.example", "--because", "its key was lost"]);
    let list = node.ridd(&["peer", "list"]);
    assert!(list.lines().count() == 2 && list.contains("revoked"), "{list}");
    assert_eq!(node.json(&["peer", "list", "--state", "active"])["peers"], Value::Array(Vec::new()));
    node.ridd(&["peer", "remove", "peer.example"]);
    assert_eq!(ridd(&node, &["peer", "remove", "peer.example"]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_incidents_are_listed_and_exported() {
    let (dir, pki, node) = node();
    let papers = pki.issue("peer.example");
    node.knows_as("peer.example", "127.0.0.1:1", "unit", &papers);
    let sent = report::report("2003-1");
    assert_eq!(peer::post_once(node.rid, &papers, &sent).await.unwrap().status(), 200);
    let list = node.json(&["message", "list", "--type", "report", "--direction", "in"]);
    let message = &list["messages"][0];
    let (id, incident) = (message["id"].as_str().unwrap(), &message["incident"]);
    let name = format!("{}#{}", incident["name"].as_str().unwrap(), incident["id"].as_str().unwrap());
    assert_eq!(incident["id"], "2003-1");
    assert_eq!(node.json(&["message", "list", "--peer", "nobody.example"])["messages"], Value::Array(Vec::new()));
    let table = node.ridd(&["message", "list", "--incident", &name]);
    assert!(table.lines().count() >= 2 && table.contains(id), "{table}");
    let shown = node.ridd(&["incident", "show", &name]);
    assert!(shown.contains(id) && shown.starts_with(&format!("incident     {name}\n")), "{shown}");
    assert!(node.ridd(&["incident", "list"]).contains(&name));
    // Byte for byte, to standard output and into a file, which is never overwritten.
    assert_eq!(node.try_ridd(&["message", "export", id]).stdout, sent);
    let file = dir.path().join("exported.xml");
    node.ridd(&["message", "export", id, "--output", file.to_str().unwrap()]);
    assert_eq!(fs::read(&file).unwrap(), sent);
    assert_eq!(ridd(&node, &["message", "export", id, "--output", file.to_str().unwrap()]).0, 2);
    let status = node.json(&["status"]);
    assert_eq!((status["ready"].as_bool(), status["peers"].as_u64()), (Some(true), Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_outbox_says_why() {
    let (_dir, pki, node) = node();
    let papers = pki.issue("peer.example");
    node.knows_as("peer.example", "127.0.0.1:1", "unit", &papers);
    let made = node.json(&["send", "peer.example", CALL, "--type", "investigation-request"]);
    let (id, kind) = (made["id"].as_str().unwrap(), made["msg_type"].as_str().unwrap());
    assert_eq!(kind, "InvestigationRequest");
    let parcel = wait::until(
        || format!("a first try that failed; its log:\n{}", node.log()),
        async || {
            let list = node.ask("outbox").await;
            let parcel = list["parcels"].as_array()?.first()?.clone();
            parcel["why"].as_str()?.contains("nobody listens").then_some(parcel)
        },
    )
    .await;
    let parcel = parcel["id"].as_str().unwrap();
    assert!(node.ridd(&["message", "show", id]).contains(parcel));
    assert!(node.ridd(&["outbox", "show", parcel]).contains("nobody listens"));
    // A try may be under way at this moment; the node says so, and the next asking takes it.
    wait::until(
        || "the parcel to be cancelled".to_owned(),
        async || (ridd(&node, &["outbox", "cancel", parcel]).0 == 0).then_some(()),
    )
    .await;
    assert_eq!(ridd(&node, &["outbox", "cancel", parcel]).0, 4);
    assert_eq!(node.json(&["outbox", "list"])["parcels"], Value::Array(Vec::new()));
    assert_eq!(node.json(&["outbox", "list", "--state", "cancelled"])["parcels"][0]["id"], parcel);
    node.ridd(&["outbox", "retry", parcel]);
    let query = node.json(&["query", "peer.example", "cert.example#1"]);
    assert_eq!(query["msg_type"], "Query");
    let (code, said) = ridd(&node, &["send", "auto", CALL]);
    assert_eq!((code, said.contains("--source-of-incident")), (2, true), "{said}");
    node.ridd(&["peer", "change", "peer.example", "--network", "192.0.2.0/24"]);
    let trace = ["send", "auto", CALL, "--type", "trace-request", "--source-of-incident", "192.0.2.7"];
    assert_eq!(node.json(&trace)["peer"], "peer.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_request_is_decided() {
    let (dir, pki, node) = node();
    let papers = pki.issue("peer.example");
    node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
    // Another node's request, as that node writes it.
    let asking = Daemon::start(Setup::named("asking.example"), &pki);
    asking.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
    // Unsigned, for it is posted with the certificate of another.
    asking.ridd(&["peer", "change", "peer.example", "--signatures", "off"]);
    let made = asking.json(&["send", "peer.example", CALL, "--type", "trace-request"]);
    let request = dir.path().join("request.xml");
    asking.ridd(&["message", "export", made["id"].as_str().unwrap(), "-o", request.to_str().unwrap()]);
    let answer = peer::post_once(node.rid, &papers, &fs::read(&request).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 202, "{}", answer.text());
    let held = node.json(&["message", "list", "--held"]);
    let id = held["messages"][0]["id"].as_str().unwrap();
    assert!(node.ridd(&["status"]).contains("1 wait for a decision"));
    assert_eq!(ridd(&node, &["message", "deny", id, "--because", "Boredom"]).0, 2);
    let denied = node.ridd(&["message", "deny", id, "--because", "Other"]);
    assert!(denied.contains("denied (Other)"), "{denied}");
    assert_eq!(ridd(&node, &["message", "approve", id]).0, 4);
    assert_eq!(node.json(&["message", "list", "--held"])["messages"], Value::Array(Vec::new()));
}

#[test]
fn a_faulty_configuration_is_told_and_changes_nothing() {
    let (_dir, _pki, node) = node();
    let file = node.data().join("ridd.toml");
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{good}\n[xml]\nsize = \"big\"\n[bogus]\nkey = 1\n")).unwrap();
    for command in ["check", "show"] {
        let (code, said) = ridd(&node, &["config", command]);
        assert!(code != 0 && said.contains("xml.size") && said.contains("bogus"), "{command}: {code}: {said}");
    }
    let (code, said) = ridd(&node, &["reload"]);
    assert!(code == 4 && said.contains("xml.size") && said.contains("bogus"), "{code}: {said}");
    // The socket is found all the same.
    assert_eq!(ridd(&node, &["status"]).0, 0);
    fs::write(&file, format!("{good}\n[xml]\nsize = 100000\n")).unwrap();
    let said = node.ridd(&["reload"]);
    assert!(said.contains("[xml]"), "what takes a restart is named: {said}");
    assert_eq!(node.json(&["config", "show"])["xml"]["size"], 100_000);
}

/// With the socket's mode and directory out of the way, the kernel's word on who is asking decides.
#[test]
fn other_users_are_operators_or_refused() {
    let setpriv = |args: &[&str]| {
        let others = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        Command::new("setpriv").args(others).args(args).stdin(Stdio::null()).output()
    };
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Operators' CA");
    let node = Daemon::start(Setup::named("node.example").with("admin", "socket-mode = \"0660\""), &pki);
    let socket = node.data().join("admin.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    // The program itself may lie where others cannot reach it.
    let here = tempfile::tempdir().unwrap();
    let program = here.path().join("ridd");
    fs::copy(RIDD, &program).unwrap();
    for (path, mode) in [(here.path(), 0o755), (program.as_path(), 0o755), (node.data(), 0o711)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let program = program.to_str().unwrap();
    match setpriv(&[program, "--version"]) {
        Ok(output) if output.status.success() => {}
        _ => return skip("setpriv cannot become another user here"),
    }
    let ask = |args: &[&str]| {
        let whole = [&[program, "--socket", socket.to_str().unwrap()], args].concat();
        told(&setpriv(&whole).unwrap())
    };
    let (code, said) = ask(&["status"]);
    assert_eq!(code, 3, "the socket's mode keeps others out: {said}");
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    let (code, said) = ask(&["status"]);
    assert!(code == 4 && said.contains("user 65534 is no operator"), "{code}: {said}");
    assert!(node.log().contains("refused on the admin socket"), "{}", node.log());

    node.ridd(&["operator", "add", "65534", "--role", "viewer", "--name", "Somebody"]);
    assert_eq!(ask(&["peer", "list"]).0, 0);
    let (code, said) = ask(&["operator", "add", "65534", "--role", "administrator"]);
    assert!(code == 4 && said.contains("Somebody, viewer,"), "{code}: {said}");
    node.ridd(&["operator", "add", "65534", "--role", "administrator", "--name", "Somebody"]);
    assert_eq!(ask(&["reload"]).0, 0);
    let acts = node.json(&["audit", "acts", "--operator", "somebody"]);
    assert_eq!((acts["acts"][0]["act"].as_str(), acts["acts"][0]["user"].as_i64()), (Some("reload"), Some(65534)));
    assert_eq!(ridd(&node, &["operator", "remove", "nobody-of-that-name"]).0, 2);
    node.ridd(&["operator", "remove", "Somebody"]);
    assert_eq!(ask(&["status"]).0, 4);
}

#[test]
fn completions_and_manual_pages_are_written_without_a_node() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let (code, said) = told(&Command::new(RIDD).args(["completions", shell]).output().unwrap());
        assert!(code == 0 && said.contains("outbox"), "{shell}: {code}");
    }
    let output = Command::new(RIDD).args(["man", "--dir"]).arg(dir.path()).output().unwrap();
    assert_eq!(told(&output).0, 0);
    let page = fs::read_to_string(dir.path().join("ridd-peer-add.1")).unwrap();
    assert!(page.contains("relation"), "{page}");
}
