//! Asking the running node, and saying what it answers.

use std::future::Future;

use serde::Serialize;
use tokio::runtime::Builder;

use super::{Exit, Failure, Globals, print};
use crate::admin::{Client, ClientError, Code};

/// Asks the node whose socket the options name. Everything is done when this returns.
///
/// # Errors
/// What the node says, with the exit code that goes with it.
pub(super) fn ask<T, F: Future<Output = Result<T, ClientError>>>(
    globals: &Globals,
    question: impl FnOnce(Client) -> F,
) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(question(Client::new(globals.socket()))).map_err(Failure::from)
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match &error {
            ClientError::Unreachable { .. } => Exit::Unreachable,
            ClientError::Broken { .. } | ClientError::Foreign { .. } | ClientError::Request { .. } => Exit::Failed,
            ClientError::Problem(problem) => match problem.code {
                Code::NotFound => Exit::No,
                Code::BadRequest | Code::TooLarge => Exit::Usage,
                Code::NotSignedIn | Code::NotPermitted | Code::TooMany | Code::Conflict | Code::Refused => {
                    Exit::Refused
                }
                Code::NoSuchPath | Code::WrongMethod | Code::TooSlow => Exit::Failed,
                Code::StoreFull | Code::StoreFailed | Code::Failed => Exit::Failed,
            },
        };
        Self { exit, message: error.to_string() }
    }
}

/// Prints the answer: as the API's JSON with `--json`, else as the words make it.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn say<T: Serialize>(
    globals: &Globals,
    answer: &T,
    words: impl FnOnce(&T) -> String,
) -> Result<Exit, Failure> {
    if globals.json {
        print(serde_json::to_string_pretty(answer).map_err(Failure::failed)?)?;
    } else {
        print(words(answer))?;
    }
    Ok(Exit::Done)
}

/// The line that follows a listing that was cut off.
pub(super) fn cut(text: String, more: bool) -> String {
    if more { format!("{text}\n… there are more: raise --limit, or narrow the list") } else { text }
}

/// The first characters of a name that is unique for people, for tables.
pub(super) fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}
