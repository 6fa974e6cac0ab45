//! One file per subcommand: its arguments, and what it does with the library.

pub mod batches;
pub mod bench;
mod browser;
pub mod check;
pub mod cli;
pub mod completions;
pub mod describe;
pub mod devices;
pub mod erf;
pub mod eval;
pub mod export;
pub mod inspect;
pub mod man;
pub mod merge;
mod options;
mod output;
pub mod predict;
pub mod prepare;
pub mod rates;
pub mod record;
pub mod report;
pub mod spec;
pub mod status;
pub mod sweep;
pub mod table;
pub mod train;
pub mod verify;

use crate::conclusions::gate::{FIRST_STEPS, FirstLosses};
use crate::results::rows::Rows;
use crate::results::run_dir::RunDir;
use crate::run::train::read_log;
use crate::support::lookup;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};

/// The folder of a spec's runs when nobody says otherwise: `runs/<name of the spec>`.
fn default_out(spec_name: &str) -> PathBuf {
    Path::new("runs").join(spec_name)
}

/// The rows of a folder of runs.
///
/// # Errors
/// A folder that is not there or holds no run that has ended, and a file in it that cannot be read;
/// names it.
fn read_rows(results: &Path) -> Result<Rows> {
    ensure!(lookup::is_dir(results)?, "{}: no such folder; name the one that a sweep wrote (--out)", results.display());
    let (rows, left_out) = Rows::read_noting(results)?;
    output::note_left_out(&left_out);
    ensure!(!rows.0.is_empty(), "{}: holds no run that has ended; start some with atrous sweep", results.display());
    Ok(rows)
}

/// The losses of the first steps of the finished runs of a folder, from their logs. Runs without a
/// log have none.
///
/// # Errors
/// A log that cannot be read; names it.
fn read_first_losses(results: &Path, rows: &Rows) -> Result<FirstLosses> {
    let mut losses = FirstLosses::default();
    for row in rows.0.iter().filter(|row| row.result().is_some()) {
        let log = RunDir::new(results, row.settings(), row.run_id()).log_csv();
        if lookup::is_there(&log)? {
            losses.insert(row.run_id(), read_log(&log)?.iter().take(FIRST_STEPS).map(|row| row.loss));
        }
    }
    Ok(losses)
}

/// Whether there is a folder for a file that an option names.
fn check_folder_of(option: &str, path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(lookup::is_dir(folder)?, "--{option} {}: there is no folder {}", path.display(), folder.display());
    Ok(())
}

/// Whether a file can be made here: an hour of work is not to be lost to a mistyped folder.
fn check_new_file(path: &Path) -> Result<()> {
    check_folder_of("out", path)?;
    ensure!(!lookup::is_there(path)?, "{} exists: take another name", path.display());
    Ok(())
}
