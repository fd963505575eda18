//! The data directory before the start: there, private, and with certificates if this is the node's first start.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;

use super::{DaemonError, Start};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::ids::PeerName;
use crate::peers::{Layout, bootstrap};

/// Makes the data directory if it is not there, and in a new one a private CA and a certificate for this node. Where
/// the configuration names certificates elsewhere, none are made.
pub(super) fn prepare(start: &Start) -> Result<(), DaemonError> {
    let failed = |source| DaemonError::Data { path: start.data.clone(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(&start.data).map_err(failed)?;
    let layout = Layout::of(&start.data);
    if layout.pki().exists() || start.config.peers.certificate != layout.node() {
        return Ok(());
    }
    let name = match &start.config.peers.name {
        Some(name) => name.clone(),
        None => host_name()?,
    };
    let made = bootstrap(&start.data, &name, SystemClock.now())?;
    tracing::warn!(
        %name,
        pki = %layout.pki().display(),
        until = %made.node.not_after,
        "first start: made a private CA and a certificate; `ridd init --name` would have named the node otherwise"
    );
    Ok(())
}

/// The name of this machine among those that share a store.
pub(super) fn machine(config: &Config) -> String {
    config.node.name.clone().unwrap_or_else(host)
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().trim_end_matches('.').to_owned()
}

/// The host's name as the node's own.
fn host_name() -> Result<PeerName, DaemonError> {
    Ok(host().parse()?)
}
