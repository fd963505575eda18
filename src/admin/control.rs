//! What only the composition of the node can do for its administrators: the daemon implements it.

use async_trait::async_trait;
use serde_json::Value;

use super::api::node::Reloaded;
use super::api::peers::Probed;
use super::api::status::Sharing;
use crate::ids::PeerName;

/// The running node as a whole.
#[async_trait]
pub trait Control: Send + Sync + 'static {
    /// Reads configuration, certificates and revocation lists again; all faults at once if there are any, and then
    /// nothing has changed.
    ///
    /// # Errors
    /// The faults, one a line.
    async fn reload(&self) -> Result<Reloaded, Vec<String>>;

    /// Tries to reach the peer, step by step, without sending it a message.
    async fn probe(&self, peer: &PeerName) -> Probed;

    /// The configuration in effect.
    fn config(&self) -> Value;

    /// Whether messages can be taken now.
    ///
    /// # Errors
    /// Why not, in words.
    fn ready(&self) -> Result<(), String>;

    /// Who else works on our store; nothing if nobody can.
    fn sharing(&self) -> Option<Sharing> {
        None
    }

    /// What an administrator should know of and act on, a line each; empty when all is well.
    fn warnings(&self) -> Vec<String>;
}
