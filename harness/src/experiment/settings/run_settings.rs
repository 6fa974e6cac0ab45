//! All that decides the result of one run.

use super::{DataSource, InferSpec, InitSpec, ModelSpec, TrainSpec};
use atrous_data::DatasetKind;
use serde::{Deserialize, Serialize};

/// One run, fully resolved: no defaults are left to be filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// Name of the experiment in the spec. It names the directory and decides no result.
    pub experiment: String,
    /// Data set that is trained on and scored.
    pub dataset: DatasetKind,
    /// Network, without its rates.
    pub model: ModelSpec,
    /// Weights that training starts from; random ones where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitSpec>,
    /// Height and width of the training crop, in pixels.
    pub crop: [usize; 2],
    /// Height and width that a training image is fitted into before the random ratio is applied.
    pub resize: [usize; 2],
    /// Atrous rates of the ASPP, ascending; rate 1 is the 1x1 branch.
    pub rates: Vec<usize>,
    /// Seed of the random weights and of the batches.
    pub seed: u64,
    /// Schedule, optimiser, loss and augmentation.
    pub train: TrainSpec,
    /// Windows, sizes and mirror images of scoring.
    pub infer: InferSpec,
    /// Files, or images drawn by the program.
    pub data: DataSource,
}

impl RunSettings {
    /// Side of the map that the ASPP sees during training, the shorter one: crop / output stride,
    /// rounded up.
    pub fn feature_size(&self) -> usize {
        self.crop[0].min(self.crop[1]).div_ceil(self.model.kind.output_stride())
    }

    /// Relative rate: largest rate / feature size. From 1 on, that branch is exactly a 1x1
    /// convolution.
    pub fn relative_rate(&self) -> f64 {
        self.rates.iter().copied().max().unwrap_or(0) as f64 / self.feature_size() as f64
    }

    /// The longest side of the maps that the ASPP sees, in training and in scoring: a tap at this
    /// distance lies outside wherever its branch stands.
    pub fn largest_map(&self) -> usize {
        // Without windows images are scored whole, at these sizes.
        let ratio = self.infer.ratios.iter().copied().fold(1.0, f64::max);
        let whole = self.resize.map(|side| (side as f64 * ratio).ceil() as usize);
        let sides = self.crop.into_iter().chain(self.infer.window.unwrap_or(whole));
        sides.max().unwrap_or(0).div_ceil(self.model.kind.output_stride())
    }

    /// Whether all branches but the 1x1 one see padding alone: the same parameters, and no context
    /// from the ASPP.
    pub fn sees_no_context(&self) -> bool {
        self.rates.iter().all(|rate| *rate == 1 || *rate >= self.largest_map()) && self.rates.len() > 1
    }

    /// The settings that decide the result: without the experiment's name, without where the data
    /// came from, and without the colours of a described data set.
    pub fn deciding(&self) -> RunSettings {
        let (experiment, dataset) = (String::new(), self.dataset.deciding());
        RunSettings { experiment, dataset, data: DataSource::Files, ..self.without_habits() }
    }

    /// The settings that all runs of a section of the table share: without rates and seed.
    pub fn protocol(&self) -> RunSettings {
        RunSettings { rates: Vec::new(), seed: 0, ..self.without_habits() }
    }

    /// Leaves out how often a run is evaluated and checkpointed, and the path of its initial
    /// weights, whose checksum stays.
    fn without_habits(&self) -> RunSettings {
        let init = self.init.as_ref().map(|init| InitSpec { weights: String::new(), ..init.clone() });
        RunSettings { init, train: self.train.deciding(), ..self.clone() }
    }

    /// The run in a few words: `stare 1-12-24-36 seed 0`.
    pub fn run_name(&self) -> String {
        format!("{} {} seed {}", self.experiment, self.rates_name(), self.seed)
    }

    /// The rates in names: `1-12-24-36`.
    pub fn rates_name(&self) -> String {
        join_rates(&self.rates)
    }
}

/// Rates as they are written in names of directories and in tables: `1-12-24-36`.
pub fn join_rates(rates: &[usize]) -> String {
    rates.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
}
