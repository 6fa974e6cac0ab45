//! The networks whose receptive field is measured: weights of a file or a run, fresh ones, all
//! rates of a sweep.

use crate::experiment::network;
use crate::experiment::settings::RunSettings;
use crate::experiment::spec::Spec;
use crate::results::run_dir::{RunDir, RunState};
use crate::run::infer::Inference;
use crate::run::weights::{ImportOptions, Trained, weights_file};
use crate::support::lookup;
use crate::sweep;
use anyhow::{Result, bail, ensure};
use atrous_data::DatasetKind;
use atrous_models::device::ComputeDevice;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A network that has not been read or made yet.
#[derive(Clone, Debug)]
pub struct Subject {
    /// For people: a path, or what the fresh network is of.
    pub name: String,
    /// The data root of its run's drawn images, where they are drawn.
    pub drawn: Option<PathBuf>,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Origin {
    Weights(PathBuf, Box<ImportOptions>, Option<DatasetKind>),
    Fresh(Box<RunSettings>),
}

impl Subject {
    /// Weights: a file, or the directory of a run, whose checkpoint is meant.
    ///
    /// # Errors
    /// A directory that is no run's, or has no checkpoint; names it.
    pub fn of_weights(path: &Path, options: ImportOptions, dataset: Option<DatasetKind>) -> Result<Self> {
        let folder = if lookup::is_dir(path)? { Some(path) } else { path.parent() };
        let file = weights_file(path)?;
        let drawn = match folder.map(RunDir::at) {
            Some(run) if lookup::is_file(&run.run_toml())? => drawn(&run)?,
            _ => None,
        };
        Ok(Subject {
            name: path.display().to_string(),
            drawn,
            origin: Origin::Weights(file, Box::new(options), dataset),
        })
    }

    /// The untrained networks of a spec, in its order: those that training starts from.
    pub fn fresh(spec: &Spec) -> Vec<Self> {
        let subject = |settings: RunSettings| Subject {
            name: format!("fresh network of {} in {}", settings.run_name(), spec.name),
            drawn: None,
            origin: Origin::Fresh(Box::new(settings)),
        };
        spec.plan().into_iter().map(|run| subject(run.settings)).collect()
    }

    /// Reads the weights, or makes the fresh network; on `device`, without gradients.
    ///
    /// # Errors
    /// Names the file.
    pub fn open(&self, device: &ComputeDevice) -> Result<Trained> {
        match &self.origin {
            Origin::Weights(path, options, dataset) => Trained::read(path, options, *dataset, device),
            Origin::Fresh(settings) => {
                let mut network = network::config(settings).init(settings.seed, &device.device);
                if let Some(init) = &settings.init {
                    init.load_into(&mut network)?;
                }
                let inference = Inference::of(settings);
                Ok(Trained { network, dataset: settings.dataset, inference, crop: settings.crop })
            }
        }
    }
}

/// The data root of a run's drawn images, in the output directory that it is in.
fn drawn(run: &RunDir) -> Result<Option<PathBuf>> {
    let settings = run.read_run_file()?.settings;
    // <out>/<experiment>/<rates>/<run>
    Ok(run.path().ancestors().nth(3).and_then(|out| {
        let out = if out.as_os_str().is_empty() { Path::new(".") } else { out };
        sweep::drawn_root(out, &settings)
    }))
}

/// The runs of a sweep that are meant.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// May be left out where there is only one.
    pub experiment: Option<String>,
    /// All where it is `None`.
    pub rates: Option<Vec<usize>>,
    /// The lowest of each rates where it is `None`.
    pub seed: Option<u64>,
}

