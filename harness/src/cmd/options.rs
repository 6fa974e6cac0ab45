//! Options that several subcommands have.

use crate::experiment::settings::{InferMode, InferSpec, RunSettings, join_rates};
use crate::experiment::spec::{Overrides, Spec, check_inference, check_rates};
use crate::results::run_dir::{RunDir, RunState};
use crate::run::infer::Inference;
use crate::run::weights::{ImportOptions, Trained};
use crate::support::lookup;
use crate::support::progress::{Detail, Progress};
use anyhow::{Context, Result, anyhow, ensure};
use atrous_data::DatasetKind;
use atrous_models::ComputeDevice;
use atrous_models::device::is_cpu;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The device to compute on.
#[derive(Clone, Debug, clap::Args)]
pub struct DeviceArg {
    // Brackets are links in a documentation comment.
    #[arg(
        long,
        default_value = "auto",
        value_name = "DEVICE",
        help = "auto, flex, wgpu[:INDEX], vulkan[:INDEX|:cpu]; `atrous devices` lists them"
    )]
    pub device: String,
}

/// What is called equal.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct MarginArg {
    /// The largest difference to the baseline that is called equal, in points
    #[arg(long, default_value = "0.5", value_name = "POINTS", value_parser = points, allow_hyphen_values = true)]
    pub margin: f64,
}

/// How much is said on stderr, and where it is kept.
#[derive(Clone, Debug, clap::Args)]
pub struct TalkArgs {
    /// Say nothing but what failed, and print the folder of the results alone
    #[arg(long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say also which run starts, and how its training and scoring go
    #[arg(long)]
    verbose: bool,

    /// Append everything that can be said to a file, each line with its time, also with --quiet
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

impl TalkArgs {
    /// The place that is written to.
    ///
    /// # Errors
    /// A log that cannot be written; names it.
    pub fn progress(&self) -> Result<Progress> {
        let detail = match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Usual,
        };
        let progress = Progress::with_detail(detail);
        match &self.log {
            Some(log) => progress.with_log(log).with_context(|| format!("--log {}: cannot be written", log.display())),
            None => Ok(progress),
        }
    }
}

impl DeviceArg {
    /// Opens the device, and says where `auto` has found no GPU: weeks may depend on it.
    ///
    /// # Errors
    /// A device that is not there; names it.
    pub fn open(&self, progress: &Progress) -> Result<ComputeDevice> {
        let device = ComputeDevice::select(&self.device)?;
        if self.device == AUTO && is_cpu(device.name()) {
            progress.line("no GPU was found: --device auto computes on the CPU (flex)");
        }
        Ok(device)
    }
}

/// The device that is chosen by what is there.
const AUTO: &str = "auto";

/// Reads the name of a data set, or of a file that describes one.
pub fn dataset(text: &str) -> Result<DatasetKind, String> {
    match DatasetKind::is_description(text) {
        true => DatasetKind::described(text).map_err(|error| error.to_string()),
        false => text.parse().map_err(|error: atrous_data::UnknownName| {
            format!("{error}; or name a file that describes one, such as my-set.toml")
        }),
    }
}

/// Reads points, as a fraction.
pub fn points(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a number is needed")?;
    if (0.0..=100.0).contains(&value) { Ok(value / 100.0) } else { Err("must lie between 0 and 100 points".into()) }
}

/// The choice of one run of a spec.
#[derive(Clone, Debug, clap::Args)]
pub struct OneRunArgs {
    /// An embedded spec (`atrous sweep --list`) or a TOML file
    spec: String,

    /// The experiment's name
    #[arg(long, value_name = "EXPERIMENT")]
    experiment: String,

    /// Seed
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: u64,

