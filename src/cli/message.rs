//! `ridd message`: what was exchanged, and the decisions about what is held.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::ask::{ask, cut, or_dash, say};
use super::table::{card, listing, second};
use super::{Ended, Exit, Failure, Globals, outbox, print};
use crate::admin::api::messages::{MessageDetail, MessageList, MessageView};
use crate::admin::{DecideOrder, path, with_parameters};
use crate::envelope::Proven;
use crate::ids::{IncidentName, MessageId, PeerName};
use crate::store::records::{Direction, Verdict};

/// Arguments of `ridd message`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List messages, the newest first
    List(ListArgs),
    /// Show what is known of one message
    Show {
        /// The message
        id: MessageId,
    },
    /// Write the message out, byte for byte as it was received or sent
    Export {
        /// The message
        id: MessageId,
        /// In clear text, if it was decrypted or is a message of ours that was encrypted
        #[arg(long)]
        plain: bool,
        /// Into this file, which must not be there yet; to standard output without it
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Approve a request that is held for a person's decision
    Approve {
        /// The message
        id: MessageId,
    },
    /// Deny a request that is held for a person's decision
    Deny {
        /// The message
        id: MessageId,
        /// Why, in the words of RFC 6545: CannotProcess (the default: for legal or policy reasons), SystemResource,
        /// UnrecognizedFormat, Authentication, AuthenticationOrigin, Encryption, Other
        #[arg(long, value_name = "JUSTIFICATION")]
        because: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only messages exchanged with this peer
    #[arg(long)]
    peer: Option<PeerName>,
    /// Only messages about this incident, written NAME#ID
    #[arg(long, value_name = "NAME#ID")]
    incident: Option<IncidentName>,
    /// Only messages of this type: Report, InvestigationRequest, TraceRequest, Query, Result, Acknowledgement
    #[arg(long = "type", value_name = "TYPE")]
    msg_type: Option<String>,
    /// Only what came in, or what went out
    #[arg(long, value_name = "in|out")]
    direction: Option<Direction>,
    /// Only messages with this verdict: accepted, held, denied, sent
    #[arg(long)]
    verdict: Option<Verdict>,
    /// Only what waits for a person's decision: the same as --verdict held
    #[arg(long, conflicts_with = "verdict")]
    held: bool,
    /// Only messages from this instant on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    after: Option<String>,
    /// Only messages before this instant (RFC 3339)
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

/// Carries out `ridd message`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    match &args.verb {
        Verb::List(args) => list(args, globals),
        Verb::Show { id } => {
            let path = path(["messages", id.as_str()]);
            let detail: MessageDetail = ask(globals, |client| async move { client.get(&path).await })?;
            say(globals, &detail, show)
        }
        Verb::Export { id, plain, output } => export(id, *plain, output.as_deref(), globals),
        Verb::Approve { id } => decide(id, &DecideOrder { approve: true, justification: None }, globals),
        Verb::Deny { id, because } => {
            decide(id, &DecideOrder { approve: false, justification: because.clone() }, globals)
        }
    }
}

fn list(args: &ListArgs, globals: &Globals) -> Ended {
    let parameters = [
        ("peer", args.peer.as_ref().map(ToString::to_string)),
        ("incident", args.incident.as_ref().map(ToString::to_string)),
        ("type", args.msg_type.clone()),
        ("direction", args.direction.map(|direction| direction.to_string())),
        ("verdict", args.verdict.or_else(|| args.held.then_some(Verdict::Held)).map(|verdict| verdict.to_string())),
        ("after", args.after.clone()),
        ("before", args.before.clone()),
        ("limit", Some(args.limit.to_string())),
    ];
    let path = with_parameters("messages", &parameters);
    let list: MessageList = ask(globals, |client| async move { client.get(&path).await })?;
    say(globals, &list, |list| cut(table(&list.messages), list.more))
}

