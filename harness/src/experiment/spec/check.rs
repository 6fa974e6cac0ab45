//! Fills in the protocol's defaults and refuses what cannot be.

use super::wire::{EXPERIMENT_KEYS, ExperimentWire, InferWire, InitWire, ModelWire, SpecWire, TrainWire};
use super::{Experiment, protocol, rates, size};
use crate::experiment::settings::{
    DataSource, InferMode, InferSpec, InitSpec, ModelKind, ModelSpec, RunSettings, TrainSpec, checksum, one_ratio,
};
use atrous_models::Stem;
use std::collections::HashSet;

/// A key, such as `train.lr` or `rates[1]`, and why its value cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Impossible {
    pub key: String,
    pub message: String,
}

pub(super) type Checked<T = ()> = Result<T, Impossible>;

/// All experiments; the error carries the index of the experiment.
pub(super) fn experiments(spec: SpecWire) -> Result<Vec<Experiment>, (usize, Impossible)> {
    let mut names = HashSet::new();
    let (mut checked, mut runs) = (Vec::new(), 0);
    for (index, wire) in spec.experiment.into_iter().enumerate() {
        let experiment = resolve(wire);
        check(&experiment).map_err(|impossible| (index, impossible))?;
        if !names.insert(experiment.name.clone()) {
            let message = format!("{} is the name of an earlier experiment too", experiment.name);
            return Err((index, Impossible { key: "name".into(), message }));
        }
        runs += experiment.rates.len() * experiment.seeds.len();
        let message = format!("with this experiment the spec has {runs} runs; at most {} are planned", size::MOST_RUNS);
        ensure(runs <= size::MOST_RUNS, "seeds", message).map_err(|impossible| (index, impossible))?;
        checked.push(experiment);
    }
    if checked.is_empty() {
        let message = "the spec has no [[experiment]]".into();
        return Err((0, Impossible { key: "experiment".into(), message }));
    }
    Ok(checked)
}

fn resolve(wire: ExperimentWire) -> Experiment {
    let protocol = protocol::of(wire.dataset);
    let resize = wire.resize.unwrap_or(match &wire.data {
        DataSource::Files => wire.dataset.resize_reference(),
        DataSource::Synthetic(synthetic) => synthetic.size,
    });
    Experiment {
        name: wire.name,
        dataset: wire.dataset,
        model: resolve_model(&wire.model),
        init: wire.init.map(resolve_init),
        crop: wire.crop.unwrap_or(protocol.crop),
        resize,
        rates: wire.rates,
        baseline: wire.baseline,
        seeds: wire.seeds,
        train: resolve_train(&wire.train, &protocol),
        infer: wire.infer.map_or(protocol.infer, |InferWire { mode, window, stride, ratios, flip }| InferSpec {
            mode,
            window,
            stride,
            ratios: ratios.unwrap_or_else(one_ratio),
            flip,
        }),
        data: wire.data,
        expect: wire.expect,
    }
}

/// Without the file's checksum: an override may still name another file.
fn resolve_init(InitWire { weights, part, allow_missing, allow_superfluous }: InitWire) -> InitSpec {
    InitSpec { weights, part, sha256: String::new(), allow_missing, allow_superfluous }
}

/// Takes the checksum of an experiment's initial weights.
pub(super) fn take_checksum(experiment: &mut Experiment) -> Checked {
    let Some(init) = &mut experiment.init else { return Ok(()) };
    let impossible = |error: anyhow::Error| Impossible { key: "init.weights".into(), message: format!("{error:#}") };
    init.sha256 = checksum(&init.weights).map_err(impossible)?;
    Ok(())
}

fn resolve_model(wire: &ModelWire) -> ModelSpec {
    let published = ModelSpec::published(wire.kind.unwrap_or(ModelKind::UnetS5D16));
    let base_channels = wire.base_channels.unwrap_or(published.base_channels);
    // As wide as the rest of the network.
    let auxiliary_channels = published.auxiliary_channels / published.base_channels * base_channels;
    ModelSpec {
        base_channels,
        aspp_channels: wire.aspp_channels.unwrap_or(published.aspp_channels),
        auxiliary_channels: wire.auxiliary_channels.unwrap_or(auxiliary_channels),
        stem: wire.stem.unwrap_or(published.stem),
        align_corners: wire.align_corners.unwrap_or(published.align_corners),
        ..published
    }
}

