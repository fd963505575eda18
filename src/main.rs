//! The program `ridd`: hands over to [`ridd::cli`], which reads the command line and says how it ended.

use std::process::ExitCode;

fn main() -> ExitCode {
    ridd::cli::main()
}
