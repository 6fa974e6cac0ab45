//! An experiment of a spec, and the runs that it asks for.

use super::planned_run::PlannedRun;
use crate::experiment::settings::{DataSource, InferSpec, InitSpec, ModelSpec, RunSettings, TrainSpec};
use crate::experiment::{Answer, Expectation};
use atrous_data::DatasetKind;
use serde::{Deserialize, Serialize};

/// A data set, a model, a protocol, and the rates and seeds to sweep. The fields are the keys of a
/// spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name of the directory of its runs.
    pub name: String,
    /// Data set that is trained on and scored.
    pub dataset: DatasetKind,
    /// Network, without its rates.
    pub model: ModelSpec,
    /// Weights that training starts from; random ones where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<InitSpec>,
    /// Height and width of the training crop, in pixels.
    pub crop: [usize; 2],
    /// Height and width that images are fitted into.
    pub resize: [usize; 2],
    /// Lists of rates, each of which is trained with every seed.
    pub rates: Vec<Vec<usize>>,
    /// The list that the others are compared with.
    pub baseline: Vec<usize>,
    /// Whether a list is added whose taps all lie outside the map: as many rates as the baseline
    /// has, and no context.
    #[serde(default)]
    pub dead: bool,
    /// Seeds, each of which every list of rates is trained with.
    pub seeds: Vec<u64>,
    /// Schedule, optimiser, loss and augmentation.
    pub train: TrainSpec,
    /// Windows, sizes and mirror images of scoring.
    pub infer: InferSpec,
    /// Files, or images drawn by the program.
    #[serde(default)]
    pub data: DataSource,
    /// Answer that it is expected to give; decides no result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Answer>,
}

impl Experiment {
    /// The keys of an experiment. An override's first word is one of these, or an experiment's
    /// name.
    pub(super) const KEYS: [&'static str; 14] = [
        "name", "dataset", "model", "init", "crop", "resize", "rates", "baseline", "dead", "seeds", "train", "infer",
        "data", "expect",
    ];

    /// Every run: rates, then seeds, in the order of the spec.
    pub(super) fn plan(&self) -> Vec<PlannedRun> {
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

    /// Adds the dead list where it is asked for: 1, F, 2F, 3F for a baseline of four rates that
    /// begins with 1, F the side of the largest map.
    pub(super) fn add_dead_list(&mut self) {
        let map = self.run(&self.baseline, 0).largest_map();
        let first = usize::from(self.baseline.first() != Some(&1));
        let dead: Vec<usize> = (first..first + self.baseline.len()).map(|times| (times * map).max(1)).collect();
        if self.dead && !self.rates.contains(&dead) {
            self.rates.push(dead);
        }
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
