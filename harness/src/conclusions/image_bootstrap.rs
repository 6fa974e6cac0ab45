//! How the difference of two cells would vary with other images: a paired bootstrap over their
//! counts.

use crate::conclusions::statistics::{PairedBootstrap, mean};
use crate::results::image_counts::ImageCounts;
use crate::results::scores::{ClassArea, Metric};

/// The counts of one image set: images x classes.
type Areas = Vec<ClassArea>;

/// How many replicates are drawn: so many that replicates x images x classes stay within 2 · 10^8,
/// at least 1,000 and at most 10,000.
///
/// That is 10,000 on the retina sets and on Cityscapes, and about 1,000 on the tiles of iSAID.
fn replicates(images: usize, classes: usize) -> usize {
    (200_000_000 / (images * classes).max(1)).clamp(1_000, 10_000)
}

/// Draws the images again and again: the same ones for both cells and all seeds. `pairs` are the
/// counts of the cell and of the other, seed by seed. The score of a cell is the mean over its
/// seeds of the metric of the summed counts.
///
/// `None` unless all have the same images in the same order, two at least: one alone has no spread.
/// `None` also where no draw has a score, because nothing was counted.
pub fn image_bootstrap(pairs: &[(&[ImageCounts], &[ImageCounts])], metric: Metric) -> Option<PairedBootstrap> {
    let (first, _) = *pairs.first()?;
    if pairs.iter().any(|(cell, other)| !same_images(first, cell) || !same_images(first, other)) {
        return None;
    }
    let classes = first.first()?.confusion.classes;
    let areas: Vec<(Areas, Areas)> = pairs.iter().map(|(cell, other)| (areas(cell), areas(other))).collect();
    let difference = |sums: &mut Areas, times: &[u64]| {
        let mut score = |areas: &Areas| {
            sum(areas, times, sums);
            metric.of_areas(sums)
        };
        mean(&areas.iter().map(|(cell, other)| score(cell) - score(other)).collect::<Vec<_>>())
    };
    let sums = || vec![ClassArea::default(); classes];
    PairedBootstrap::new(first.len(), replicates(first.len(), classes), sums, difference)
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
