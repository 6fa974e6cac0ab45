//! The endpoints of docs/notes/size-or-objects.md, from the run directories of its sweeps.
//!
//!     cargo run --release --example size_or_objects -- results/size-or-objects/shallow/fold-*
//!
//! prints a table of scores by crop and largest rate, and P1 and P2 of each data set with interval
//! and verdict. With `--figures DIR` it writes a figure of each data set, as SVG and PNG, with
//! `--page FILE` all of it as one page. With `--full-scale DIR...` the runs are those of images at
//! half scale, and P3 is printed.

mod answer;
mod design;
mod endpoint;
mod family;
mod figure;
mod page;
mod scores;
mod table;

use anyhow::{Context, Error, Result, ensure};
use atrous_data::DatasetKind;
use atrous_harness::results::rows::Rows;
use atrous_harness::support::atomic_file;
use clap::Parser;
use design::{context, halved_objects, size_or_objects};
use family::Family;
use scores::{Fold, PartScores};
use std::path::PathBuf;
use std::process::ExitCode;

/// Compute the endpoints of docs/notes/size-or-objects.md
#[derive(Debug, Parser)]
struct Args {
    /// Folders of the sweeps of one part of the plan, one for each fold; folds are told apart by
    /// their validation images
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Folder for a figure of each data set: what context is worth, by crop and largest rate
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Folders of the sweeps at full scale, where `RUNS` are those at half scale: computes P3, run
    /// by run
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with = "figures")]
    full_scale: Vec<PathBuf>,
    /// Where to write the answer, endpoints, figures and scores as one page
    #[arg(long, value_name = "FILE.html")]
    page: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<()> {
    let Args { runs, figures, full_scale, page } = Args::parse();
    let part = scores_in(&runs)?;
    let (judged, asked) = if full_scale.is_empty() {
        (part.clone(), vec![context(), size_or_objects()])
    } else {
        let names = full_scale.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
        let pairs =
            part.minus(&scores_in(&full_scale)?).map_err(|missing| Error::msg(format!("{names}: {missing}")))?;
        (pairs, vec![halved_objects()])
    };
    print!("{}", table::text(&part, &judged, &asked));
    let of_set = |(kind, folds): (&DatasetKind, &Vec<Fold>)| {
        figure::of(*kind, folds).map_err(|missing| Error::msg(format!("{}: {missing}", kind.title())))
    };
    if let Some(folder) = figures {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        for figure in part.0.iter().map(of_set) {
            let figure = figure?;
            atomic_file::write(&folder.join(format!("{}.svg", figure.name)), figure.svg()?)?;
            atomic_file::write(&folder.join(format!("{}.png", figure.name)), figure.png()?)?;
        }
    }
    if let Some(file) = page {
        // Without the dead lists there is nothing to draw.
        let drawn = if full_scale.is_empty() { part.0.iter().map(of_set).collect::<Result<_>>()? } else { Vec::new() };
        let family = Family::of(&judged, &asked);
        atomic_file::write(&file, page::page(&part, &judged, &family, &drawn)?)?;
    }
    Ok(())
}

/// The scores of all finished runs in the folders of a part.
fn scores_in(folders: &[PathBuf]) -> Result<PartScores> {
    let mut rows = Vec::new();
    for folder in folders {
        let found = Rows::read(folder)?.0;
        ensure!(!found.is_empty(), "{}: holds no finished runs; name the folders of the folds", folder.display());
        rows.extend(found);
    }
    Ok(PartScores::of(&rows))
}

#[cfg(test)]
mod tests;
