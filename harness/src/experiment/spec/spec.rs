//! A spec, read from text and checked.

use super::check;
use super::defaults;
use super::embedded::EMBEDDED;
use super::error::SpecError;
use super::experiment::Experiment;
use super::locate;
use super::overrides::{self, Overrides};
use super::planned_run::PlannedRun;
use super::written;
use crate::support::input_file;
use atrous_data::did_you_mean;
use serde::Serialize;
use std::path::Path;

/// The experiments of a sweep, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The embedded spec's name, or the file's name without its ending.
    pub name: String,
    /// The experiments in the order of the spec; those that the command line keeps.
    pub experiments: Vec<Experiment>,
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
                let meant = did_you_mean(name_or_path, EMBEDDED.iter().map(|spec| spec.name));
                SpecError::Unknown { name: name_or_path.into(), meant, known }
            } else {
                SpecError::Read { file: name_or_path.into(), source }
            }
        })?;
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
        Spec::parse(&name, name_or_path, &text, overrides)
    }

    /// Reads a spec from text; `file` is what errors call it.
    ///
    /// # Errors
    /// As [`Spec::load`].
    pub fn parse(name: &str, file: &str, text: &str, overrides: &Overrides) -> Result<Spec, SpecError> {
        let tables = written::experiments(file, text)?;
        let completed = tables.iter().map(defaults::complete).collect::<Result<Vec<_>, _>>();
        let mut experiments = completed.map_err(|error| locate::toml_error(file, text, &error))?;
        check::check_all(&experiments)
            .map_err(|(index, impossible)| locate::error(file, text, &tables[index], impossible))?;
        let changes = overrides.changes()?;
        if !changes.is_empty() {
            experiments = overrides::apply(tables.clone(), &changes)?;
            check::check_all(&experiments).map_err(|(_, impossible)| overrides::error(&changes, &impossible))?;
        }
        let order: Vec<String> = experiments.iter().map(|experiment| experiment.name.clone()).collect();
        let mut experiments = overrides.select(experiments, file)?;
        for experiment in &mut experiments {
            check::take_checksum(experiment).map_err(|impossible| {
                let index = order.iter().position(|name| *name == experiment.name).unwrap_or(0);
                if changes.iter().any(|change| change.touches(&impossible.key)) {
                    overrides::error(&changes, &impossible)
                } else {
                    locate::error(file, text, &tables[index], impossible)
                }
            })?;
        }
        Ok(Spec { name: name.into(), experiments })
    }

    /// Writes the experiments with every key that they have: a spec that means the same.
    ///
    /// # Panics
    /// Never: what was read as TOML can be written as TOML.
    pub fn to_toml(&self) -> String {
        #[derive(Serialize)]
        struct Resolved {
            experiment: Vec<Experiment>,
        }
        let mut experiment = self.experiments.clone();
        for init in experiment.iter_mut().filter_map(|experiment| experiment.init.as_mut()) {
            // It is taken from the file, whenever the spec is read.
            init.sha256.clear();
        }
        toml::to_string(&Resolved { experiment }).expect("a spec can be written as TOML")
    }

    /// The spec with at most so many seeds of each experiment, the first ones.
    pub fn with_seeds(&self, seeds: usize) -> Spec {
        let mut spec = self.clone();
        spec.experiments.iter_mut().for_each(|experiment| experiment.seeds.truncate(seeds));
        spec
    }

    /// Every run: experiments, then rates, then seeds, in the order of the spec.
    pub fn plan(&self) -> Vec<PlannedRun> {
        self.experiments.iter().flat_map(Experiment::plan).collect()
    }
}
