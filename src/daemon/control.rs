//! What administrators can ask of the node as a whole, and what SIGHUP does.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

use super::systemd;
use super::together::Together;
use crate::admin::Control;
use crate::admin::api::node::Reloaded;
use crate::admin::api::peers::Probed;
use crate::admin::api::status::Sharing;
use crate::clock::Clock;
use crate::config::Config;
use crate::coordination::{Coordination, Process};
use crate::ids::PeerName;
use crate::peers::{Directory, PeersError};
use crate::telemetry::Metrics;
use crate::telemetry::logging::Logging;
use crate::transport::Client;

/// The running node as a whole.
pub(super) struct Node {
    pub(super) directory: Arc<Directory>,
    pub(super) client: Arc<Client>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) logging: Logging,
    pub(super) data: PathBuf,
    pub(super) file: Option<PathBuf>,
    /// As the node was started.
    pub(super) started_with: Config,
    /// As the file was last read without faults.
    pub(super) config: Mutex<Config>,
    /// The process of significant events, whose clock we run.
    pub(super) process: Arc<dyn Process>,
    /// The same by its own name: it takes the plan.
    pub(super) coordination: Arc<Coordination>,
    /// This process among others on the same store.
    pub(super) together: Arc<Together>,
    pub(super) draining: AtomicBool,
    /// One reload at a time.
    pub(super) reloading: tokio::sync::Mutex<()>,
}

impl Node {
    fn current(&self) -> Config {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads everything again: the configuration, certificates, CAs, revocation lists and peers.
    async fn read_again(&self) -> Result<Reloaded, Vec<String>> {
        let _reloading = self.reloading.lock().await;
        let config = match &self.file {
            Some(file) => Config::load(file).map_err(|faults| lines(&faults))?.resolved(&self.data),
            None => self.current(),
        };
        let plan = config.coordination.read_plan().map_err(|error| vec![error.to_string()])?;
        let changes = self.directory.reload_with(&config.peers).await.map_err(|error| faults(&error))?;
        if let Err(error) = self.logging.change(&config.telemetry.level) {
            tracing::warn!(%error, "the log levels stay as they were");
        }
        let restart = needs_restart(&self.started_with, &config);
        let replanned = self.coordination.follow_plan(plan);
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        let mut lines = changes.changed;
        if let Some(name) = replanned {
            lines.push(format!("events that are opened from now on follow the plan {name:?}"));
        }
        lines.extend(changes.warnings.into_iter().map(|warning| format!("warning: {warning}")));
        Ok(Reloaded { changes: lines, restart })
    }

    /// What should be acted on about certificates.
    fn expiring(&self) -> Vec<String> {
        let (now, within) = (self.clock.now(), self.current().peers.expiry_warning);
        let expiring = self.directory.expiring(now, within).into_iter();
        let line = |one: &crate::peers::Expiring| {
            let verb = if one.not_after <= now { "has ended" } else { "ends" };
            format!("{}: {} {verb} at {}: {}", one.whose, one.subject, one.not_after, one.advice())
        };
        expiring.map(|one| line(&one)).collect()
    }

    /// Writes to the log what should be acted on about certificates.
    pub(super) fn warn_of_expiry(&self) {
        for line in self.expiring() {
            tracing::warn!("{line}");
        }
    }
}

#[async_trait]
impl Control for Node {
    async fn reload(&self) -> Result<Reloaded, Vec<String>> {
        systemd::reloading();
        let outcome = self.read_again().await;
        match &outcome {
            Ok(reloaded) => {
                self.metrics.reloaded("ok");
                tracing::info!(changes = reloaded.changes.len(), "reloaded");
                for line in &reloaded.changes {
                    tracing::info!("reload: {line}");
                }
                for line in &reloaded.restart {
                    tracing::warn!("reload: {line}");
                }
            }
            Err(faults) => {
                self.metrics.reloaded("faulty");
                tracing::error!(faults = faults.len(), "reload: nothing was changed, for there are faults");
                for fault in faults {
                    tracing::error!("reload: {fault}");
                }
            }
        }
        systemd::ready(if outcome.is_ok() { "taking messages" } else { "taking messages; the last reload was faulty" });
        outcome
    }

    async fn probe(&self, peer: &PeerName) -> Probed {
        match self.client.probe(peer).await {
            Ok(reached) => Probed { reached: true, failed: None, why: reached.to_string() },
            Err(trouble) => {
                Probed { reached: false, failed: Some(trouble.step().to_string()), why: trouble.to_string() }
            }
        }
    }

    fn config(&self) -> Value {
        serde_json::to_value(self.current()).unwrap_or_default()
    }

    fn ready(&self) -> Result<(), String> {
        if self.draining.load(Ordering::Relaxed) {
            return Err("the node is stopping".to_owned());
        }
        if self.metrics.is_store_failing() {
            return Err("the store takes no messages: see the log, the disk and `ridd status`".to_owned());
        }
        Ok(())
    }

    fn sharing(&self) -> Option<Sharing> {
        self.together.sharing()
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.expiring();
        warnings.append(&mut self.together.warnings());
        if self.metrics.is_store_failing() {
            warnings.push("the store takes no messages; the node goes on by itself when it does".to_owned());
        }
        let improper = self.metrics.improper_responses();
        if improper > 0 {
            // RFC 6546 §3: to be presented to the administrator.
            warnings.push(format!(
                "peers gave {improper} improper responses since the start: see `ridd message list --type improper` and the log"
            ));
        }
        warnings.extend(needs_restart(&self.started_with, &self.current()));
        for peer in self.directory.peers() {
            if peer.is_active() && self.directory.pins(&peer.name).is_empty() {
                warnings.push(format!("the peer {0} has no pinned key: `ridd peer pin {0}`", peer.name));
            }
        }
        warnings
    }
}

/// The faults one a line.
fn lines(faults: &impl std::fmt::Display) -> Vec<String> {
    faults.to_string().lines().map(str::to_owned).collect()
}

fn faults(error: &PeersError) -> Vec<String> {
    match error {
        PeersError::Faults { faults } => faults.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    }
}

/// Which tables were changed in the file but hold only after a restart, a line each.
fn needs_restart(before: &Config, after: &Config) -> Vec<String> {
    let (Ok(Value::Object(mut before)), Ok(Value::Object(mut after))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Vec::new();
    };
    for tables in [&mut before, &mut after] {
        // These take effect at once.
        tables.remove("peers");
        if let Some(telemetry) = tables.get_mut("telemetry").and_then(Value::as_object_mut) {
            telemetry.remove("level");
        }
        if let Some(coordination) = tables.get_mut("coordination").and_then(Value::as_object_mut) {
            coordination.remove("plan");
        }
    }
    let changed = after.iter().filter(|(table, value)| before.get(*table) != Some(value));
    changed
        .map(|(table, _)| format!("[{table}] was changed in the file: restart the node to put it in force"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reload_cannot_change_is_named() {
        let before = Config::default();
        let mut after = before.clone();
        after.peers.require_crl = !before.peers.require_crl;
        after.telemetry.level = "debug".parse().unwrap();
        assert_eq!(needs_restart(&before, &after), Vec::<String>::new());
        after.transport.connections += 1;
        assert_eq!(
            needs_restart(&before, &after),
            ["[transport] was changed in the file: restart the node to put it in force"]
        );
    }
}
