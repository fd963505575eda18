//! `ridd reload`: have the node read its configuration, certificates and revocation lists again.

use super::ask::{ask, say};
use super::{Ended, Globals};
use crate::admin::api::node::Reloaded;

/// Asks the node to reload. If anything is wrong it says all of it, and goes on as before.
pub(crate) fn run(globals: &Globals) -> Ended {
    let reloaded: Reloaded = ask(globals, |client| async move { client.post("reload", &()).await })?;
    say(globals, &reloaded, words)
}

fn words(reloaded: &Reloaded) -> String {
    let mut lines = reloaded.changes.clone();
    if lines.is_empty() {
        lines.push("reloaded; nothing has changed".to_owned());
    }
    lines.extend(reloaded.restart.iter().cloned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["reload", "reload-nothing"], words);
    }
}
