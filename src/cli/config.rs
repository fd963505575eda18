//! `ridd config`: is a configuration right, and what is in effect.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{Ended, Exit, Failure, Globals, print};
use crate::config::Config;

/// Arguments of `ridd config`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say whether a configuration file is right, or else all that is wrong with it
    Check {
        /// The file [default: the one the node would use]
        file: Option<PathBuf>,
    },
    /// Print the configuration in effect: the file's keys, and the defaults of all others
    Show,
}

/// Carries out `ridd config`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    match &args.verb {
        Verb::Check { file } => check(file.clone().or_else(|| globals.config()), globals),
        Verb::Show => show(globals),
    }
}

fn check(file: Option<PathBuf>, globals: &Globals) -> Ended {
    let Some(file) = file else {
        let none =
            format!("there is no {}: the node would run on the defaults", globals.data().join("ridd.toml").display());
        print(if globals.json { json!({ "valid": true, "file": null, "faults": [] }).to_string() } else { none })?;
        return Ok(Exit::Done);
    };
    match Config::load(&file) {
        Ok(_) if globals.json => print(json!({ "valid": true, "file": file, "faults": [] }).to_string())?,
        Ok(_) => print(format!("{}: valid", file.display()))?,
        Err(faults) => {
            if globals.json {
                let list: Vec<_> = faults
                    .faults
                    .iter()
                    .map(|fault| json!({ "line": fault.line, "key": fault.key, "message": fault.message }))
                    .collect();
                print(json!({ "valid": false, "file": file, "faults": list }).to_string())?;
            } else {
                print(faults.to_string())?;
            }
            return Ok(Exit::No);
        }
    }
    Ok(Exit::Done)
}

fn show(globals: &Globals) -> Ended {
    let config = globals.load()?;
    let text = if globals.json {
        serde_json::to_string_pretty(&config).map_err(Failure::failed)
    } else {
        config.to_toml().map_err(Failure::failed)
    };
    print(text?)?;
    Ok(Exit::Done)
}
