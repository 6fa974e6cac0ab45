//! The data sets that results can be held against: files under the data root, and images that the
//! program draws again.

use super::Claim;
use crate::experiment::settings::DataSource;
use crate::run::options::DataOptions;
use crate::support::progress::Progress;
use anyhow::{Context, Result};
use atrous_data::{Dataset, DatasetKind, synthetic};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The data sets that are at hand, each opened and hashed once.
pub struct DataAtHand {
    options: DataOptions,
    /// The folder that drawn images go to, a folder each.
    scratch: PathBuf,
    progress: Progress,
    opened: Vec<(DatasetKind, DataSource, SetAtHand)>,
}

/// A set and its fingerprint, or why it is not at hand.
type SetAtHand = Result<(Arc<Dataset>, String), String>;

impl DataAtHand {
    /// Looks for sets of files under the data root; draws synthetic ones into `scratch`.
    pub fn new(options: &DataOptions, scratch: &Path, progress: &Progress) -> Self {
        let (options, scratch) = (options.clone(), scratch.to_owned());
        DataAtHand { options, scratch, progress: progress.clone(), opened: Vec::new() }
    }

    /// The fingerprint of the set that a run is of, or why there is none.
    ///
    /// # Errors
    /// A set that is there and cannot be read, or images that cannot be drawn; names the path.
    pub fn fingerprint(&mut self, claim: &Claim) -> Result<Result<String, String>> {
        Ok(self.find(claim)?.map(|(_, fingerprint)| fingerprint))
    }

    /// The set that a run is of, or why it is not at hand.
    ///
    /// # Errors
    /// As [`DataAtHand::fingerprint`].
    pub fn dataset(&mut self, claim: &Claim) -> Result<Result<Arc<Dataset>, String>> {
        Ok(self.find(claim)?.map(|(dataset, _)| dataset))
    }

    fn find(&mut self, claim: &Claim) -> Result<SetAtHand> {
        if claim.drawn_somehow {
            return Ok(Err("results.csv does not say how its images are drawn: name the folder of its runs".into()));
        }
        let (kind, source) = (claim.settings.dataset, &claim.settings.data);
        if let Some((.., found)) = self.opened.iter().find(|(known, from, _)| *known == kind && from == source) {
            return Ok(found.clone());
        }
        let found = self.open(kind, source)?;
        self.opened.push((kind, source.clone(), found.clone()));
        Ok(found)
    }

    fn open(&self, kind: DatasetKind, source: &DataSource) -> Result<SetAtHand> {
        let dataset = match source {
            DataSource::Files if !Dataset::is_at_hand(kind, &self.options.data_root)? => {
                let root = self.options.data_root.display();
                return Ok(Err(format!("{root} has no folder {}: name another with --data-root", kind.directory())));
            }
            DataSource::Files => self.options.open(kind)?,
            DataSource::Synthetic(drawing) => {
                let root = self.scratch.join(format!("{}-{}", kind.name(), self.opened.len()));
                std::fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
                synthetic::write(kind, &root, drawing)?;
                self.options.open_in(&root, kind)?
            }
        };
        let bar = self.progress.bar(0, format!("hashing {} (bytes)", kind.title()));
        let fingerprint = dataset.fingerprint(&|done, all| {
            bar.set_length(all);
            bar.set(done);
        })?;
        bar.finish();
        Ok(Ok((Arc::new(dataset), fingerprint)))
    }
}
