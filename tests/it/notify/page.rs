//! Pages over SNPP (RFC 1861) to a small paging terminal.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ridd::notify::{Config, PagerConfig};
use ridd::outbox::ParcelKind;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::{Channels, delivered, later, load, refused, text};

const PAGER: ParcelKind = ParcelKind::Pager;

/// A terminal that answers each command as the script says, else with 250; what it heard.
async fn terminal(script: &'static [(&'static str, &'static str)]) -> (Config, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Some(listener.local_addr().unwrap().to_string());
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&heard);
    tokio::spawn(async move {
        let answer = |verb: &str| script.iter().find(|(on, _)| *on == verb).map(|(_, answer)| *answer);
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            let mut said = answer("").unwrap_or("220 ready");
            while stream.get_mut().write_all(format!("{said}\r\n").as_bytes()).await.is_ok() {
                line.clear();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    break;
                }
                noted.lock().unwrap().push(line.trim_end().to_owned());
                said = answer(line.get(..4).unwrap_or_default()).unwrap_or("250 ok");
                if said.is_empty() {
                    std::future::pending::<()>().await;
                }
            }
        }
    });
    let pager = PagerConfig { server, caller_id: Some("CIRT".to_owned()), ..PagerConfig::default() };
    (Config { pager, time: Duration::from_secs(2), ..Config::default() }, heard)
}

#[tokio::test]
async fn a_page_is_handed_over() {
    let (config, heard) = terminal(&[]).await;
    let note = delivered(Channels::new(&config).send(PAGER, &load(PAGER, "5550100", &text())).await);
    assert!(note.ends_with("took it for 5550100"), "{note}");
    let said = heard.lock().unwrap().clone();
    let page = "MESS SE-1 data call: acknowledge with 123456";
    assert_eq!(said, ["ALER 1", "CALL CIRT", "PAGE 5550100", page, "SEND", "QUIT"]);
}

#[tokio::test]
async fn a_terminal_of_level_one_is_enough_and_level_three_is_understood() {
    let (config, _) = terminal(&[("ALER", "500 what?"), ("CALL", "500 what?"), ("SEND", "960 12 00+5 queued")]).await;
    delivered(Channels::new(&config).send(PAGER, &load(PAGER, "5550100", &text())).await);
}

#[tokio::test]
async fn what_is_refused_is_told_from_what_may_go_later() {
    let page = load(PAGER, "5550100", &text());
    let (config, _) = terminal(&[("PAGE", "550 Error, Invalid Pager ID")]).await;
    let why = refused(Channels::new(&config).send(PAGER, &page).await);
    assert!(why.contains("550 Error, Invalid Pager ID"), "{why}");
    for script in [
        &[("SEND", "554 Message Failed")] as &[_],
        &[("PAGE", "421 Gateway Service Unavailable")],
        &[("", "421 down")],
        &[("", "hello")],
        &[("SEND", "")],
    ] {
        let (config, _) = terminal(script).await;
        later(Channels::new(&config).send(PAGER, &page).await);
    }
}

#[tokio::test]
async fn a_number_adds_no_command() {
    let (config, heard) = terminal(&[]).await;
    for to in ["", "5550100\r\nSEND", "555 0100", "5550100@x"] {
        let why = refused(Channels::new(&config).send(PAGER, &load(PAGER, to, &text())).await);
        assert!(why.contains("is no pager's number"), "{why}");
    }
    assert!(heard.lock().unwrap().is_empty());
}
