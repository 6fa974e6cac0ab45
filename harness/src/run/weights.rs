//! A trained network from a file, ready for inference.

use crate::experiment::network::{self, NetworkCost};
use crate::experiment::spec::{check_rates, protocol};
use crate::results::run_dir::RunDir;
use crate::run::infer::Inference;
use crate::run::self_description::SelfDescription;
use crate::run::train::Checkpoint;
use crate::support::checksum;
use crate::support::input_file;
use crate::support::lookup;
use anyhow::{Context, Result, anyhow, ensure};
use atrous_data::DatasetKind;
use atrous_models::device::ComputeDevice;
use atrous_models::{ExtractorConfig, Segmentor, SegmentorConfig, State, StateError, Tolerance, WeightsError};
use std::path::{Path, PathBuf};

/// A network, and how it is to be used.
pub struct Trained {
    pub network: Segmentor,
    /// What it is scored on.
    pub dataset: DatasetKind,
    pub inference: Inference,
    /// Height and width of the crops that it is trained on: those of its run, or of its data set's
    /// protocol.
    pub crop: [usize; 2],
}

/// What weights of other programs do not say themselves. A checkpoint of this program says all of
/// it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ImportOptions {
    /// Atrous rates of weights that do not say them [default: 1,12,24,36]
    #[arg(long, value_name = "R,R,...", value_delimiter = ',')]
    pub rates: Option<Vec<usize>>,

    /// Output stride of a ResNet whose weights do not say it: 8, or 16 without a multi-grid
    /// [default: 8]
    #[arg(long, value_name = "STRIDE")]
    pub output_stride: Option<usize>,

    /// Resize logits with align_corners, where weights do not say it (the 769 protocol)
    #[arg(long)]
    pub align_corners: bool,

    /// Keys that the file may lack, or parts before a dot in them, such as auxiliary_head
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    pub allow_missing: Vec<String>,

    /// Keys that the file may have for nothing, or parts before a dot in them
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    pub allow_superfluous: Vec<String>,
}

impl ImportOptions {
    fn tolerance(&self) -> Tolerance {
        Tolerance { missing: self.allow_missing.clone(), superfluous: self.allow_superfluous.clone() }
    }
}

/// Finds the file of weights that a path stands for: the file itself, or the checkpoint in a run's
/// directory.
///
/// # Errors
/// A directory that is no run's, and a file that is not there; names it.
pub fn weights_file(path: &Path) -> Result<PathBuf> {
    let run = RunDir::at(path);
    let file = if lookup::is_dir(path)? {
        ensure!(lookup::is_file(&run.run_toml())?, "{} is no run's directory: it has no run.toml", path.display());
        run.checkpoint()
    } else {
        path.to_owned()
    };
    ensure!(lookup::is_there(&file)?, "{}: there is no such file", file.display());
    Ok(file)
}

impl Trained {
    /// Reads a checkpoint of this program, by its path or by that of its run's directory, or the
    /// weights of another one; the network is on `device` and tracks no gradients. `dataset` is the
    /// one that it is used on, where that was given.
    ///
    /// # Errors
    /// Names the file.
    pub fn read(
        path: &Path,
        options: &ImportOptions,
        dataset: Option<DatasetKind>,
        device: &ComputeDevice,
    ) -> Result<Self> {
        let path = &weights_file(path)?;
        let name = path.display();
        let bytes = input_file::read_weights(path).with_context(|| format!("cannot read {name}"))?;
        checksum::check(&bytes).with_context(|| format!("{name} cannot be used"))?;
        let state = State::from_bytes(&bytes).map_err(|error| match error {
            StateError::NotNumbers { .. } => anyhow!("{name}: {error}"),
            error => anyhow::Error::from(error).context(format!("{name} holds no weights")),
        })?;
        let trained = if Checkpoint::is_in(&state) {
            let checkpoint = Checkpoint::of(state).with_context(|| format!("{name} is no checkpoint"))?;
            Self::ours(checkpoint, options, dataset, device)
        } else {
            Self::foreign(&state, options, dataset, device)
        };
        trained.with_context(|| format!("{name} cannot be used"))
    }

