//! How many files the process may have open: each connection is one, and the usual soft limit of 1024 is too few.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one. The limit in force then; none if there is none.
pub(super) fn raise() -> Option<usize> {
    let before = getrlimit(Resource::Nofile);
    let mut wanted = before;
    wanted.current = before.maximum;
    let now = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!(%error, limit = ?before.current, "the limit on open files cannot be raised");
            before
        }
    };
    now.current.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
