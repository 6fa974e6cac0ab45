//! The runs of several series in one table: what is fitted to it has a term per seed of a series.

use super::evidence::Series;
use super::least_squares::LeastSquares;
use std::collections::HashMap;

/// Runs of several series, in columns of the same length.
pub(super) struct PooledRuns {
    /// ln r, r the largest rate in cells of the ASPP's map.
    pub ln_rate: Vec<f64>,
    /// ln F, F the shorter side of the map.
    pub ln_size: Vec<f64>,
    /// The series of each run.
    section: Vec<usize>,
    /// What the sizes of different series are compared within: the same images at the same scale.
    group: Vec<usize>,
    /// The series and the seed of each run.
    block: Vec<usize>,
    seeds: Vec<u64>,
    /// Scores, fractions, minus the mean of their block.
    pub scores: Vec<f64>,
    blocks: usize,
}

/// What may differ between parts of the runs, where a common curve bends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slopes {
    Common,
    /// A best rate for each group of images.
    PerGroup,
}

impl PooledRuns {
    /// All live runs: those of a list beyond the map see no context, whatever its rates.
    pub fn of(series: &[&Series]) -> Self {
        let (mut groups, mut blocks) = (HashMap::new(), HashMap::new());
        let mut runs = PooledRuns {
            ln_rate: vec![],
            ln_size: vec![],
            section: vec![],
            group: vec![],
            block: vec![],
            seeds: vec![],
            scores: vec![],
            blocks: 0,
        };
        for (section, series) in series.iter().enumerate() {
            let count = groups.len();
            let group = *groups.entry(&series.images).or_insert(count);
            for point in series.live() {
                let count = blocks.len();
                runs.ln_rate.push(point.relative_rate.ln() + (series.feature_size as f64).ln());
                runs.ln_size.push((series.feature_size as f64).ln());
                runs.section.push(section);
                runs.group.push(group);
                runs.block.push(*blocks.entry((section, point.seed)).or_insert(count));
                runs.seeds.push(point.seed);
                runs.scores.push(point.score);
            }
        }
        runs.blocks = blocks.len();
        runs.scores = runs.centred(&runs.scores);
        runs
    }

    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Runs that are left for effects when each block has its mean.
    pub fn free(&self) -> usize {
        self.len() - self.blocks
    }

    /// Values minus the mean of their block.
    pub fn centred(&self, values: &[f64]) -> Vec<f64> {
        let (mut sums, mut counts) = (vec![0.0; self.blocks], vec![0.0; self.blocks]);
        for (block, value) in self.block.iter().zip(values) {
            sums[*block] += value;
            counts[*block] += 1.0;
        }
        self.block.iter().zip(values).map(|(block, value)| value - sums[*block] / counts[*block]).collect()
    }

    /// ln r - `slope` ln F of each run: ln(r / F) with a slope of 1, ln r with one of 0.
    pub fn coordinate(&self, slope: f64) -> Vec<f64> {
        self.ln_rate.iter().zip(&self.ln_size).map(|(rate, size)| rate - slope * size).collect()
    }

    /// The columns of a parabola in a coordinate: x, one per group where slopes are, and x².
    pub fn parabola(&self, coordinate: &[f64], slopes: Slopes) -> Vec<Vec<f64>> {
        let parts = if slopes == Slopes::PerGroup { self.groups() } else { 1 };
        let of_part = |part: usize| {
            let inside = |group: usize| parts == 1 || group == part;
            self.group.iter().zip(coordinate).map(|(group, x)| if inside(*group) { *x } else { 0.0 }).collect()
        };
        let squares: Vec<f64> = coordinate.iter().map(|x| x * x).collect();
        let columns = (0..parts).map(of_part).chain([squares]);
        columns.map(|column: Vec<f64>| self.centred(&column)).collect()
    }

    /// Squared residuals where each series has a parabola of its own, and the number of their
    /// coefficients.
    pub fn one_by_one(&self, coordinate: &[f64]) -> (f64, usize) {
        let columns = self.parabola(coordinate, Slopes::Common);
        let sections = self.section.iter().max().map_or(0, |last| last + 1);
        let mut found = (0.0, 0);
        for section in 0..sections {
            let pick = |values: &[f64]| -> Vec<f64> {
                values.iter().zip(&self.section).filter(|(_, own)| **own == section).map(|(value, _)| *value).collect()
            };
            let (scores, own): (_, Vec<_>) = (pick(&self.scores), columns.iter().map(|column| pick(column)).collect());
            // A parabola, a line through two rates, or nothing through one.
            let fit = (1..=own.len()).rev().find_map(|count| Some((LeastSquares::fit(&own[..count], &scores)?, count)));
            match fit {
                Some((fit, count)) => found = (found.0 + fit.residual, found.1 + count),
                None => found.0 += scores.iter().map(|score| score * score).sum::<f64>(),
            }
        }
        found
    }

    /// The squared errors of each seed's scores, as fitted to the other seeds.
    pub fn left_out(&self, columns: &[Vec<f64>]) -> Option<f64> {
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        let pick = |values: &[f64], wanted: &dyn Fn(u64) -> bool| -> Vec<f64> {
            values.iter().zip(&self.seeds).filter(|(_, seed)| wanted(**seed)).map(|(value, _)| *value).collect()
        };
        let mut error = 0.0;
        for left in seeds {
            let others: Vec<_> = columns.iter().map(|column| pick(column, &|seed| seed != left)).collect();
            let fit = LeastSquares::fit(&others, &pick(&self.scores, &|seed| seed != left))?;
            let own: Vec<_> = columns.iter().map(|column| pick(column, &|seed| seed == left)).collect();
            let fitted =
                |index: usize| fit.coefficients.iter().zip(&own).map(|(b, column)| b * column[index]).sum::<f64>();
            let scores = pick(&self.scores, &|seed| seed == left);
            error += scores.iter().enumerate().map(|(index, score)| (score - fitted(index)).powi(2)).sum::<f64>();
        }
        Some(error)
    }

    pub fn groups(&self) -> usize {
        self.group.iter().max().map_or(0, |last| last + 1)
    }

    /// Whether some images were measured at two sizes or more.
    pub fn has_sizes(&self) -> bool {
        (0..self.groups()).any(|group| {
            let mut sizes =
                self.ln_size.iter().zip(&self.group).filter(|(_, own)| **own == group).map(|(size, _)| *size);
            let first = sizes.next();
            sizes.any(|size| Some(size) != first)
        })
    }
}
