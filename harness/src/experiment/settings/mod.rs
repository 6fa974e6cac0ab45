//! Everything that decides the result of one run, and the run's id.

mod init;
mod model;

pub use init::{InitSpec, Part, checksum};
pub use model::{ModelKind, ModelSpec};

use atrous_data::DatasetKind;
use atrous_data::synthetic::SyntheticConfig;
use atrous_models::Precision;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Raised whenever a change of the network, the loss, the optimiser or the batches changes results,
/// so that runs of different programs never share an id.
pub const MODEL_VERSION: u32 = 3;

/// One run, fully resolved: no defaults are left to be filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// Name of the experiment in the spec; names the directory, decides no result.
    pub experiment: String,
    pub dataset: DatasetKind,
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
    pub seed: u64,
    pub train: TrainSpec,
    pub infer: InferSpec,
    pub data: DataSource,
}

/// Schedule, optimiser, loss and augmentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainSpec {
    pub iterations: u64,
    /// Crops per iteration; at least 2, the pooled branch's batch norm cannot be trained with one.
    pub batch: usize,
    /// Learning rate of the first iteration.
    pub lr: f64,
    pub momentum: f64,
    pub weight_decay: f64,
    /// Exponent of the poly schedule.
    pub poly_power: f64,
    /// Learning rate of the last iteration.
    pub lr_min: f64,
    /// Weight of the auxiliary head's loss.
    pub auxiliary_weight: f64,
    /// Weight of the ASPP head's Dice loss: 0, or 3 in the retina variant of the protocol.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dice_weight: f64,
    /// Probability that a channel is dropped before the last convolution.
    pub dropout: f64,
    /// Range of the random resize ratio.
    pub ratio: [f32; 2],
    /// Photometric distortion on or off.
    pub photometric: bool,
    /// Of the convolutions' products in training; scores are always computed in single precision.
    #[serde(default, skip_serializing_if = "is_single")]
    pub precision: Precision,
    /// Evaluate every so many iterations; 0 is only at the end. Decides no result.
    pub eval_every: u64,
    /// Checkpoint every so many iterations; 0 is only when stopped. Decides no result.
    pub checkpoint_every: u64,
}

/// How images are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferSpec {
    pub mode: InferMode,
    /// Height and width of a window; `Some` exactly for `slide`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<[usize; 2]>,
    /// Vertical and horizontal step between windows; `Some` exactly for `slide`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<[usize; 2]>,
    /// Factors of the size that images are fitted into (`resize`); the probabilities at all of them are averaged.
    #[serde(default = "one_ratio", skip_serializing_if = "is_one_ratio")]
    pub ratios: Vec<f64>,
    /// Each image mirrored as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flip: bool,
}

/// The size that images are fitted into, alone.
pub fn one_ratio() -> Vec<f64> {
    vec![1.0]
}

fn is_one_ratio(ratios: &Vec<f64>) -> bool {
    *ratios == one_ratio()
}

fn is_single(precision: &Precision) -> bool {
    *precision == Precision::Single
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl InferSpec {
    /// Windows of this size (height, width), so far apart.
    pub fn slide(window: [usize; 2], stride: [usize; 2]) -> Self {
        let mode = InferMode::Slide;
        Self { mode, window: Some(window), stride: Some(stride), ratios: one_ratio(), flip: false }
    }

    /// The whole image at once.
    pub fn whole() -> Self {
        Self { mode: InferMode::Whole, window: None, stride: None, ratios: one_ratio(), flip: false }
    }
}

/// Sliding windows, or the whole image at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InferMode {
    Slide,
    Whole,
}

/// Where the images come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataSource {
    /// The publisher's files under the data root.
    #[default]
    Files,
    /// Drawn by the program.
    Synthetic(SyntheticConfig),
}

impl RunSettings {
    /// Side of the (shorter side of the) map that the ASPP sees during training: crop / output stride, rounded up.
    pub fn feature_size(&self) -> usize {
        self.crop[0].min(self.crop[1]).div_ceil(self.model.kind.output_stride())
    }

    /// Relative rate: largest rate / feature size. From 1 on, that branch is exactly a 1x1 convolution.
    pub fn relative_rate(&self) -> f64 {
        self.rates.iter().copied().max().unwrap_or(0) as f64 / self.feature_size() as f64
    }

    /// With everything left out that decides no result: the experiment's name, where the data came from, the path of the
    /// initial weights (their checksum stays), how often it is evaluated and checkpointed.
    pub fn deciding(&self) -> RunSettings {
        let mut settings = self.clone();
        settings.experiment.clear();
        settings.data = DataSource::Files;
        if let Some(init) = &mut settings.init {
            init.weights.clear();
        }
        settings.train.eval_every = 0;
        settings.train.checkpoint_every = 0;
        settings
    }

    /// The settings that all runs of a section share: without rates and seed, and without what decides no result but for
    /// the experiment's name and where the data came from.
    pub fn protocol(&self) -> RunSettings {
        let mut settings = self.clone();
        settings.rates.clear();
        settings.seed = 0;
        settings.train.eval_every = 0;
        settings.train.checkpoint_every = 0;
        if let Some(init) = &mut settings.init {
            init.weights.clear();
        }
        settings
    }

    /// `stare 1-12-24-36 seed 0`
    pub fn run_name(&self) -> String {
        format!("{} {} seed {}", self.experiment, self.rates_name(), self.seed)
    }

    /// `1-12-24-36`
    pub fn rates_name(&self) -> String {
        join_rates(&self.rates)
    }
}

