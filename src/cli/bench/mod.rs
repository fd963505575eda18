//! `ridd bench`: how fast this machine does the node's work, with the baselines that the figures stand against.
//!
//! Every bench runs with its baseline in one process, in turns, so that the ratio holds where the times do not.

mod alert;
mod clock;
mod codec;
mod department;
mod ingest;
mod inventory;
mod log;
mod nothing;
mod page;
#[cfg(feature = "postgres")]
mod shared;
mod signature;
mod signed;
pub(crate) mod store;
mod timing;

use clap::Subcommand;

use super::{Ended, Globals};

/// The Report of 4 KB that is signed and filed.
const REPORT: &str = include_str!("../../../fixtures/rid/report-4k.xml");

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
    /// Measure canonicalising, verifying and signing a message on one core, by RSA-2048 and by ECDSA P-256
    Signature(signature::Args),
    /// Measure the bare store: commit what the node commits for each Report
    Store(store::Args),
    /// Measure a whole node that files Reports, signed ones too, beside one that does nothing and beside the bare store
    Ingest(ingest::Args),
    /// Measure two nodes that share one PostgreSQL, beside one of them and beside bare inserts; and how soon the clock is taken over
    #[cfg(feature = "postgres")]
    Shared(shared::Args),
    /// Measure how fast the systems that a data call concerns are found among many
    Inventory(inventory::Args),
    /// Measure from a data call to the last unit's acknowledgement, beside as many bare posts to the same units
    Alert(alert::Args),
    /// Measure what open milestones cost while none is due
    Clock(clock::Args),
    /// Measure the page *Now* with many open events, and pages that wait for news
    Page(page::Args),
    /// Measure reading the log of a significant event: chain, entries, fold
    Log(log::Args),
    /// Run a node that answers 200 and does nothing: what `bench ingest` measures against
    Nothing(nothing::Args),
}

/// Carries out `ridd bench`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    match &args.what {
        What::Codec(args) => codec::run(args, globals),
        What::Signature(args) => signature::run(args, globals),
        What::Store(args) => store::run(args, globals),
        What::Ingest(args) => ingest::run(args, globals),
        #[cfg(feature = "postgres")]
        What::Shared(args) => shared::run(args, globals),
        What::Inventory(args) => inventory::run(args, globals),
        What::Alert(args) => alert::run(args, globals),
        What::Clock(args) => clock::run(args, globals),
        What::Page(args) => page::run(args, globals),
        What::Log(args) => log::run(args, globals),
        What::Nothing(args) => nothing::run(args),
    }
}
