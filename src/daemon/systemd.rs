//! What systemd is told: ready, reloading, stopping, alive. Says nothing where the node was not started by it.

use std::time::Duration;

use sd_notify::NotifyState;

/// The node takes messages.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The node reads its files again; [`ready`] follows.
pub(super) fn reloading() {
    // systemd 253 wants the time along with it.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "no monotonic time for systemd"),
    }
}

/// The node finishes what is under way.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is under way")]);
}

/// A word on how it goes, for `systemctl status`.
pub(super) fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// Tells systemd that the node lives, as often as it wants to hear it; ends at once if it does not.
pub(super) async fn watchdog() {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let mut beats = tokio::time::interval((patience / 2).max(Duration::from_millis(10)));
    loop {
        beats.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
