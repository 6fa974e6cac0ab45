//! `atrous record`: finished runs become a reference.

use super::output::print;
use super::{check_folder_of, read_rows};
use crate::conclusions::gate::ReferenceRuns;
use crate::support::count::count;
use crate::support::exit::Exit;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// Record finished runs as the reference that `atrous check` holds later ones against
///
/// Makes the file, or adds to it the runs that it does not hold yet: more seeds find smaller drops.
/// A check needs a reference with at least twice as many seeds as it has itself. Nothing that is
/// recorded is ever overwritten: runs of other settings, other data or another model version, and
/// runs that ended otherwise than recorded, are refused.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The folder of runs that a sweep wrote
    results: PathBuf,

    /// The file to make or to extend
    #[arg(long, value_name = "FILE")]
    reference: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  atrous sweep gate --device flex --seeds 10 --out runs/reference
  atrous record runs/reference --reference results/reference/gate.json
      ten seeds; the file is committed with the code
  atrous sweep gate --device flex && atrous check runs/gate --reference results/reference/gate.json
      and three seeds are held against them after each change";

/// Runs the subcommand.
///
/// # Errors
/// A run that does not belong to the reference, and a file that cannot be read or written; names
/// it. Nothing is written then.
pub fn run(args: Args) -> Result<Exit> {
    let Args { results, reference: path } = args;
    let rows = read_rows(&results)?;
    let mut reference = if path.try_exists().with_context(|| format!("cannot read {}", path.display()))? {
        ReferenceRuns::read(&path)?
    } else {
        ReferenceRuns::new(rows.0[0].model_version)
    };
    let extension =
        reference.extend(&rows).with_context(|| format!("{} into {}", results.display(), path.display()))?;
    check_folder_of("reference", &path)?;
    if extension.added > 0 {
        reference.write(&path)?;
    }
    let cells = reference.cells.len();
    let seeds = reference.cells.iter().map(|cell| cell.runs.len()).min().unwrap_or(0);
    print(format!(
        "{}: {} added, {} were recorded already; {} of {} at least, enough for checks of {}\n",
        path.display(),
        count(extension.added, "run"),
        extension.known,
        count(cells, "cell"),
        count(seeds, "run"),
        seeds / 2
    ))?;
    Ok(Exit::Done)
}
