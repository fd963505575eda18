//! Webhook calls to a small HTTP server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use ridd::notify::{Config, WebhookConfig};
use ridd::outbox::{Outcome, ParcelKind};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Channels, delivered, later, load, refused, secret, start, text};
use crate::harness::pki::Pki;

const WEBHOOK: ParcelKind = ParcelKind::Webhook;
const SECRET: &str = "0123456789abcdef0123";

/// A server that gives that answer to everything; its address and what it was asked.
async fn server(answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = String::new();
            let mut buffer = vec![0; 4096];
            // The body is JSON on one line, the last of the request.
            while !request.ends_with('}') {
                match stream.read(&mut buffer).await {
                    Ok(n) if n > 0 => request.push_str(std::str::from_utf8(&buffer[..n]).unwrap()),
                    _ => break,
                }
            }
            noted.lock().unwrap().push(request);
            drop(stream.write_all(answer.as_bytes()).await);
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
        }
    });
    (address, asked)
}

fn config() -> (Config, TempDir) {
    let place = tempfile::tempdir().unwrap();
    let webhook = WebhookConfig {
        secret_file: Some(secret(place.path(), "secret", SECRET)),
        ca_file: Some(Pki::make(place.path(), "hook CA").ca()),
        ..WebhookConfig::default()
    };
    (Config { webhook, time: Duration::from_secs(2), ..Config::default() }, place)
}

#[tokio::test]
async fn a_call_is_json_and_signed() {
    let (address, asked) = server("HTTP/1.1 204 No Content\r\n\r\n").await;
    let (config, _place) = config();
    let load = load(WEBHOOK, &format!("http://{address}/hook?a=b"), &text());
    delivered(Channels::new(&config).send(WEBHOOK, &load).await);
    let request = asked.lock().unwrap().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{head}");
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(str::to_owned));
        line.unwrap_or_else(|| panic!("{name} in {head}")).trim_start_matches([':', ' ']).to_owned()
    };
    assert_eq!(field("x-ridd-notice"), load.parcel.message.unwrap().to_string());
    let now = start().seconds();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{now}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(field("x-ridd-signature"), format!("t={now},v1={hex}"));
    let said: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&said["event"], &said["code"]), (&"SE-1".into(), &"123456".into()));
}

#[tokio::test]
async fn answers_have_their_meaning_and_no_redirection_is_followed() {
    let (config, _place) = config();
    let channels = Channels::new(&config);
    let (aim, missed) = server("HTTP/1.1 200 OK\r\n\r\n").await;
    drop(aim);
    let (address, _) = server("HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n\r\n").await;
    let why = refused(channels.send(WEBHOOK, &load(WEBHOOK, &format!("http://{address}/"), &text())).await);
    assert!(why.contains("not followed") && missed.lock().unwrap().is_empty(), "{why}");
    let (address, _) = server("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\n\r\n").await;
    let outcome = channels.send(WEBHOOK, &load(WEBHOOK, &format!("http://{address}/"), &text())).await;
    assert!(matches!(&outcome, Outcome::Later { after: Some(after), .. } if after.as_secs() == 120), "{outcome:?}");
    for answer in ["", "HTTP/1.1 503 Busy\r\n\r\n", "220 this is no HTTP\r\n"] {
        let (address, _) = server(answer).await;
        later(channels.send(WEBHOOK, &load(WEBHOOK, &format!("http://{address}/"), &text())).await);
    }
}

#[tokio::test]
async fn what_is_not_ours_to_call_is_refused_and_who_proves_nothing_gets_nothing() {
    let (config, _place) = config();
    let channels = Channels::new(&config);
    for to in ["http://hooks.example.org/", "ftp://127.0.0.1/", "https://u:p@127.0.0.1/", "nonsense"] {
        refused(channels.send(WEBHOOK, &load(WEBHOOK, to, &text())).await);
    }
    let (address, asked) = server("HTTP/1.1 200 OK\r\n\r\n").await;
    later(channels.send(WEBHOOK, &load(WEBHOOK, &format!("https://{address}/"), &text())).await);
    assert!(!asked.lock().unwrap().iter().any(|request| request.contains("123456")));
}
