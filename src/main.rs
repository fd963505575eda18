//! The program `ridd`: hands over to [`ridd::cli`], which reads the command line and says how it ended.

use std::process::ExitCode;

/// Allocates instead of the C library's `malloc`: docs/adr/0018-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ridd::cli::main()
}
