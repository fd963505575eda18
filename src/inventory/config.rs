//! What can be configured of the inventory: table `[inventory]`.

use serde::{Deserialize, Serialize};

/// Table `[inventory]`: how much of anything the inventory takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Bytes of the largest file that is imported.
    pub import_bytes: usize,
    /// Systems at most.
    pub systems: usize,
    /// CPE names, addresses and administrators of one system at most, each.
    pub entries: usize,
    /// Bytes of one field of a system at most.
    pub field_bytes: usize,
    /// Faults of a file that are listed at most; the others are counted.
    pub faults: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { import_bytes: 256 * 1024 * 1024, systems: 1_000_000, entries: 64, field_bytes: 8_192, faults: 1_000 }
    }
}

/// A figure that is too small to work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("inventory.{key} = {found} is too small: at least {least}")]
pub struct Fault {
    /// The key.
    pub key: &'static str,
    /// The figure as configured.
    pub found: usize,
    /// The least that works.
    pub least: usize,
}

impl Config {
    /// All that is wrong with the values; empty if nothing is.
    pub fn faults(&self) -> Vec<Fault> {
        let figures = [
            ("import-bytes", self.import_bytes, 1_024),
            ("systems", self.systems, 1),
            ("entries", self.entries, 1),
            ("field-bytes", self.field_bytes, 256),
            ("faults", self.faults, 1),
        ];
        let small = figures.into_iter().filter(|(_, found, least)| found < least);
        small.map(|(key, found, least)| Fault { key, found, least }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_make_no_sense_are_all_told() {
        assert_eq!(Config::default().faults(), []);
        let wrong = Config { systems: 0, faults: 0, ..Config::default() };
        let told: Vec<_> = wrong.faults().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["inventory.systems = 0 is too small: at least 1", "inventory.faults = 0 is too small: at least 1"]
        );
    }
}
