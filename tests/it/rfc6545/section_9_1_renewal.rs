//! RFC 6545 §9.3.1: a node changes its key while messages in both directions are under way: signed with the old key,
//! encrypted for the old key. The pins overlap; nothing is lost and nothing refused.

use serde_json::Value;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::Pki;
use crate::harness::{report, wait};

/// Reports that wait at each node at each step.
const EACH: usize = 3;
/// Where nobody listens.
const NOWHERE: &str = "127.0.0.1:1";

struct Two {
    renewing: Daemon,
    other: Daemon,
    pki: Pki,
    dir: tempfile::TempDir,
}

impl Two {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Renewal CA");
        let [renewing, other] =
            ["renewing.example", "other.example"].map(|name| Daemon::start(Setup::named(name), &pki));
        renewing.knows(&other, "peer");
        other.knows(&renewing, "peer");
        Self { renewing, other, pki, dir }
    }

    /// Cuts the two off from each other, or lets them reach each other again.
    fn reach(&self, reachable: bool) {
        for (node, peer) in [(&self.renewing, &self.other), (&self.other, &self.renewing)] {
            let address = if reachable { peer.rid.to_string() } else { NOWHERE.to_owned() };
            node.ridd(&["peer", "change", &peer.setup.name, "--address", &address]);
        }
    }

    /// Has each write reports for the other.
    fn send(&self, step: &str) {
        for (node, peer) in [(&self.renewing, &self.other), (&self.other, &self.renewing)] {
            for number in 0..EACH {
                let file = self.dir.path().join("report.xml");
                std::fs::write(&file, report::report(&format!("{step}-{number}"))).unwrap();
                node.ridd(&["send", &peer.setup.name, file.to_str().unwrap()]);
            }
        }
    }

    /// Waits until so many reports have come at either, each proved, decrypted and accepted, and none is left or refused.
    async fn arrived(&self, steps: usize) {
        for (node, peer) in [(&self.renewing, &self.other), (&self.other, &self.renewing)] {
            let shown = || format!("{} reports at {}; its log:\n{}", steps * EACH, node.setup.name, node.log());
            let came = |messages: Vec<Value>| {
                let came = messages
                    .into_iter()
                    .filter(|message| message["direction"] == "in" && message["msg_type"] == "Report");
                Some(came.collect::<Vec<_>>()).filter(|came| came.len() == steps * EACH)
            };
            for message in wait::until(shown, async || came(node.messages().await)).await {
                assert_eq!(message["verdict"], "accepted", "{message}");
                assert_eq!(message["proven"]["signatures"][0]["signer"], peer.setup.name.as_str(), "{message}");
                assert!(message["proven"]["encrypted"].is_string(), "{message}");
            }
            peer.drained().await;
            let parcels = peer.ask("outbox").await["parcels"].as_array().cloned().unwrap_or_default();
            assert!(
                !parcels.iter().any(|parcel| parcel["state"] == "refused" || parcel["state"] == "dead"),
                "{parcels:?}"
            );
            let log = node.log();
            assert!(!log.contains("unproven") && !log.contains("undecryptable"), "{log}");
        }
    }

    /// The digest of the key that the peer has pinned first.
    fn pins(&self) -> Vec<String> {
        let shown = self.other.json(&["peer", "show", "renewing.example"]);
        let pins = shown["pins"].as_array().unwrap_or_else(|| panic!("{shown}"));
        pins.iter().map(|pin| pin["spki"].as_str().unwrap().to_owned()).collect()
    }

    /// The next certificate waits beside the present one, and the peer has pinned it.
    fn prepare(&self) {
        let next = self.pki.issue("renewing.example");
        let [certificate, key] = [&next.certificate, &next.key].map(|path| path.to_str().unwrap());
        self.renewing.ridd(&["cert", "import", certificate, "--key", key]);
        self.other.ridd(&["peer", "pin", "renewing.example", "--certificate", certificate]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_3_1_a_key_is_renewed_while_messages_are_under_way() {
    let two = Two::new();
    two.send("before");
    two.arrived(1).await;
    let old = two.pins();
    two.reach(false);
    two.send("old");
    two.prepare();
    two.send("both");
    two.renewing.ridd(&["cert", "activate"]);
    two.renewing.ridd(&["reload"]);
    two.send("new");
    two.reach(true);
    two.arrived(4).await;
    assert_eq!(two.pins().len(), 2, "the pins overlap");
    two.other.ridd(&["peer", "unpin", "renewing.example", &old[0]]);
    two.send("after");
    two.arrived(5).await;
    // Without the former key it still opens what is for the new one.
    let mut two = two;
    two.renewing.kill9();
    two.renewing.restart();
    two.send("again");
    two.arrived(6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_3_1_a_former_key_that_the_configuration_names_opens_after_a_restart() {
    let mut two = Two::new();
    two.reach(false);
    two.send("old");
    two.prepare();
    two.renewing.ridd(&["cert", "activate"]);
    two.renewing.kill9();
    two.renewing.setup = two.renewing.setup.clone().with("peers", "old-encryption-keys = [\"pki/node.former.key\"]");
    two.renewing.restart();
    two.reach(true);
    two.arrived(1).await;
}