/// Messages as a table.
pub(super) fn table(messages: &[MessageView]) -> String {
    let rows = messages.iter().map(|message| {
        let verdict = match &message.justification {
            Some(why) => format!("{} ({why})", message.verdict),
            None => message.verdict.to_string(),
        };
        [
            second(message.received),
            message.id.to_string(),
            if message.direction == Direction::In { "from" } else { "to" }.to_owned(),
            message.peer.to_string(),
            message.msg_type.clone(),
            or_dash(message.incident.as_ref()),
            verdict,
        ]
    });
    listing(["TIME", "MESSAGE", "", "PEER", "TYPE", "INCIDENT", "VERDICT"], rows, "no message")
}

fn show(detail: &MessageDetail) -> String {
    let message = &detail.message;
    let mut text = card([
        ("message", Some(message.id.to_string())),
        (if message.direction == Direction::In { "from" } else { "to" }, Some(message.peer.to_string())),
        ("type", Some(message.msg_type.clone())),
        ("incident", message.incident.as_ref().map(ToString::to_string)),
        ("instance", message.instance.clone()),
        (if message.direction == Direction::In { "received" } else { "made" }, Some(message.received.to_string())),
        ("verdict", Some(message.verdict.to_string())),
        ("because", message.justification.clone()),
        ("warnings", Some(message.warnings.join("\n")).filter(|text| !text.is_empty())),
        ("proven", proven(message)),
        ("restriction", message.restriction.clone()),
        ("payload", message.payload.clone()),
        ("size", Some(format!("{} bytes", message.size))),
        ("digest", Some(format!("sha256:{}", message.digest))),
        ("address", message.remote.clone()),
        ("certificate", message.certificate.as_ref().map(|spki| format!("sha256:{spki}"))),
        ("answers", message.answers.as_ref().map(ToString::to_string)),
        ("token", message.token.as_ref().map(ToString::to_string)),
    ]);
    if !detail.parcels.is_empty() {
        text.push_str("\n\n");
        text.push_str(&outbox::table(&detail.parcels));
    }
    if message.verdict == Verdict::Held {
        text.push_str(&format!("\n\ndecide with `ridd message approve {0}` or `ridd message deny {0}`", message.id));
    }
    text
}

/// Who signed what, and how it was encrypted, a line each.
fn proven(message: &MessageView) -> Option<String> {
    let proven: Proven = serde_json::from_value(message.proven.clone()?).ok()?;
    let signed = proven.signatures.iter().map(|proof| {
        let covers = proof.covers.iter().map(|what| if what == "message" { "the whole message" } else { what });
        format!("{} signed {} ({})", proof.signer, covers.collect::<Vec<_>>().join(", "), proof.algorithm)
    });
    let encrypted = proven.encrypted.iter().map(|how| format!("its document was encrypted for us ({how})"));
    Some(signed.chain(encrypted).collect::<Vec<_>>().join("\n")).filter(|text| !text.is_empty())
}

fn export(id: &MessageId, plain: bool, output: Option<&Path>, globals: &Globals) -> Ended {
    let path = path(["messages", id.as_str(), if plain { "plain" } else { "body" }]);
    let bytes = ask(globals, |client| async move { client.bytes(&path).await })?;
    let Some(file) = output else {
        return match stdout().lock().write_all(&bytes) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
            _ => Ok(Exit::Done),
        };
    };
    let written = OpenOptions::new().write(true).create_new(true).open(file).and_then(|mut out| out.write_all(&bytes));
    written.map_err(|error| Failure::input(format_args!("cannot write {}: {error}", file.display())))?;
    let said = format!("{} bytes written to {}", bytes.len(), file.display());
    print(if globals.json { json!({ "file": file, "size": bytes.len() }).to_string() } else { said })?;
    Ok(Exit::Done)
}

fn decide(id: &MessageId, order: &DecideOrder, globals: &Globals) -> Ended {
    let path = path(["messages", id.as_str(), "decision"]);
    let decided: MessageView = ask(globals, |client| async move { client.post(&path, order).await })?;
    say(globals, &decided, |decided| {
        let why = decided.justification.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
        format!("{} {} of {} is {}{why}", decided.msg_type, decided.id, decided.peer, decided.verdict)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["message-list", "message-list-empty"], |list: &MessageList| cut(table(&list.messages), list.more));
        compare(&["message-show", "message-show-held", "message-show-sent"], show);
    }
}
