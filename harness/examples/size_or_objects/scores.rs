//! Scores of a part of the plan: by data set, half of its subjects, cell, seed and subject.

use crate::design::Cell;
use atrous_data::DatasetKind;
use atrous_harness::results::rows::Row;
use atrous_harness::results::scores::{ClassArea, Metric};
use std::collections::{BTreeMap, BTreeSet};

/// The runs of one data set with one half of its subjects: cells, seeds and subjects are crossed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fold {
    /// mDice of each subject's pixels, by cell, then seed, then subject.
    pub scores: BTreeMap<Cell, BTreeMap<u64, BTreeMap<String, f64>>>,
    /// Seeds of runs that never predict a class which is in the truth, with their number.
    pub collapsed: BTreeMap<u64, usize>,
}

/// The folds of each data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartScores(pub BTreeMap<DatasetKind, Vec<Fold>>);

impl PartScores {
    /// Sorts finished runs with counts per image. Runs with the same validation images are one
    /// fold.
    pub fn of(rows: &[Row]) -> Self {
        let mut folds: BTreeMap<(DatasetKind, BTreeSet<String>), Fold> = BTreeMap::new();
        for row in rows {
            let (Some(result), Some(images)) = (row.result(), row.images.as_ref()) else { continue };
            let settings = row.settings();
            let mut subjects: BTreeMap<String, Vec<ClassArea>> = BTreeMap::new();
            for image in images {
                let sums = subjects.entry(settings.dataset.subject_of(&image.image)).or_default();
                let areas = image.confusion.areas();
                sums.resize(areas.len(), ClassArea::default());
                sums.iter_mut().zip(areas).for_each(|(sum, area)| sum.add(area));
            }
            let names = subjects.keys().cloned().collect();
            let fold = folds.entry((settings.dataset, names)).or_default();
            let cell = (settings.crop[0], settings.rates.iter().copied().max().unwrap_or(0));
            let scores = subjects.iter().map(|(name, areas)| (name.clone(), Metric::Mdice.of_areas(areas)));
            fold.scores.entry(cell).or_default().insert(settings.seed, scores.collect());
            if !result.never_predicted().is_empty() {
                *fold.collapsed.entry(settings.seed).or_default() += 1;
            }
        }
        let mut part = Self::default();
        for ((kind, _), fold) in folds {
            part.0.entry(kind).or_default().push(fold);
        }
        part
    }
}

impl PartScores {
    /// How many runs collapsed.
    pub fn collapsed(&self) -> usize {
        self.0.values().flatten().flat_map(|fold| fold.collapsed.values()).sum()
    }

    /// The part without the seeds that have a collapsed run.
    pub fn without_collapsed(&self) -> Self {
        let of =
            |(kind, folds): (&DatasetKind, &Vec<Fold>)| (*kind, folds.iter().map(Fold::without_collapsed).collect());
        Self(self.0.iter().map(of).collect())
    }

    /// What each run has above its twin of another part: the run of the same subjects, crop, rates
    /// and seed. Runs without a twin are left out.
    ///
    /// # Errors
    /// The data set of which a fold has no twins.
    pub fn minus(&self, twins: &Self) -> Result<Self, String> {
        let of_set = |(kind, folds): (&DatasetKind, &Vec<Fold>)| {
            let others = twins.0.get(kind).map(Vec::as_slice).unwrap_or_default();
            let pair = |fold: &Fold| Some(fold.minus(others.iter().find(|other| other.subjects() == fold.subjects())?));
            let pairs: Option<Vec<Fold>> = folds.iter().map(pair).collect();
            let pairs = pairs.ok_or_else(|| format!("{}: a fold has no runs of its subjects there", kind.title()))?;
            Ok((*kind, pairs))
        };
        self.0.iter().map(of_set).collect::<Result<_, _>>().map(Self)
    }
}

impl Fold {
    /// The subjects that it scores.
    fn subjects(&self) -> BTreeSet<&String> {
        self.scores.values().flat_map(BTreeMap::values).flat_map(BTreeMap::keys).collect()
    }

    /// Cell by cell, seed by seed and subject by subject, where both have a score.
    fn minus(&self, twins: &Self) -> Self {
        let mut differences = Self::default();
        for (cell, seeds) in &self.scores {
            for (seed, subjects) in seeds {
                let Some(twin) = twins.scores.get(cell).and_then(|seeds| seeds.get(seed)) else { continue };
                let difference = |(name, score): (&String, &f64)| Some((name.clone(), score - twin.get(name)?));
                let of_seed = differences.scores.entry(*cell).or_default();
                of_seed.insert(*seed, subjects.iter().filter_map(difference).collect());
            }
        }
        for (seed, runs) in self.collapsed.iter().chain(&twins.collapsed) {
            *differences.collapsed.entry(*seed).or_default() += runs;
        }
        differences
    }

    /// The seeds that every one of the cells has.
    pub fn seeds_of(&self, cells: impl IntoIterator<Item = Cell>) -> Vec<u64> {
        let of = |cell: Cell| -> BTreeSet<u64> {
            self.scores.get(&cell).map(|seeds| seeds.keys().copied().collect()).unwrap_or_default()
        };
        let common = cells.into_iter().map(of).reduce(|left, right| left.intersection(&right).copied().collect());
        common.unwrap_or_default().into_iter().collect()
    }

    /// The fold without the seeds that have a collapsed run.
    pub fn without_collapsed(&self) -> Self {
        let mut left = Self { scores: self.scores.clone(), collapsed: BTreeMap::new() };
        for seeds in left.scores.values_mut() {
            seeds.retain(|seed, _| !self.collapsed.contains_key(seed));
        }
        left
    }
}
