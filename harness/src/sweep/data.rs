//! The data sets of a sweep: opened and known to be there before anything is trained.

use super::drawn::DrawnFiles;
use crate::experiment::settings::{DataSource, RunSettings, short_hash};
use crate::experiment::spec::Spec;
use crate::run::options::{DataOptions, MaskOptions};
use crate::support::lookup;
use crate::support::progress::Progress;
use anyhow::{Context, Result};
use atrous_data::synthetic::{self, SyntheticConfig};
use atrous_data::{Dataset, DatasetKind, Split};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A data set and the hash of its files.
#[derive(Clone)]
pub struct OpenedData {
    pub dataset: Arc<Dataset>,
    /// SHA-256, hex.
    pub fingerprint: String,
}

/// Every data set that a spec names, once.
pub struct DataSets {
    opened: HashMap<(DatasetKind, Option<String>), OpenedData>,
    /// In the order of the spec.
    order: Vec<(DatasetKind, Option<String>)>,
    options: DataOptions,
}

/// Files have no name of their own; drawn images are told apart by the hash of how they are drawn.
fn key(kind: DatasetKind, source: &DataSource) -> (DatasetKind, Option<String>) {
    match source {
        DataSource::Files => (kind, None),
        DataSource::Synthetic(synthetic) => (kind, Some(short_hash(&(kind.name(), synthetic)))),
    }
}

impl DataSets {
    /// Opens the data sets that are files.
    ///
    /// # Errors
    /// The first that is missing or has no readable layout; names the path.
    pub fn open_files(spec: &Spec, options: &DataOptions) -> Result<Self> {
        let mut sets = DataSets { opened: HashMap::new(), order: Vec::new(), options: options.clone() };
        for experiment in &spec.experiments {
            let key = key(experiment.dataset, &experiment.data);
            if sets.order.contains(&key) {
                continue;
            }
            if experiment.data == DataSource::Files {
                sets.insert(&key, options.open(experiment.dataset)?);
            }
            sets.order.push(key);
        }
        Ok(sets)
    }

    /// Refuses files whose masks cannot be right, unless they are to be taken.
    ///
    /// # Errors
    /// The first data set of such masks; names it, and what is wrong.
    pub fn check_masks(&self, masks: &MaskOptions, progress: &Progress) -> Result<()> {
        for key in self.order.iter().filter(|(_, drawn)| drawn.is_none()) {
            let Some(opened) = self.opened.get(key) else { continue };
            let bar = progress.bar(1, format!("checking the masks of {}", key.0.title()));
            masks.check(&opened.dataset, &Split::ALL)?;
            bar.finish();
        }
        Ok(())
    }

    fn insert(&mut self, key: &(DatasetKind, Option<String>), dataset: Dataset) {
        let opened = OpenedData { dataset: Arc::new(dataset), fingerprint: String::new() };
        self.opened.insert(key.clone(), opened);
    }

    /// Draws the synthetic ones that are not there yet, and opens all of them.
    ///
    /// # Errors
    /// What cannot be written; names the path.
    pub fn draw(&mut self, spec: &Spec, out: &Path, progress: &Progress) -> Result<()> {
        for experiment in &spec.experiments {
            let key = key(experiment.dataset, &experiment.data);
            let DataSource::Synthetic(drawing) = &experiment.data else { continue };
            if !self.opened.contains_key(&key) {
                let root = synthetic_root(out, &key);
                if lookup::is_dir(&root)? {
                    DrawnFiles::check(&root)?;
                    // Draws nothing; refuses what another version of the program has drawn.
                    synthetic::write(experiment.dataset, &root, drawing)?;
                } else {
                    draw(experiment.dataset, drawing, &root, progress)?;
                }
                self.insert(&key, self.options.open_in(&root, experiment.dataset)?);
            }
        }
        Ok(())
    }

