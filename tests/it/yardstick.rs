//! The yardstick of `ridd bench` itself: its client against its node that does nothing.

use std::sync::{Arc, Mutex};

use ridd::transport::yardstick::{DoNothing, Load, Papers, drive};

use crate::harness::pki::Pki;

#[tokio::test]
async fn every_message_is_sent_once_and_answered() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Bench CA");
    let issued = pki.issue("bench.example");
    let papers = Papers { certificate: issued.certificate, key: issued.key, ca: pki.ca() };
    let node = DoNothing::bind(&papers).await.unwrap();
    let load =
        Load { address: node.address(), name: "bench.example".to_owned(), connections: 4, messages: 50, first: 7 };
    tokio::spawn(node.run());
    let made = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&made);
    let make = Arc::new(move |n| {
        noted.lock().unwrap().push(n);
        vec![b'x'; 4_000]
    });
    let mut figures = drive(&load, papers.client().unwrap(), make).await.unwrap();
    made.lock().unwrap().sort_unstable();
    assert_eq!(*made.lock().unwrap(), (7..57).collect::<Vec<u64>>());
    assert_eq!(figures.messages(), 50);
    assert!(figures.percentile(50) <= figures.percentile(99) && figures.rate() > 0.0);
}
