//! The command line: one file per noun, each with its `Args` and its `run`.
//!
//! Called by `main.rs` only. Commands that look at the running node ask it over its admin socket (`crate::admin`); the
//! others work on files. Every command ends with one of the codes of `Exit`, which scripts may rely on; what it says
//! goes to standard output, what went wrong to standard error.

mod alert;
mod ask;
mod audit;
mod bench;
mod cert;
mod child;
mod completions;
mod config;
mod decrypt;
mod demo;
mod document;
mod encrypt;
mod event;
mod failure;
mod globals;
#[cfg(test)]
mod golden;
mod incident;
mod init;
mod inventory;
mod man;
mod message;
mod moment;
mod notice;
mod operator;
mod outbox;
mod peer;
mod print;
mod reload;
mod roster;
mod schema;
mod send;
mod serve;
mod sign;
mod status;
mod store;
mod system;
mod table;
mod timeline;
mod treatment;
mod validate;
mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub(crate) use failure::{Exit, Failure};
pub(crate) use globals::Globals;
pub(crate) use print::print;

/// How a command ends when it ends as it should: [`Exit::Done`], or [`Exit::No`] where the answer is no.
pub(crate) type Ended = Result<Exit, Failure>;

const EXIT_CODES: &str = "\
Exit codes:
  0  done; the answer is yes
  1  done; the answer is no: something is invalid, not found, or did not succeed
  2  the command line, a file or the configuration is not right
  3  the node is not reachable: it does not run, or the socket is another
  4  the node refused the command
  5  the node or this program failed";

/// Incident exchange daemon: IODEF inside RID over HTTPS with mutual TLS (RFC 5070, 7970, 6545, 6546).
#[derive(Debug, Parser)]
#[command(name = "ridd", version, propagate_version = true, max_term_width = 100, after_long_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    globals: Globals,

    #[command(subcommand)]
    command: Command,
}

/// What can be asked for. In the order in which `ridd help` shows them: first what a newcomer needs.
#[derive(Debug, Subcommand)]
enum Command {
    /// Show the main job: four nodes on this machine exchange a data call and its completion
    Demo(demo::Args),
    /// Make a data directory: a private CA, the node's certificate, a commented configuration
    Init(init::Args),
    /// Run the node in the foreground until SIGTERM or SIGINT
    Serve,
    /// Say how the node does
    Status,
    /// Say whom the node exchanges with: add, change, pin, revoke, remove, test peers
    Peer(peer::Args),
    /// Send a peer an IODEF document, or a whole RID message
    Send(send::Args),
    /// Ask a peer what it knows of an incident
    Query(send::QueryArgs),
    /// List, show and export messages; approve or deny what is held
    Message(message::Args),
    /// List incidents, show one with its messages
    Incident(incident::Args),
    /// Say which systems there are, who runs them, and which of them a data call concerns
    Inventory(inventory::Args),
    /// See what is on its way out and why it waits; try it again, or cancel it
    Outbox(outbox::Args),
    /// Coordinate significant events from the data call to the confirmation
    Event(event::Args),
    /// See, change, approve and issue the alert of a significant event
    Alert(alert::Args),
    /// Report systems corrected, or why they are not
    System(system::Args),
    /// See who was told what; acknowledge a notice
    Notice(notice::Args),
    /// Say which local users may give orders, and in what role
    Operator(operator::Args),
    /// See who did what
    Audit(audit::Args),
    /// Say who is called in a significant event and who is next: import, list, show, who
    Roster(roster::Args),
    /// Have the node read its configuration, certificates and revocation lists again
    Reload,
    /// Check a configuration file, show the configuration in effect
    Config(config::Args),
    /// Show, issue, renew, import and revoke certificates; trust CAs; keep revocation lists
    Cert(cert::Args),
    /// Look through the store, copy it, bring a copy back
    Store(store::Args),
    /// Judge RID messages and IODEF documents: valid or not, and why
    Validate(validate::Args),
    /// Sign a RID message, or its records as their originator
    Sign(sign::Args),
    /// Say who signed what of RID messages, and whether it holds
    Verify(verify::Args),
    /// Encrypt a document by hand for the owners of certificates
    Encrypt(encrypt::Args),
    /// Decrypt by hand what a document holds for one of our keys
    Decrypt(decrypt::Args),
    /// Write one of the XML Schemas, or list them
    Schema(schema::Args),
    /// Measure how fast this machine does the node's work
    Bench(bench::Args),
    /// Write completions for a shell to standard output
    Completions(completions::Args),
    /// Write the manual pages
    Man(man::Args),
}

