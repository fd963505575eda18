//! The test PKI of `certs/`: one file for each way to be admitted or refused, judged as it lies there.
//!
//! `BLESS=1 cargo test --lib peers::samples` makes all of it anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SanType};

use super::issue::{Algorithm, Authority, Lifetime};
use super::testing::{DAY, Node, Wish, dns, name, start};
use super::{Config, Directory, Facts, NewPeer, PinBy, Relation};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::store;
use crate::xmlsec::{KeyHint, Trust as _};

/// What each certificate shows, and the label of the refusal it gets, or nothing if it is admitted.
const SAMPLES: [(&str, &str, Option<&str>); 11] = [
    ("good", "a proper node certificate", None),
    ("several-names", "two DNS-IDs, one of them in upper case", None),
    ("expired", "it ended in 2026", Some("expired")),
    ("future", "it begins in 2055", Some("not-yet-valid")),
    ("revoked", "it is on the CA's revocation list", Some("revoked")),
    ("other-ca", "it comes from a CA that is not trusted", Some("not-trusted")),
    ("wildcard", "a wildcard DNS-ID beside the right one", Some("wildcard")),
    ("common-name", "its name is a common name only", Some("no-dns-id")),
    ("address", "its subjectAltName is an IP address", Some("no-dns-id")),
    ("other-name", "another node's DNS-ID", Some("wrong-name")),
    ("server-only", "it is for servers only", Some("bad-purpose")),
];

/// Every sample is pinned for this peer, so that nothing but the sample itself decides.
const PEER: &str = "unit.example.org";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certs")
}

fn years(years: u32) -> Timestamp {
    start() + DAY * (365 * years)
}

fn wish(sample: &str) -> Wish {
    let names = dns(&[PEER]);
    let usual = Wish { names, not_after: years(30), ..Wish::default() };
    match sample {
        "several-names" => Wish { names: dns(&["other.example.org", "UNIT.EXAMPLE.ORG"]), ..usual },
        "expired" => Wish { not_before: start() - DAY * 90, not_after: start() - DAY, ..usual },
        "future" => Wish { not_before: years(29), ..usual },
        "wildcard" => Wish { names: dns(&[PEER, "*.example.org"]), ..usual },
        "common-name" => Wish { names: Vec::new(), common_name: Some(PEER), ..usual },
        "address" => Wish { names: vec![SanType::IpAddress([192, 0, 2, 1].into())], ..usual },
        "other-name" => Wish { names: dns(&["other.example.org"]), ..usual },
        "server-only" => Wish { purposes: vec![ExtendedKeyUsagePurpose::ServerAuth], ..usual },
        _ => usual,
    }
}

/// Makes all files anew.
async fn remake() {
    let mut node = Node::new("dept.example.org").await;
    let life = Lifetime { not_before: start() - DAY * 100, not_after: years(40) };
    let ca = |text: &str| Authority::create(&name(text), Algorithm::EcdsaP256, life).unwrap();
    let ((authority, papers), (other, _)) = (ca("dept.example.org"), ca("other.example.org"));
    let put = |file: &str, text: &str| fs::write(folder().join(file), text).unwrap();
    put("ca.pem", &papers.certificate);
    put("ca.key", &papers.key);
    node.authority = other;
    let stranger = KeyPair::generate().unwrap();
    put("other-ca.pem", &node.wished_pem(wish("other-ca"), &stranger).1);
    node.authority = authority;
    let key = KeyPair::generate().unwrap();
    let own = Wish { names: dns(&["dept.example.org"]), ..wish("node") };
    put("node.pem", &node.wished_pem(own, &key).1);
    put("node.key", &key.serialize_pem());
    let mut revoked = String::new();
    for (sample, ..) in SAMPLES.iter().filter(|(sample, ..)| *sample != "other-ca") {
        let key = KeyPair::generate().unwrap();
        let (leaf, pem) = node.wished_pem(wish(sample), &key);
        put(&format!("{sample}.pem"), &pem);
        if *sample == "good" {
            put("good.key", &key.serialize_pem());
        }
        if *sample == "revoked" {
            revoked = leaf.serial;
        }
    }
    let list = |now, days| node.authority.revocation_list(None, std::slice::from_ref(&revoked), now, days).unwrap();
    put("crl.pem", &list(start() - DAY, 36_500));
    put("stale-crl.pem", &list(start() - DAY * 60, 30));
    let rows = SAMPLES
        .map(|(sample, what, refusal)| format!("| `{sample}.pem` | {what} | {} |", refusal.unwrap_or("admitted")));
    let head = include_str!("../../certs/README.md").split("| file |").next().unwrap();
    put("README.md", &format!("{head}| file | what it is | verdict |\n| --- | --- | --- |\n{}\n", rows.join("\n")));
}

