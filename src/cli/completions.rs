//! `ridd completions`: what a shell needs to complete our commands.

use clap_complete::Shell;

use super::{Ended, Exit, Failure, print, tree};

/// Arguments of `ridd completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the completions of the shell.
pub(crate) fn run(args: &Args) -> Ended {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut tree(), "ridd", &mut text);
    print(String::from_utf8(text).map_err(Failure::failed)?)?;
    Ok(Exit::Done)
}
