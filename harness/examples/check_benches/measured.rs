//! What criterion wrote about a run of the benchmarks.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How the names of matrix products begin (`models/benches/reference`).
const PRODUCT: &str = "matrix product";
/// Threads that benchmarks are compared on. With more, ratios would depend on the number of cores.
const THREADS: &str = "threads 1";

/// By name: median time over that of the matrix product in the same group.
pub type Ratios = BTreeMap<String, f64>;

/// Of all benchmarks below a folder.
///
/// # Errors
/// Names a file that is missing or unreadable, or a group that is not between two matrix products on one thread.
pub fn ratios(folder: &Path) -> Result<Ratios> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for file in results(folder)? {
        let Measured { group_id, function_id, value_str, full_id, nanoseconds } = Measured::read(&file)?;
        let group = groups.entry(group_id).or_default();
        if !function_id.unwrap_or_default().starts_with(PRODUCT) {
            group.benchmarks.push((full_id, nanoseconds));
        } else if value_str.as_deref() == Some(THREADS) {
            group.products.push(nanoseconds);
        } else {
            bail!("{}: {full_id}: benchmarks are compared on one thread: RAYON_NUM_THREADS=1", file.display());
        }
    }
    ensure!(!groups.is_empty(), "{}: no results of criterion", folder.display());
    let mut ratios = Ratios::new();
    for (name, Group { products, benchmarks }) in groups {
        let [before, after] = products[..] else {
            bail!("{}: {name}: {} measurements of a matrix product, not 2", folder.display(), products.len());
        };
        let product = (before * after).sqrt();
        ratios.extend(benchmarks.into_iter().map(|(name, nanoseconds)| (name, nanoseconds / product)));
    }
    Ok(ratios)
}

/// Median times of a group, in nanoseconds.
#[derive(Default)]
struct Group {
    products: Vec<f64>,
    benchmarks: Vec<(String, f64)>,
}

/// criterion's `benchmark.json`, and the median of its `estimates.json`.
#[derive(Deserialize)]
struct Measured {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    full_id: String,
    #[serde(skip)]
    nanoseconds: f64,
}

impl Measured {
    /// `file` is the `benchmark.json`.
    fn read(file: &Path) -> Result<Self> {
        let measured: Self = json(file)?;
        let file = file.with_file_name("estimates.json");
        let median = json::<Value>(&file)?.pointer("/median/point_estimate").and_then(Value::as_f64);
        let median = median.filter(|nanoseconds| *nanoseconds > 0.0);
        Ok(Self { nanoseconds: median.with_context(|| format!("{}: no median", file.display()))?, ..measured })
    }
}

/// # Errors
/// Names the file.
pub fn json<T: for<'a> Deserialize<'a>>(file: &Path) -> Result<T> {
    let name = || file.display().to_string();
    serde_json::from_slice(&fs::read(file).with_context(name)?).with_context(name)
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
