//! Pixels of each subject, and the score of the set without one of them.

use super::blocks::Subjects;
use crate::conclusions::statistics::mean;
use crate::results::image_counts::ImageCounts;
use crate::results::scores::{ClassArea, Metric};

/// The pixels of one run: subjects x classes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SubjectAreas(Vec<Vec<ClassArea>>);

impl From<Vec<Vec<ClassArea>>> for SubjectAreas {
    fn from(areas: Vec<Vec<ClassArea>>) -> Self {
        Self(areas)
    }
}

impl SubjectAreas {
    /// Sums the counts of each subject's images; `None` where the images are not those of the
    /// subjects.
    pub fn new(images: &[ImageCounts], subjects: &Subjects) -> Option<Self> {
        let classes = images.first()?.confusion.classes;
        let mut areas = vec![vec![ClassArea::default(); classes]; subjects.count()];
        for (place, image) in images.iter().enumerate() {
            let subject = subjects.of(place, &image.image)?;
            let own = image.confusion.areas();
            areas[subject].iter_mut().zip(own).for_each(|(sum, area)| sum.add(area));
        }
        Some(Self(areas))
    }

    /// The pixels of one subject, by class.
    pub fn of(&self, subject: usize) -> &[ClassArea] {
        &self.0[subject]
    }

    pub fn subjects(&self) -> usize {
        self.0.len()
    }

    /// The metric of the pixels of some subjects together.
    pub fn score(&self, metric: Metric, subjects: impl Iterator<Item = usize>) -> f64 {
        score(metric, subjects.map(|subject| self.of(subject)))
    }

    /// One value per subject, whose mean is the score of the set, and whose spread over subjects is
    /// that of the jackknife (Tukey 1958): score + (n - 1) (mean of the scores without one - score
    /// without this one), with n subjects.
    pub fn pseudovalues(&self, metric: Metric) -> Vec<f64> {
        let count = self.subjects();
        let sums = sum(self.0.iter().map(Vec::as_slice));
        let whole = metric.of_areas(&sums);
        let without = |areas: &Vec<ClassArea>| {
            let mut others = sums.clone();
            others.iter_mut().zip(areas).for_each(|(sum, area)| sum.remove(*area));
            metric.of_areas(&others)
        };
        let without: Vec<f64> = self.0.iter().map(without).collect();
        let centre = mean(&without);
        without.iter().map(|without| whole + (count - 1) as f64 * (centre - without)).collect()
    }
}

/// The metric of pixels that are summed by class.
pub(super) fn score<'a>(metric: Metric, subjects: impl Iterator<Item = &'a [ClassArea]>) -> f64 {
    metric.of_areas(&sum(subjects))
}

fn sum<'a>(subjects: impl Iterator<Item = &'a [ClassArea]>) -> Vec<ClassArea> {
    let mut sums: Vec<ClassArea> = Vec::new();
    for areas in subjects {
        sums.resize(areas.len(), ClassArea::default());
        sums.iter_mut().zip(areas).for_each(|(sum, area)| sum.add(*area));
    }
    sums
}