/// Rates as they are written in names of directories and in tables: `1-12-24-36`.
pub fn join_rates(rates: &[usize]) -> String {
    rates.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
}

/// First 16 hex digits of the SHA-256 of all that decides the result: settings, data and [`MODEL_VERSION`].
///
/// The experiment's name, where the data came from (the fingerprint says what they are) and how often the
/// run is evaluated or checkpointed decide nothing, and are left out.
pub fn run_id(settings: &RunSettings, data_fingerprint: &str) -> String {
    run_id_of_version(MODEL_VERSION, settings, data_fingerprint)
}

/// The id that the program gave the run whose [`MODEL_VERSION`] was this one.
pub fn run_id_of_version(model_version: u32, settings: &RunSettings, data_fingerprint: &str) -> String {
    short_hash(&(model_version, data_fingerprint, settings.deciding()))
}

/// First 16 hex digits of the SHA-256 of a value's JSON.
pub fn short_hash<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_vec(value).expect("settings hold nothing that JSON cannot");
    let digest = Sha256::digest(&json);
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Settings of a small run, for tests of this crate.
    pub(crate) fn example() -> RunSettings {
        RunSettings {
            experiment: "stare".into(),
            dataset: DatasetKind::Stare,
            model: ModelSpec {
                base_channels: 8,
                aspp_channels: 8,
                auxiliary_channels: 8,
                ..ModelSpec::published(ModelKind::UnetS5D16)
            },
            init: None,
            crop: [64, 96],
            resize: [605, 700],
            rates: vec![1, 12, 24, 36],
            seed: 0,
            train: TrainSpec {
                iterations: 100,
                batch: 4,
                lr: 0.01,
                momentum: 0.9,
                weight_decay: 5e-4,
                poly_power: 0.9,
                lr_min: 1e-4,
                auxiliary_weight: 0.4,
                dice_weight: 0.0,
                dropout: 0.1,
                ratio: [0.5, 2.0],
                photometric: true,
                precision: Precision::Single,
                eval_every: 0,
                checkpoint_every: 50,
            },
            infer: InferSpec::slide([64, 64], [43, 43]),
            data: DataSource::Synthetic(SyntheticConfig::new(1, 8, 4, [96, 128])),
        }
    }

    #[test]
    fn id_depends_on_what_decides_the_result() {
        let base = run_id(&example(), "f");
        assert_eq!(base.len(), 16);
        assert_eq!(base, run_id(&example(), "f"));
        assert_ne!(base, run_id(&example(), "g"));
        let init = |sha256: &str| {
            let (weights, sha256) = ("w.pth".to_owned(), sha256.to_owned());
            Some(InitSpec { weights, part: Part::Network, sha256, allow_missing: vec![], allow_superfluous: vec![] })
        };
        let mut pretrained = example();
        pretrained.init = init("a");
        let mut moved = pretrained.clone();
        moved.init.as_mut().unwrap().weights = "elsewhere.pth".into();
        let mut other = pretrained.clone();
        other.init = init("b");
        assert_eq!(run_id(&pretrained, "f"), run_id(&moved, "f"));
        assert_ne!(run_id(&pretrained, "f"), run_id(&other, "f"));
        assert_ne!(run_id(&pretrained, "f"), base);
        let changes: [fn(&mut RunSettings); 11] = [
            |s| s.train.precision = Precision::Mixed,
            |s| s.train.dice_weight = 3.0,
            |s| s.infer.flip = true,
            |s| s.infer.ratios = vec![0.5, 1.0],
            |s| s.model.align_corners = true,
            |s| s.seed = 1,
            |s| s.rates = vec![1, 6, 12, 18],
            |s| s.train.lr = 0.02,
            |s| s.crop = [64, 64],
            |s| s.infer.stride = Some([32, 32]),
            |s| s.model.base_channels = 16,
        ];
        for change in changes {
            let mut settings = example();
            change(&mut settings);
            assert_ne!(base, run_id(&settings, "f"));
        }
    }

    #[test]
    fn id_does_not_depend_on_the_rest() {
        let mut settings = example();
        settings.experiment = "other".into();
        settings.train.eval_every = 7;
        settings.train.checkpoint_every = 9;
        assert_eq!(run_id(&example(), "f"), run_id(&settings, "f"));
    }

    /// Another id here would mean that runs which have been made are not found again.
    #[test]
    fn ids_are_pinned() {
        assert_eq!(run_id(&example(), "f"), "3fd58e3ceee01673");
        let mut resnet = example();
        resnet.model = ModelSpec::published(ModelKind::DeeplabV3R101D8);
        resnet.dataset = DatasetKind::Cityscapes;
        resnet.infer = InferSpec::whole();
        assert_eq!(run_id(&resnet, "f"), "6285601d481d9df0");
        // Names the folder of drawn images.
        assert_eq!(short_hash(&("stare", SyntheticConfig::new(1, 8, 4, [96, 128]))), "b197041122698d4c");
    }

    #[test]
    fn settings_survive_toml_and_json() {
        let text = toml::to_string(&example()).unwrap();
        assert_eq!(toml::from_str::<RunSettings>(&text).unwrap(), example());
        let mut settings = example();
        // More digits than a number of 53 bits has whole: the last bit has to come back as well.
        settings.train.lr = 9.223762974182959;
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<RunSettings>(&json).unwrap(), settings);
    }

    #[test]
    fn relative_rate_is_against_the_shorter_side() {
        assert_eq!(example().feature_size(), 64);
        assert_eq!(example().relative_rate(), 36.0 / 64.0);
    }
}
