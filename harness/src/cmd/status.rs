//! `atrous status`: how far a sweep has come that runs elsewhere or has stopped.

use super::options::MarginArg;
use super::output::print;
use crate::support::clock;
use crate::support::exit::Exit;
use crate::support::lookup;
use crate::sweep::SweepStatus;
use anyhow::{Result, ensure};
use std::path::PathBuf;

/// Say how far a sweep has come, whether it runs or has stopped
///
/// Reads what the folder of its runs holds and writes nothing; it takes no lock, so the sweep goes
/// on undisturbed, on this machine or on another one that shares the folder. Prints how many runs
/// are finished, failed and left, whether a sweep runs, the time left, and how each of the rates
/// stands beside the baseline. A sweep that was not heard of for a minute counts as stopped.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Args {
    /// The folder of a sweep's runs, such as runs/quick
    #[arg(value_name = "DIR")]
    results: PathBuf,

    #[command(flatten)]
    margin: MarginArg,
}

const HELP: &str = "\
Examples:
  atrous status runs/quick
      how far `atrous sweep quick` has come
  until atrous status runs/quick >/dev/null || [ $? -ne 75 ]; do sleep 60; done
      wait until no run is left

Exit codes:
  0    every run is finished
  1    no run is left, and some have failed
  2    the folder or a file in it cannot be read
  75   runs are left, whether a sweep makes them now or not";

/// Runs the subcommand.
///
/// # Errors
/// A folder that is not there or holds no sweep, and a file in it that cannot be read; names it.
pub fn run(args: Args) -> Result<Exit> {
    let Args { results, margin } = args;
    ensure!(
        lookup::is_dir(&results)?,
        "{}: no such folder; name the one that a sweep wrote (--out)",
        results.display()
    );
    let status = SweepStatus::read(&results, margin.margin, clock::seconds())?;
    ensure!(status.planned > 0, "{}: holds no runs of a sweep", results.display());
    print(status.to_string())?;
    Ok(match status.left() {
        0 => Exit::done_if(status.failed == 0),
        _ => Exit::TryLater,
    })
}
