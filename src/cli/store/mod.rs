//! `ridd store`: what is in the store, is it sound, copy it, bring a copy back. Works on the files or with the server, without
//! the node; only a backup of files that a running node keeps to itself is made by the node.

mod copy;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;

use super::ask::ask;
use super::{Ended, Exit, Failure, Globals, print};
use crate::admin::api::store::Backup;
use crate::store::records::TABLES;
use crate::store::{self, Store, StoreError};
use copy::Copy;

/// Arguments of `ridd store`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say what the store is and what is in it; the node must be stopped, unless a server keeps the records
    Facts {
        /// Of this store instead of the node's: sqlite:DIR, sled:DIR or postgres://…
        #[arg(long)]
        url: Option<String>,
    },
    /// Read everything and say what is damaged; the node must be stopped, unless a server keeps the records (or check a backup:
    /// `--url sqlite:DIR`)
    Check {
        /// This store instead of the node's: sqlite:DIR, sled:DIR or postgres://…
        #[arg(long)]
        url: Option<String>,
    },
    /// Copy the store into a new directory; the node may run. From sled the running node makes the copy itself, so the directory
    /// must be where it may write. A server's records are copied with pg_dump or pg_basebackup
    Backup {
        /// The directory, which is made
        dir: PathBuf,
    },
    /// Lay out the tables in PostgreSQL as the owner of the database, or bring them up to date, and grant others what they need
    Prepare {
        /// The database, as its owner: postgres://OWNER@HOST/DATABASE [default: store.url]
        #[arg(long)]
        url: Option<String>,
        /// The file with the owner's password in its first line [default: store.password-file, without --url]
        #[arg(long)]
        password_file: Option<PathBuf>,
        /// The role of the nodes, which may then read and write rows and nothing else
        #[arg(long)]
        daemon: Option<String>,
        /// The role of those who look, who may then see the views
        #[arg(long)]
        readers: Option<String>,
    },
    /// Copy a backup to where the node's store belongs; there must be none yet
    Restore {
        /// The directory of the backup
        dir: PathBuf,
    },
    /// Copy all records from one store to another of any engine, and prove that they are the same. The nodes on both must be
    /// stopped. If it is broken off, the same command goes on with it
    Copy(Copy),
}

/// Carries out `ridd store`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let config = globals.load()?.store;
    match &args.verb {
        Verb::Facts { url } => reading(&at(url.as_deref(), config), |store| facts(store, globals)),
        Verb::Check { url } => reading(&at(url.as_deref(), config), |store| check(store, globals)),
        Verb::Backup { dir } => {
            match store::backup(&config, dir) {
                Err(locked @ StoreError::Locked { .. }) => back_up_running(dir, &locked, globals)?,
                made => made.map_err(Failure::failed)?,
            }
            said(globals, "backup", dir)
        }
        Verb::Prepare { url, password_file, daemon, readers } => {
            let mut config = config;
            if let Some(url) = url {
                config.url.clone_from(url);
                config.password_file = None;
            }
            if password_file.is_some() {
                config.password_file.clone_from(password_file);
            }
            let grants = store::prepare(&config, daemon.as_deref(), readers.as_deref()).map_err(Failure::failed)?;
            print(match globals.json {
                true => json!({ "prepared": true, "granted": grants }).to_string(),
                false => [vec!["prepared".to_owned()], grants].concat().join("\n"),
            })?;
            Ok(Exit::Done)
        }
        Verb::Restore { dir } => {
            store::restore(&config, dir).map_err(Failure::failed)?;
            said(globals, "restored", dir)
        }
        Verb::Copy(copy) => copy.run(&config, globals),
    }
}

/// Has the node that runs on the store copy it, since nobody else may look into its files.
fn back_up_running(dir: &Path, locked: &StoreError, globals: &Globals) -> Result<(), Failure> {
    let wanted = Backup { backup: std::path::absolute(dir).map_err(Failure::input)? };
    let made: Result<Backup, _> = ask(globals, |client| async move { client.post("store/backup", &wanted).await });
    match made {
        Ok(_) => Ok(()),
        // It is no node that has it, but for instance a check.
        Err(Failure { exit: Exit::Unreachable, .. }) => Err(Failure::failed(locked)),
        Err(refused) => Err(refused),
    }
}

fn said(globals: &Globals, what: &str, dir: &Path) -> Ended {
    let shown = dir.display().to_string();
    print(if globals.json { json!({ what: shown }).to_string() } else { format!("{what}: {shown}") })?;
    Ok(Exit::Done)
}

/// The settings with another address, if one is given; a relative directory counts from where we are.
fn at(url: Option<&str>, config: store::Config) -> store::Config {
    let Some(url) = url else { return config };
    let here = std::env::current_dir().unwrap_or_default();
    store::Config { url: url.to_owned(), ..config }.resolved(&here)
}

/// Opens the store for one command.
fn reading<F: Future<Output = Ended>>(config: &store::Config, command: impl FnOnce(Arc<dyn Store>) -> F) -> Ended {
    let store = existing(config)?;
    runtime()?.block_on(command(store))
}

/// Opens the store, which must be there.
fn existing(config: &store::Config) -> Result<Arc<dyn Store>, Failure> {
    config.check().map_err(Failure::input)?;
    if !config.is_shared() {
        let directory = config.directory().map_err(Failure::input)?;
        if !directory.is_dir() {
            return Err(Failure::input(format_args!("there is no store at {}", directory.display())));
        }
    }
    store::open(config).map_err(Failure::failed)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Runtime::new().map_err(|why| Failure::failed(format_args!("no runtime: {why}")))
}

async fn facts(store: Arc<dyn Store>, globals: &Globals) -> Ended {
    let mut facts: Vec<(String, String)> =
        store.facts().await.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for table in TABLES {
        let count = store.count(table).await.map_err(Failure::failed)?;
        facts.push((table.name.to_owned(), count.to_string()));
    }
    if globals.json {
        let facts: serde_json::Map<_, _> = facts.into_iter().map(|(name, value)| (name, value.into())).collect();
        print(serde_json::Value::from(facts).to_string())?;
    } else {
        let lines: Vec<_> = facts.iter().map(|(name, value)| format!("{name:24}{value}")).collect();
        print(lines.join("\n"))?;
    }
    Ok(Exit::Done)
}

async fn check(store: Arc<dyn Store>, globals: &Globals) -> Ended {
    let faults = store::check(&store).await.map_err(Failure::failed)?;
    if globals.json {
        print(json!({ "sound": faults.is_empty(), "faults": faults }).to_string())?;
    } else if faults.is_empty() {
        print("sound")?;
    } else {
        print(faults.join("\n"))?;
    }
    Ok(if faults.is_empty() { Exit::Done } else { Exit::No })
}
