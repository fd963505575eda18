//! What is rendered, and that the manual, the dashboard and the alert rules name what exists.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::*;

#[test]
fn what_is_counted_is_rendered() {
    let metrics = Metrics::new();
    metrics.received("Report", "accepted", 4096);
    metrics.received("made-up-by-a-peer", "denied", 1);
    metrics.answered(200);
    metrics.committed(Duration::from_millis(3));
    metrics.connection_accepted();
    metrics.certificate_expiry("node", -5.0);
    let text = metrics.render();
    for line in [
        "ridd_messages_received_total{type=\"Report\",verdict=\"accepted\"} 1",
        "ridd_messages_received_total{type=\"other\",verdict=\"denied\"} 1",
        "ridd_messages_received_bytes_total 4097",
        "ridd_answers_total{status=\"200\"} 1",
        "ridd_store_commit_seconds_bucket{le=\"0.005\"} 1",
        "ridd_connections_open 1",
        "ridd_certificate_expiry_seconds{whose=\"node\"} -5.0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

/// Everything that can be counted, counted once: a family shows only once it has a member.
fn everything() -> Arc<Metrics> {
    let metrics = Metrics::new();
    metrics.received("Report", "accepted", 1);
    metrics.refused("x");
    metrics.answered(200);
    metrics.relayed("x");
    metrics.relay_refused("x");
    metrics.parcels("x", "x", 1);
    metrics.oldest_parcel("x", Duration::ZERO);
    metrics.tried("x", "x");
    metrics.noticed("x", "x");
    metrics.notice_is("x", "x");
    metrics.acknowledgement("x");
    metrics.events("x", false, 1);
    metrics.milestones_overdue(false, 1);
    metrics.notices_unanswered(false, 1);
    metrics.store_fault("x", false);
    metrics.connection_ended("x");
    metrics.peers("x", 1);
    metrics.certificate_expiry("x", 1.0);
    metrics.reloaded("x");
    metrics
}

/// The metrics by their names in queries, without the series of histograms.
fn names(text: &str) -> Vec<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut names: Vec<String> = types
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect();
    names.sort();
    names
}

#[test]
fn every_metric_is_in_the_manual_and_every_one_there_exists() {
    let manual = include_str!("../../../docs/operations.md");
    let rows = manual.lines().filter_map(|line| line.strip_prefix("| `ridd_"));
    let mut documented: Vec<String> =
        rows.filter_map(|row| row.split('`').next()).map(|name| format!("ridd_{name}")).collect();
    documented.sort();
    assert_eq!(names(&everything().render()), documented);
}

/// The words of a text that begin like a metric of ours.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("ridd_")).collect()
}

/// What `text` names that no query can find.
fn unknown<'a>(text: &'a str, shown: &str) -> Vec<&'a str> {
    let series: BTreeSet<&str> = shown.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    named(text).into_iter().filter(|name| !series.contains(name)).collect()
}

#[test]
fn the_dashboard_and_the_alerts_ask_only_for_what_is_shown() {
    let shown = everything().render();
    let dashboard = include_str!("../../../config/grafana/ridd.json");
    let rules = include_str!("../../../config/prometheus/ridd.rules.yaml");
    serde_json::from_str::<serde_json::Value>(dashboard).unwrap();
    assert_eq!(unknown(dashboard, &shown), Vec::<&str>::new());
    assert_eq!(unknown(rules, &shown), Vec::<&str>::new());
    assert!(named(rules).len() >= 8 && named(dashboard).len() >= 20, "they ask for next to nothing");
    // And the check bites.
    assert_eq!(unknown("rate(ridd_receive_seconds_bucket[5m]) / ridd_made_up_total", &shown), ["ridd_made_up_total"]);
}

/// The rules as Prometheus itself reads them.
#[test]
fn promtool_takes_the_rules() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/config/prometheus/ridd.rules.yaml");
    // Where `.ci/tools` puts it, or installed.
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/target").into(), PathBuf::from);
    let fetched = target.join("tools/promtool");
    let promtool = if fetched.is_file() { fetched } else { "promtool".into() };
    match Command::new(promtool).args(["check", "rules", rules]).output() {
        Ok(told) => assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr)),
        Err(error) => {
            assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "promtool: {error}: see .ci/tools");
            eprintln!("skipped: promtool: {error} (.ci/tools fetches it)");
        }
    }
}

#[test]
fn a_store_that_fails_is_shown_until_a_commit_succeeds() {
    let metrics = Metrics::new();
    metrics.store_fault("conflict", false);
    assert!(!metrics.is_store_failing());
    metrics.store_fault("full", true);
    assert!(metrics.is_store_failing());
    metrics.committed(Duration::ZERO);
    assert!(!metrics.is_store_failing());
}
