//! A node, and a scripted RID system that is a peer of it: it posts what a test gives it and takes every callback.

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, Http, RidSystem, Scripted};
use crate::harness::pki::{Papers, Pki};
use crate::harness::report::report;
use crate::harness::wait;

pub(crate) struct Exchange {
    pub(crate) node: Daemon,
    pub(crate) other: RidSystem,
    papers: Papers,
    pub(crate) dir: tempfile::TempDir,
}

impl Exchange {
    /// A node with those settings of `[exchange]`, and a peer of that relation.
    pub(crate) async fn with(relation: &str, settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Exchange CA");
        let node = Daemon::start(Setup::named("node.example").with("exchange", settings), &pki);
        let papers = pki.issue("peer.example");
        let empty = |_: &Http| Scripted::empty(200);
        let other = RidSystem::start(&papers, &pki.ca(), empty).await;
        node.knows_as("peer.example", &other.address.to_string(), relation, &papers);
        Self { node, other, papers, dir }
    }

    /// Posts one message to the node.
    pub(crate) async fn post(&self, body: &[u8]) -> Http {
        peer::post_once(self.node.rid, &self.papers, body).await.unwrap()
    }

    /// Waits for so many callbacks.
    pub(crate) async fn callbacks(&self, count: usize) -> Vec<Http> {
        let shown = || format!("{count} callbacks; the node's log:\n{}", self.node.log());
        wait::until(shown, async || Some(self.other.came()).filter(|came| came.len() >= count)).await
    }
}

/// A message of that type about that incident, with a document.
pub(crate) fn message(msg_type: &str, number: &str) -> Vec<u8> {
    let report = String::from_utf8(report(number)).unwrap();
    report.replace("MsgType=\"Report\"", &format!("MsgType=\"{msg_type}\"")).into_bytes()
}

/// The same without its document.
pub(crate) fn bare(msg_type: &str, number: &str) -> Vec<u8> {
    let whole = String::from_utf8(message(msg_type, number)).unwrap();
    let start = whole.find("<iodef-rid:ReportSchema").unwrap();
    let end = whole.find("</iodef-rid:ReportSchema>").unwrap() + "</iodef-rid:ReportSchema>".len();
    format!("{}{}", &whole[..start], &whole[end..]).into_bytes()
}

/// What an Acknowledgement says: AuthorizationStatus and Justification.
pub(crate) fn status(answer: &Http) -> String {
    let text = answer.text();
    assert!(text.contains("MsgType=\"Acknowledgement\""), "{text}");
    let value = |name: &str| {
        let at = text.find(&format!("{name}=\""))? + name.len() + 2;
        text[at..].split('"').next().map(str::to_owned)
    };
    [value("AuthorizationStatus"), value(" Justification")].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
