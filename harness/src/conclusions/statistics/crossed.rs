//! Arms, seeds and subjects crossed: how far the difference of two arms would vary with other seeds
//! and other subjects.

mod freedom;
mod mean_squares;

use super::{MeanDifference, mean};
use mean_squares::MeanSquares;

/// Scores of all arms with all seeds on all subjects, where each has one value.
///
/// Arms are fixed, seeds and subjects are drawn. It is the analysis of Obuchowski and Rockette
/// (1995) with covariances by the jackknife, written as the analysis of variance of pseudovalues
/// that Hillis (2007) shows it to be equal to. What is not theirs: variances of arms may differ.
///
/// Differences are to a common arm. Their variance is put together from three estimates: of the
/// contrast of the common arm with the mean of the others, of the others among themselves, and of
/// the pair alone. The first two hold where the common arm varies unlike the others, the third
/// where any arm does; the more seeds or subjects there are, the more it counts.
#[derive(Clone, Debug)]
pub struct CrossedLayout {
    /// arms x seeds x subjects
    values: Vec<Vec<Vec<f64>>>,
    squares: MeanSquares,
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
        let squares = MeanSquares::of_arms(&values);
        Some(Self { values, squares })
    }

    /// Number of subjects.
    pub fn subjects(&self) -> usize {
        self.values[0][0].len()
    }

    /// One arm minus the common one, by the places of both.
    pub fn difference(&self, arm: usize, common: usize) -> MeanDifference {
        let weight = |other: usize| if other == arm { 1.0 } else { -f64::from(u8::from(other == common)) };
        let own = self.contrast(|other| weight(other) / std::f64::consts::SQRT_2);
        let [seeds, subjects] = self.own_freedom();
        let all = self.of_all(common);
        let part = |own: f64, all: f64, freedom: f64| {
            let weight = freedom::own_weight(freedom);
            weight * own + (1.0 - weight) * all
        };
        let squares = MeanSquares {
            seeds: part(own.seeds, all.seeds, seeds),
            subjects: part(own.subjects, all.subjects, subjects),
            rest: part(own.rest, all.rest, seeds * subjects),
        };
        let whole = |arm: usize| mean(&self.values[arm].iter().map(|seed| mean(seed)).collect::<Vec<_>>());
        self.with_variance(whole(arm) - whole(common), squares, self.freedom(common))
    }

    /// A difference to the common arm of a score that is of no arm, as exactly known as that of an
    /// arm on average.
    pub fn difference_like_an_arm(&self, difference: f64, common: usize) -> MeanDifference {
        let parts = self.own_freedom().map(|freedom| freedom::of_part(freedom, self.values.len(), 0.0));
        let squares = self.of_all(common);
        self.with_variance(difference, squares, freedom::of_sum(squares, parts[0], parts[1]))
    }

    /// A difference to the common arm that is 0, as exactly known as can be expected with so many
    /// seeds, at least 2, on the same subjects: parts of the variance stay what these seeds say,
    /// and what the subjects add counts once for each seed.
    pub fn expected_with(&self, seeds: usize, common: usize) -> MeanDifference {
        let [of_seeds, of_subjects] = self.own_freedom();
        let all = self.of_all(common);
        let more = seeds as f64 / (of_seeds + 1.0);
        let added = (all.subjects - all.rest).max(0.0);
        let squares = MeanSquares { subjects: all.subjects + (more - 1.0) * added, ..all };
        let standard_error = (2.0 * squares.of_a_difference() / (seeds as f64 * (of_subjects + 1.0))).sqrt();
        MeanDifference::new(0.0, standard_error, self.freedom_of(squares, [(seeds - 1) as f64, of_subjects]))
    }

    /// Degrees of freedom of the differences to the common arm: one number for all of them, as the
    /// shares of seeds and subjects are those of all arms.
    pub fn freedom(&self, common: usize) -> f64 {
        self.freedom_of(self.of_all(common), self.own_freedom())
    }

    fn freedom_of(&self, squares: MeanSquares, own: [f64; 2]) -> f64 {
        let of_part = |own: f64| freedom::of_part(own, self.values.len(), freedom::own_weight(own));
        let [seeds, subjects] = own.map(of_part);
        freedom::of_sum(squares, seeds, subjects)
    }

    /// Degrees of freedom of one contrast, of seeds and of subjects.
    fn own_freedom(&self) -> [f64; 2] {
        [self.values[0].len() - 1, self.values[0][0].len() - 1].map(|count| count as f64)
    }

    fn contrast(&self, weight: impl Fn(usize) -> f64) -> MeanSquares {
        MeanSquares::of_contrast(&self.values, &(0..self.values.len()).map(weight).collect::<Vec<_>>())
    }

    /// Mean squares of a difference to the common arm from all arms.
    fn of_all(&self, common: usize) -> MeanSquares {
        let arms = self.values.len() as f64;
        let [one, rest] = [(arms - 1.0) / arms, -1.0 / (arms * (arms - 1.0)).sqrt()];
        let of_common = self.contrast(|arm| if arm == common { one.sqrt() } else { rest });
        let share = freedom::common_weight(self.values.len());
        of_common.combine(self.squares, |common, mean| {
            // What is left for the others among themselves; there are none of two arms.
            let others = ((arms - 1.0) * mean - common).max(0.0) / (arms - 2.0).max(1.0);
            share * common + (1.0 - share) * others
        })
    }

    fn with_variance(&self, difference: f64, squares: MeanSquares, freedom: f64) -> MeanDifference {
        let (seeds, subjects) = (self.values[0].len() as f64, self.values[0][0].len() as f64);
        let standard_error = (2.0 * squares.of_a_difference() / (seeds * subjects)).sqrt();
        MeanDifference::new(difference, standard_error, freedom)
    }
}

#[cfg(test)]
mod tests;
