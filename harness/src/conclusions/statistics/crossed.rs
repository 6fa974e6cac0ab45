//! Arms, seeds and subjects crossed: how far the difference of two arms would vary with other seeds
//! and other subjects.

use super::{MeanDifference, mean};

/// Scores of all arms with all seeds on all subjects, where each has one value.
///
/// Arms are fixed, seeds and subjects are drawn. It is the analysis of Obuchowski and Rockette
/// (1995) with covariances by the jackknife, written as the analysis of variance of pseudovalues
/// that Hillis (2007) shows it to be equal to.
#[derive(Clone, Debug)]
pub struct CrossedLayout {
    /// arms x seeds x subjects
    values: Vec<Vec<Vec<f64>>>,
    squares: MeanSquares,
}

/// Mean squares of the interactions with the arms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanSquares {
    /// Arms by seeds.
    pub seeds: f64,
    /// Arms by subjects.
    pub subjects: f64,
    /// Arms by seeds by subjects.
    pub rest: f64,
}

impl MeanSquares {
    /// Computes them of arms with the same seeds and subjects, two of each at least. Effects of
    /// seeds and subjects that all arms share have no part in them.
    fn of(values: &[Vec<Vec<f64>>]) -> Self {
        let (arms, seeds, subjects) = (values.len(), values[0].len(), values[0][0].len());
        let over_arms = |pick: &dyn Fn(usize) -> f64| mean(&(0..arms).map(pick).collect::<Vec<_>>());
        let by_seed: Vec<Vec<f64>> = values.iter().map(|arm| arm.iter().map(|seed| mean(seed)).collect()).collect();
        let by_subject: Vec<Vec<f64>> = values
            .iter()
            .map(|arm| (0..subjects).map(|m| mean(&arm.iter().map(|seed| seed[m]).collect::<Vec<_>>())).collect())
            .collect();
        let whole: Vec<f64> = by_seed.iter().map(|seeds| mean(seeds)).collect();
        let all = mean(&whole);
        let mut sums = Self::default();
        let of_seed: Vec<f64> = (0..seeds).map(|s| over_arms(&|a| by_seed[a][s])).collect();
        let of_subject: Vec<f64> = (0..subjects).map(|m| over_arms(&|a| by_subject[a][m])).collect();
        for arm in 0..arms {
            let own = whole[arm] - all;
            for seed in 0..seeds {
                sums.seeds += (by_seed[arm][seed] - of_seed[seed] - own).powi(2);
            }
            for subject in 0..subjects {
                sums.subjects += (by_subject[arm][subject] - of_subject[subject] - own).powi(2);
            }
        }
        for seed in 0..seeds {
            for subject in 0..subjects {
                let shared = over_arms(&|a| values[a][seed][subject]) - of_seed[seed] - of_subject[subject] + all;
                for arm in 0..arms {
                    let value = values[arm][seed][subject] - by_seed[arm][seed] - by_subject[arm][subject];
                    sums.rest += (value + whole[arm] - shared).powi(2);
                }
            }
        }
        let [fewer_arms, fewer_seeds, fewer_subjects] = [arms, seeds, subjects].map(|count| (count - 1) as f64);
        Self {
            seeds: sums.seeds * subjects as f64 / (fewer_arms * fewer_seeds),
            subjects: sums.subjects * seeds as f64 / (fewer_arms * fewer_subjects),
            rest: sums.rest / (fewer_arms * fewer_seeds * fewer_subjects),
        }
    }

    /// What the subjects add to the variance; not below 0.
    fn of_subjects(self) -> f64 {
        (self.subjects - self.rest).max(0.0)
    }

    /// Half of the variance of a difference of two arms, times seeds and subjects.
    fn of_a_difference(self) -> f64 {
        self.seeds + self.of_subjects()
    }

