//! Two cells side by side: the same seeds, the same images.

use crate::conclusions::image_bootstrap::image_bootstrap;
use crate::conclusions::statistics::{Interval, PairedBootstrap, effect_size, mean, mean_interval, paired_p};
use crate::results::rows::Row;
use crate::results::scores::Metric;

/// Score of one cell minus that of another, over the seeds that both have; scores are fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean over the seeds.
    pub mean: f64,
    /// Number of seeds that both cells have; at least one.
    pub seeds: usize,
    /// 95 %, over seeds (Student's t); `None` for one seed.
    pub interval: Option<Interval>,
    /// Paired t-test over seeds, two-sided; `None` for one seed.
    pub p_seeds: Option<f64>,
    /// 95 %, paired bootstrap over images; `None` where a run keeps no counts per image, the images
    /// differ, or there is only one.
    pub images: Option<Interval>,
    /// p-value of the same bootstrap, two-sided.
    pub p_images: Option<f64>,
    /// Cohen's d_z: mean over standard deviation of the seeds' differences; `None` for one seed and
    /// without spread.
    pub effect_size: Option<f64>,
}

impl Difference {
    /// `cell` minus `other`, runs of one rates setting each. Runs with the same seed are paired:
    /// the same initial weights where shapes allow, the same batches. Of several runs of a seed the
    /// first counts.
    ///
    /// `None` where no seed has a score in both.
    pub fn between(cell: &[&Row], other: &[&Row], metric: Metric) -> Option<Difference> {
        let pairs = pairs(cell, other, metric);
        if pairs.is_empty() {
            return None;
        }
        let differences: Vec<f64> = pairs.iter().map(|pair| pair.difference).collect();
        let images: Option<Vec<_>> =
            pairs.iter().map(|pair| Some((pair.cell.images.as_deref()?, pair.other.images.as_deref()?))).collect();
        let bootstrap = images.and_then(|pairs| image_bootstrap(&pairs, metric));
        Some(Difference {
            mean: mean(&differences),
            seeds: differences.len(),
            interval: mean_interval(&differences),
            p_seeds: paired_p(&differences),
            images: bootstrap.as_ref().map(PairedBootstrap::interval),
            p_images: bootstrap.as_ref().map(PairedBootstrap::p),
            effect_size: effect_size(&differences),
        })
    }

    /// The larger of both p-values, `None` where either is missing: the claim is that the cells
    /// differ for other seeds *and* for other images, and holds where both parts of it do
    /// (intersection-union test, Berger 1982).
    pub fn p(&self) -> Option<f64> {
        Some(self.p_seeds?.max(self.p_images?))
    }
}

/// Two runs with the same seed.
struct SeedPair<'a> {
    cell: &'a Row,
    other: &'a Row,
    difference: f64,
}

