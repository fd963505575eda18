//! `ridd cert`: certificates, keys and revocation lists, as files of the data directory. Needs no running node; a
//! running one takes over what changed with `ridd reload`.

mod ours;
mod show;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;

use super::{Ended, Exit, Failure, Globals, print};
use crate::clock::{Clock, SystemClock};
use crate::ids::PeerName;
use crate::peers::issue::{Algorithm, Authority};
use crate::peers::{IssueError, Layout};

/// Arguments of `ridd cert`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say in words what certificates and revocation lists contain
    Show {
        /// PEM files [default: the node's own certificate, the CAs it trusts, its revocation lists]
        files: Vec<PathBuf>,
    },
    /// Say whether the node's files are right and fit together, as a reload would judge
    Check,
    /// Issue a certificate with a new key for another node, from our own CA
    Issue(IssueArgs),
    /// Renew the node's own certificate from our own CA
    Renew {
        /// Days that it is valid
        #[arg(long, default_value_t = crate::peers::issue::NODE_DAYS)]
        days: u32,
        /// Make a new key, too: the certificate waits beside the present one until `ridd cert activate`
        #[arg(long)]
        new_key: bool,
        /// The kind of the new key: ecdsa-p256, ecdsa-p384, rsa-3072, ed25519 [default: that of the present one]
        #[arg(long, requires = "new_key")]
        algorithm: Option<Algorithm>,
    },
    /// Make a new key and the request (PKCS#10) with which another CA issues the node's next certificate
    Request {
        /// The node's names, its own first [default: those of the present certificate]
        names: Vec<PeerName>,
        /// The kind of key: ecdsa-p256, ecdsa-p384, rsa-3072, ed25519
        #[arg(long, default_value = "ecdsa-p256")]
        algorithm: Algorithm,
    },
    /// Take over a certificate that another CA issued for the node; it waits until `ridd cert activate`
    Import {
        /// The certificate with the intermediate CAs behind it (PEM)
        certificate: PathBuf,
        /// Its key (PEM: PKCS#8, PKCS#1 or SEC1) [default: that of `ridd cert request`, else the present one]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Put the node's next certificate in the place of the present one, if a reload would take it
    Activate,
    /// Throw the node's next certificate and key away
    Discard,
    /// Trust a CA: its certificate is put into the trust directory
    Trust {
        /// CA certificates (PEM)
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Revoke a certificate that our own CA issued, and write its revocation list
    Revoke {
        /// The certificate (PEM), or its serial number in hexadecimal
        #[arg(value_name = "FILE|SERIAL")]
        what: String,
        /// Days until the next revocation list is due
        #[arg(long, default_value_t = ours::CRL_DAYS)]
        days: u32,
    },
    /// Write a fresh revocation list of our own CA, or take over another CA's
    Crl {
        /// Another CA's revocation list (PEM) [default: write our own anew]
        file: Option<PathBuf>,
        /// Days until our next revocation list is due
        #[arg(long, default_value_t = ours::CRL_DAYS, conflicts_with = "file")]
        days: u32,
    },
}

#[derive(Debug, clap::Args)]
struct IssueArgs {
    /// The other node's names (DNS-IDs), its own first
    #[arg(required = true)]
    names: Vec<PeerName>,
    /// The directory that NAME.pem and NAME.key are written to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Days that it is valid
    #[arg(long, default_value_t = crate::peers::issue::NODE_DAYS)]
    days: u32,
    /// The kind of key: ecdsa-p256, ecdsa-p384, rsa-3072, ed25519
    #[arg(long, default_value = "ecdsa-p256")]
    algorithm: Algorithm,
}

/// What every verb works with.
struct Place {
    layout: Layout,
    clock: Arc<dyn Clock>,
    json: bool,
}

impl Place {
    /// Our own CA.
    fn authority(&self) -> Result<Authority, Failure> {
        if !self.layout.ca_key().exists() {
            let file = self.layout.ca_key();
            return Err(Failure::input(format_args!(
                "{}: there is no key of a CA of our own; ask the CA that issues your certificates (`ridd cert request`)",
                file.display()
            )));
        }
        Authority::open(&self.layout.ca(), &self.layout.ca_key()).map_err(refusal)
    }

    /// Says what was done: as JSON, or in words.
    fn say(&self, json: &serde_json::Value, words: String) -> Ended {
        print(if self.json { format!("{json:#}") } else { words })?;
        Ok(Exit::Done)
    }
}

fn refusal(error: IssueError) -> Failure {
    match error {
        IssueError::File { .. } | IssueError::Cryptography { .. } => Failure::failed(error),
        other => Failure::input(other),
    }
}

/// Carries out `ridd cert`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let data = globals.data();
    let data = std::path::absolute(&data).unwrap_or(data);
    let config = globals.load()?;
    let place =
        Place { layout: Layout::configured(data, config.peers), clock: Arc::new(SystemClock), json: globals.json };
    match &args.verb {
        Verb::Show { files } => show::run(&place, files),
        Verb::Check => show::check(&place),
        Verb::Issue(args) => ours::issue(&place, args),
        Verb::Renew { days, new_key: false, .. } => ours::renew(&place, *days),
        Verb::Renew { days, new_key: true, algorithm } => ours::prepare(&place, *days, *algorithm),
        Verb::Request { names, algorithm } => ours::request(&place, names, *algorithm),
        Verb::Import { certificate, key } => ours::import(&place, certificate, key.as_deref()),
        Verb::Activate => ours::activate(&place),
        Verb::Discard => ours::discard(&place),
        Verb::Trust { files } => ours::trust(&place, files),
        Verb::Revoke { what, days } => ours::revoke(&place, what, *days),
        Verb::Crl { file: Some(file), .. } => ours::take_crl(&place, file),
        Verb::Crl { file: None, days } => ours::write_crl(&place, &[], *days),
    }
}