    /// Degrees of freedom of the pooled variance: those of both parts, weighted by their shares.
    ///
    /// Hillis' (2007) count only the seeds' part and are too many where subjects vary more. The
    /// mean of the reciprocals is at most the larger factor's, and close to the smaller one's where
    /// that part is the larger: Satterthwaite's (1946) formula is too sure of shares that few
    /// degrees of freedom tell.
    fn freedom(self, arms: usize, seeds: usize, subjects: usize) -> f64 {
        let arms = (arms - 1) as f64;
        let of_seeds = arms * (seeds - 1) as f64;
        let of_subjects = arms * (subjects - 1) as f64;
        let all = self.of_a_difference();
        if all == 0.0 {
            return of_seeds.min(of_subjects);
        }
        let subjects = if self.of_subjects() > 0.0 { (self.subjects / all).min(1.0) } else { 0.0 };
        1.0 / (self.seeds / all / of_seeds + subjects / of_subjects)
    }
}

impl CrossedLayout {
    /// Values by arm, seed and subject. `None` unless all arms have the same seeds, and all seeds
    /// the same subjects, two of each at least.
    pub fn new(values: Vec<Vec<Vec<f64>>>) -> Option<Self> {
        let seeds = values.first()?.len();
        let subjects = values[0].first()?.len();
        let even = values.iter().all(|arm| arm.len() == seeds && arm.iter().all(|seed| seed.len() == subjects));
        if !even || [values.len(), seeds, subjects].iter().any(|count| *count < 2) {
            return None;
        }
        let squares = MeanSquares::of(&values);
        Some(Self { values, squares })
    }

    /// Number of subjects.
    pub fn subjects(&self) -> usize {
        self.values[0][0].len()
    }

    /// The mean squares of all arms together.
    pub fn squares(&self) -> MeanSquares {
        self.squares
    }

    /// One arm minus another, by the places of both.
    ///
    /// The variance is pooled over all arms. Where the pair's own is larger, half of the
    /// excess is added: one arm that varies more than the others would otherwise be found to differ
    /// too often.
    pub fn difference(&self, arm: usize, other: usize) -> MeanDifference {
        let pooled = self.squares.of_a_difference();
        let own = match self.values.len() {
            2 => pooled,
            _ => MeanSquares::of(&[self.values[arm].clone(), self.values[other].clone()]).of_a_difference(),
        };
        let whole = |arm: usize| mean(&self.values[arm].iter().map(|seed| mean(seed)).collect::<Vec<_>>());
        self.with_variance(whole(arm) - whole(other), (pooled + own.max(pooled)) / 2.0)
    }

    /// A difference of two mean scores that are of no arm of the layout, as exactly known as that
    /// of two arms on average.
    pub fn difference_like_an_arm(&self, difference: f64) -> MeanDifference {
        self.with_variance(difference, self.squares.of_a_difference())
    }

    fn with_variance(&self, difference: f64, variance: f64) -> MeanDifference {
        let (seeds, subjects) = (self.seeds(), self.subjects());
        let standard_error = (2.0 * variance / (seeds * subjects) as f64).sqrt();
        MeanDifference::new(difference, standard_error, self.freedom())
    }

    /// A difference of two arms that are equal, as exactly known as can be expected with so many
    /// seeds, at least 2, on the same subjects: parts of the variance stay what these seeds say,
    /// and what the subjects add counts once for each seed.
    pub fn expected_with(&self, seeds: usize) -> MeanDifference {
        let MeanSquares { seeds: of_seeds, subjects, rest } = self.squares;
        let more = seeds as f64 / self.seeds() as f64;
        let subjects = if subjects > rest { rest + (subjects - rest) * more } else { subjects };
        let squares = MeanSquares { seeds: of_seeds, subjects, rest };
        let standard_error = (2.0 * squares.of_a_difference() / (seeds * self.subjects()) as f64).sqrt();
        MeanDifference::new(0.0, standard_error, squares.freedom(self.values.len(), seeds, self.subjects()))
    }

    fn seeds(&self) -> usize {
        self.values[0].len()
    }

    /// Degrees of freedom of the pooled variance, as [`MeanSquares::freedom`] counts them.
    pub fn freedom(&self) -> f64 {
        self.squares.freedom(self.values.len(), self.seeds(), self.subjects())
    }
}

#[cfg(test)]
mod tests;