fn pairs<'a>(cell: &[&'a Row], other: &[&'a Row], metric: Metric) -> Vec<SeedPair<'a>> {
    let score = |row: &Row| row.result().map(|result| metric.of(&result.scores)).filter(|score| !score.is_nan());
    let mut seeds = Vec::new();
    let mut pairs = Vec::new();
    for &row in cell {
        let seed = row.settings().seed;
        let partner = other.iter().copied().find(|other| other.settings().seed == seed && score(other).is_some());
        let Some((own, partner)) = score(row).zip(partner).filter(|_| !seeds.contains(&seed)) else { continue };
        let Some(theirs) = score(partner) else { continue };
        seeds.push(seed);
        pairs.push(SeedPair { cell: row, other: partner, difference: own - theirs });
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{RunSettings, tests::example as settings};
    use crate::results::rows::testing;

    /// A run whose `images` images have these counts each.
    fn row(seed: u64, images: usize, counts: [u64; 4]) -> Row {
        testing::counted(RunSettings { seed, ..settings() }, "", vec![counts; images])
    }

    fn failed(seed: u64) -> Row {
        testing::failed(RunSettings { seed, ..settings() })
    }

    fn between(cell: &[Row], other: &[Row]) -> Option<Difference> {
        Difference::between(&cell.iter().collect::<Vec<_>>(), &other.iter().collect::<Vec<_>>(), Metric::Miou)
    }

    fn miou(row: &Row) -> f64 {
        row.result().unwrap().scores.miou
    }

    #[test]
    fn seeds_are_paired() {
        let cell =
            [row(5, 8, [80, 5, 5, 10]), row(1, 8, [80, 6, 4, 10]), row(2, 8, [80, 4, 5, 11]), row(9, 8, [99, 0, 0, 1])];
        let other =
            [row(1, 8, [80, 10, 4, 6]), row(2, 8, [80, 8, 5, 7]), row(3, 8, [1, 9, 9, 1]), row(5, 8, [80, 9, 5, 6])];
        let difference = between(&cell, &other).unwrap();
        let differences = [(0, 3), (1, 0), (2, 1)].map(|(i, j): (usize, usize)| miou(&cell[i]) - miou(&other[j]));
        assert_eq!(difference.seeds, 3);
        assert!((difference.mean - differences.iter().sum::<f64>() / 3.0).abs() < 1e-15);
        assert_eq!(difference.interval, mean_interval(&differences));
        assert_eq!(difference.p_seeds, paired_p(&differences));
        assert_eq!(difference.effect_size, effect_size(&differences));
        // Images that are all alike: each draw gives the mean, and no fewer than 2^(1 - 8).
        let images = difference.images.unwrap();
        assert!((images.low - difference.mean).abs() < 1e-14 && (images.high - difference.mean).abs() < 1e-14);
        assert_eq!(difference.p_images, Some(1.0 / 128.0));
    }

    #[test]
    fn p_is_the_larger_one() {
        let mut difference = between(&[row(0, 8, [80, 5, 5, 10])], &[row(0, 8, [80, 9, 5, 6])]).unwrap();
        assert_eq!((difference.seeds, difference.p_seeds, difference.interval), (1, None, None));
        assert!(difference.images.is_some() && difference.p().is_none());
        (difference.p_seeds, difference.p_images) = (Some(0.01), Some(0.3));
        assert_eq!(difference.p(), Some(0.3));
        (difference.p_seeds, difference.p_images) = (Some(0.4), Some(0.3));
        assert_eq!(difference.p(), Some(0.4));
        difference.p_images = None;
        assert_eq!(difference.p(), None);
    }

    #[test]
    fn without_counts_per_image_there_are_seeds() {
        let mut cell = [row(0, 8, [80, 5, 5, 10]), row(1, 8, [80, 4, 6, 10])];
        let other = [row(0, 8, [80, 9, 5, 6]), row(1, 8, [80, 7, 5, 8])];
        assert!(between(&cell, &other).unwrap().p().is_some());
        cell[1].images = None;
        let difference = between(&cell, &other).unwrap();
        assert!(difference.p_seeds.is_some() && difference.images.is_none() && difference.p_images.is_none());
    }

    #[test]
    fn failed_runs_and_other_seeds_have_no_difference() {
        let cell = [row(0, 8, [80, 5, 5, 10]), failed(1)];
        assert!(between(&cell, &[failed(0), row(1, 8, [80, 9, 5, 6]), row(2, 8, [80, 9, 5, 6])]).is_none());
        assert!(between(&cell, &[]).is_none());
    }

    #[test]
    fn of_several_runs_of_a_seed_the_first_counts() {
        let cell = [row(0, 8, [80, 5, 5, 10]), row(0, 8, [10, 5, 5, 80])];
        let other = [row(0, 8, [80, 9, 5, 6])];
        let difference = between(&cell, &other).unwrap();
        assert_eq!((difference.seeds, difference.mean), (1, miou(&cell[0]) - miou(&other[0])));
    }
}
