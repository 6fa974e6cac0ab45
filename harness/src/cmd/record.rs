//! `atrous record`: finished runs become a reference.

use super::output::print;
use super::{check_folder_of, read_first_losses, read_rows};
use crate::conclusions::gate::ReferenceRuns;
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::file_mutex::FileLock;
use crate::support::lookup;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// Record finished runs as the reference that `atrous check` holds later ones against
///
/// Makes the file, or adds to it the runs that it does not hold yet: more seeds find smaller
/// changes. A check of recorded seeds is paired with them. One of other seeds needs a reference
/// with at least twice as many seeds as it has itself. Beside scores it keeps the losses of the
/// first three steps, and the vector instructions of the processor. Runs that are recorded are
/// added again where a processor has other ones: their bits differ. Nothing that is recorded is
/// ever overwritten: runs of other settings, other data or another model version, and runs that
/// ended otherwise than recorded, are refused.
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
    check_folder_of("reference", &path)?;
    let _held = FileLock::wait(&path)?;
    let losses = read_first_losses(&results, &rows)?;
    let mut reference = if lookup::is_there(&path)? {
        ReferenceRuns::read(&path)?
    } else {
        ReferenceRuns::new(rows.0[0].model_version)
    };
    let extension =
        reference.extend(&rows, &losses).with_context(|| format!("{} into {}", results.display(), path.display()))?;
    if extension.added + extension.completed > 0 {
        reference.write(&path)?;
    }
    let cells = reference.cells.len();
    let seeds = reference.cells.iter().map(|cell| cell.runs.len()).min().unwrap_or(0);
    print(format!(
        "{}: {} added, {} were recorded already, {} of them without their first losses; {cells} cells of {seeds} runs at \
         least: checks of these seeds are paired with them, and checks of other ones may have {}\n",
        path.display(),
        count(extension.added, "run"),
        extension.known,
        extension.completed,
        seeds / 2
    ))?;
    Ok(Exit::Done)
}