fn resolve_train(wire: &TrainWire, protocol: &protocol::Protocol) -> TrainSpec {
    let default = protocol.train();
    TrainSpec {
        iterations: wire.iterations.unwrap_or(default.iterations),
        batch: wire.batch.unwrap_or(default.batch),
        lr: wire.lr.unwrap_or(default.lr),
        momentum: wire.momentum.unwrap_or(default.momentum),
        weight_decay: wire.weight_decay.unwrap_or(default.weight_decay),
        poly_power: wire.poly_power.unwrap_or(default.poly_power),
        lr_min: wire.lr_min.unwrap_or(default.lr_min),
        auxiliary_weight: wire.auxiliary_weight.unwrap_or(default.auxiliary_weight),
        dice_weight: wire.dice_weight.unwrap_or(default.dice_weight),
        dropout: wire.dropout.unwrap_or(default.dropout),
        ratio: wire.ratio.unwrap_or(default.ratio),
        photometric: wire.photometric.unwrap_or(default.photometric),
        precision: wire.precision.unwrap_or(default.precision),
        eval_every: wire.eval_every.unwrap_or(default.eval_every),
        checkpoint_every: wire.checkpoint_every.unwrap_or(default.checkpoint_every),
    }
}

pub(super) fn ensure(possible: bool, key: impl Into<String>, message: impl Into<String>) -> Checked {
    if possible { Ok(()) } else { Err(Impossible { key: key.into(), message: message.into() }) }
}

fn check(experiment: &Experiment) -> Checked {
    check_name(&experiment.name).map_err(|message| Impossible { key: "name".into(), message })?;
    check_model(&experiment.model)?;
    let divisor = experiment.model.kind.size_divisor();
    check_sides("crop", experiment.crop, divisor)?;
    check_sides("resize", experiment.resize, 1)?;
    rates::check_all(&experiment.rates, &experiment.baseline)?;
    check_seeds(&experiment.seeds)?;
    check_train(&experiment.train)?;
    check_infer(&experiment.infer, divisor)?;
    experiment.rates.iter().try_for_each(|rates| size::check_weights(&experiment.model, rates))?;
    size::check_batch(experiment.train.batch, experiment.crop)?;
    size::check_view(experiment.resize, &experiment.infer)?;
    rates::check_expect(experiment.expect.as_ref(), &experiment.rates)?;
    match &experiment.data {
        DataSource::Files => Ok(()),
        DataSource::Synthetic(synthetic) => {
            synthetic.check(experiment.dataset).map_err(|message| Impossible { key: "data.synthetic".into(), message })
        }
    }
}

/// Whether an experiment can be called this: the name is that of a directory.
///
/// # Errors
/// Why not.
pub fn check_name(name: &str) -> Result<(), String> {
    const LONGEST: usize = 100;
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let shown: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(letter) {
        return Err(format!("\"{shown}\" must be at most {LONGEST} of a-z, 0-9, _ and -: it names a directory"));
    }
    // `synthetic` is the folder of drawn images; the keys would make `--set` ambiguous.
    if name == "synthetic" || EXPERIMENT_KEYS.contains(&name) {
        return Err(format!("\"{name}\" has a meaning of its own; take another name"));
    }
    Ok(())
}

fn check_model(model: &ModelSpec) -> Checked {
    let ModelSpec { kind, base_channels, aspp_channels, auxiliary_channels, stem, .. } = *model;
    let channels = [
        ("model.base_channels", base_channels),
        ("model.aspp_channels", aspp_channels),
        ("model.auxiliary_channels", auxiliary_channels),
    ];
    channels.into_iter().try_for_each(|(key, value)| {
        ensure((1..=4096).contains(&value), key, format!("must be in 1..=4096, is {value}"))
    })?;
    let resnet = kind.is_pretrained();
    let halved = !resnet || stem == Stem::Plain || base_channels.is_multiple_of(2);
    let message = format!("must be even, is {base_channels}: the first convolutions have half as many");
    ensure(halved, "model.base_channels", message)?;
    ensure(resnet || stem == Stem::Deep, "model.stem", format!("{kind} has no stem; a ResNet has one"))
}

fn check_sides(key: &str, [height, width]: [usize; 2], divisor: usize) -> Checked {
    let fits = |side: usize| (1..=65_536).contains(&side);
    ensure(fits(height) && fits(width), key, format!("sides must be in 1..=65536, are {height} and {width}"))?;
    ensure(
        height.is_multiple_of(divisor) && width.is_multiple_of(divisor),
        key,
        format!("sides must be multiples of {divisor} for this model, are {height} and {width}"),
    )
}

