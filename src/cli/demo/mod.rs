//! `ridd demo`: the main job before one's eyes. An authority, a department, three operating units and a unit of one of them
//! run as real nodes. The authority issues the SQL Slammer data call; the department coordinates the significant event
//! until it is confirmed, by the same commands and mails as in earnest, with seconds where the real plan has hours.

mod closing;
mod correction;
mod opening;
mod people;
mod play;
mod smtp;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};

use tokio::runtime::Builder;

use super::child::unless_broken_off;
use super::{Ended, Exit, Failure, Globals, print};
use crate::ids::EventId;
use play::Play;
use smtp::Smtp;
use stage::Stage;

/// What `ridd demo` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the nodes running, however it ends, and say how to look around
    #[arg(long)]
    keep: bool,
    /// Where the report after action goes [default: a new directory for temporary files]
    #[arg(long, value_name = "DIRECTORY")]
    report: Option<PathBuf>,
}

/// Runs the demonstration; whatever happens, nothing is left behind unless it is to be kept, but for the report.
pub(crate) fn run(args: &Args, _globals: &Globals) -> Ended {
    // The mail server works on while a command is waited for.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(unless_broken_off(play(args)))
}

async fn play(args: &Args) -> Ended {
    print("Setting the stage: six nodes, each with a CA, a certificate and a store of its own, and a mail server")?;
    let smtp = Smtp::start().await.map_err(Failure::failed)?;
    let stage = Stage::set(smtp.address())?;
    let mut play = Play::on(stage, smtp);
    let mut event = None;
    let played = from_call_to_report(&mut play, &mut event, args.report.as_deref()).await;
    if args.keep {
        print(play.stage.keep(event.as_ref().map(EventId::as_str)))?;
    }
    match played {
        Ok(()) => Ok(Exit::Done),
        // The reader has gone: nothing more is said.
        Err(quiet) if quiet.message.is_empty() => Err(quiet),
        Err(Failure { message, .. }) => {
            Err(Failure::failed(format_args!("the step “{}” failed: {message}", play.step)))
        }
    }
}

/// All steps, one after the other.
async fn from_call_to_report(
    play: &mut Play,
    known: &mut Option<EventId>,
    report: Option<&Path>,
) -> Result<(), Failure> {
    "Setting the stage".clone_into(&mut play.step);
    play.stage.introduce()?;
    play.stage.name_staff()?;
    for node in play.stage.nodes() {
        play.say(format_args!("{:<28} listens on {}", node.name.as_str(), node.address()?))?;
    }
    for (node, said) in play.stage.inform()? {
        play.say(format_args!("{:<28} {}", node.name.as_str(), said.lines().next().unwrap_or_default()))?;
    }
    let event = opening::called(play).await?;
    *known = Some(event.clone());
    opening::alerted(play, &event).await?;
    let at_unit1 = correction::unit1(play, &event).await?;
    correction::unit2(play, &event).await?;
    closing::validated(play, &event, &at_unit1).await?;
    closing::confirmed(play, &event).await?;
    closing::reported(play, &event, &directory(report)?)?;
    print(
        "\nEvery step was taken: called, alerted, acknowledged, escalated, corrected, validated, confirmed, reported.",
    )
}

/// Where the report goes; it is made if it is not there.
fn directory(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(wanted) = wanted else {
        let made = tempfile::Builder::new().prefix("ridd-demo-report-").tempdir().map_err(Failure::failed)?;
        return Ok(made.keep());
    };
    let cannot = |error| Failure::failed(format_args!("cannot make {}: {error}", wanted.display()));
    fs::create_dir_all(wanted).map_err(cannot)?;
    Ok(wanted.to_path_buf())
}
