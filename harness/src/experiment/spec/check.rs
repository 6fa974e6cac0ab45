//! Refuses what cannot be.

use super::experiment::Experiment;
use super::{rates, size};
use crate::experiment::settings::{
    Checked, DataSource, Impossible, InferSpec, InitSpec, RunSettings, check_sides, checksum, ensure,
};
use std::collections::HashSet;

/// Refuses experiments that cannot be; the error carries the index of the experiment.
pub(super) fn check_all(experiments: &[Experiment]) -> Result<(), (usize, Impossible)> {
    let mut names = HashSet::new();
    let mut runs = 0;
    for (index, experiment) in experiments.iter().enumerate() {
        let at = |impossible| (index, impossible);
        check(experiment).map_err(at)?;
        let message = format!("{} is the name of an earlier experiment too", experiment.name);
        ensure(names.insert(&experiment.name), "name", message).map_err(at)?;
        runs += experiment.rates.len() * experiment.seeds.len();
        let message = format!("with this experiment the spec has {runs} runs; at most {} are planned", size::MOST_RUNS);
        ensure(runs <= size::MOST_RUNS, "seeds", message).map_err(at)?;
    }
    Ok(())
}

/// Takes the checksum of an experiment's initial weights.
pub(super) fn take_checksum(experiment: &mut Experiment) -> Checked {
    let Some(init) = &mut experiment.init else { return Ok(()) };
    let impossible = |error: anyhow::Error| Impossible { key: "init.weights".into(), message: format!("{error:#}") };
    init.sha256 = checksum(&init.weights).map_err(impossible)?;
    Ok(())
}

fn check(experiment: &Experiment) -> Checked {
    check_name(&experiment.name).map_err(|message| Impossible { key: "name".into(), message })?;
    experiment.model.check()?;
    experiment.init.as_ref().map_or(Ok(()), InitSpec::check)?;
    let divisor = experiment.model.kind.size_divisor();
    check_sides("crop", experiment.crop, divisor)?;
    check_sides("resize", experiment.resize, 1)?;
    rates::check_all(&experiment.rates, &experiment.baseline)?;
    check_seeds(&experiment.seeds)?;
    experiment.train.check()?;
    experiment.infer.check(divisor)?;
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
    if name == "synthetic" || Experiment::KEYS.contains(&name) {
        return Err(format!("\"{name}\" has a meaning of its own; take another name"));
    }
    Ok(())
}

/// Whether the settings of a run, wherever they come from, are possible.
///
/// # Errors
/// The key, and why its value cannot be.
pub fn check_settings(settings: &RunSettings) -> Result<(), String> {
    let divisor = settings.model.kind.size_divisor();
    rates::check_rates(&settings.rates)?;
    let checked = || {
        settings.model.check()?;
        check_sides("crop", settings.crop, divisor)?;
        check_sides("resize", settings.resize, 1)?;
        settings.train.check()?;
        settings.infer.check(divisor)?;
        size::check_weights(&settings.model, &settings.rates)?;
        size::check_batch(settings.train.batch, settings.crop)?;
        size::check_view(settings.resize, &settings.infer)
    };
    checked().map_err(|Impossible { key, message }| format!("{key} {message}"))
}

/// Whether images, fitted into `resize`, can be scored like this by a network whose input sides are
/// multiples of `divisor`.
///
/// # Errors
/// The key, and why its value cannot be.
pub fn check_inference(infer: &InferSpec, resize: [usize; 2], divisor: usize) -> Result<(), String> {
    let checked = infer.check(divisor).and_then(|()| size::check_view(resize, infer));
    checked.map_err(|Impossible { key, message }| format!("{key} {message}"))
}

fn check_seeds(seeds: &[u64]) -> Checked {
    ensure(!seeds.is_empty(), "seeds", "must hold at least one seed")?;
    let mut seen = HashSet::new();
    let twice = seeds.iter().find(|&seed| !seen.insert(seed));
    ensure(twice.is_none(), "seeds", format!("{} is there twice", twice.unwrap_or(&0)))
}
