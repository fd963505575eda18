//! `ridd peer`: whom the node exchanges with. Everything takes effect in the running node at once, without dropping
//! other peers' connections.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::ask::{ask, say};
use super::table::{card, listing, second};
use super::{Ended, Exit, Failure, Globals};
use crate::admin::api::peers::{
    AddOrder, ChangeOrder, PeerList, PeerView, PinOrder, PinView, Probed, Removed, RevokeOrder,
};
use crate::admin::{path, with_parameters};
use crate::ids::{Digest, PeerName};
use crate::peers::{IodefVersion, PeerState, Policy, Relation};

/// Arguments of `ridd peer`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a peer
    Add(AddArgs),
    /// List the peers
    List {
        /// Only peers of this relation: authority, parent, unit, peer
        #[arg(long)]
        relation: Option<Relation>,
        /// Only active, or only revoked peers
        #[arg(long, value_name = "active|revoked")]
        state: Option<PeerState>,
    },
    /// Show one peer with its pinned certificates
    Show {
        /// The peer
        name: PeerName,
    },
    /// Change a peer; what is not named stays
    Change(ChangeArgs),
    /// Pin one more certificate or key, so that a renewal can overlap
    Pin {
        /// The peer
        name: PeerName,
        #[command(flatten)]
        by: PinBy,
    },
    /// Take a pinned key away; connections that it proved end
    Unpin {
        /// The peer
        name: PeerName,
        /// SHA-256 of the certificate's public key, as `ridd peer show` prints it
        spki: Digest,
    },
    /// Withdraw all trust from a peer and keep it for the record; its connections end
    Revoke {
        /// The peer
        name: PeerName,
        /// Why, for the record
        #[arg(long, value_name = "WHY")]
        because: String,
    },
    /// Remove a peer; its connections end, messages exchanged with it stay
    Remove {
        /// The peer
        name: PeerName,
    },
    /// Try to reach a peer, and say which step fails: DNS, TCP, TLS, our certificate, theirs, RID
    Test {
        /// The peer
        name: PeerName,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct PinBy {
    /// The certificate (PEM), which must carry the peer's name
    certificate: Option<PathBuf>,
    /// Only the SHA-256 of its public key
    #[arg(long, value_name = "SHA-256")]
    spki: Option<Digest>,
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// Its DNS-ID: the name that its certificate carries
    name: PeerName,
    /// Where its RID system listens
    #[arg(value_name = "HOST:PORT")]
    address: String,
    /// How it stands to us: authority, parent, unit, peer
    #[arg(long)]
    relation: Relation,
    /// A certificate (PEM) that it proves itself with; several for an overlap
    #[arg(long, value_name = "FILE")]
    certificate: Vec<PathBuf>,
    /// The SHA-256 of a public key that it proves itself with
    #[arg(long, value_name = "SHA-256")]
    spki: Vec<Digest>,
    /// A network that is reached through it, for instance 192.0.2.0/24
    #[arg(long, alias = "networks", value_name = "CIDR")]
    network: Vec<String>,
    /// The version of IODEF that it takes: 1.0 or 2.0 (which is both). Our answers to its queries hold no other; what is
    /// relayed or sent to it stays as its author wrote it, with a warning
    #[arg(long, value_name = "VERSION")]
    iodef: Option<IodefVersion>,
    /// How it is treated: a JSON file of what differs from the defaults
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct ChangeArgs {
    /// The peer
    name: PeerName,
    /// Where its RID system listens
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// How it stands to us: authority, parent, unit, peer
    #[arg(long)]
    relation: Option<Relation>,
    /// A network that is reached through it; those named replace all
    #[arg(long, alias = "networks", value_name = "CIDR")]
    network: Vec<String>,
    /// No network is reached through it
    #[arg(long, conflicts_with = "network")]
    no_network: bool,
    /// The version of IODEF that it takes: 1.0 or 2.0 (which is both). Our answers to its queries hold no other; what is
    /// relayed or sent to it stays as its author wrote it, with a warning
    #[arg(long, value_name = "VERSION")]
    iodef: Option<IodefVersion>,
    /// How it is treated: a JSON file of what differs from the defaults
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Carries out `ridd peer`.
pub(crate) fn run(args: Args, globals: &Globals) -> Ended {
    match args.verb {
        Verb::Add(args) => add(args, globals),
        Verb::List { relation, state } => {
            let parameters =
                [("relation", relation.map(|one| one.to_string())), ("state", state.map(|one| one.to_string()))];
            let path = with_parameters("peers", &parameters);
            let list: PeerList = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &list, table)
        }
        Verb::Show { name } => say(globals, &fetch(globals, &name)?, show),
        Verb::Change(args) => change(args, globals),
        Verb::Pin { name, by } => {
            let order = match (by.certificate, by.spki) {
                (Some(file), _) => PinOrder::Certificate(read(&file)?),
                (None, Some(spki)) => PinOrder::Spki(spki),
                (None, None) => return Err(Failure::input("name a certificate file, or --spki")),
            };
            let path = path(["peers", name.as_str(), "pins"]);
            said(globals, &ask(globals, |client| async move { client.post(&path, &order).await })?, "pinned")
        }
        Verb::Unpin { name, spki } => {
            let path = path(["peers", name.as_str(), "pins", spki.as_str()]);
            said(globals, &ask(globals, |client| async move { client.delete(&path).await })?, "unpinned")
        }
        Verb::Revoke { name, because } => {
            let path = path(["peers", name.as_str(), "revocation"]);
            let order = RevokeOrder { why: because };
            said(globals, &ask(globals, |client| async move { client.post(&path, &order).await })?, "revoked")
        }
        Verb::Remove { name } => {
            let path = path(["peers", name.as_str()]);
            let removed: Removed = ask(globals, |client| async move { client.delete(&path).await })?;
            say(globals, &removed, |removed| format!("{} removed", removed.removed))
        }
        Verb::Test { name } => test(&name, globals),
    }
}

fn add(args: AddArgs, globals: &Globals) -> Ended {
    let mut pins = Vec::new();
    for file in &args.certificate {
        pins.push(PinOrder::Certificate(read(file)?));
    }
    pins.extend(args.spki.into_iter().map(PinOrder::Spki));
    let order = AddOrder {
        policy: policy(None, args.policy.as_deref(), args.iodef)?,
        name: args.name,
        address: args.address,
        relation: args.relation,
        networks: args.network,
        pins,
    };
    let peer: PeerView = ask(globals, |client| async move { client.post("peers", &order).await })?;
    let hint = match peer.pins.len() {
        0 => format!("added; it cannot connect until `ridd peer pin {}` names its certificate", peer.name),
        _ => format!("added; `ridd peer test {}` tries to reach it", peer.name),
    };
    said(globals, &peer, &hint)
}

fn change(args: ChangeArgs, globals: &Globals) -> Ended {
    let path = path(["peers", args.name.as_str()]);
    let present = match args.iodef {
        Some(_) if args.policy.is_none() => fetch(globals, &args.name)?.policy,
        _ => None,
    };
    let networks = (args.no_network || !args.network.is_empty()).then_some(args.network);
    let order = ChangeOrder {
        address: args.address,
        relation: args.relation,
        policy: policy(present, args.policy.as_deref(), args.iodef)?,
        networks,
    };
    if order == ChangeOrder::default() {
        return Err(Failure::input("nothing to change: name what shall be different, see `ridd peer change --help`"));
    }
    said(globals, &ask(globals, |client| async move { client.patch(&path, &order).await })?, "changed")
}

fn fetch(globals: &Globals, name: &PeerName) -> Result<PeerView, Failure> {
    let path = path(["peers", name.as_str()]);
    ask(globals, |client| async move { client.get(&path).await })
}

/// The policy that the options ask for; none if they ask for none.
fn policy(
    present: Option<Policy>,
    file: Option<&Path>,
    iodef: Option<IodefVersion>,
) -> Result<Option<Policy>, Failure> {
    let written = match file {
        Some(file) => Some(Policy::read(Some(&read(file)?)).map_err(Failure::input)?),
        None => None,
    };
    let Some(iodef) = iodef else { return Ok(written) };
    Ok(Some(Policy { iodef, ..written.or(present).unwrap_or_default() }))
}

/// The answer of this command is no if the peer cannot be reached.
fn test(name: &PeerName, globals: &Globals) -> Ended {
    let path = path(["peers", name.as_str(), "test"]);
    let probed: Probed = ask(globals, |client| async move { client.post(&path, &()).await })?;
    say(globals, &probed, |probed| match &probed.failed {
        None => format!("{name}: reached: {}", probed.why),
        Some(step) => format!("{name}: {step}: {}", probed.why),
    })?;
    Ok(if probed.reached { Exit::Done } else { Exit::No })
}

fn said(globals: &Globals, peer: &PeerView, what: &str) -> Ended {
    say(globals, peer, |peer| format!("{} {what}", peer.name))
}

fn table(list: &PeerList) -> String {
    let rows = list.peers.iter().map(|peer| {
        [
            peer.name.to_string(),
            peer.relation.to_string(),
            peer.state.to_string(),
            peer.address.clone(),
            peer.pins.len().to_string(),
            // The certificate that lasts longest is what matters: the others overlap.
            peer.pins.iter().filter_map(|pin| pin.not_after).max().map_or_else(|| "-".to_owned(), second),
        ]
    });
    let empty = "no peer; `ridd peer add NAME HOST:PORT --relation RELATION --certificate FILE` adds one";
    listing(["PEER", "RELATION", "STATE", "ADDRESS", "PINS", "EXPIRES"], rows, empty)
}

fn show(peer: &PeerView) -> String {
    let pin = |pin: &PinView| {
        let ends = pin.not_after.map_or_else(String::new, |at| format!(", expires {at}"));
        format!("sha256:{} (pinned {}{ends})", pin.spki, pin.added)
    };
    let list = |lines: Vec<String>| Some(lines.join("\n")).filter(|text| !text.is_empty());
    card([
        ("peer", Some(peer.name.to_string())),
        ("relation", Some(peer.relation.to_string())),
        ("state", Some(peer.state.to_string())),
        ("because", peer.revoked_because.clone()),
        ("address", Some(peer.address.clone())),
        ("networks", list(peer.networks.clone())),
        ("policy", peer.policy.as_ref().and_then(|policy| serde_json::to_string(policy).ok())),
        ("pins", list(peer.pins.iter().map(pin).collect()).or_else(|| Some("none: it cannot connect".to_owned()))),
        ("added", Some(peer.added.to_string())),
        ("changed", Some(peer.changed.to_string())),
    ])
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::input(format_args!("cannot read {}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["peer-list", "peer-list-empty"], table);
        compare(&["peer-show", "peer-show-unpinned"], show);
    }
}