    /// Change a key of the experiment, such as train.iterations=100
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl OneRunArgs {
    /// The spec with nothing but that run in it. The baseline stays that of the experiment, and
    /// stands in for missing rates.
    ///
    /// # Errors
    /// Names the file, key or option.
    pub fn spec(&self, rates: Option<&[usize]>) -> Result<Spec> {
        let seeds = Some(format!("{},", self.seed));
        let overrides = Overrides { set: self.set.clone(), seeds, only: vec![self.experiment.clone()] };
        let mut spec = Spec::load(&self.spec, &overrides)?;
        for experiment in &mut spec.experiments {
            let rates = rates.map_or_else(|| experiment.baseline.clone(), <[usize]>::to_vec);
            check_rates(&rates).map_err(|message| anyhow!("--rates {}: {message}", join_rates(&rates)))?;
            experiment.rates = vec![rates];
            // One run answers no question.
            experiment.expect = None;
        }
        Ok(spec)
    }
}

/// The file of weights, and what those of other programs do not say themselves.
#[derive(Clone, Debug, clap::Args)]
pub struct WeightsArgs {
    /// A checkpoint of this program, the directory of a run, the results of a sweep, or a network
    /// of mmsegmentation (.pth or .safetensors). Nothing in it is executed
    #[arg(long, value_name = "PATH")]
    pub weights: PathBuf,

    /// Experiment whose run is taken from the results of a sweep; --rates and --seed choose too
    #[arg(long, value_name = "EXPERIMENT")]
    experiment: Option<String>,

    /// Seed of the run that is taken from the results of a sweep [default: the lowest]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    #[command(flatten)]
    import: ImportOptions,
}

impl WeightsArgs {
    /// Reads the weights; `dataset` is what they are scored on, where that was given.
    ///
    /// # Errors
    /// Names the file, or the directory and the runs that could be meant.
    pub fn read(&self, dataset: Option<DatasetKind>, device: &ComputeDevice) -> Result<Trained> {
        let chosen = self.experiment.is_some() || self.seed.is_some();
        if !lookup::is_dir(&self.weights)? {
            ensure!(!chosen, "--experiment, --seed: {} is no directory of results", self.weights.display());
            return Trained::read(&self.weights, &self.import, dataset, device);
        }
        let run = RunDir::at(&self.weights);
        if lookup::is_file(&run.run_toml())? {
            ensure!(!chosen, "--experiment, --seed: {} is the directory of one run", self.weights.display());
            return Trained::read(&run.checkpoint(), &self.import, dataset, device);
        }
        let wanted =
            RunChoice { experiment: self.experiment.as_deref(), rates: self.import.rates.as_deref(), seed: self.seed };
        // The rates have chosen: the checkpoint says its own.
        let import = ImportOptions { rates: None, ..self.import.clone() };
        Trained::read(&wanted.of(&self.weights)?.checkpoint(), &import, dataset, device)
    }
}

/// Says which run of a sweep's results is meant.
struct RunChoice<'a> {
    experiment: Option<&'a str>,
    rates: Option<&'a [usize]>,
    seed: Option<u64>,
}

impl RunChoice<'_> {
    /// Finds the finished run; of several that differ by their seeds alone the lowest seed.
    fn of(&self, results: &Path) -> Result<RunDir> {
        let shown = results.display();
        let mut found: Vec<(RunSettings, RunDir)> = Vec::new();
        for run in RunDir::scan(results)? {
            if let RunState::Finished(result) = run.state()? {
                found.push((result.settings, run));
            }
        }
        ensure!(!found.is_empty(), "{shown} holds neither a run (run.toml) nor finished runs");
        let fits = |settings: &RunSettings| {
            self.experiment.is_none_or(|name| name == settings.experiment)
                && self.rates.is_none_or(|rates| rates == settings.rates)
                && self.seed.is_none_or(|seed| seed == settings.seed)
        };
        found.retain(|(settings, _)| fits(settings));
        ensure!(!found.is_empty(), "--experiment, --rates, --seed: {shown} has no such finished run");
        let cell = |settings: &RunSettings| format!("{} {}", settings.experiment, join_rates(&settings.rates));
        let cells: BTreeSet<String> = found.iter().map(|(settings, _)| cell(settings)).collect();
        let listed = cells.iter().cloned().collect::<Vec<_>>().join(", ");
        ensure!(cells.len() == 1, "{shown} has runs of {listed}: choose with --experiment and --rates");
        let lowest = found.into_iter().min_by_key(|(settings, _)| settings.seed);
        lowest.map(|(_, run)| run).with_context(|| format!("{shown} holds no run"))
    }
}

