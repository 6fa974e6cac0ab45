//! One file per subcommand: its arguments, and what it does with the library.

pub mod batches;
pub mod devices;
pub mod eval;
pub mod export;
pub mod inspect;
mod options;
mod output;
pub mod predict;
pub mod prepare;
pub mod sweep;
pub mod table;
pub mod train;

use crate::settings::join_rates;
use crate::spec::{Overrides, Spec, check_rates};
use anyhow::{Result, anyhow, ensure};
use std::path::{Path, PathBuf};

/// Where a spec's runs go when nobody says otherwise: `runs/<name of the spec>`.
fn default_out(spec_name: &str) -> PathBuf {
    Path::new("runs").join(spec_name)
}

/// Whether a file can be made here: an hour of work is not to be lost to a mistyped folder.
fn check_new_file(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(folder.is_dir(), "{}: there is no folder {}", path.display(), folder.display());
    ensure!(!path.exists(), "{} exists: take another name", path.display());
    Ok(())
}

/// A spec with nothing but one run in it; the baseline stays that of the experiment, and stands in for missing rates.
fn one_run(spec: &str, experiment: &str, rates: Option<&[usize]>, seed: u64, set: &[String]) -> Result<Spec> {
    let seeds = Some(format!("{seed},"));
    let overrides = Overrides { set: set.to_vec(), seeds, only: vec![experiment.to_owned()] };
    let mut spec = Spec::load(spec, &overrides)?;
    for experiment in &mut spec.experiments {
        let rates = rates.map_or_else(|| experiment.baseline.clone(), <[usize]>::to_vec);
        check_rates(&rates).map_err(|message| anyhow!("--rates {}: {message}", join_rates(&rates)))?;
        experiment.rates = vec![rates];
    }
    Ok(spec)
}
