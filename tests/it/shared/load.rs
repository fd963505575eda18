//! Load on several nodes that are one RID system, whatever happens to them, and the judgement over it: nothing that was
//! acknowledged is lost, nothing is filed twice, and each message that is to be relayed reaches the unit as one message.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::client::TlsStream;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, RidSystem, Scripted};
use crate::harness::pki::{Papers, Pki};
use crate::harness::report;
use crate::harness::wait;

/// Senders at once.
const SENDERS: usize = 6;
/// A sender that was told to come again, or found nobody, does so after this.
const PAUSE: Duration = Duration::from_millis(20);

/// Several nodes on one store, an authority that sends and a unit that is relayed to.
pub(super) struct Nodes {
    pub(super) nodes: Vec<Daemon>,
    authority: Papers,
    unit: RidSystem,
    _dir: tempfile::TempDir,
}

impl Nodes {
    /// One node for each of those addresses of the same database.
    pub(super) async fn on(urls: &[String]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Shared CA");
        let (authority, unit) = (pki.issue("authority.example"), pki.issue("unit.example"));
        let tokens = AtomicU64::new(0);
        let system = RidSystem::start(&unit, &pki.ca(), move |_| {
            let token = tokens.fetch_add(1, Ordering::SeqCst);
            Scripted { status: 202, fields: format!("RID-Callback-Token: token-{token}\r\n"), body: Vec::new() }
        })
        .await;
        let papers = pki.issue("rid.department.example");
        let node = |(at, url): (usize, &String)| {
            let setup = Setup::named("rid.department.example")
                .with("node", &format!("name = \"machine-{at}\""))
                .with("coordination", "opening = \"never\"")
                .with("admin", "list-limit = 1000000")
                .with("outbox", "claim = \"4s\"")
                .with("store", &format!("url = \"{url}\"\nstatement-timeout = \"2s\"\nconnect-timeout = \"1s\""));
            Daemon::start_in(tempfile::tempdir().unwrap(), setup, papers.clone(), &pki.ca())
        };
        let nodes: Vec<_> = urls.iter().enumerate().map(node).collect();
        nodes[0].knows_as("authority.example", "127.0.0.1:1", "authority", &authority);
        nodes[0].knows_as("unit.example", &system.address.to_string(), "unit", &unit);
        let all = Self { nodes, authority, unit: system, _dir: dir };
        for node in &all.nodes {
            // The others hear of the peer from the store.
            wait::until(
                || "a peer that all nodes know".to_owned(),
                async || {
                    let answer = peer::post_once(node.rid, &all.authority, &report::report("warm")).await.ok()?;
                    (answer.status() == 200).then_some(())
                },
            )
            .await;
        }
        all
    }

    /// Begins to send to all nodes, each sender to one after the other.
    pub(super) fn load(&self) -> Load {
        let addresses: Vec<_> = self.nodes.iter().map(|node| node.rid).collect();
        let ledger = Arc::new(Ledger::default());
        let mut tasks = JoinSet::new();
        for number in 0..SENDERS {
            let sender = Sender {
                addresses: addresses.clone(),
                at: number % addresses.len(),
                papers: self.authority.clone(),
                ledger: Arc::clone(&ledger),
            };
            tasks.spawn(sender.run());
        }
        Load { ledger, tasks }
    }