    /// Opens the synthetic ones that are there already; writes nothing.
    ///
    /// # Errors
    /// One that is there and cannot be read; names the path.
    pub fn open_drawn(&mut self, spec: &Spec, out: &Path) -> Result<()> {
        for experiment in &spec.experiments {
            let key = key(experiment.dataset, &experiment.data);
            let root = synthetic_root(out, &key);
            if experiment.data != DataSource::Files && !self.opened.contains_key(&key) && lookup::is_dir(&root)? {
                self.insert(&key, self.options.open_in(&root, experiment.dataset)?);
            }
        }
        Ok(())
    }

    /// A data set like that of a run, for a look at it: the run's own, or a few images of the same
    /// kind and size that are drawn below `folder`.
    ///
    /// # Errors
    /// What cannot be written; names the path.
    pub(super) fn like(&self, settings: &RunSettings, folder: &Path) -> Result<Arc<Dataset>> {
        if let Some(opened) = self.get(settings) {
            return Ok(opened.dataset);
        }
        let DataSource::Synthetic(drawing) = &settings.data else { return Ok(self.of(settings)?.dataset) };
        let few = SyntheticConfig { train: drawing.train.min(2), val: 1, ..drawing.clone() };
        let key = key(settings.dataset, &settings.data);
        let root = folder.join(key.1.unwrap_or_default());
        if !lookup::is_dir(&root)? {
            synthetic::write(settings.dataset, &root, &few)?;
        }
        Ok(Arc::new(self.options.open_in(&root, settings.dataset)?))
    }

    /// Hashes the files of all that are open.
    ///
    /// # Errors
    /// A file that cannot be read; names it.
    pub fn take_fingerprints(&mut self, progress: &Progress) -> Result<()> {
        for key in &self.order {
            let Some(opened) = self.opened.get_mut(key) else { continue };
            let bar = progress.bar(0, format!("hashing {} (bytes)", key.0.title()));
            opened.fingerprint = opened.dataset.fingerprint(&|done, all| {
                bar.set_length(all);
                bar.set(done);
            })?;
            bar.finish();
        }
        Ok(())
    }

    /// The data of a run; `None` for a synthetic set that has not been drawn.
    pub fn get(&self, settings: &RunSettings) -> Option<OpenedData> {
        self.opened.get(&key(settings.dataset, &settings.data)).cloned()
    }

    pub(super) fn of(&self, settings: &RunSettings) -> Result<OpenedData> {
        self.get(settings).with_context(|| format!("{}: the data set is not open", settings.experiment))
    }
}

/// `<out>/synthetic/<data set>-<hash>`: the data root that holds one drawn set.
fn synthetic_root(out: &Path, (kind, hash): &(DatasetKind, Option<String>)) -> PathBuf {
    out.join("synthetic").join(format!("{}-{}", kind.name(), hash.as_deref().unwrap_or_default()))
}

/// The data root that a run's drawn images are in, below the output directory of its sweep; `None`
/// for files.
pub fn drawn_root(out: &Path, settings: &RunSettings) -> Option<PathBuf> {
    let drawn = settings.data != DataSource::Files;
    drawn.then(|| synthetic_root(out, &key(settings.dataset, &settings.data)))
}

/// Draws a set under a temporary name and renames it: a set that is there is whole.
fn draw(kind: DatasetKind, drawing: &SyntheticConfig, root: &Path, progress: &Progress) -> Result<()> {
    let temporary = root.with_extension("tmp");
    if lookup::is_there(&temporary)? {
        // Left by a shard that was killed beside others: one at a time draws.
        fs::remove_dir_all(&temporary).with_context(|| format!("cannot remove {}", temporary.display()))?;
    }
    fs::create_dir_all(&temporary).with_context(|| format!("cannot create {}", temporary.display()))?;
    progress.line(format!("drawing {} synthetic images for {}", drawing.train + drawing.val, kind.title()));
    synthetic::write(kind, &temporary, drawing)?;
    DrawnFiles::write(&temporary, root)?;
    fs::rename(&temporary, root).with_context(|| format!("cannot create {}", root.display()))
}
