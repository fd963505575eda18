//! Machines that are one node: the same name and certificate, one database, an instance name each.

use std::time::Duration;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::{Papers, Pki};
use crate::harness::{postgres, wait};

pub(super) const NAME: &str = "rid.department.example";

/// Machines on one database.
pub(super) struct Machines {
    pub(super) nodes: Vec<Daemon>,
    pub(super) pki: Pki,
    pub(super) database: String,
    _dir: tempfile::TempDir,
}

impl Machines {
    /// Starts machines of these names with these tables of the configuration; nothing if PostgreSQL is not here.
    pub(super) async fn start(names: &[&str], tables: &[(&str, &str)]) -> Option<Self> {
        Some(Self::on(postgres::shared()?, names, tables).await)
    }

    /// The same on that server.
    pub(super) async fn on(server: &postgres::Server, names: &[&str], tables: &[(&str, &str)]) -> Self {
        let database = server.database();
        let url = server.url("postgres", &database);
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "CA of the machines");
        let papers: Papers = pki.issue(NAME);
        let start = |name: &str| {
            let mut setup =
                Setup::named(NAME).with("node", &format!("name = {name:?}")).with("store", &format!("url = {url:?}"));
            for (table, lines) in tables {
                setup = setup.with(table, lines);
            }
            Daemon::start_in(tempfile::tempdir().unwrap(), setup, papers.clone(), &pki.ca())
        };
        let nodes = names.iter().map(|name| start(name)).collect();
        let machines = Self { nodes, pki, database, _dir: dir };
        wait::until(
            || "all machines know each other, and one runs the clock".to_owned(),
            async || {
                for node in &machines.nodes {
                    let sharing = node.ask("status").await["sharing"].clone();
                    let others = sharing["others"].as_array()?;
                    let alive = others.iter().filter(|other| other["alive"] == true).count();
                    if alive + 1 < names.len() || sharing["clock"].is_null() {
                        return None;
                    }
                }
                Some(())
            },
        )
        .await;
        machines
    }

    /// Which of them runs the clock, by what that one says.
    pub(super) async fn clock(&self, at: usize) -> String {
        self.nodes[at].ask("status").await["sharing"]["clock"].as_str().unwrap_or_default().to_owned()
    }

    /// The place of the machine of that name.
    pub(super) fn place(&self, names: &[&str], name: &str) -> usize {
        names.iter().position(|known| *known == name).unwrap_or_else(|| panic!("no machine is called {name}"))
    }

    /// Waits until that machine runs the clock, by its own word; how long that took.
    pub(super) async fn until_clock(&self, at: usize, name: &str) -> Duration {
        let begun = std::time::Instant::now();
        wait::until(|| format!("{name} runs the clock"), async || (self.clock(at).await == name).then_some(())).await;
        begun.elapsed()
    }

    /// How many batches of that machine failed because another was faster.
    pub(super) fn lost(&self, at: usize) -> f64 {
        self.nodes[at].metric("ridd_store_faults_total{reason=\"conflict\"}")
    }
}