    /// Ends the load once everything is settled, and compares what the nodes have and what arrived at the unit with what
    /// was acknowledged.
    pub(super) async fn judge(&self, load: Load) -> usize {
        let ledger = load.ended().await;
        let acknowledged = ledger.acknowledged.lock().unwrap().clone();
        let node = &self.nodes[0];
        let settled = || format!("an empty outbox; its log:\n{}", node.log());
        wait::until(settled, async || {
            let list = node.ask("outbox?limit=1000000").await;
            list["parcels"].as_array().is_some_and(Vec::is_empty).then_some(())
        })
        .await;
        let list = node.ask("messages?limit=1000000").await;
        let messages = list["messages"].as_array().cloned().unwrap_or_default();
        let count = |direction: &str, msg_type: &str| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            let of_kind = |message: &&Value| message["direction"] == direction && message["msg_type"] == msg_type;
            for message in messages.iter().filter(of_kind) {
                *counts.entry(message["incident"]["id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
            counts
        };
        let filed = count("in", "Report");
        for number in &acknowledged {
            assert_eq!(filed.get(number), Some(&1), "{number} was acknowledged");
        }
        assert!(filed.values().all(|count| *count == 1), "filed twice: {filed:?}");
        assert_eq!(count("out", "InvestigationRequest"), filed, "each that is filed is relayed once");
        let mut arrived: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for request in self.unit.came() {
            let text = request.text();
            let number =
                filed.keys().find(|number| text.contains(&format!(">{number}<"))).expect("an incident of ours");
            arrived.entry(number.clone()).or_default().insert(request.body);
        }
        assert_eq!(arrived.len(), filed.len(), "each that is filed has arrived");
        assert!(arrived.values().all(|bodies| bodies.len() == 1), "the same bytes, however often they were sent");
        acknowledged.len()
    }
}

/// What the senders know.
#[derive(Default)]
struct Ledger {
    next: AtomicU64,
    stop: AtomicBool,
    acknowledged: Mutex<BTreeSet<String>>,
    /// By node: how often it has acknowledged, and how often it has said 503.
    taken: Mutex<BTreeMap<SocketAddr, (usize, usize)>>,
    /// Sent, but not acknowledged: may be filed or not, and is sent again.
    unsure: Mutex<Vec<String>>,
    slowest: Mutex<Duration>,
}

impl Ledger {
    fn waited(&self, span: Duration) {
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = span.max(*slowest);
    }
}

/// A load that goes on.
pub(super) struct Load {
    ledger: Arc<Ledger>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Waits until that node has acknowledged so many more.
    pub(super) async fn goes_on(&self, node: &Daemon, more: usize) {
        let address = node.rid;
        let acknowledged = || self.taken(address).0;
        let enough = acknowledged() + more;
        let shown = || format!("{more} more messages at {address}; its log:\n{}", node.log());
        wait::until(shown, async || (acknowledged() >= enough).then_some(())).await;
    }

    /// Waits until that node has said 503 to somebody once more.
    pub(super) async fn is_refused(&self, node: &Daemon) {
        let before = self.taken(node.rid).1;
        let shown = || format!("503 from {}; its log:\n{}", node.rid, node.log());
        wait::until(shown, async || (self.taken(node.rid).1 > before).then_some(())).await;
    }

    fn taken(&self, address: SocketAddr) -> (usize, usize) {
        self.ledger.taken.lock().unwrap().get(&address).copied().unwrap_or_default()
    }

    /// The longest that anybody has waited for an answer.
    pub(super) fn slowest(&self) -> Duration {
        *self.ledger.slowest.lock().unwrap()
    }

    /// Ends it when everything that was sent has been acknowledged.
    async fn ended(mut self) -> Arc<Ledger> {
        self.ledger.stop.store(true, Ordering::SeqCst);
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.unwrap();
            }
        };
        tokio::time::timeout(wait::LONG, all).await.expect("everything is acknowledged in the end");
        self.ledger
    }
}

struct Sender {
    addresses: Vec<SocketAddr>,
    at: usize,
    papers: Papers,
    ledger: Arc<Ledger>,
}

impl Sender {
    /// Sends Reports one after the other; after the end is wanted, only those that are unsure.
    async fn run(mut self) {
        let mut lines: Vec<Option<TlsStream<TcpStream>>> = self.addresses.iter().map(|_| None).collect();
        loop {
            self.at = (self.at + 1) % self.addresses.len();
            let line = &mut lines[self.at];
            let again = self.ledger.unsure.lock().unwrap().pop();
            let number = match again {
                Some(number) => number,
                None if self.ledger.stop.load(Ordering::SeqCst) => return,
                None => format!("shared-{}", self.ledger.next.fetch_add(1, Ordering::SeqCst)),
            };
            let address = self.addresses[self.at];
            if line.is_none() {
                *line = peer::connect(address, Some(&self.papers)).await.ok();
            }
            let begun = Instant::now();
            let answer = match line {
                Some(stream) => peer::post(stream, &report::report(&number), None).await.ok(),
                None => None,
            };
            self.ledger.waited(begun.elapsed());
            let status = answer.as_ref().map_or(0, peer::Http::status);
            if status == 200 {
                self.ledger.acknowledged.lock().unwrap().insert(number);
                self.ledger.taken.lock().unwrap().entry(address).or_default().0 += 1;
                continue;
            }
            if let Some(answer) = answer {
                assert_eq!(status, 503, "{number}: {}\n{}", answer.first, answer.text());
                assert!(answer.field("retry-after").is_some(), "503 says when to come again");
                self.ledger.taken.lock().unwrap().entry(address).or_default().1 += 1;
            }
            // As an outbox does: later; and as a balancer does: to another node.
            self.ledger.unsure.lock().unwrap().push(number);
            *line = None;
            sleep(PAUSE).await;
        }
    }
}
