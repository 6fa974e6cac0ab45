//! How a difference would vary with other images: a paired bootstrap.

use super::draws::multiplicities;
use super::paired::least_sign_flip_p;
use super::{CONFIDENCE, Interval, mean};
use crate::results::image_counts::ImageCounts;
use crate::results::scores::ClassArea;
use crate::results::scores::Metric;
use rayon::prelude::*;

/// Differences of two cells' scores, each over images drawn with replacement: the same ones for both cells and all seeds.
///
/// The score of a cell is the mean over its seeds of the metric of the summed counts.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedBootstrap {
    /// Of each replicate, ascending; at least one.
    differences: Vec<f64>,
    images: usize,
}

/// The counts of one image set: images x classes.
type Areas = Vec<ClassArea>;

/// As many as keep replicates x images x classes within 2 · 10^8, at least 1,000 and at most 10,000: 10,000 on the retina sets and
/// on Cityscapes, about 1,000 on the tiles of iSAID.
pub fn replicates(images: usize, classes: usize) -> usize {
    (200_000_000 / (images * classes).max(1)).clamp(1_000, 10_000)
}

impl PairedBootstrap {
    /// `pairs` are the counts of the cell and of the other, seed by seed.
    ///
    /// `None` unless all have the same images in the same order, two at least: one alone has no spread. `None` also where no draw
    /// has a score, because nothing was counted.
    pub fn new(pairs: &[(&[ImageCounts], &[ImageCounts])], metric: Metric) -> Option<Self> {
        let (first, _) = *pairs.first()?;
        let images = first.len();
        if images < 2 || pairs.iter().any(|(cell, other)| !same_images(first, cell) || !same_images(first, other)) {
            return None;
        }
        let classes = first[0].confusion.classes;
        let areas: Vec<(Areas, Areas)> = pairs.iter().map(|(cell, other)| (areas(cell), areas(other))).collect();
        let buffers = || (vec![0; images], vec![ClassArea::default(); classes]);
        let difference = |(times, sums): &mut (Vec<u64>, Areas), replicate| {
            multiplicities(replicate, times);
            let mut score = |areas: &Areas| {
                sum(areas, times, sums);
                metric.of_areas(sums)
            };
            mean(&areas.iter().map(|(cell, other)| score(cell) - score(other)).collect::<Vec<_>>())
        };
        let all = (0..replicates(images, classes)).into_par_iter().map_init(buffers, difference);
        let mut differences: Vec<f64> = all.collect();
        differences.retain(|difference| !difference.is_nan());
        differences.sort_by(f64::total_cmp);
        (!differences.is_empty()).then_some(PairedBootstrap { differences, images })
    }

    /// 95 % interval: between the 2.5th and the 97.5th percentile of the replicates.
    pub fn interval(&self) -> Interval {
        let tail = (1.0 - CONFIDENCE) / 2.0;
        Interval { low: self.quantile(tail), high: self.quantile(1.0 - tail) }
    }

    /// Two-sided p-value: twice the share of the replicates on the rarer side of 0, those at 0 and one more counted with it.
    ///
    /// Never less than 2^(1 - n) for n images, what the sign-flip test gives where all of them agree: however often a handful of
    /// images is drawn again, it shows no more than that.
    pub fn p(&self) -> f64 {
        let below = self.differences.iter().filter(|difference| **difference <= 0.0).count();
        let above = self.differences.iter().filter(|difference| **difference >= 0.0).count();
        let share = (below.min(above) + 1) as f64 / (self.differences.len() + 1) as f64;
        (2.0 * share).max(least_sign_flip_p(self.images)).min(1.0)
    }

    /// By linear interpolation between the sorted replicates.
    fn quantile(&self, share: f64) -> f64 {
        let place = share * (self.differences.len() - 1) as f64;
        let (low, high) = (self.differences[place.floor() as usize], self.differences[place.ceil() as usize]);
        low + place.fract() * (high - low)
    }
}

fn same_images(left: &[ImageCounts], right: &[ImageCounts]) -> bool {
    let same = |(l, r): (&ImageCounts, &ImageCounts)| l.image == r.image && l.confusion.classes == r.confusion.classes;
    left.len() == right.len() && left.iter().zip(right).all(same)
}

fn areas(images: &[ImageCounts]) -> Areas {
    images.iter().flat_map(|image| image.confusion.areas()).collect()
}

/// Sums over the images, each so many times.
fn sum(areas: &Areas, times: &[u64], sums: &mut Areas) {
    sums.fill(ClassArea::default());
    for (image, &times) in areas.chunks_exact(sums.len()).zip(times).filter(|(_, times)| **times > 0) {
        sums.iter_mut().zip(image).for_each(|(sum, &area)| sum.add(area, times));
    }
}

#[cfg(test)]
mod tests;
