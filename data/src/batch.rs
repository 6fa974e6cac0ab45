//! Training batches: the batch of an iteration is a function of (seed, iteration) alone.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::ImageCache;
use crate::dataset::Dataset;
use crate::decoded::Decoded;
use crate::error::Result;
use crate::random::{Purpose, Random};
use crate::split::Split;
use crate::transform::AugmentConfig;

/// The input of one training step.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The iteration that it belongs to, from 0.
    pub iteration: u64,
    /// Number of images in the batch: N.
    pub size: usize,
    /// Rows of each image: H.
    pub height: usize,
    /// Columns of each image: W.
    pub width: usize,
    /// The images: N x 3 x H x W, RGB, normalised.
    pub images: Vec<f32>,
    /// The label maps: N x H x W train ids, 255 where ignored.
    pub labels: Vec<u8>,
    /// The samples' ids, N.
    pub ids: Vec<String>,
}

/// Draws training batches of a data set. Samples come in epochs, each a permutation drawn from
/// (seed, epoch); a batch may reach from one epoch into the next, as with an endless sampler.
pub struct BatchSource {
    dataset: Arc<Dataset>,
    augment: AugmentConfig,
    batch: usize,
    seed: u64,
    cache: ImageCache,
    // Consecutive batches share an epoch; its permutation is drawn once.
    epoch: Mutex<Option<(u64, Arc<Vec<usize>>)>>,
}

impl BatchSource {
    /// Makes a source of batches of `batch` training samples each. Decoded images are kept in up to
    /// `cache_bytes` of memory; the batches are the same whatever its size.
    pub fn new(dataset: Arc<Dataset>, augment: AugmentConfig, batch: usize, seed: u64, cache_bytes: usize) -> Self {
        let cache = ImageCache::new(cache_bytes);
        Self { dataset, augment, batch, seed, cache, epoch: Mutex::new(None) }
    }

    /// The data set that is drawn from.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// The augmentation that every sample goes through.
    pub fn augment(&self) -> &AugmentConfig {
        &self.augment
    }

    /// Prepares the batch of an iteration. Samples are decoded one after another, so besides the
    /// cache no more than one of them is in memory per thread.
    pub fn batch(&self, iteration: u64) -> Result<Batch> {
        let [height, width] = self.augment.crop;
        let area = height * width;
        let mut images = Vec::with_capacity(self.batch * 3 * area);
        let mut labels = Vec::with_capacity(self.batch * area);
        let mut ids = Vec::with_capacity(self.batch);
        for slot in 0..self.batch {
            let index = self.sample_at(iteration * self.batch as u64 + slot as u64);
            let sample = &self.dataset.samples(Split::Train)[index];
            let decoded = self.cache.get(index, || Ok(Decoded::new(sample.load()?)))?;
            let mut random = Random::new(self.seed, Purpose::Augment, iteration, slot as u64);
            self.augment.append(&decoded, &mut random, &mut images, &mut labels);
            ids.push(sample.id.clone());
        }
        Ok(Batch { iteration, size: self.batch, height, width, images, labels, ids })
    }

    /// Bytes of memory that would keep all decoded training samples, estimated from those that were
    /// drawn; `None` where each of these was kept.
    pub fn cache_for_all(&self) -> Option<usize> {
        self.cache.bytes_for_all(self.dataset.samples(Split::Train).len())
    }

    /// Returns the index of the training sample at a position of the endless sequence of epochs.
    fn sample_at(&self, position: u64) -> usize {
        let count = self.dataset.samples(Split::Train).len();
        let (epoch, rank) = (position / count as u64, position % count as u64);
        let mut kept = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        let order = match &*kept {
            Some((known, order)) if *known == epoch => order.clone(),
            _ => {
                let order = Arc::new(Random::new(self.seed, Purpose::Order, epoch, 0).permutation(count));
                *kept = Some((epoch, order.clone()));
                order
            }
        };
        order[rank as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::DatasetKind;
    use crate::synthetic::{self, SyntheticConfig};
    use std::collections::BTreeSet;

    fn source(root: &std::path::Path, seed: u64, cache: usize) -> BatchSource {
        let dataset = Arc::new(Dataset::open(DatasetKind::CHASE_DB1, root).unwrap());
        let augment = AugmentConfig::protocol([60, 70], [32, 48]);
        BatchSource::new(dataset, augment, 3, seed, cache)
    }

    #[test]
    fn a_batch_depends_on_seed_and_iteration_alone() {
        let root = tempfile::tempdir().unwrap();
        let config = SyntheticConfig::new(5, 5, 1, [60, 70]);
        synthetic::write(DatasetKind::CHASE_DB1, root.path(), &config).unwrap();
        let (warm, cold) = (source(root.path(), 1, 1 << 20), source(root.path(), 1, 0));
        let forward: Vec<Batch> = (0..6).map(|i| warm.batch(i).unwrap()).collect();
        for (i, batch) in forward.iter().enumerate().rev() {
            assert!(cold.batch(i as u64).unwrap() == *batch, "{i}");
        }
        assert!(source(root.path(), 2, 0).batch(0).unwrap() != forward[0]);
        assert_ne!(forward[0].images, forward[1].images);
        assert_eq!(forward[0].images.len(), 3 * 3 * 32 * 48);
        assert!(forward[0].images.iter().all(|value| value.is_finite()));

        // 15 positions are three epochs of five samples.
        let ids: Vec<&String> = forward[..5].iter().flat_map(|batch| &batch.ids).collect();
        for epoch in ids.chunks(5) {
            assert_eq!(epoch.iter().collect::<BTreeSet<_>>().len(), 5);
        }
        assert!(ids[..5] != ids[5..10] || ids[5..10] != ids[10..]);
    }
}
