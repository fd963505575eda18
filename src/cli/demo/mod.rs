//! `ridd demo`: the main job before one's eyes. An authority, a department and two operating units run as real nodes;
//! the authority issues the SQL Slammer data call, the department relays it, the units complete, the authority learns.

mod completion;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "for the significant event of the demonstration, which is not played yet")
)]
mod smtp;
mod stage;
mod watch;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::{Ended, Exit, Failure, Globals, print};
use crate::store::records::Direction;
use stage::Stage;
use watch::{Seen, Watch};

/// The data call in both versions of IODEF: the same incident twice, for real authorities will do so too.
const CALLS: [(&str, &str, &[u8]); 2] = [
    ("IODEF 2.0", "investigation-request", include_bytes!("../../../fixtures/data-call/slammer-2.0.xml")),
    ("IODEF 1.0", "report", include_bytes!("../../../fixtures/data-call/slammer-1.0.xml")),
];

/// What `ridd demo` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the nodes running and say how to look around
    #[arg(long)]
    keep: bool,
}

/// Runs the demonstration; whatever happens, nothing is left behind unless it is to be kept.
pub(crate) fn run(args: &Args, _globals: &Globals) -> Ended {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(async {
        // Before the first node starts, so that none is left behind whenever the signal comes.
        let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
        let mut ended = signal(SignalKind::terminate()).map_err(Failure::failed)?;
        let broken_off = || Err(Failure::failed("broken off; the nodes are ended and their files removed"));
        tokio::select! {
            played = play(args.keep) => played,
            _ = interrupted.recv() => broken_off(),
            _ = ended.recv() => broken_off(),
        }
    })
}

async fn play(keep: bool) -> Ended {
    print("Setting the stage: four nodes, each with a CA, a certificate and a store of its own")?;
    let mut stage = Stage::set()?;
    for node in stage.nodes() {
        print(format!("  {:<28} listens on {}", node.name.as_str(), node.address()?))?;
    }
    let mut watch = Watch::begin(&stage);
    for (version, kind, document) in CALLS {
        call(&stage, &mut watch, version, kind, document).await?;
    }
    stage.department.command(&["outbox", "list"])?;
    print("\nThe department's timeline")?;
    print(timeline(&stage)?)?;
    print("\nEvery step was taken: called, relayed, acknowledged, completed, reported.")?;
    if keep {
        print(stage.keep())?;
    }
    Ok(Exit::Done)
}

/// One data call, from its issue to the last completion at the authority.
async fn call(stage: &Stage, watch: &mut Watch, version: &str, kind: &str, document: &[u8]) -> Result<(), Failure> {
    print(format!("\nThe authority issues the data call in {version}, as {kind}"))?;
    let file = stage.write("data-call.xml", document)?;
    stage.authority.command(&["send", stage.department.name.as_str(), &file, "--type", kind])?;
    let issued = watch.time();
    let relayed = |message: &Seen, unit: &crate::ids::PeerName| {
        message.at == *unit
            && message.view.direction == Direction::In
            && message.view.msg_type == "InvestigationRequest"
    };
    let mut asked = Vec::new();
    for unit in stage.units() {
        let wanted = |message: &Seen| relayed(message, &unit.name) && message.view.received >= issued;
        asked.push((unit, watch.until("the department's request at the unit", wanted).await?));
    }
    let answer = if kind == "report" { "report" } else { "result" };
    for (unit, request) in &asked {
        print(format!("\n{} has corrected its systems and completes, by {answer}", unit.name))?;
        let completion = completion::document(&unit.name, &request.view)?;
        let file = stage.write(&format!("completion-{}.xml", unit.name), completion.as_bytes())?;
        let department = stage.department.name.as_str();
        let request_id = request.view.id.to_string();
        let mut command = vec!["send", department, &file, "--type", answer];
        // A Report is matched by its incident and instance, as it would be from a unit that does not run `ridd`.
        if answer == "result" {
            command.extend(["--answers", &request_id]);
        }
        unit.command(&command)?;
        let completed = watch.time();
        let wanted = |message: &Seen| {
            let home = message.at == stage.authority.name && message.view.direction == Direction::In;
            // Only the last Result travels on as one, for the token of the call closes with it.
            let completes = matches!(message.view.msg_type.as_str(), "Result" | "Report");
            home && completes && message.view.received >= completed
        };
        watch.until("the completion at the authority", wanted).await?;
    }
    Ok(())
}

/// What happened at the department, as its own command line tells it.
fn timeline(stage: &Stage) -> Result<String, Failure> {
    stage.department.command(&["incident", "show", "authority.example#2003-0125-1"])
}
