//! A spec: the experiments of a sweep, as data.
//!
//! Reading goes text -> wire form (`wire`) -> overrides (`overrides`) -> protocol defaults (`protocol`)
//! -> checks (`check`) -> [`Experiment`]s -> planned runs.

mod check;
mod embedded;
mod error;
mod locate;
mod overrides;
pub mod protocol;
mod rates;
mod size;
mod wire;

pub use check::{check_inference, check_name, check_settings};
pub use embedded::{EMBEDDED, EmbeddedSpec};
pub use error::SpecError;
pub use overrides::Overrides;
pub use rates::check_rates;

use crate::experiment::settings::{DataSource, InferSpec, InitSpec, ModelSpec, RunSettings, TrainSpec};
use crate::experiment::{Answer, Expectation};
use crate::support::input_file;
use atrous_data::DatasetKind;
use overrides::Override;
use std::path::Path;

/// The experiments of a sweep, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The embedded spec's name, or the file's name without its ending.
    pub name: String,
    pub experiments: Vec<Experiment>,
}

/// A data set, a model, a protocol, and the rates and seeds to sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    pub name: String,
    pub dataset: DatasetKind,
    pub model: ModelSpec,
    pub init: Option<InitSpec>,
    pub crop: [usize; 2],
    pub resize: [usize; 2],
    pub rates: Vec<Vec<usize>>,
    pub baseline: Vec<usize>,
    pub seeds: Vec<u64>,
    pub train: TrainSpec,
    pub infer: InferSpec,
    pub data: DataSource,
    /// What it is expected to show; decides no result.
    pub expect: Option<Answer>,
}

/// One run of a spec, before the data have been looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    pub settings: RunSettings,
    /// The rates that the experiment is compared with.
    pub baseline: Vec<usize>,
    /// What the experiment is expected to show, where its spec says so.
    pub expectation: Option<Expectation>,
}

impl Spec {
    /// Reads an embedded spec by name, or a file, and applies what was given on the command line.
    ///
    /// # Errors
    /// One line that names the file, line and key, or the override.
    pub fn load(name_or_path: &str, overrides: &Overrides) -> Result<Spec, SpecError> {
        if let Some(embedded) = EMBEDDED.iter().find(|spec| spec.name == name_or_path) {
            let file = format!("specs/{}.toml", embedded.name);
            return Spec::parse(embedded.name, &file, embedded.text, overrides);
        }
        let path = Path::new(name_or_path);
        let text = input_file::read_text(path, input_file::SPEC_BYTES).map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                let known = EMBEDDED.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
                SpecError::Unknown { name: name_or_path.into(), known }
            } else {
                SpecError::Read { file: name_or_path.into(), source }
            }
        })?;
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
        Spec::parse(&name, name_or_path, &text, overrides)
    }

    /// The same from text; `file` is what errors call it.
    ///
    /// # Errors
    /// As [`Spec::load`].
    pub fn parse(name: &str, file: &str, text: &str, overrides: &Overrides) -> Result<Spec, SpecError> {
        let given = wire::parse(file, text)?;
        let mut experiments =
            check::experiments(given).map_err(|(index, impossible)| locate::error(file, text, index, impossible))?;
        let changes = overrides.changes()?;
        if !changes.is_empty() {
            let table = wire::table(file, text)?;
            let changed = overrides::apply(table, &changes)?;
            experiments =
                check::experiments(changed).map_err(|(_, impossible)| SpecError::changed(&changes, &impossible))?;
        }
        let order: Vec<String> = experiments.iter().map(|experiment| experiment.name.clone()).collect();
        let mut experiments = overrides.select(experiments, file)?;
        for experiment in &mut experiments {
            check::take_checksum(experiment).map_err(|impossible| {
                let index = order.iter().position(|name| *name == experiment.name).unwrap_or(0);
                let changed = changes.iter().any(|change| change.touches(&impossible.key));
                if changed {
                    SpecError::changed(&changes, &impossible)
                } else {
                    locate::error(file, text, index, impossible)
                }
            })?;
        }
        Ok(Spec { name: name.into(), experiments })
    }

    /// Every run: experiments, then rates, then seeds, in the order of the spec.
    pub fn plan(&self) -> Vec<PlannedRun> {
        self.experiments.iter().flat_map(Experiment::plan).collect()
    }
}

impl Experiment {
    fn plan(&self) -> Vec<PlannedRun> {
        let mut runs = Vec::with_capacity(self.rates.len() * self.seeds.len());
        for rates in &self.rates {
            for &seed in &self.seeds {
                runs.push(PlannedRun {
                    settings: self.run(rates, seed),
                    baseline: self.baseline.clone(),
                    expectation: self.expectation(),
                });
            }
        }
        runs
    }

    fn expectation(&self) -> Option<Expectation> {
        let answer = self.expect.clone()?;
        Some(Expectation { answer, rates: self.rates.clone(), seeds: self.seeds.clone() })
    }

    fn run(&self, rates: &[usize], seed: u64) -> RunSettings {
        RunSettings {
            experiment: self.name.clone(),
            dataset: self.dataset,
            model: self.model.clone(),
            init: self.init.clone(),
            crop: self.crop,
            resize: self.resize,
            rates: rates.to_vec(),
            seed,
            train: self.train.clone(),
            infer: self.infer.clone(),
            data: self.data.clone(),
        }
    }
}

impl SpecError {
    /// A value that became impossible through overrides: names those that touch the key, else all.
    fn changed(changes: &[Override], impossible: &check::Impossible) -> SpecError {
        let touching: Vec<&str> =
            changes.iter().filter(|c| c.touches(&impossible.key)).map(|c| c.text.as_str()).collect();
        let all = changes.iter().map(|c| c.text.as_str()).collect();
        let named: Vec<&str> = if touching.is_empty() { all } else { touching };
        let message = format!("{}: {}", impossible.key, impossible.message);
        SpecError::Override { text: named.join(" "), message }
    }
}

#[cfg(test)]
mod tests;
