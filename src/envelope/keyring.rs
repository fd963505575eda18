//! Whose keys: the seam to whoever knows our own keys and those of the peers. `peers::Directory` is that in a node.

use std::sync::Arc;

use crate::ids::PeerName;
use crate::peers::{Directory, Policy};
use crate::xmlsec::Trust;
use crate::xmlsec::encryption::Recipient;
use crate::xmlsec::key::{Decrypter, Signer};

/// Our keys and those of the peers, as they are at the moment. Every call answers from memory.
pub trait Keyring: Send + Sync + 'static {
    /// What we sign with.
    fn signer(&self) -> Arc<dyn Signer>;

    /// What we decrypt with: the present keys and those that were ours before.
    fn decrypters(&self) -> Vec<Arc<dyn Decrypter>>;

    /// What is agreed with that peer.
    fn policy(&self, peer: &PeerName) -> Arc<Policy>;

    /// Whoever may have signed a message that comes from that peer: nobody but itself.
    fn signers_of(&self, peer: &PeerName) -> Box<dyn Trust + '_>;

    /// Whoever may have signed a part of a message that has travelled: everybody whom our CAs vouch for.
    fn originators(&self) -> Box<dyn Trust + '_>;

    /// The keys to encrypt with for that peer.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    fn recipients(&self, peer: &PeerName) -> Result<Vec<Recipient>, String>;
}

impl Keyring for Directory {
    fn signer(&self) -> Arc<dyn Signer> {
        Arc::clone(self.keys().signer())
    }

    fn decrypters(&self) -> Vec<Arc<dyn Decrypter>> {
        self.keys().decrypters().to_vec()
    }

    fn policy(&self, peer: &PeerName) -> Arc<Policy> {
        Self::policy(self, peer)
    }

    fn signers_of(&self, peer: &PeerName) -> Box<dyn Trust + '_> {
        Box::new(Self::signers_of(self, peer))
    }

    fn originators(&self) -> Box<dyn Trust + '_> {
        Box::new(Self::originators(self))
    }

    fn recipients(&self, peer: &PeerName) -> Result<Vec<Recipient>, String> {
        Self::recipients(self, peer).map_err(|error| error.to_string())
    }
}
