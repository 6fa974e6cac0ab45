//! Holds benchmarks against saved ones: what criterion measured, over the matrix product that was measured in the same group.
//! `scripts/check_benches.sh` runs the benchmarks and this.
//!
//! Exit status: 0 no benchmark is slower than the file allows, 1 one is (in every run that was given), 2 could not judge, 3 nothing
//! has been saved for this processor's vectors.

mod measured;
mod saved;
#[cfg(test)]
mod tests;

use anyhow::{Result, ensure};
use atrous_models::device::ComputeDevice;
use clap::Parser;
use measured::{Ratios, ratios};
use saved::Saved;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare criterion's results with saved ones
#[derive(Debug, Parser)]
struct Args {
    /// Folders with criterion's results (`CRITERION_HOME`), each of one run of the benchmarks
    #[arg(required_unless_present = "known")]
    runs: Vec<PathBuf>,

    /// The file of saved ratios [default: results/benchmarks.VECTORS.json, with the vectors of this processor: wider ones gain more in
    /// a matrix product than elsewhere]
    #[arg(long)]
    file: Option<PathBuf>,

    /// Only say whether there is such a file
    #[arg(long)]
    known: bool,

    /// Write the file: of each benchmark the median of the runs. Tolerances stay as they are
    #[arg(long)]
    save: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let file = args.file();
    if !args.save && !file.exists() {
        eprintln!("there is no {}: scripts/check_benches.sh --save writes it", file.display());
        return ExitCode::from(3);
    }
    if args.known {
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

impl Args {
    fn file(&self) -> PathBuf {
        self.file.clone().unwrap_or_else(|| {
            let vectors = ComputeDevice::flex().info.api;
            Path::new("results").join(format!("benchmarks.{vectors}.json"))
        })
    }
}

/// Whether no benchmark is slower than allowed.
fn run(args: &Args) -> Result<bool> {
    let file = args.file();
    let runs = args.runs.iter().map(|folder| ratios(folder)).collect::<Result<Vec<_>>>()?;
    let runs = by_name(&runs)?;
    if args.save {
        let earlier = if file.exists() { Some(Saved::read(&file)?) } else { None };
        let medians = runs.into_iter().map(|(name, ratios)| (name, ratios[ratios.len() / 2])).collect();
        Saved::new(&medians, earlier).write(&file)?;
        println!("saved the ratios of {} benchmarks: {}", medians.len(), file.display());
        return Ok(true);
    }
    let saved = Saved::read(&file)?;
    // Whatever else the machine does makes a run slower, and none faster.
    let least = runs.into_iter().map(|(name, ratios)| (name, ratios[0])).collect();
    let lines = saved.compare(&least)?;
    println!("{:<56} {:>9} {:>9} {:>7}", "time over that of a matrix product", "saved", "measured", "change");
    lines.iter().for_each(|line| println!("{line}"));
    let slower = lines.iter().filter(|line| line.is_slower()).count();
    println!("{} benchmarks, {slower} slower than allowed; saved {} on {}", lines.len(), saved.date, saved.processor);
    Ok(slower == 0)
}

/// Of each benchmark the ratios of all runs, ascending.
fn by_name(runs: &[Ratios]) -> Result<BTreeMap<String, Vec<f64>>> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    runs.iter().flatten().for_each(|(name, &ratio)| all.entry(name.clone()).or_default().push(ratio));
    for (name, ratios) in &mut all {
        ensure!(ratios.len() == runs.len(), "{name}: measured in {} of {} runs", ratios.len(), runs.len());
        ratios.sort_by(f64::total_cmp);
    }
    Ok(all)
}