    fn ours(
        checkpoint: Checkpoint,
        options: &ImportOptions,
        dataset: Option<DatasetKind>,
        device: &ComputeDevice,
    ) -> Result<Self> {
        let settings = checkpoint.settings;
        let given = options.rates.is_some() || options.output_stride.is_some() || options.align_corners;
        ensure!(
            !given,
            "it is a checkpoint of this program, which carries its rates and its network: do not give them"
        );
        let config = network::config(&settings);
        check_weights(&config, &checkpoint.state)?;
        let mut network = config.init(0, &device.device);
        load(&checkpoint.state, &mut network, &options.tolerance())?;
        let mut inference = Inference::of(&settings);
        let dataset = dataset.unwrap_or(settings.dataset);
        SelfDescription::default().check_classes(dataset, inference.classes)?;
        if dataset != settings.dataset {
            inference.resize = dataset.resize_reference();
        }
        Ok(Trained { network, dataset, inference, crop: settings.crop })
    }

    /// Weights of another program, or those that `atrous export` has written, which say more about
    /// themselves.
    fn foreign(
        state: &State,
        options: &ImportOptions,
        dataset: Option<DatasetKind>,
        device: &ComputeDevice,
    ) -> Result<Self> {
        if let Some(name) = state.other_network() {
            return Err(WeightsError::OtherNetwork(name).into());
        }
        let said = SelfDescription::of(state)?;
        let dataset = dataset.or(said.dataset).context("it does not say what it was trained on: give --dataset")?;
        let rates = SelfDescription::agree("rates", said.rates.clone(), options.rates.clone())?
            .unwrap_or_else(|| vec![1, 12, 24, 36]);
        check_rates(&rates).map_err(|message| anyhow!("--rates: {message}"))?;
        let output_stride =
            SelfDescription::agree("output-stride", said.output_stride, options.output_stride)?.unwrap_or(8);
        ensure!([8, 16].contains(&output_stride), "--output-stride must be 8 or 16, is {output_stride}");
        let corners =
            SelfDescription::agree("align-corners", said.align_corners, options.align_corners.then_some(true))?;
        let mut config = state.network(rates, output_stride)?;
        config.align_corners = corners.unwrap_or(false);
        ensure!(
            config.backbone.output_stride() > 1 || options.output_stride.is_none(),
            "--output-stride is for a ResNet; this network has a map of full size"
        );
        said.check_classes(dataset, config.classes)?;
        let protocol = protocol::of(dataset);
        let inference = Inference {
            resize: dataset.resize_reference(),
            infer: protocol.infer,
            divisor: config.backbone.divisor(),
            classes: config.classes,
        };
        check_weights(&config, state)?;
        let mut network = config.init(0, &device.device);
        let mut tolerance = options.tolerance();
        if said.without_auxiliary {
            tolerance.missing.push("auxiliary_head".to_owned());
        }
        load(state, &mut network, &tolerance)?;
        Ok(Trained { network, dataset, inference, crop: protocol.crop })
    }
}

/// Whether a network is of the size of its file: a few bytes that say that it is wide are not to
/// take all memory. Only roughly, as a head may be missing; keys and shapes are compared when the
/// network is there.
fn check_weights(config: &SegmentorConfig, state: &State) -> Result<()> {
    const AUXILIARY_HEAD: f64 = 4e6;
    let found: usize = state.tensors.values().map(|values| values.data.len()).sum();
    let wanted = NetworkCost::of(config).weights;
    ensure!(
        wanted <= 2.0 * found as f64 + AUXILIARY_HEAD,
        "it has {found} values, and the network that it is said to be of has {wanted:.1e} weights"
    );
    Ok(())
}

/// Gives a network that is to be scored its values. Only the auxiliary head may do without: scoring
/// does not ask it.
fn load(state: &State, network: &mut Segmentor, tolerance: &Tolerance) -> Result<()> {
    let kept = state.load_parts(network, tolerance)?;
    let random = kept.iter().find(|key| !key.starts_with("auxiliary_head."));
    ensure!(
        random.is_none(),
        "{} would be random: only auxiliary_head may be missing from weights that are scored",
        random.map_or("", String::as_str)
    );
    Ok(())
}