/// Whether the settings of a run, wherever they come from, are possible.
///
/// # Errors
/// The key, and why its value cannot be.
pub fn check_settings(settings: &RunSettings) -> Result<(), String> {
    let divisor = settings.model.kind.size_divisor();
    rates::check_rates(&settings.rates)?;
    let checked = || {
        check_model(&settings.model)?;
        check_sides("crop", settings.crop, divisor)?;
        check_sides("resize", settings.resize, 1)?;
        check_train(&settings.train)?;
        check_infer(&settings.infer, divisor)?;
        size::check_weights(&settings.model, &settings.rates)?;
        size::check_batch(settings.train.batch, settings.crop)?;
        size::check_view(settings.resize, &settings.infer)
    };
    checked().map_err(|Impossible { key, message }| format!("{key} {message}"))
}

/// Whether images, fitted into `resize`, can be scored like this by a network whose input sides are multiples of `divisor`.
///
/// # Errors
/// The key, and why its value cannot be.
pub fn check_inference(infer: &InferSpec, resize: [usize; 2], divisor: usize) -> Result<(), String> {
    let checked = check_infer(infer, divisor).and_then(|()| size::check_view(resize, infer));
    checked.map_err(|Impossible { key, message }| format!("{key} {message}"))
}

fn check_seeds(seeds: &[u64]) -> Checked {
    ensure(!seeds.is_empty(), "seeds", "must hold at least one seed")?;
    let mut seen = HashSet::new();
    let twice = seeds.iter().find(|&seed| !seen.insert(seed));
    ensure(twice.is_none(), "seeds", format!("{} is there twice", twice.unwrap_or(&0)))
}

fn check_train(train: &TrainSpec) -> Checked {
    ensure(train.iterations >= 1, "train.iterations", "must be at least 1")?;
    let message =
        format!("must be at least 2, is {}: batch norm cannot be trained on one value per channel", train.batch);
    ensure(train.batch >= 2, "train.batch", message)?;
    ensure(train.batch <= 4096, "train.batch", format!("must be at most 4096, is {}", train.batch))?;
    let number = |key: &str, value: f64, possible: bool, range: &str| {
        ensure(possible && value.is_finite(), format!("train.{key}"), format!("must be {range}, is {value}"))
    };
    let TrainSpec { lr, lr_min, momentum, weight_decay, poly_power, .. } = *train;
    number("lr", lr, lr > 0.0, "a number above 0")?;
    number("lr_min", lr_min, (0.0..=lr).contains(&lr_min), "a number from 0 to lr")?;
    number("momentum", momentum, (0.0..1.0).contains(&momentum), "at least 0 and below 1")?;
    number("weight_decay", weight_decay, weight_decay >= 0.0, "a number of at least 0")?;
    number("poly_power", poly_power, poly_power > 0.0, "a number above 0")?;
    let (auxiliary, dice, dropout) = (train.auxiliary_weight, train.dice_weight, train.dropout);
    number("dice_weight", dice, dice >= 0.0, "a number of at least 0")?;
    number("auxiliary_weight", auxiliary, auxiliary >= 0.0, "a number of at least 0")?;
    number("dropout", dropout, (0.0..1.0).contains(&dropout), "at least 0 and below 1")?;
    let [low, high] = train.ratio;
    ensure(
        low > 0.0 && low <= high && high <= 100.0,
        "train.ratio",
        format!("must be two ascending numbers above 0 and up to 100, are {low} and {high}"),
    )
}

/// Whether an image can be scored like this.
fn check_infer(infer: &InferSpec, divisor: usize) -> Checked {
    let ratios = &infer.ratios;
    ensure(
        !ratios.is_empty() && ratios.iter().all(|ratio| (0.1..=10.0).contains(ratio)),
        "infer.ratios",
        format!("must be numbers from 0.1 to 10, such as [0.5, 1.0, 1.5], are {ratios:?}"),
    )?;
    match (infer.mode, infer.window, infer.stride) {
        (InferMode::Whole, None, None) => Ok(()),
        (InferMode::Whole, window, _) => {
            let key = if window.is_some() { "infer.window" } else { "infer.stride" };
            ensure(false, key, "mode \"whole\" has no windows: remove window and stride, or take \"slide\"")
        }
        (InferMode::Slide, Some(window), Some(stride)) => {
            check_sides("infer.window", window, divisor)?;
            check_sides("infer.stride", stride, 1)?;
            ensure(
                stride[0] <= window[0] && stride[1] <= window[1],
                "infer.stride",
                format!("must not be larger than the window, is {stride:?} with windows of {window:?}"),
            )
        }
        (InferMode::Slide, _, _) => {
            ensure(false, "infer", "mode \"slide\" needs window and stride, such as [128, 128] and [85, 85]")
        }
    }
}
