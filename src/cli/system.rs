//! `ridd system`: what those who correct systems report.

use std::path::Path;

use clap::Subcommand;

use super::event::give;
use super::moment::Moment;
use super::{Ended, Failure, Globals};
use crate::admin::api::events::EventOrder;
use crate::ids::{Digest, EventId};

/// Arguments of `ridd system`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Report systems corrected
    Corrected {
        /// The event
        event: EventId,
        /// The systems
        #[arg(required = true)]
        systems: Vec<String>,
        /// On what evidence: in words, or a file, whose name and SHA-256 are recorded
        #[arg(long, value_name = "FILE|TEXT")]
        evidence: Option<String>,
        /// When, if not now: 2003-01-25T05:30:00Z, or 30m ago
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        when: Option<Moment>,
    },
    /// Say that a system stays as it is, and why
    Except {
        /// The event
        event: EventId,
        /// The system
        system: String,
        /// Why
        #[arg(long)]
        why: String,
    },
}

/// Carries out `ridd system`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Corrected { event, systems, evidence, when } => {
            let evidence = evidence.map(|text| proof(&text)).transpose()?;
            let when = when.map(|Moment(at)| at);
            give(globals, &event, &EventOrder::Corrected { systems, when, evidence })
        }
        Verb::Except { event, system, why } => give(globals, &event, &EventOrder::Except { system, why }),
    }
}

/// The words as they are; of a file, its name and digest, so that it can be shown later to be the one that was meant.
fn proof(text: &str) -> Result<String, Failure> {
    let path = Path::new(text);
    if !path.is_file() {
        return Ok(text.to_owned());
    }
    let bytes = std::fs::read(path).map_err(|error| Failure::input(format_args!("cannot read {text}: {error}")))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{name} sha256:{}", Digest::of(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_evidence_by_its_digest() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("scan.txt");
        std::fs::write(&file, "clean").unwrap();
        let proved = proof(file.to_str().unwrap()).unwrap();
        assert_eq!(proved, format!("scan.txt sha256:{}", Digest::of(b"clean")));
        assert_eq!(proof("patched by hand").unwrap(), "patched by hand");
    }
}
