//! `ridd init`: makes a data directory in which a node can start: a private CA, the node's certificate and key, and the
//! commented configuration. Nothing that is there already is overwritten.

use std::net::SocketAddr;

use serde_json::json;

use super::{Ended, Exit, Failure, Globals, print};
use crate::clock::{Clock, SystemClock};
use crate::config::REFERENCE;
use crate::ids::PeerName;
use crate::peers::issue::{Algorithm, Bootstrapped, bootstrap_with, write_new};
use crate::peers::{IssueError, Layout};

/// Arguments of `ridd init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node's own name: the DNS-ID that its certificate carries and its peers know it by
    #[arg(long, value_name = "DNS-ID")]
    name: PeerName,
    /// Where peers reach the node, for the commands that are printed at the end [default: NAME:4590]
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// Where the node listens, if not on port 4590 of all addresses; may be given several times
    #[arg(long, value_name = "IP:PORT")]
    listen: Vec<SocketAddr>,
    /// The kind of key: ecdsa-p256, ecdsa-p384, rsa-3072, ed25519
    #[arg(long, default_value = "ecdsa-p256")]
    algorithm: Algorithm,
}

/// Carries out `ridd init`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let data = globals.data();
    let layout = Layout::of(&data);
    // Asked before anything is made, so that a refusal leaves the directory as it was.
    if layout.configuration().exists() {
        return Err(refusal(&IssueError::Exists { file: layout.configuration() }));
    }
    let made = bootstrap_with(&data, &args.name, args.algorithm, SystemClock.now()).map_err(|error| refusal(&error))?;
    write_new(&made.layout.configuration(), &configuration(&args.listen)).map_err(|error| refusal(&error))?;
    let address = args.address.clone().unwrap_or_else(|| format!("{}:4590", args.name));
    if globals.json {
        let said = json!({
            "data": data,
            "configuration": made.layout.configuration(),
            "name": args.name,
            "address": address,
            "ca": { "file": made.layout.ca(), "certificate": made.ca },
            "node": { "file": made.layout.node(), "certificate": made.node },
        });
        print(format!("{said:#}"))?;
    } else {
        print(next_steps(&made, args, &address, globals))?;
    }
    Ok(Exit::Done)
}

fn refusal(error: &IssueError) -> Failure {
    match error {
        IssueError::File { .. } | IssueError::Cryptography { .. } => Failure::failed(error),
        other => Failure::input(other),
    }
}

/// The reference file with every key commented out, so that later versions' defaults hold where nothing is set.
fn configuration(listen: &[SocketAddr]) -> String {
    let mut text = String::with_capacity(REFERENCE.len() * 2);
    let mut table = "";
    for line in REFERENCE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name;
        }
        let set = !listen.is_empty() && table == "transport" && line.starts_with("listen ");
        if set {
            let list: Vec<_> = listen.iter().map(|address| format!("\"{address}\"")).collect();
            text.push_str(&format!("listen = [{}]", list.join(", ")));
        } else {
            // Headings of single tables do no harm; everything else that is not a comment would set something.
            let plain = line.is_empty() || line.starts_with('#') || (line.starts_with('[') && !line.starts_with("[["));
            text.push_str(if plain { "" } else { "#" });
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

fn next_steps(made: &Bootstrapped, args: &Args, address: &str, globals: &Globals) -> String {
    let layout = &made.layout;
    let data = globals.data.as_ref().map(|data| format!(" --data {}", data.display())).unwrap_or_default();
    format!(
        "\
Made {data_directory} for the node {name}.

  configuration   {configuration}
  certificate     {node}, until {until}
  its key's pin   sha256:{pin}
  private CA      {ca} (its key, {ca_key}, is best kept elsewhere once all certificates are issued)

What next:
  1. Start the node:      ridd{data} serve
  2. Give each peer       {ca} and {node};
     its administrator runs, with its relation to us (authority, parent, unit, peer):
       ridd cert trust {ca_name} && ridd reload
       ridd peer add {name} {address} --relation RELATION --certificate {node_name}
  3. Do the same here with the peer's two files:
       ridd{data} cert trust PEER-CA.pem && ridd{data} reload
       ridd{data} peer add PEER-NAME HOST:4590 --relation RELATION --certificate PEER.pem
  4. See whether it works: ridd{data} peer test PEER-NAME",
        data_directory = layout.data().display(),
        name = args.name,
        configuration = layout.configuration().display(),
        node = layout.node().display(),
        until = made.node.not_after,
        pin = made.node.spki,
        ca = layout.ca().display(),
        ca_key = layout.ca_key().display(),
        ca_name = "ca.pem",
        node_name = "node.pem",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Config;

    fn globals(data: &std::path::Path) -> Globals {
        Globals { data: Some(data.to_owned()), config: None, socket: None, json: false }
    }

    fn args(listen: &[&str]) -> Args {
        Args {
            name: "dept.example.org".parse().unwrap(),
            address: None,
            listen: listen.iter().map(|address| address.parse().unwrap()).collect(),
            algorithm: Algorithm::EcdsaP256,
        }
    }

    #[test]
    fn the_commented_configuration_sets_nothing_but_what_was_asked_for() {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("ridd.toml");
        fs::write(&file, configuration(&[])).unwrap();
        assert_eq!(Config::load(&file).unwrap(), Config::default());
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        fs::write(&file, configuration(&[listen])).unwrap();
        let config = Config::load(&file).unwrap();
        assert_eq!(config.transport.listen, [listen]);
    }

    #[test]
    fn a_data_directory_is_made_once() {
        let data = tempfile::tempdir().unwrap();
        let globals = globals(data.path());
        assert_eq!(run(&args(&["127.0.0.1:0"]), &globals).unwrap(), Exit::Done);
        let before = fs::read(Layout::of(data.path()).node_key()).unwrap();
        assert_eq!(run(&args(&[]), &globals).unwrap_err().exit, Exit::Usage);
        fs::remove_file(Layout::of(data.path()).configuration()).unwrap();
        assert_eq!(run(&args(&[]), &globals).unwrap_err().exit, Exit::Usage, "pki/ is not overwritten either");
        assert_eq!(fs::read(Layout::of(data.path()).node_key()).unwrap(), before);
    }
}
