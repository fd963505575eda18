//! `ridd serve`: runs the node in the foreground until SIGTERM or SIGINT.

use crate::daemon::{self, Start};

use super::{Ended, Exit, Failure, Globals};

/// Runs the node.
pub(crate) fn run(globals: &Globals) -> Ended {
    if globals.socket.is_some() {
        return Err(Failure::input("--socket is for those who ask a node: write admin.socket into its configuration"));
    }
    let data = globals.data();
    let data = std::path::absolute(&data).unwrap_or(data);
    let start = Start { config: globals.load()?, file: globals.config(), data };
    daemon::run(start).map_err(Failure::failed)?;
    Ok(Exit::Done)
}
