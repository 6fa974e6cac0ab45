//! The data sets that results can be held against: files under the data root, and images that the program draws again.

use super::Claim;
use crate::experiment::settings::DataSource;
use crate::support::progress::Progress;
use anyhow::{Context, Result};
use atrous_data::{Dataset, DatasetKind, ImageLimit, synthetic};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens and hashes each set once.
pub struct DataAtHand {
    data_root: PathBuf,
    image_limit: ImageLimit,
    /// Where drawn images go, a folder each.
    scratch: PathBuf,
    progress: Progress,
    opened: Vec<(DatasetKind, DataSource, Found)>,
}

/// A set and its fingerprint, or why it is not at hand.
type Found = Result<(Arc<Dataset>, String), String>;

impl DataAtHand {
    /// Sets of files are looked for under `data_root`; synthetic ones are drawn into `scratch`. No image may be larger than the limit.
    pub fn new(data_root: &Path, image_limit: ImageLimit, scratch: &Path, progress: &Progress) -> Self {
        let (data_root, scratch) = (data_root.to_owned(), scratch.to_owned());
        DataAtHand { data_root, image_limit, scratch, progress: progress.clone(), opened: Vec::new() }
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

    fn find(&mut self, claim: &Claim) -> Result<Found> {
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

    fn open(&self, kind: DatasetKind, source: &DataSource) -> Result<Found> {
        let dataset = match source {
            DataSource::Files if !self.data_root.join(kind.directory()).is_dir() => {
                let root = self.data_root.display();
                return Ok(Err(format!("{root} has no folder {}: name another with --data-root", kind.directory())));
            }
            DataSource::Files => Dataset::open(kind, &self.data_root)?.with_limit(self.image_limit),
            DataSource::Synthetic(drawing) => {
                let root = self.scratch.join(format!("{}-{}", kind.name(), self.opened.len()));
                std::fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
                synthetic::write(kind, &root, drawing)?;
                Dataset::open(kind, &root)?.with_limit(self.image_limit)
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
