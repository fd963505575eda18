//! What the types of the single keys cannot rule out: numbers that make no sense, keys that contradict each other.

use std::time::Duration;

use super::{Config, Fault};

/// All that is wrong with the configuration; the lines are added by the reader.
pub(super) fn all(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    let admin = &config.admin;
    at_least(&mut faults, "admin.body-limit", admin.body_limit, 1_024);
    at_least(&mut faults, "admin.connections", admin.connections, 1);
    at_least(&mut faults, "admin.list-limit", admin.list_limit, 1);
    lasting(&mut faults, "admin.read-time", admin.read_time);
    faults
}

fn at_least(faults: &mut Vec<Fault>, key: &str, value: usize, least: usize) {
    if value < least {
        fault(faults, key, format!("{value} is too small: write at least {least}"));
    }
}

fn lasting(faults: &mut Vec<Fault>, key: &str, value: Duration) {
    if value.is_zero() {
        fault(faults, key, "no time at all would end everything at once: write for instance 30s".to_owned());
    }
}

fn fault(faults: &mut Vec<Fault>, key: &str, message: String) {
    faults.push(Fault { line: None, key: key.to_owned(), message });
}
