//! Writing to standard output: the only place that does.

use std::io::{ErrorKind, Write};

use super::{Exit, Failure};

/// Writes the text to standard output and ends the line.
///
/// # Errors
/// If it cannot be written. Whoever reads our output may stop early (`ridd message list | head`): the command then
/// ends quietly and well.
pub(crate) fn print(text: impl AsRef<str>) -> Result<(), Failure> {
    let text = text.as_ref();
    let mut out = std::io::stdout().lock();
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            Err(Failure { exit: Exit::Done, message: String::new() })
        }
        Err(error) => Err(Failure::failed(format_args!("cannot write to standard output: {error}"))),
    }
}
