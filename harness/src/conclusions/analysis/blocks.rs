//! Runs that can be compared: complete blocks of seeds, on the same images.

use crate::results::image_counts::ImageCounts;
use crate::results::rows::Row;
use crate::results::scores::Metric;
use std::collections::BTreeSet;

/// Seeds below which nothing is said.
pub const LEAST_SEEDS: usize = 3;

/// Subjects below which nothing is said.
pub const LEAST_SUBJECTS: usize = 4;

/// Why rates are not compared with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No seed has a score in both.
    Scores,
    /// A run keeps no counts per image, or not those of the baseline's images.
    Images,
    /// Fewer than [`LEAST_SEEDS`] seeds with a score in both, or in all that are compared.
    Seeds,
    /// Images of fewer than [`LEAST_SUBJECTS`] subjects.
    Subjects,
}

/// The subjects of a list of images.
#[derive(Clone, Debug, Default)]
pub(super) struct Subjects {
    /// Names of the images, each with the place of its subject.
    images: Vec<(String, usize)>,
    count: usize,
}

impl Subjects {
    fn new(images: &[ImageCounts], subject_of: impl Fn(&str) -> String) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut place = |image: &ImageCounts| {
            let subject = subject_of(&image.image);
            let known = names.iter().position(|name| *name == subject);
            let place = known.unwrap_or_else(|| {
                names.push(subject);
                names.len() - 1
            });
            (image.image.clone(), place)
        };
        let images = images.iter().map(&mut place).collect();
        Self { images, count: names.len() }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn images(&self) -> usize {
        self.images.len()
    }

    /// The subject of the image at a place; `None` where it is another image.
    pub fn of(&self, place: usize, image: &str) -> Option<usize> {
        self.images.get(place).filter(|(name, _)| name == image).map(|(_, subject)| *subject)
    }

    fn are_those_of(&self, row: &Row) -> bool {
        let Some(images) = row.images.as_deref() else { return false };
        let known = |(place, image): (usize, &ImageCounts)| self.of(place, &image.image).is_some();
        images.len() == self.images.len() && images.iter().enumerate().all(known)
    }
}

/// The runs of complete blocks: every arm with every seed.
#[derive(Debug, Default)]
pub(super) struct Blocks<'r> {
    pub seeds: Vec<u64>,
    pub left_out: Vec<u64>,
    /// Runs by arm and seed.
    pub runs: Vec<Vec<&'r Row>>,
    /// Reasons by the place of the rates; those without one are the arms, in this order.
    pub missing: Vec<Option<Missing>>,
    pub subjects: Subjects,
}

impl<'r> Blocks<'r> {
    pub fn new(groups: &[Vec<&'r Row>], baseline: Option<usize>, metric: Metric) -> Self {
        let scored: Vec<Vec<(u64, &Row)>> = groups.iter().map(|rows| scored(rows, metric)).collect();
        let Some(baseline) = baseline else {
            return Self { missing: vec![Some(Missing::Scores); groups.len()], ..Self::default() };
        };
        let first = scored[baseline].iter().find_map(|(_, row)| Some((*row, row.images.as_deref()?)));
        let subjects = first.map_or_else(Subjects::default, |(row, images)| {
            let dataset = &row.settings().dataset;
            Subjects::new(images, |image| dataset.subject_of(image))
        });
        let mut missing: Vec<Option<Missing>> =
            scored.iter().map(|own| missing(own, &scored[baseline], &subjects)).collect();
        let is_arm = |missing: &[Option<Missing>], place: usize| missing[place].is_none();
        let all: BTreeSet<u64> = scored.iter().flatten().map(|(seed, _)| *seed).collect();
        let complete = |seed: &u64| {
            let has = |place: usize| scored[place].iter().any(|(own, _)| own == seed);
            (0..groups.len()).filter(|place| is_arm(&missing, *place)).all(has)
        };
        let (seeds, left_out): (Vec<u64>, Vec<u64>) = all.iter().copied().partition(complete);
        if seeds.len() < LEAST_SEEDS {
            missing.iter_mut().for_each(|missing| *missing = missing.or(Some(Missing::Seeds)));
        }
        let of_seed = |place: usize, seed: u64| scored[place].iter().find(|(own, _)| *own == seed).map(|(_, row)| *row);
        let arms = (0..groups.len()).filter(|place| is_arm(&missing, *place));
        let runs = arms.map(|place| seeds.iter().filter_map(|seed| of_seed(place, *seed)).collect()).collect();
        Self { seeds, left_out, runs, missing, subjects }
    }
}

/// The runs with a score, each seed once.
fn scored<'r>(rows: &[&'r Row], metric: Metric) -> Vec<(u64, &'r Row)> {
    let mut found: Vec<(u64, &Row)> = Vec::new();
    for &row in rows {
        let seed = row.settings().seed;
        let has_score = row.result().is_some_and(|result| !metric.of(&result.scores).is_nan());
        if has_score && found.iter().all(|(known, _)| *known != seed) {
            found.push((seed, row));
        }
    }
    found
}

fn missing(own: &[(u64, &Row)], baseline: &[(u64, &Row)], subjects: &Subjects) -> Option<Missing> {
    let common = own.iter().filter(|(seed, _)| baseline.iter().any(|(other, _)| other == seed)).count();
    let same_images = |runs: &[(u64, &Row)]| runs.iter().all(|(_, row)| subjects.are_those_of(row));
    match () {
        () if common == 0 => Some(Missing::Scores),
        () if !same_images(own) || !same_images(baseline) => Some(Missing::Images),
        () if common < LEAST_SEEDS => Some(Missing::Seeds),
        () if subjects.count() < LEAST_SUBJECTS => Some(Missing::Subjects),
        () => None,
    }
}
