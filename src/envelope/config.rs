//! How much signature and encryption one message may carry. `config/` composes this under `[envelope]`.

use serde::{Deserialize, Serialize};

use crate::xmlsec::{encryption, signature};

/// `[envelope]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Limits on signatures.
    pub signatures: signature::Config,
    /// Limits on what is encrypted.
    pub encryption: encryption::Config,
}