impl Command {
    fn run(self, globals: &Globals) -> Ended {
        match self {
            Self::Demo(args) => demo::run(&args, globals),
            Self::Init(args) => init::run(&args, globals),
            Self::Serve => serve::run(globals),
            Self::Status => status::run(globals),
            Self::Peer(args) => peer::run(args, globals),
            Self::Send(args) => send::run(&args, globals),
            Self::Query(args) => send::run_query(&args, globals),
            Self::Message(args) => message::run(&args, globals),
            Self::Incident(args) => incident::run(&args, globals),
            Self::Inventory(args) => inventory::run(args, globals),
            Self::Outbox(args) => outbox::run(&args, globals),
            Self::Event(args) => event::run(args, globals),
            Self::Alert(args) => alert::run(args, globals),
            Self::System(args) => system::run(args, globals),
            Self::Notice(args) => notice::run(args, globals),
            Self::Operator(args) => operator::run(args, globals),
            Self::Audit(args) => audit::run(args, globals),
            Self::Roster(args) => roster::run(args, globals),
            Self::Reload => reload::run(globals),
            Self::Config(args) => config::run(&args, globals),
            Self::Cert(args) => cert::run(&args, globals),
            Self::Store(args) => store::run(&args, globals),
            Self::Validate(args) => validate::run(&args, globals),
            Self::Sign(args) => sign::run(&args),
            Self::Verify(args) => verify::run(&args, globals),
            Self::Encrypt(args) => encrypt::run(&args, globals),
            Self::Decrypt(args) => decrypt::run(&args, globals),
            Self::Schema(args) => schema::run(&args),
            Self::Bench(args) => bench::run(&args, globals),
            Self::Completions(args) => completions::run(&args),
            Self::Man(args) => man::run(&args, globals),
        }
    }
}

/// The whole program: reads the arguments of the process, carries out the command, says what went wrong.
pub fn main() -> ExitCode {
    run(std::env::args_os()).into()
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return if error.print().is_ok() { exit } else { Exit::Failed };
        }
    };
    match cli.command.run(&cli.globals) {
        Ok(exit) => exit,
        Err(failure) => {
            // Nobody is left to be told if standard error is closed; the exit code still says it.
            if !failure.message.is_empty() && writeln!(std::io::stderr(), "ridd: {failure}").is_err() {
                return Exit::Failed;
            }
            failure.exit
        }
    }
}

/// The command tree, for completions and manual pages.
fn tree() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(line: &str) -> Exit {
        run(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_command_tree_is_sound() {
        tree().debug_assert();
    }

    #[test]
    fn what_is_no_command_is_a_usage_error() {
        assert_eq!(exit("ridd no-such-command"), Exit::Usage);
        assert_eq!(exit("ridd --version"), Exit::Done);
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        fn walk(command: &clap::Command, silent: &mut Vec<String>) {
            let arguments = command.get_arguments().filter(|arg| arg.get_help().is_none());
            silent.extend(arguments.map(|arg| format!("{} {}", command.get_name(), arg.get_id())));
            for inner in command.get_subcommands() {
                if inner.get_about().is_none() {
                    silent.push(inner.get_name().to_owned());
                }
                walk(inner, silent);
            }
        }
        let mut silent = Vec::new();
        walk(&tree(), &mut silent);
        assert_eq!(silent, Vec::<String>::new());
    }

    #[test]
    fn the_manual_lists_every_command() {
        fn leaves(command: &clap::Command, name: &str, found: &mut Vec<String>) {
            let inner: Vec<_> = command.get_subcommands().filter(|inner| !inner.is_hide_set()).collect();
            // The kinds of measuring stand in docs/performance.md.
            if inner.is_empty() || name == "ridd bench" {
                found.push(name.to_owned());
                return;
            }
            for inner in inner {
                leaves(inner, &format!("{name} {}", inner.get_name()), found);
            }
        }
        let mut commands = Vec::new();
        leaves(&tree(), "ridd", &mut commands);
        let manual = include_str!("../../docs/operations.md");
        commands.retain(|command| !manual.contains(&format!("| `{command}` |")));
        assert_eq!(commands, Vec::<String>::new(), "docs/operations.md lacks a row");
    }

    /// The text of each file below `src/`.
    fn sources(dir: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                found.push((path.display().to_string(), text));
            }
        }
    }

    /// What is wrong with a command that a message tells people to run.
    fn misquoted(quoted: &str) -> Option<String> {
        let mut command = tree();
        command.build();
        let mut words = quoted.split_whitespace().skip(1).peekable();
        while let Some(word) = words.next_if(|word| !word.starts_with('-')) {
            match command.find_subcommand(word) {
                Some(inner) => command = inner.clone(),
                None if command.has_subcommands() && !word.contains('|') => return Some(format!("no {word:?}")),
                None => break,
            }
        }
        let options = words.filter_map(|word| word.strip_prefix("--"));
        let known = |option: &&str| {
            command.get_arguments().any(|arg| {
                arg.get_long() == Some(option) || arg.get_all_aliases().is_some_and(|all| all.contains(option))
            })
        };
        options.filter(|option| !known(option)).map(|option| format!("no --{option}")).next()
    }

    #[test]
    fn commands_that_messages_name_exist() {
        assert_eq!(misquoted("ridd peer sing"), Some("no \"sing\"".to_owned()));
        assert_eq!(misquoted("ridd message list --loud"), Some("no --loud".to_owned()));
        let mut texts = Vec::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
        let mut wrong = Vec::new();
        for (path, text) in texts {
            for (at, _) in text.match_indices("`ridd ") {
                let quoted = text[at + 1..].split(['`', '\n']).next().unwrap_or_default();
                // Neither what is only known at run time nor our own bad examples.
                if quoted.starts_with("ridd {") || path.ends_with("cli/mod.rs") {
                    continue;
                }
                if let Some(why) = misquoted(quoted.trim_end_matches('\\')) {
                    wrong.push(format!("{path}: `{quoted}`: {why}"));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}
