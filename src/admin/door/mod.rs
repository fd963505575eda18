//! The door to the operators' pages over TLS: who gets in (certificate, or password and one-time code), what a browser
//! then holds, and what keeps other sites and guessers out.
//!
//! `server` serves the listener of `[admin.page]` with [`serve`]. Whoever is in is an [`super::auth::Operator`] as over the
//! socket, and everything behind is the same `Call`. ADR 13 says why the door is as it is.

mod change;
mod config;
mod csrf;
mod enter;
mod headers;
mod listen;
mod pace;
pub(super) mod password;
mod session;
mod sessions;
mod setup;
mod sign_in;
pub(super) mod totp;
mod visitor;

use std::sync::Arc;

pub use config::PageConfig;
pub(super) use listen::{Held, serve};
pub(super) use session::SESSIONS;

use super::Parts;
use pace::Pace;

/// What all requests that come to the door share.
struct Door {
    parts: Arc<Parts>,
    /// The user who owns the admin socket: for the list of operators.
    owner: u32,
    pace: Pace,
}

/// 32 random bytes, as hexadecimal digits: what a browser holds.
fn random() -> Result<String, super::Problem> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn fill(bytes: &mut [u8]) -> Result<(), super::Problem> {
    let failed = |_| super::Problem::new(super::Code::Failed, "the system gives no random bytes", "see its log");
    aws_lc_rs::rand::fill(bytes).map_err(failed)
}
