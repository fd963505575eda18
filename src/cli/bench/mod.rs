//! `ridd bench`: how fast this machine does the node's work, with the baselines that the figures stand against.
//!
//! Every bench runs with its baseline in one process, in turns, so that the ratio holds where the times do not.

mod codec;
mod ingest;
mod nothing;
pub(crate) mod store;

use clap::Subcommand;

use super::{Ended, Globals};

/// Arguments of `ridd bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Measure reading, validating and writing documents on one core
    Codec(codec::Args),
    /// Measure the bare store: commit what the node commits for each Report
    Store(store::Args),
    /// Measure a whole node that files Reports, beside one that does nothing and beside the bare store
    Ingest(ingest::Args),
    /// Run a node that answers 200 and does nothing: what `bench ingest` measures against
    Nothing(nothing::Args),
}

/// Carries out `ridd bench`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    match &args.what {
        What::Codec(args) => codec::run(args, globals),
        What::Store(args) => store::run(args, globals),
        What::Ingest(args) => ingest::run(args, globals),
        What::Nothing(args) => nothing::run(args),
    }
}
