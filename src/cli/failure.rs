//! How commands end: the exit codes, and the one sentence on standard error.

use std::fmt;
use std::process::ExitCode;

/// The exit codes. Scripts rely on them: a code once given keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done; the answer is yes.
    Done,
    /// 1: done; the answer is no: invalid, not found, did not succeed.
    No,
    /// 2: the command line, a file or the configuration is not right.
    Usage,
    /// 3: the node is not reachable.
    Unreachable,
    /// 4: the node refused the command.
    Refused,
    /// 5: the node or this program failed.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Refused => 4,
            Exit::Failed => 5,
        })
    }
}

/// A command that did not end well: what is said of it and with which code the program ends.
///
/// The errors of the parts are translated to this once, here at the edge, with their own words.
#[derive(Debug)]
pub(crate) struct Failure {
    /// With which code the program ends.
    pub(crate) exit: Exit,
    /// What happened, and what to do next; nothing is said if it is empty.
    pub(crate) message: String,
}

impl Failure {
    /// Something that was given is not right: an argument, a file, the configuration.
    pub(crate) fn input(what: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: what.to_string() }
    }

    /// This program or the machine failed.
    pub(crate) fn failed(what: impl fmt::Display) -> Self {
        Self { exit: Exit::Failed, message: what.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
