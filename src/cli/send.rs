//! `ridd send` and `ridd query`: put something into the node's outbox.

use std::fs::File;
use std::io::{Read, stdin};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::ask::{ask, say};
use super::{Ended, Failure, Globals};
use crate::admin::api::messages::MessageView;
use crate::admin::{QueryOrder, SendOrder};
use crate::ids::{IncidentName, MessageId, PeerName};
use crate::peers::MsgType;

/// Bytes of the largest document that is read; the node's own limit is usually lower.
const LARGEST: u64 = 64 << 20;

/// Arguments of `ridd send`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// To whom; `auto` has the network decide that --source-of-incident is in
    peer: String,
    /// An IODEF document, or a whole RID message; `-` is standard input
    file: PathBuf,
    /// What to make of an IODEF document; a RID message says it itself
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Kind>,
    /// The address that the incident comes from (RFC 6545: SourceOfIncident)
    #[arg(long, value_name = "IP")]
    source_of_incident: Option<IpAddr>,
    /// The peer's request that a result answers [default: the newest open one about the incident]
    #[arg(long, value_name = "MESSAGE")]
    answers: Option<MessageId>,
    /// A result says that the source was found
    #[arg(long)]
    source_found: bool,
    /// A result names this address of the source
    #[arg(long, value_name = "IP")]
    source: Vec<IpAddr>,
    /// Encrypt the document for this peer, where its restriction asks for that; whom it goes to can then carry it on, but not
    /// read it [default: for whom it goes to]
    #[arg(long, value_name = "PEER")]
    reader: Vec<PeerName>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// For information, or a data call
    Report,
    /// Asks for an investigation
    InvestigationRequest,
    /// Asks to trace traffic to its source
    TraceRequest,
    /// Asks what is known
    Query,
    /// Answers a request with its outcome
    Result,
    /// Answers a request with a decision
    Acknowledgement,
}

impl From<Kind> for MsgType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Report => Self::Report,
            Kind::InvestigationRequest => Self::InvestigationRequest,
            Kind::TraceRequest => Self::TraceRequest,
            Kind::Query => Self::Query,
            Kind::Result => Self::Result,
            Kind::Acknowledgement => Self::Acknowledgement,
        }
    }
}

/// Puts the document into the node's outbox.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let peer = match args.peer.as_str() {
        "auto" if args.source_of_incident.is_some() => None,
        "auto" => return Err(Failure::input("auto needs --source-of-incident: its network decides who gets it")),
        name => Some(name.parse::<PeerName>().map_err(Failure::input)?),
    };
    let order = SendOrder {
        peer,
        document: read(&args.file)?,
        msg_type: args.kind.map(MsgType::from),
        source_of_incident: args.source_of_incident,
        answers: args.answers.clone(),
        source_found: args.source_found,
        sources: args.source.clone(),
        readers: args.reader.clone(),
    };
    let made: MessageView = ask(globals, |client| async move { client.post("messages", &order).await })?;
    say(globals, &made, said_of)
}

/// Arguments of `ridd query`.
#[derive(Debug, clap::Args)]
pub(crate) struct QueryArgs {
    /// Whom to ask
    peer: PeerName,
    /// About which incident, written NAME#ID
    #[arg(value_name = "NAME#ID")]
    incident: IncidentName,
    /// About one instance of it only
    #[arg(long)]
    instance: Option<String>,
}

/// Puts a Query into the node's outbox; the answer is filed under the same incident.
pub(crate) fn run_query(args: &QueryArgs, globals: &Globals) -> Ended {
    let order =
        QueryOrder { peer: args.peer.clone(), incident: args.incident.clone(), instance: args.instance.clone() };
    let made: MessageView = ask(globals, |client| async move { client.post("queries", &order).await })?;
    say(globals, &made, |made| {
        format!("{}\nthe answer will be in `ridd incident show {}`", said_of(made), args.incident)
    })
}

/// What became of an order, in words.
fn said_of(made: &MessageView) -> String {
    let about = made.incident.as_ref().map_or_else(String::new, |incident| match &made.instance {
        Some(instance) => format!(" about {incident}, instance {instance}"),
        None => format!(" about {incident}"),
    });
    let mut said = format!(
        "{} {} to {}{about} is in the outbox: `ridd message show` tells how it fares",
        made.msg_type, made.id, made.peer
    );
    for warning in &made.warnings {
        said.push_str("\nwarning: ");
        said.push_str(warning);
    }
    said
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let done = if file == Path::new("-") {
        stdin().lock().take(LARGEST).read_to_string(&mut text)
    } else {
        File::open(file).and_then(|open| open.take(LARGEST).read_to_string(&mut text))
    };
    done.map_err(|error| Failure::input(format_args!("cannot read {}: {error}", file.display())))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::golden::compare;

    #[test]
    fn words_are_as_agreed() {
        compare(&["send", "send-query"], said_of);
    }
}
