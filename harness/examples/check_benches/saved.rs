//! The file of saved ratios.

use crate::measured::{Ratios, json};
use anyhow::{Result, ensure};
use atrous_harness::results::provenance;
use atrous_harness::results::result::write_json;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

/// Where the file does not say: another processor, a busy machine and a clock that is not constant cost less.
const TOLERANCE: f64 = 2.0;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    pub command: String,
    /// `2026-11-24`, in UTC.
    pub date: String,
    pub processor: String,
    /// By what factor a ratio may be larger than saved.
    pub tolerance: f64,
    pub benchmarks: BTreeMap<String, Benchmark>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    /// Time over that of a matrix product.
    pub ratio: f64,
    /// Instead of the file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Why it has a tolerance of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Saved {
    /// Measured ratios to four digits, with the tolerances of an earlier file.
    pub fn new(ratios: &Ratios, earlier: Option<Self>) -> Self {
        let (tolerance, mut earlier) =
            earlier.map_or((TOLERANCE, BTreeMap::new()), |earlier| (earlier.tolerance, earlier.benchmarks));
        let benchmark = |(name, ratio): (&String, &f64)| {
            let ratio = format!("{ratio:.3e}").parse().expect("a number");
            let (tolerance, why) = earlier.remove(name).map_or((None, None), |known| (known.tolerance, known.why));
            (name.clone(), Benchmark { ratio, tolerance, why })
        };
        Saved {
            command: "scripts/check_benches.sh --save".into(),
            date: provenance::now().chars().take_while(|c| *c != 'T').collect(),
            processor: processor(),
            tolerance,
            benchmarks: ratios.iter().map(benchmark).collect(),
        }
    }

    /// # Errors
    /// Names the file.
    pub fn read(file: &Path) -> Result<Self> {
        let saved: Self = json(file)?;
        let tolerances = saved.benchmarks.values().filter_map(|benchmark| benchmark.tolerance);
        for tolerance in tolerances.chain([saved.tolerance]) {
            ensure!(tolerance > 1.0, "{}: a tolerance of {tolerance}", file.display());
        }
        for (name, Benchmark { ratio, .. }) in &saved.benchmarks {
            ensure!(*ratio > 0.0, "{}: {name}: a ratio of {ratio}", file.display());
        }
        Ok(saved)
    }

    /// # Errors
    /// Names the file.
    pub fn write(&self, file: &Path) -> Result<()> {
        write_json(file, self)
    }

    /// # Errors
    /// Names benchmarks that only one of both has.
    pub fn compare(&self, measured: &Ratios) -> Result<Vec<Line>> {
        let ours: BTreeSet<&String> = self.benchmarks.keys().collect();
        let theirs: BTreeSet<&String> = measured.keys().collect();
        let list = |names: BTreeSet<&String>| names.iter().map(|name| format!("\n  {name}")).collect::<String>();
        let (missing, unknown) = (list(&ours - &theirs), list(&theirs - &ours));
        ensure!(missing.is_empty(), "saved, but not measured:{missing}");
        ensure!(unknown.is_empty(), "measured, but not saved (scripts/check_benches.sh --save):{unknown}");
        let line = |((name, benchmark), &measured): ((&String, &Benchmark), &f64)| {
            let tolerance = benchmark.tolerance.unwrap_or(self.tolerance);
            Line { name: name.clone(), saved: benchmark.ratio, measured, tolerance }
        };
        Ok(self.benchmarks.iter().zip(measured.values()).map(line).collect())
    }
}

/// A benchmark as saved and as measured.
pub struct Line {
    name: String,
    saved: f64,
    measured: f64,
    tolerance: f64,
}

impl Line {
    fn change(&self) -> f64 {
        self.measured / self.saved
    }

    pub fn is_slower(&self) -> bool {
        self.change() > self.tolerance
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, tolerance, .. } = self;
        let [saved, measured] = [self.saved, self.measured].map(digits);
        write!(f, "{name:<56} {saved:>9} {measured:>9} x{:>6.2}", self.change())?;
        match self.change() {
            change if change > *tolerance => write!(f, "  SLOWER: up to x {tolerance} is allowed"),
            change if change < 1.0 / tolerance => f.write_str("  faster: to be saved anew"),
            _ => Ok(()),
        }
    }
}

/// With four digits.
fn digits(value: f64) -> String {
    format!("{value:.*}", (3 - value.log10().floor() as i32).max(0) as usize)
}

/// The processor's name, where the system tells; else its kind.
fn processor() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or(std::env::consts::ARCH, |(_, name)| name).to_owned()
}
