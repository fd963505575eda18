//! Every hostile file of the shared corpus, posted bare and again as the payload of a RID Report: refused where it must
//! be, never a 5xx, never a broken node, the next message served, and no memory kept.

use std::fs;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer;
use crate::harness::pki::Pki;
use crate::harness::{report, shared};

/// Inside another document these are not what they were: an empty payload, text beside or instead of an element, an XML
/// declaration that had to go, a depth that adds up. They must only be answered sanely.
const CHANGED: [&str; 16] =
    ["001", "002", "003", "004", "012", "013", "077", "080", "083", "084", "086", "125", "129", "130", "134", "141"];

/// How much the node may have grown over a second pass of everything.
const GROWTH: u64 = 8 << 20;

struct Case {
    name: String,
    verdict: String,
    bytes: Vec<u8>,
}

fn cases() -> Option<Vec<Case>> {
    let corpus = shared("corpus")?;
    let manifest = fs::read_to_string(corpus.join("manifest.tsv")).unwrap();
    let rows = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let hostile = rows.filter(|row| row[0].starts_with("hostile/"));
    let case = |row: Vec<&str>| Case {
        name: row[0].trim_start_matches("hostile/").to_owned(),
        verdict: row[2].to_owned(),
        bytes: fs::read(corpus.join(row[0])).unwrap(),
    };
    Some(hostile.map(case).collect())
}

/// Posts and says the status; a connection that the node closed on a refusal is replaced.
struct Poster<'a> {
    node: &'a Daemon,
    papers: &'a crate::harness::pki::Papers,
}

impl Poster<'_> {
    async fn status(&self, body: &[u8]) -> u16 {
        match peer::post_once(self.node.rid, self.papers, body).await {
            Ok(answer) => {
                assert!(answer.status() < 500, "{}: {}", answer.first, answer.text());
                answer.status()
            }
            Err(error) => panic!("no answer: {error}"),
        }
    }

    async fn everything(&self, cases: &[Case], pass: usize) -> Vec<String> {
        let mut wrong = Vec::new();
        for (at, case) in cases.iter().enumerate() {
            let bare = self.status(&case.bytes).await;
            if !(400..500).contains(&bare) {
                wrong.push(format!("{} bare: {bare}", case.name));
            }
            let wrapped = self.status(&report::wrapped(&case.bytes)).await;
            let expected = case.verdict == "valid";
            let changed = CHANGED.iter().any(|number| case.name.starts_with(number));
            if !changed && (wrapped == 200) != expected {
                wrong.push(format!("{} in a Report, {}: {wrapped}", case.name, case.verdict));
            }
            let next = self.status(&report::report(&format!("next-{pass}-{at}"))).await;
            assert_eq!(next, 200, "the next message after {}", case.name);
        }
        wrong
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_file_gets_its_verdict_and_the_next_message_is_served() {
    let Some(cases) = cases() else { return };
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Hostile CA");
    let node = Daemon::start(Setup::named("node.example"), &pki);
    let papers = pki.issue("peer.example");
    node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
    let poster = Poster { node: &node, papers: &papers };
    let wrong = poster.everything(&cases, 0).await;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let before = node.resident();
    poster.everything(&cases, 1).await;
    let after = node.resident();
    assert!(after < before + GROWTH, "grown from {before} to {after} bytes");
}
