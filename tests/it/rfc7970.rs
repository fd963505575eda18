//! RFC 7970 on the wire: documents that the printed schema does not allow and a node takes all the same, because the prose
//! allows them (§§3.7, 3.12.5) or the administrator does (§5.1). They are filed with a warning and travel on unchanged.

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, Http, RidSystem, Scripted};
use crate::harness::pki::{Papers, Pki};
use crate::harness::report::wrapped;
use crate::harness::wait;

const CALL: &str = include_str!("../../fixtures/data-call/slammer-2.0.xml");

/// A department with an authority above it and a scripted unit below.
struct Department {
    node: Daemon,
    unit: RidSystem,
    authority: Papers,
    _dir: tempfile::TempDir,
}

impl Department {
    async fn with(settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Values CA");
        let node = Daemon::start(
            Setup::named("cirt.example").with("exchange", settings).with("coordination", "opening = \"never\""),
            &pki,
        );
        let (authority, below) = (pki.issue("authority.example"), pki.issue("unit.example"));
        let empty = |_: &Http| Scripted::empty(200);
        let unit = RidSystem::start(&below, &pki.ca(), empty).await;
        node.knows_as("authority.example", "127.0.0.1:1", "authority", &authority);
        node.knows_as("unit.example", &unit.address.to_string(), "unit", &below);
        Self { node, unit, authority, _dir: dir }
    }

    /// Posts the authority's data call with one piece replaced.
    async fn call(&self, from: &str, to: &str) -> Http {
        assert!(CALL.contains(from), "{from}");
        let report = wrapped(CALL.replacen(from, to, 1).as_bytes());
        peer::post_once(self.node.rid, &self.authority, &report).await.unwrap()
    }

    /// The call is filed with that warning, and the unit gets it with the piece as it came.
    async fn takes(&self, from: &str, to: &str, warning: &str) {
        let before = self.unit.came().len();
        let answer = self.call(from, to).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let filed = self.node.message("the call", |message| message["direction"] == "in").await;
        let warnings = filed["warnings"].to_string();
        assert!(warnings.contains(warning), "{warning} in {warnings}");
        let shown = || format!("the relayed call; the node's log:\n{}", self.node.log());
        let relayed = wait::until(shown, async || self.unit.came().get(before).cloned()).await;
        assert!(relayed.text().contains(to), "{}", relayed.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_prose_allows_is_filed_with_a_warning_and_relayed() {
    let department = Department::with("").await;
    let number = "<Confidence rating=\"numeric\">0.9</Confidence>";
    department.takes("<Confidence rating=\"high\"/>", number, "printed-schema").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_the_configuration_accepts_is_filed_with_a_warning_and_relayed() {
    let (from, to) = ("purpose=\"mitigation\"", "purpose=\"exercise\"");
    let department = Department::with("accept-values = { Incident-purpose = [\"exercise\"] }").await;
    department.takes(from, to, "accepted-value").await;
    assert_eq!(department.call(from, "purpose=\"war-game\"").await.status(), 400);
    // Staff may send it, too.
    let file = department.node.data().join("call.xml");
    std::fs::write(&file, CALL.replace(from, to)).unwrap();
    department.node.ridd(&["send", "unit.example", file.to_str().unwrap(), "--type", "report"]);

    let without = Department::with("").await;
    assert_eq!(without.call(from, to).await.status(), 400);
}
