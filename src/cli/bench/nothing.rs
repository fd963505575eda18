//! `ridd bench nothing`: a node that answers 200 and does nothing, in a process of its own so that its processor time
//! can be told from the client's.

use std::path::PathBuf;

use tokio::runtime::Runtime;

use crate::cli::{Ended, Exit, Failure, print};
use crate::daemon::yardstick::{DoNothing, Papers};

/// What `ridd bench nothing` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The certificate it shows, PEM
    #[arg(long)]
    certificate: PathBuf,
    /// The key of that certificate, PEM
    #[arg(long)]
    key: PathBuf,
    /// The CA whose certificates it takes from clients, PEM
    #[arg(long)]
    ca: PathBuf,
}

/// Serves until the process is ended. Writes one line when it is ready, as `ridd serve` does.
pub(crate) fn run(args: &Args) -> Ended {
    let papers = Papers { certificate: args.certificate.clone(), key: args.key.clone(), ca: args.ca.clone() };
    Runtime::new().map_err(Failure::failed)?.block_on(async {
        let node = DoNothing::bind(&papers).await.map_err(Failure::failed)?;
        print(format!(r#"{{"ready":true,"rid":"{}"}}"#, node.address()))?;
        node.run().await;
        Ok(Exit::Done)
    })
}