/// A node that trusts the samples' CA and heeds that revocation list.
async fn open(data: &Path, list: &str) -> (Arc<Directory>, Arc<ManualClock>) {
    for directory in ["trust", "crl"] {
        fs::create_dir_all(data.join(directory)).unwrap();
    }
    let copies =
        [("node.pem", "node.pem"), ("node.key", "node.key"), ("ca.pem", "trust/ca.pem"), (list, "crl/list.pem")];
    for (from, to) in copies {
        fs::copy(folder().join(from), data.join(to)).unwrap();
    }
    let at = |file: &str| data.join(file);
    let config = Config {
        certificate: at("node.pem"),
        key: at("node.key"),
        trust: at("trust"),
        crl: at("crl"),
        ..Config::default()
    };
    let clock = Arc::new(ManualClock::at(start()));
    let store = store::open(&store::Config::default().resolved(data)).unwrap();
    (Directory::open(store, &config, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap(), clock)
}

/// The label that the directory refuses the sample with, its key being pinned.
async fn verdict(data: &Path, list: &str, sample: &str) -> Option<&'static str> {
    let (directory, _) = open(data, list).await;
    let file = folder().join(format!("{sample}.pem"));
    let chain = super::files::certificates(&file).unwrap().into_iter().map(|one| one.der).collect::<Vec<_>>();
    let spki = Facts::read(&chain[0]).unwrap().spki;
    let new = NewPeer {
        name: name(PEER),
        address: format!("{PEER}:4590"),
        relation: Relation::Unit,
        policy: None,
        networks: Vec::new(),
        pins: vec![PinBy::Key(spki).into()],
    };
    directory.add(new).await.unwrap();
    directory.admit(&chain).err().map(|refusal| refusal.label())
}

#[tokio::test]
async fn every_sample_gets_its_verdict() {
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        remake().await;
    }
    for (sample, _, expected) in SAMPLES {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(verdict(data.path(), "crl.pem", sample).await, expected, "{sample}");
    }
    let data = tempfile::tempdir().unwrap();
    assert_eq!(verdict(data.path(), "stale-crl.pem", "good").await, Some("stale-crl"));
}

/// What each sample is worth as an originator's certificate, pinned nowhere: the signer, or part of why it is refused.
#[tokio::test]
async fn every_sample_signs_as_an_originator_or_not() {
    let data = tempfile::tempdir().unwrap();
    let (directory, _) = open(data.path(), "crl.pem").await;
    for (sample, expected) in [
        ("good", Ok(PEER)),
        ("other-name", Ok("other.example.org")),
        ("several-names", Err("expected exactly one")),
        ("expired", Err("has ended (2026-05-31")),
        ("future", Err("is not valid yet (2055-")),
        ("revoked", Err("is revoked by its CA")),
        ("other-ca", Err("comes from no CA that we trust")),
        ("wildcard", Err("carries the wildcard")),
        ("common-name", Err("carries no DNS-ID")),
        ("address", Err("carries no DNS-ID")),
        ("server-only", Err("does not allow this use")),
    ] {
        let file = folder().join(format!("{sample}.pem"));
        let certificates = super::files::certificates(&file).unwrap().iter().map(|one| one.der.to_vec()).collect();
        let found = directory.originators().candidates(&KeyHint { certificates });
        match expected {
            Ok(signer) => assert_eq!((found.keys[0].signer(), found.refused.len()), (signer, 0), "{sample}"),
            Err(part) => {
                assert!(found.keys.is_empty() && found.refused[0].contains(part), "{sample}: {:?}", found.refused);
            }
        }
    }
}