/// One finished run for each rates of an experiment in a sweep's output directory, in ascending
/// order of the rates.
///
/// # Errors
/// No such run, or several experiments to choose from; names the directory or the option.
pub fn of_sweep(out: &Path, selection: &Selection) -> Result<Vec<Subject>> {
    let mut runs: Vec<(RunSettings, RunDir)> = Vec::new();
    for run in RunDir::scan(out)? {
        if let RunState::Finished(result) = run.state()? {
            runs.push((result.settings, run));
        }
    }
    ensure!(!runs.is_empty(), "--sweep {}: there are no finished runs", out.display());
    let mut names: Vec<&str> = runs.iter().map(|(settings, _)| settings.experiment.as_str()).collect();
    names.dedup();
    let experiment = match &selection.experiment {
        Some(name) => name.clone(),
        None if names.len() == 1 => names[0].to_owned(),
        None => bail!("--sweep {}: choose an --experiment among {}", out.display(), names.join(", ")),
    };
    ensure!(
        names.contains(&experiment.as_str()),
        "--experiment {experiment}: {} has finished runs of {}",
        out.display(),
        names.join(", ")
    );
    let wanted = |settings: &RunSettings| {
        settings.experiment == experiment
            && selection.rates.as_ref().is_none_or(|rates| *rates == settings.rates)
            && selection.seed.is_none_or(|seed| seed == settings.seed)
    };
    let mut chosen: BTreeMap<Vec<usize>, (RunSettings, RunDir)> = BTreeMap::new();
    for (settings, run) in runs.into_iter().filter(|(settings, _)| wanted(settings)) {
        let lower = chosen.get(&settings.rates).is_none_or(|(present, _)| settings.seed < present.seed);
        if lower {
            chosen.insert(settings.rates.clone(), (settings, run));
        }
    }
    ensure!(!chosen.is_empty(), "--rates, --seed: {experiment} has no such finished run in {}", out.display());
    chosen.into_values().map(|(_, run)| Subject::of_weights(run.path(), ImportOptions::default(), None)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{run_id, tests::example};
    use crate::results::result::tests::example as result;
    use crate::results::run_dir::RunFile;
    use std::fs;

    fn finished(out: &Path, experiment: &str, rates: &[usize], seed: u64) {
        let settings = RunSettings { experiment: experiment.into(), rates: rates.into(), seed, ..example() };
        let id = run_id(&settings, "fingerprint");
        let run = RunDir::new(out, &settings, &id);
        run.create(&RunFile::new(&settings, rates, &id, "fingerprint")).unwrap();
        fs::write(run.checkpoint(), "weights").unwrap();
        run.finish(&result(settings, [3, 1, 1, 3])).unwrap();
    }

    fn names(out: &Path, selection: &Selection) -> Vec<String> {
        let name = |subject: Subject| {
            let path = Path::new(&subject.name).strip_prefix(out).unwrap().display().to_string();
            path.rsplit_once('-').unwrap().0.to_owned()
        };
        of_sweep(out, selection).unwrap().into_iter().map(name).collect()
    }

    #[test]
    fn one_run_for_each_rates() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        for (rates, seed) in [(&[1, 24, 48][..], 0), (&[1, 6, 12], 10), (&[1, 6, 12], 2)] {
            finished(out, "stare", rates, seed);
        }
        assert_eq!(names(out, &Selection::default()), ["stare/1-6-12/seed-2", "stare/1-24-48/seed-0"]);
        let seed = Selection { seed: Some(10), ..Selection::default() };
        assert_eq!(names(out, &seed), ["stare/1-6-12/seed-10"]);
        let rates = Selection { rates: Some(vec![1, 24, 48]), ..Selection::default() };
        assert_eq!(names(out, &rates), ["stare/1-24-48/seed-0"]);
        let none = Selection { rates: Some(vec![1, 2]), ..Selection::default() };
        assert!(of_sweep(out, &none).unwrap_err().to_string().contains("stare has no such finished run"));

        finished(out, "hrf", &[1, 2], 0);
        let error = of_sweep(out, &Selection::default()).unwrap_err().to_string();
        assert!(error.contains("choose an --experiment among hrf, stare"), "{error}");
        let hrf = Selection { experiment: Some("hrf".into()), ..Selection::default() };
        assert_eq!(names(out, &hrf), ["hrf/1-2/seed-0"]);
        let error = of_sweep(&out.join("absent"), &hrf).unwrap_err().to_string();
        assert!(error.contains("no finished runs"), "{error}");
    }

    #[test]
    fn a_run_knows_where_its_images_were_drawn() {
        let folder = tempfile::tempdir().unwrap();
        finished(folder.path(), "stare", &[1, 2], 0);
        let [subject] = of_sweep(folder.path(), &Selection::default()).unwrap().try_into().unwrap();
        let drawn = subject.drawn.unwrap();
        assert!(drawn.starts_with(folder.path().join("synthetic")), "{}", drawn.display());
        let file = Path::new(&subject.name).join("checkpoint.safetensors");
        assert_eq!(Subject::of_weights(&file, ImportOptions::default(), None).unwrap().drawn, Some(drawn));
        let error = Subject::of_weights(folder.path(), ImportOptions::default(), None).unwrap_err().to_string();
        assert!(error.contains("no run's directory"), "{error}");
    }
}
