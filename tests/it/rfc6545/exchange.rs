//! A node, and a scripted RID system that is a peer of it: it posts what a test gives it and takes every callback.

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, Http, RidSystem, Scripted};
use crate::harness::pki::{Papers, Pki};
use crate::harness::report::report;
use crate::harness::wait;

pub(crate) struct Exchange {
    pub(crate) node: Daemon,
    pub(crate) other: RidSystem,
    pub(crate) papers: Papers,
    pub(crate) pki: Pki,
    pub(crate) dir: tempfile::TempDir,
}

impl Exchange {
    /// A node with those settings of `[exchange]`, and a peer of that relation.
    pub(crate) async fn with(relation: &str, settings: &str) -> Self {
        let policy = ["--signatures", "when-present", "--encryption", "never"];
        Self::under(relation, settings, &policy, |_| Scripted::empty(200)).await
    }

    /// The same with a peer of the policy that those options of `ridd peer add` say, which answers as scripted.
    pub(crate) async fn under(
        relation: &str,
        settings: &str,
        policy: &[&str],
        script: impl Fn(&Http) -> Scripted + Send + Sync + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Exchange CA");
        let node = Daemon::start(Setup::named("node.example").with("exchange", settings), &pki);
        let papers = pki.issue("peer.example");
        let other = RidSystem::start(&papers, &pki.ca(), script).await;
        node.add_peer("peer.example", &other.address.to_string(), relation, &papers, policy);
        Self { node, other, papers, pki, dir }
    }

    /// Has the program work on a document: `ridd VERB … -o FILE`.
    fn worked(&self, document: &[u8], args: &[&str], out: &str) -> Vec<u8> {
        let (from, to) = (self.dir.path().join("from.xml"), self.dir.path().join("to.xml"));
        std::fs::write(&from, document).unwrap();
        std::fs::remove_file(&to).ok();
        let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
        self.node.ridd(&[args, &[out, to, from]].concat());
        std::fs::read(to).unwrap()
    }

    /// The message signed by hand with those papers.
    pub(crate) fn signed_with(&self, papers: &Papers, message: &[u8], options: &[&str]) -> Vec<u8> {
        let (key, certificate) = (papers.key.to_str().unwrap(), papers.certificate.to_str().unwrap());
        self.worked(message, &[&["sign", "--key", key, "--cert", certificate], options].concat(), "--output")
    }

    /// The message signed by hand as the peer does it, over the whole.
    pub(crate) fn signed(&self, message: &[u8]) -> Vec<u8> {
        self.signed_with(&self.papers, message, &[])
    }

    /// The same over its records, as the originator of a Request does it.
    pub(crate) fn originated(&self, message: &[u8]) -> Vec<u8> {
        self.signed_with(&self.papers, message, &["--originator"])
    }

    /// The document in the message encrypted by hand for the node.
    pub(crate) fn encrypted(&self, message: &[u8], options: &[&str]) -> Vec<u8> {
        let node = self.node.papers.certificate.to_str().unwrap().to_owned();
        self.worked(message, &[&["encrypt", "--for", &node], options].concat(), "--output")
    }

    /// The document in the message decrypted by hand as the peer does it.
    pub(crate) fn decrypted(&self, message: &[u8]) -> Vec<u8> {
        self.worked(message, &["decrypt", "--key", self.papers.key.to_str().unwrap()], "--output")
    }

    /// What `ridd verify` says of the message, taking only the node's certificate for trust: verdict and reasons.
    pub(crate) fn verified(&self, message: &[u8]) -> String {
        let file = self.dir.path().join("verify.xml");
        std::fs::write(&file, message).unwrap();
        let node = self.node.papers.certificate.to_str().unwrap();
        let said = self.node.try_ridd(&["verify", "--cert", node, file.to_str().unwrap()]);
        String::from_utf8(said.stdout).unwrap().split_once('\t').unwrap().1.to_owned()
    }

    /// Posts a message that must be refused so, and left no trace.
    pub(crate) async fn refuses(&self, body: &[u8], why: &str) {
        let before = self.node.messages().await.len();
        let answer = self.post(body).await;
        assert_eq!((answer.status(), status(&answer).as_str()), (403, why), "its log:\n{}", self.node.log());
        assert_eq!(self.node.messages().await.len(), before, "nothing is filed");
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

/// A Request with a RecordItem, to the node itself.
pub(crate) fn request() -> Vec<u8> {
    let trace = include_str!("../../../fixtures/rid/trace-request.xml");
    trace.replace("\"SourceOfIncident\"", "\"RIDSystem\"").into_bytes()
}

/// The message with one piece of its text replaced.
pub(crate) fn changed(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(message).unwrap();
    assert!(text.contains(from), "{from} is not in: {text}");
    text.replacen(from, to, 1).into_bytes()
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
