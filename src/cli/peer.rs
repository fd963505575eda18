//! `ridd peer`: whom the node exchanges with. Everything takes effect in the running node at once, without dropping
//! other peers' connections.

use std::path::PathBuf;

use clap::Subcommand;

use super::ask::{ask, say};
use super::table::{card, listing, second};
use super::treatment::{Treatment, encryption, read, signatures};
use super::{Ended, Exit, Failure, Globals};
use crate::admin::api::peers::{
    AddOrder, ChangeOrder, PeerList, PeerView, PinOrder, PinView, Probed, Removed, RevokeOrder,
};
use crate::admin::{path, with_parameters};
use crate::ids::{Digest, PeerName};
use crate::peers::{PeerState, PinUse, Relation};

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
        /// What the key may be used for, parted by commas: tls, sign, encrypt [default: everything]
        #[arg(long = "for", value_name = "USES", value_delimiter = ',')]
        uses: Vec<PinUse>,
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
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The same
    #[arg(long, value_name = "FILE")]
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
    #[command(flatten)]
    treatment: Treatment,
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
    #[command(flatten)]
    treatment: Treatment,
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
        Verb::Pin { name, by, uses } => {
            let certificate = by.certificate.or(by.file).map(|file| read(&file)).transpose()?;
            let order = PinOrder { certificate, spki: by.spki, uses };
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
        pins.push(PinOrder { certificate: Some(read(file)?), ..PinOrder::default() });
    }
    pins.extend(args.spki.into_iter().map(|spki| PinOrder { spki: Some(spki), ..PinOrder::default() }));
    let order = AddOrder {
        policy: args.treatment.policy(None)?,
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
    let present = match args.treatment.changes_parts() {
        true => Some(fetch(globals, &args.name)?.policy),
        false => None,
    };
    let networks = (args.no_network || !args.network.is_empty()).then_some(args.network);
    let order = ChangeOrder {
        address: args.address,
        relation: args.relation,
        policy: args.treatment.policy(present)?,
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
        let uses = match pin.uses.len() < PinUse::ALL.len() {
            true => pin.uses.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", "),
            false => "everything".to_owned(),
        };
        format!("sha256:{} (for {uses}, pinned {}{ends})", pin.spki, pin.added)
    };
    let list = |lines: Vec<String>| Some(lines.join("\n")).filter(|text| !text.is_empty());
    card([
        ("peer", Some(peer.name.to_string())),
        ("relation", Some(peer.relation.to_string())),
        ("state", Some(peer.state.to_string())),
        ("because", peer.revoked_because.clone()),
        ("address", Some(peer.address.clone())),
        ("networks", list(peer.networks.clone())),
        ("policy", peer.policy.write()),
        ("signatures", Some(signatures(&peer.policy))),
        ("encryption", Some(encryption(&peer.policy))),
        ("pins", list(peer.pins.iter().map(pin).collect()).or_else(|| Some("none: it cannot connect".to_owned()))),
        ("added", Some(peer.added.to_string())),
        ("changed", Some(peer.changed.to_string())),
    ])
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
