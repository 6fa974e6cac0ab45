//! Holds benchmarks against saved ones: what criterion measured, over the matrix product that was
//! measured in the same group. `scripts/check_benches.sh` runs the benchmarks and this. criterion's
//! own baselines are times of one machine, and no comparison with them fails.
//!
//! Exit status: 0 no benchmark is slower than the file allows, 1 one is (in every run that was
//! given), 2 could not judge, 3 nothing has been saved for this processor's vectors.

#![allow(clippy::disallowed_methods, reason = "it reads what criterion has written")]

use anyhow::{Context, Result, bail, ensure};
use atrous_harness::results::{provenance, result::write_json};
use atrous_models::device::ComputeDevice;
use clap::Parser;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Of a new file: another processor, a busy machine and a clock that is not constant cost less.
const TOLERANCE: f64 = 2.0;

/// Compare criterion's results with results/benchmarks.VECTORS.json, of this processor's vectors:
/// wider ones gain more in a matrix product than elsewhere
#[derive(Debug, Parser)]
struct Args {
    /// Folders with criterion's results (`CRITERION_HOME`), each of one run of the benchmarks;
    /// without any, only say whether there is such a file
    runs: Vec<PathBuf>,

    /// Write the file: of each benchmark the median of the runs. The tolerance stays as it is
    #[arg(long, requires = "runs")]
    save: bool,
}

fn main() -> ExitCode {
    let Args { runs, save } = Args::parse();
    let file = PathBuf::from(format!("results/benchmarks.{}.json", ComputeDevice::flex().info.api));
    if !save && !file.exists() {
        eprintln!("there is no {}: scripts/check_benches.sh --save writes it", file.display());
        return ExitCode::from(3);
    }
    match check(&file, &runs, save) {
        Ok(is_fast) => ExitCode::from(u8::from(!is_fast)),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Times over that of the matrix product, by benchmark: one of each run, ascending.
type Ratios = BTreeMap<String, Vec<f64>>;

/// Whether no benchmark is slower than allowed.
fn check(file: &Path, runs: &[PathBuf], save: bool) -> Result<bool> {
    if runs.is_empty() {
        return Ok(true);
    }
    let mut measured = Ratios::new();
    for run in runs {
        add_ratios(run, &mut measured)?;
    }
    for (name, ratios) in &mut measured {
        ensure!(ratios.len() == runs.len(), "{name}: measured in {} of {} runs", ratios.len(), runs.len());
        ratios.sort_by(f64::total_cmp);
    }
    if !save {
        return Saved::read(file)?.compare(&measured);
    }
    let tolerance = if file.exists() { Saved::read(file)?.tolerance } else { TOLERANCE };
    write_json(file, &Saved::new(&measured, tolerance))?;
    println!("saved the ratios of {} benchmarks: {}", measured.len(), file.display());
    Ok(true)
}

/// Times of one group, in nanoseconds.
#[derive(Default)]
struct GroupTimes {
    products: Vec<f64>,
    /// Each benchmark's name and time.
    benchmarks: Vec<(String, f64)>,
}

/// Reads one run's results. Each group lies between two matrix products on one thread: with more,
/// ratios would depend on the number of cores.
fn add_ratios(run: &Path, ratios: &mut Ratios) -> Result<()> {
    let mut groups: BTreeMap<String, GroupTimes> = BTreeMap::new();
    for file in results(run)? {
        let benchmark: Value = json(&file)?;
        let text = |key: &str| benchmark[key].as_str().unwrap_or_default().to_owned();
        let file = file.with_file_name("estimates.json");
        let median = json::<Value>(&file)?["median"]["point_estimate"].as_f64().filter(|time| *time > 0.0);
        let median = median.with_context(|| format!("{}: no median", file.display()))?;
        let GroupTimes { products, benchmarks } = groups.entry(text("group_id")).or_default();
        match (text("function_id").starts_with("matrix product"), text("value_str").as_str()) {
            (false, _) => benchmarks.push((text("full_id"), median)),
            (true, "threads 1") => products.push(median),
            (true, threads) => bail!("{}: {threads}: compared is one thread: RAYON_NUM_THREADS=1", file.display()),
        }
    }
    ensure!(!groups.is_empty(), "{}: no results of criterion", run.display());
    for (group, GroupTimes { products, benchmarks }) in groups {
        let [before, after] = products[..] else {
            bail!("{}: {group}: {} measurements of a matrix product, not 2", run.display(), products.len());
        };
        for (name, time) in benchmarks {
            ratios.entry(name).or_default().push(time / (before * after).sqrt());
        }
    }
    Ok(())
}

/// All `new/benchmark.json` below a folder.
fn results(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(results(&path)?);
        } else if path.ends_with("new/benchmark.json") {
            found.push(path);
        }
    }
    Ok(found)
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let name = || file.display().to_string();
    serde_json::from_slice(&fs::read(file).with_context(name)?).with_context(name)
}

/// The file of saved ratios.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    command: String,
    /// `2026-11-24`, in UTC.
    date: String,
    processor: String,
    /// By what factor a ratio may be larger than saved.
    tolerance: f64,
    benchmarks: BTreeMap<String, Benchmark>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Benchmark {
    ratio: f64,
}

impl Saved {
    /// Medians of the runs to four digits.
    fn new(measured: &Ratios, tolerance: f64) -> Self {
        let benchmark = |(name, ratios): (&String, &Vec<f64>)| {
            let ratio = format!("{:.3e}", ratios[ratios.len() / 2]).parse().expect("a number");
            (name.clone(), Benchmark { ratio })
        };
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Saved {
            command: "scripts/check_benches.sh --save".into(),
            date: provenance::now().chars().take_while(|c| *c != 'T').collect(),
            processor: processor.map_or(std::env::consts::ARCH, |(_, name)| name).into(),
            tolerance,
            benchmarks: measured.iter().map(benchmark).collect(),
        }
    }

    fn read(file: &Path) -> Result<Self> {
        let saved: Self = json(file)?;
        ensure!(saved.tolerance > 1.0, "{}: a tolerance of {}", file.display(), saved.tolerance);
        Ok(saved)
    }

    /// Prints every benchmark's change; whether none is slower than allowed. The least of the runs
    /// counts: whatever else the machine does makes a run slower, and none faster.
    fn compare(&self, measured: &Ratios) -> Result<bool> {
        for name in self.benchmarks.keys() {
            ensure!(measured.contains_key(name), "{name}: saved, but not measured");
        }
        println!("{:<56} {:>9} {:>9} {:>7}", "time over that of a matrix product", "saved", "measured", "change");
        let mut slower = 0;
        for (name, ratios) in measured {
            let saved = self.benchmarks.get(name);
            let saved = saved.with_context(|| format!("{name}: measured, but not saved (--save)"))?;
            let change = ratios[0] / saved.ratio;
            let word = match change {
                change if change > self.tolerance => format!("  SLOWER: up to x {} is allowed", self.tolerance),
                change if change < 1.0 / self.tolerance => "  faster: to be saved anew".into(),
                _ => String::new(),
            };
            slower += usize::from(change > self.tolerance);
            println!("{name:<56} {:>9.3e} {:>9.3e} x{change:>6.2}{word}", saved.ratio, ratios[0]);
        }
        println!(
            "{} benchmarks, {slower} slower than allowed; saved {} on {}",
            measured.len(),
            self.date,
            self.processor
        );
        Ok(slower == 0)
    }
}

#[cfg(test)]
mod tests;
