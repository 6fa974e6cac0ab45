//! The endpoints of docs/notes/size-or-objects.md, from the run directories of its sweeps.
//!
//!     cargo run --release --example size_or_objects -- results/size-or-objects/shallow/fold-*
//!
//! prints a table of scores by crop and largest rate, and P1 and P2 of each data set with interval
//! and verdict.

mod design;
mod endpoint;
mod scores;
mod table;

use anyhow::{Result, ensure};
use atrous_harness::results::rows::Rows;
use clap::Parser;
use std::path::PathBuf;

/// Compute the endpoints of docs/notes/size-or-objects.md
#[derive(Debug, Parser)]
struct Args {
    /// Folders of the sweeps of one part of the plan, one for each fold; folds are told apart by
    /// their validation images
    #[arg(required = true)]
    runs: Vec<PathBuf>,
}

fn main() -> Result<()> {
    let Args { runs } = Args::parse();
    let mut rows = Vec::new();
    for folder in &runs {
        let found = Rows::read(folder)?.0;
        ensure!(!found.is_empty(), "{}: holds no finished runs; name the folders of the folds", folder.display());
        rows.extend(found);
    }
    print!("{}", table::text(&scores::PartScores::of(&rows)));
    Ok(())
}

#[cfg(test)]
mod tests;