/// A vertical and a horizontal number, written `128,96`.
#[derive(Clone, Copy, Debug)]
pub struct Position(pub [usize; 2]);

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = text.split_once(',').and_then(|(y, x)| Some([y.trim().parse().ok()?, x.trim().parse().ok()?]));
        pair.map(Position).ok_or_else(|| "expected two whole numbers, vertical and horizontal, such as 128,96".into())
    }
}

/// How images are scored, where it is not to be as in training.
#[derive(Clone, Debug, clap::Args)]
pub struct InferArgs {
    /// Score in sliding windows of this height and width [default: as trained, or the data set's
    /// protocol]
    #[arg(long, value_name = "H,W", value_delimiter = ',', num_args = 1, requires = "stride")]
    pub window: Option<Vec<usize>>,

    /// Vertical and horizontal step between windows
    #[arg(long, value_name = "H,W", value_delimiter = ',', num_args = 1, requires = "window")]
    pub stride: Option<Vec<usize>>,

    /// Score each image at once, without windows
    #[arg(long, conflicts_with = "window")]
    pub whole: bool,

    /// Height and width that images are fitted into first
    #[arg(long, value_name = "H,W", value_delimiter = ',', num_args = 1)]
    pub resize: Option<Vec<usize>>,

    /// Average the probabilities at several sizes, given as factors
    #[arg(long, value_name = "F,F,...", value_delimiter = ',')]
    pub ratios: Option<Vec<f64>>,

    /// Average the probabilities of each image and its mirror image
    #[arg(long)]
    pub flip: bool,
}

impl InferArgs {
    /// Changes what was asked for.
    ///
    /// # Errors
    /// Names the option.
    pub fn apply(&self, inference: &mut Inference) -> Result<()> {
        let pair = |option: &str, sides: &Option<Vec<usize>>| match sides.as_deref() {
            None => Ok(None),
            Some([side]) => Ok(Some([*side; 2])),
            Some([height, width]) => Ok(Some([*height, *width])),
            Some(other) => Err(anyhow!("--{option} {other:?}: give a height and a width, such as 128,128")),
        };
        let infer = &mut inference.infer;
        if let (Some(window), Some(stride)) = (pair("window", &self.window)?, pair("stride", &self.stride)?) {
            let (window, stride) = (Some(window), Some(stride));
            *infer = InferSpec { mode: InferMode::Slide, window, stride, ..infer.clone() };
        }
        if self.whole {
            *infer = InferSpec { mode: InferMode::Whole, window: None, stride: None, ..infer.clone() };
        }
        if let Some(ratios) = &self.ratios {
            infer.ratios.clone_from(ratios);
        }
        infer.flip |= self.flip;
        if let Some(resize) = pair("resize", &self.resize)? {
            anyhow::ensure!(
                resize.iter().all(|side| (1..=65_536).contains(side)),
                "--resize: sides must be in 1..=65536"
            );
            inference.resize = resize;
        }
        let checked = check_inference(&inference.infer, inference.resize, inference.divisor);
        // One of the two keys is in a table of its own.
        checked.map_err(|message| anyhow!("--{}", message.strip_prefix("infer.").unwrap_or(&message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_two_numbers() {
        assert_eq!("3, 40".parse::<Position>().unwrap().0, [3, 40]);
        for wrong in ["3", "3,4,5", "-1,2", "a,b"] {
            assert!(wrong.parse::<Position>().is_err(), "{wrong}");
        }
    }
}
