//! The one analysis of a section: all its rates, for new seeds and new subjects alike.

mod areas;
mod blocks;
mod contrast;
mod cross_fit;

pub use blocks::{LEAST_SEEDS, LEAST_SUBJECTS, Missing};
pub use contrast::Contrast;

use crate::conclusions::statistics::{CrossedLayout, Dunnett, MeanDifference, mean};
use crate::results::rows::Row;
use crate::results::scores::{ClassArea, Metric};
use areas::SubjectAreas;
use blocks::Blocks;
use contrast::Family;

/// What the runs of a section say about its rates: those that have enough seeds and counts per
/// image, over the seeds that all of these have.
#[derive(Clone, Debug)]
pub struct SectionAnalysis {
    /// The seeds that are compared.
    pub seeds: Vec<u64>,
    /// Seeds that some of the rates have and others lack; their runs have no part in it.
    pub left_out: Vec<u64>,
    /// The subjects of the validation images.
    pub subjects: usize,
    /// Validation images.
    pub images: usize,
    baseline: Option<usize>,
    /// Why rates have no part in it, by their place; `None` for those that have one.
    missing: Vec<Option<Missing>>,
    /// Counts by arm, seed and subject.
    areas: Vec<Vec<SubjectAreas>>,
    layout: Option<CrossedLayout>,
    metric: Metric,
}

impl SectionAnalysis {
    /// Analyses the runs of each of the rates, with those at `baseline` as the ones that decide
    /// which images and seeds are common. Of several runs of a seed the first counts.
    ///
    /// Without a baseline nothing is compared.
    pub fn new(groups: &[Vec<&Row>], baseline: Option<usize>, metric: Metric) -> Self {
        let Blocks { seeds, left_out, runs, missing, subjects } = Blocks::new(groups, baseline, metric);
        let areas = |arm: &Vec<&Row>| -> Vec<SubjectAreas> {
            arm.iter().filter_map(|row| SubjectAreas::new(row.images.as_deref()?, &subjects)).collect()
        };
        let areas: Vec<Vec<SubjectAreas>> = runs.iter().map(areas).collect();
        let layout = layout(&areas, metric);
        let (images, subjects) = (subjects.images(), subjects.count());
        Self { seeds, left_out, subjects, images, baseline, missing, areas, layout, metric }
    }

    /// Analyses pixels by arm, seed, subject and class; the first arm is the baseline.
    pub fn of_pixels(pixels: Vec<Vec<Vec<Vec<ClassArea>>>>, metric: Metric) -> Self {
        let missing = vec![None; pixels.len()];
        let areas: Vec<Vec<SubjectAreas>> =
            pixels.into_iter().map(|arm| arm.into_iter().map(SubjectAreas::from).collect()).collect();
        let layout = layout(&areas, metric);
        let seeds = (0..areas[0].len() as u64).collect();
        let subjects = areas[0][0].subjects();
        Self { seeds, left_out: vec![], subjects, images: subjects, baseline: Some(0), missing, areas, layout, metric }
    }

    /// What the rates are compared by.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Why the rates at a place have no part in it.
    pub fn missing(&self, place: usize) -> Option<Missing> {
        self.missing[place]
    }

    /// The place of rates among those that have a part in it.
    fn arm(&self, place: usize) -> Option<usize> {
        self.missing[place].is_none().then(|| self.missing[..place].iter().filter(|missing| missing.is_none()).count())
    }

    /// Each of the rates minus the baseline, corrected for all of them (Dunnett). `None` for the
    /// baseline itself and for rates that have no part in it.
    pub fn against_baseline(&self) -> Vec<Option<Contrast>> {
        let family = self.baseline.and_then(|baseline| {
            let freedom = self.layout.as_ref()?.freedom(self.arm(baseline)?);
            Some(Family::new(self.areas.len() - 1, freedom))
        });
        let contrast = |place: usize| {
            let baseline = self.baseline.filter(|baseline| *baseline != place)?;
            Some(family?.contrast(self.difference(place, baseline)?))
        };
        (0..self.missing.len()).map(contrast).collect()
    }

    /// What [`Self::against_baseline`] is made of: each of the rates minus the baseline, and the
    /// distribution that all of them are judged by. `None` where nothing can be compared.
    pub fn differences(&self) -> Option<(Dunnett, Vec<MeanDifference>)> {
        let (baseline, layout) = (self.arm(self.baseline?)?, self.layout.as_ref()?);
        let others = (0..self.areas.len()).filter(|arm| *arm != baseline);
        let dunnett = Dunnett { comparisons: self.areas.len() - 1, freedom: layout.freedom(baseline) };
        Some((dunnett, others.map(|arm| layout.difference(arm, baseline)).collect()))
    }

    /// The rates at one place minus those at another, as one of so many comparisons with the first.
    pub fn pair(&self, place: usize, other: usize, comparisons: usize) -> Option<Contrast> {
        let MeanDifference { difference, standard_error, freedom } = self.difference(other, place)?;
        let turned = MeanDifference::new(-difference, standard_error, freedom);
        Some(Family::new(comparisons, freedom).contrast(turned))
    }

    /// The smallest true difference to the baseline that is found with a chance of 80 % where so
    /// many seeds have run, as far as the spread of these runs tells; a fraction. `None` where
    /// nothing is compared yet, or would be with so few seeds.
    pub fn detectable_with(&self, seeds: usize) -> Option<f64> {
        let layout = self.layout.as_ref().filter(|_| self.areas.len() > 1 && seeds >= LEAST_SEEDS)?;
        let expected = layout.expected_with(seeds, self.arm(self.baseline?)?);
        Some(Family::new(self.areas.len() - 1, expected.freedom).contrast(expected).detectable)
    }

    /// The rates at a place minus those that are compared with all others.
    fn difference(&self, place: usize, common: usize) -> Option<MeanDifference> {
        Some(self.layout.as_ref()?.difference(self.arm(place)?, self.arm(common)?))
    }

    /// The score of the best of the rates at `places`, where they are chosen on other subjects than
    /// they are scored on. `None` where nothing can be compared.
    pub fn cross_fitted(&self, places: &[usize]) -> Option<f64> {
        let arms: Vec<&[SubjectAreas]> =
            places.iter().filter_map(|place| Some(&self.areas[self.arm(*place)?][..])).collect();
        (self.layout.is_some() && !arms.is_empty()).then(|| cross_fit::score(&arms, self.metric))
    }

    /// The best of the rates at `places`, cross-fitted, minus those at `other`; its error is that
    /// of a difference of two of the section's rates.
    pub fn best_against(&self, places: &[usize], other: usize) -> Option<Contrast> {
        let arm = self.arm(other)?;
        let other = &self.areas[arm];
        let score = |run: &SubjectAreas| run.score(self.metric, 0..run.subjects());
        let difference = self.cross_fitted(places)? - mean(&other.iter().map(score).collect::<Vec<_>>());
        let difference = self.layout.as_ref()?.difference_like_an_arm(difference, arm);
        Some(Family::new(1, difference.freedom).contrast(difference))
    }
}

/// `None` where a score is undefined, as of a set whose pixels are all of one subject.
fn layout(areas: &[Vec<SubjectAreas>], metric: Metric) -> Option<CrossedLayout> {
    let values: Vec<Vec<Vec<f64>>> =
        areas.iter().map(|arm| arm.iter().map(|run| run.pseudovalues(metric)).collect()).collect();
    let known = values.iter().flatten().flatten().all(|value| value.is_finite());
    CrossedLayout::new(values).filter(|_| known)
}

#[cfg(test)]
mod tests;
