//! Counts of images, sizes and labels.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::Progress;
use crate::dataset::Dataset;
use crate::datasets::DatasetKind;
use crate::error::Result;
use crate::raster::IGNORE_INDEX;
use crate::split::Split;

/// What one split of a data set holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitStatistics {
    /// The data set that was counted.
    pub kind: DatasetKind,
    /// The split that was counted.
    pub split: Split,
    /// Number of images.
    pub images: usize,
    /// Number of images of each size (height, width).
    pub sizes: BTreeMap<[usize; 2], usize>,
    /// Number of pixels of each class.
    pub class_pixels: Vec<u64>,
    /// Number of pixels labelled 255.
    pub ignored_pixels: u64,
}

impl SplitStatistics {
    /// The share of each class of the labelled pixels, 0 to 1.
    pub fn class_shares(&self) -> Vec<f64> {
        let labelled = self.class_pixels.iter().sum::<u64>().max(1) as f64;
        self.class_pixels.iter().map(|pixels| *pixels as f64 / labelled).collect()
    }

    /// Says what cannot be right about the labels, in one line.
    pub fn warning(&self) -> Option<String> {
        self.kind.implausible(self.images, &self.class_pixels)
    }
}

/// Decodes every image and mask of a split, on all processors, and counts. `progress` hears of
/// images done and in all. The first file that does not load is the error.
pub fn statistics(dataset: &Dataset, split: Split, progress: Progress) -> Result<SplitStatistics> {
    let samples = dataset.samples(split);
    let done = AtomicU64::new(0);
    let counted: Vec<([usize; 2], [u64; 256])> = samples
        .par_iter()
        .map(|sample| {
            let (image, label) = sample.load()?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, samples.len() as u64);
            Ok((image.size(), histogram(&label.data)))
        })
        .collect::<Result<_>>()?;

    let mut found = SplitStatistics {
        kind: dataset.kind,
        split,
        images: samples.len(),
        sizes: BTreeMap::new(),
        class_pixels: vec![0; dataset.kind.class_names().len()],
        ignored_pixels: 0,
    };
    for (size, counts) in counted {
        *found.sizes.entry(size).or_default() += 1;
        found.ignored_pixels += counts[IGNORE_INDEX as usize];
        for (total, count) in found.class_pixels.iter_mut().zip(counts) {
            *total += count;
        }
    }
    Ok(found)
}

/// Masks after which those of a split are known to be in order, if they are.
const ENOUGH_MASKS: usize = 128;

/// Says why the masks of a split cannot be right, in one line: one class only, inverted, everything
/// ignored. Masks are decoded on all processors, evenly spread over the split, until enough are in
/// order. The first file that does not load is the error.
pub fn implausible_masks(dataset: &Dataset, split: Split) -> Result<Option<String>> {
    let (kind, samples) = (dataset.kind, dataset.samples(split));
    let groups = samples.len().div_ceil(ENOUGH_MASKS);
    let mut masks = 0;
    let mut class_pixels = vec![0; kind.class_names().len()];
    let mut reason = None;
    for first in 0..groups {
        let group: Vec<_> = samples.iter().skip(first).step_by(groups).collect();
        let counted: Vec<[u64; 256]> =
            group.par_iter().map(|sample| Ok(histogram(&sample.load_label()?.data))).collect::<Result<_>>()?;
        masks += group.len();
        for counts in counted {
            class_pixels.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
        reason = kind.implausible(masks, &class_pixels);
        if reason.is_none() && masks >= ENOUGH_MASKS {
            break;
        }
    }
    Ok(reason)
}

/// Counts the pixels of each label value.
pub(crate) fn histogram(labels: &[u8]) -> [u64; 256] {
    let mut counts = [0; 256];
    for label in labels {
        counts[*label as usize] += 1;
    }
    counts
}
