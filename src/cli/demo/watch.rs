//! Watching the nodes: every message is shown as it arrives somewhere.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::{Failure, print};
use super::stage::Stage;
use crate::admin::Client;
use crate::admin::api::messages::{MessageList, MessageView};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::ids::{MessageId, PeerName};
use crate::store::records::{Direction, Verdict};

/// Every step happens within this time or the demonstration has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the nodes are asked.
const PAUSE: Duration = Duration::from_millis(50);

/// A message where it was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The node.
    pub(super) at: PeerName,
    /// What the node knows of it.
    pub(super) view: MessageView,
}

/// What was seen so far.
pub(super) struct Watch {
    nodes: Vec<(PeerName, Client)>,
    start: Timestamp,
    known: HashSet<(PeerName, MessageId)>,
    seen: Vec<Seen>,
}

impl Watch {
    /// Begins to watch all nodes of the stage.
    pub(super) fn begin(stage: &Stage) -> Self {
        let nodes = stage.nodes().iter().map(|node| (node.name.clone(), node.client())).collect();
        Self { nodes, start: SystemClock.now(), known: HashSet::new(), seen: Vec::new() }
    }

    /// The time on the nodes' clocks: they are processes of the same machine.
    pub(super) fn time(&self) -> Timestamp {
        SystemClock.now()
    }

    /// Shows what arrives until something wanted has.
    pub(super) async fn until(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Result<Seen, Failure> {
        let end = Instant::now() + PATIENCE;
        loop {
            self.look().await?;
            if let Some(found) = self.seen.iter().find(|seen| wanted(seen)) {
                return Ok(found.clone());
            }
            if Instant::now() >= end {
                return Err(Failure::failed(format_args!("{what} has not come within {PATIENCE:?}")));
            }
            sleep(PAUSE).await;
        }
    }

    /// Asks every node once and shows what is new, in the order of time.
    async fn look(&mut self) -> Result<(), Failure> {
        let mut fresh = Vec::new();
        for (name, client) in &self.nodes {
            let list: MessageList = client.get("messages?limit=200").await?;
            for view in list.messages {
                if self.known.insert((name.clone(), view.id.clone())) {
                    fresh.push(Seen { at: name.clone(), view });
                }
            }
        }
        fresh.sort_by_key(|seen| seen.view.received);
        for seen in &fresh {
            if seen.view.direction == Direction::In {
                print(line(seen, self.start))?;
            }
        }
        self.seen.extend(fresh);
        Ok(())
    }
}

/// One arrival in one line.
fn line(seen: &Seen, start: Timestamp) -> String {
    let Seen { at, view } = seen;
    let instance = view.instance.as_ref().map(|instance| format!(" instance {instance}")).unwrap_or_default();
    let incident = view.incident.as_ref().map(ToString::to_string).unwrap_or_default();
    let verdict = match view.verdict {
        Verdict::Accepted | Verdict::Sent => String::new(),
        other => format!(", {other}"),
    };
    let after = view.received.since(start).as_secs_f64();
    format!("  +{after:>6.3} s  {:<24} → {at:<24} {} {incident}{instance}{verdict}", view.peer, view.msg_type)
}
