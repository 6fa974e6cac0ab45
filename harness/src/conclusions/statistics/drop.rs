//! Whether scores have become worse: two samples of runs, one before a change and one after it.

use super::{Interval, mean};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Scores are fractions: means closer together than this differ by rounding alone.
const ROUNDING: f64 = 1e-12;

/// Mean of new runs minus mean of reference runs, and how exactly it is known. Scores are
/// fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanDifference {
    /// Negative where the new runs are worse.
    pub difference: f64,
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub freedom: f64,
}

impl MeanDifference {
    /// A difference with its standard error; what is within rounding of 0 is 0.
    pub fn new(difference: f64, standard_error: f64, freedom: f64) -> Self {
        let difference = if difference.abs() <= ROUNDING { 0.0 } else { difference };
        let standard_error = if standard_error <= ROUNDING { 0.0 } else { standard_error };
        Self { difference, standard_error, freedom }
    }

    /// Compares two samples whose variance is taken to be the same, and pooled: the two-sample
    /// t-test (Student 1908).
    ///
    /// `None` where a sample is empty, or both together have fewer than three values: there is no
    /// variance then.
    pub fn pooled(reference: &[f64], new: &[f64]) -> Option<Self> {
        let (n, m) = (reference.len() as f64, new.len() as f64);
        let freedom = n + m - 2.0;
        if reference.is_empty() || new.is_empty() || freedom < 1.0 {
            return None;
        }
        let variance = (squares(reference) + squares(new)) / freedom;
        Some(Self::new(mean(new) - mean(reference), (variance * (1.0 / n + 1.0 / m)).sqrt(), freedom))
    }

    /// The mean over several cells with weights. Its variance is put together from each cell's own,
    /// with Satterthwaite's degrees of freedom (1946), and not from the weights: weights that were
    /// estimated promise more than they hold. `None` without cells.
    pub fn weighted(cells: &[(f64, Self)]) -> Option<Self> {
        let total: f64 = cells.iter().map(|(weight, _)| weight).sum();
        let parts =
            || cells.iter().map(|(weight, cell)| ((weight / total * cell.standard_error).powi(2), cell.freedom));
        let variance: f64 = parts().map(|(variance, _)| variance).sum();
        let spread: f64 = parts().map(|(variance, freedom)| variance.powi(2) / freedom).sum();
        let freedom = if spread > 0.0 { variance.powi(2) / spread } else { parts().map(|(_, freedom)| freedom).sum() };
        let difference = cells.iter().map(|(weight, cell)| weight * cell.difference).sum::<f64>() / total;
        (!cells.is_empty()).then(|| Self { difference, standard_error: variance.sqrt(), freedom })
    }

    /// One-sided p-value: the chance of a drop this large or larger where the true drop is `margin`
    /// (a fraction) at most.
    ///
    /// Without any spread there is no chance: 0 where the drop is larger than the margin, else 1.
    pub fn p_worse(&self, margin: f64) -> f64 {
        let excess = self.difference + margin;
        match self.student().filter(|_| self.standard_error > 0.0) {
            Some(student) => student.cdf(excess / self.standard_error),
            None if excess < -ROUNDING => 0.0,
            None => 1.0,
        }
    }

    /// The lower and the upper bound of the true difference; each errs with a chance of `alpha`.
    /// The test finds a drop beyond the margin exactly where the upper bound is below minus the
    /// margin.
    pub fn bounds(&self, alpha: f64) -> Interval {
        let quantile = self.student().map_or(f64::INFINITY, |student| student.inverse_cdf(1.0 - alpha));
        let reach = if self.standard_error > 0.0 { quantile * self.standard_error } else { 0.0 };
        Interval { low: self.difference - reach, high: self.difference + reach }
    }

    fn student(&self) -> Option<StudentsT> {
        StudentsT::new(0.0, 1.0, self.freedom).ok()
    }
}

/// Sum of the squares of the distances from the mean.
fn squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: [f64; 6] = [0.812, 0.797, 0.805, 0.821, 0.809, 0.800];
    const NEW: [f64; 3] = [0.790, 0.802, 0.785];

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9 * expected.abs().max(1e-3), "{got}, not {expected}");
    }

    #[test]
    fn it_is_that_of_another_program() {
        // scipy.stats.ttest_ind(NEW, REFERENCE, alternative="less"), SciPy 1.17.1
        let difference = MeanDifference::pooled(&REFERENCE, &NEW).unwrap();
        close(difference.difference, -0.015);
        assert_eq!(difference.freedom, 7.0);
        close(difference.p_worse(0.0), 0.022_448_263_224_197_258);
        close(difference.bounds(0.05).high, -0.003_343_006_733_667_905);
        // The same of NEW + 0.005: half a point of drop is allowed.
        close(difference.p_worse(0.005), 0.0740660064371295);
    }

    /// All ways to choose which of the nine runs are the new ones: the share of those with a drop
    /// as large.
    #[test]
    fn it_is_near_that_of_all_permutations() {
        let all: Vec<f64> = REFERENCE.iter().chain(&NEW).copied().collect();
        let observed = mean(&NEW) - mean(&REFERENCE);
        let (mut extreme, mut count) = (0, 0);
        for chosen in 0u32..1 << all.len() {
            if chosen.count_ones() as usize == NEW.len() {
                let part = |new: bool| {
                    let of = |(index, value): (usize, &f64)| ((chosen >> index & 1 == 1) == new).then_some(*value);
                    mean(&all.iter().enumerate().filter_map(of).collect::<Vec<_>>())
                };
                count += 1;
                extreme += usize::from(part(true) - part(false) <= observed + 1e-12);
            }
        }
        let permutation = f64::from(extreme as u32) / f64::from(count);
        let p = MeanDifference::pooled(&REFERENCE, &NEW).unwrap().p_worse(0.0);
        assert!((p - permutation).abs() < 0.02, "{p} {permutation}");
    }

    #[test]
    fn bounds_and_p_say_the_same() {
        let difference = MeanDifference::pooled(&REFERENCE, &NEW).unwrap();
        for alpha in [0.2, 0.05, 0.01, 0.001] {
            let high = difference.bounds(alpha).high;
            close(difference.p_worse(-high), alpha);
            assert_eq!(difference.p_worse(0.0) < alpha, high < 0.0);
        }
    }

    #[test]
    fn without_spread_every_drop_is_one() {
        let same = MeanDifference::pooled(&[0.7; 5], &[0.7; 3]).unwrap();
        assert_eq!((same.difference, same.p_worse(0.0)), (0.0, 1.0));
        assert_eq!(same.bounds(0.05), Interval { low: 0.0, high: 0.0 });
        let worse = MeanDifference::pooled(&[0.7; 5], &[0.6; 3]).unwrap();
        assert_eq!((worse.p_worse(0.0), worse.p_worse(0.2)), (0.0, 1.0));
        assert_eq!(MeanDifference::pooled(&[0.7; 5], &[0.8; 3]).unwrap().p_worse(0.0), 1.0);
    }

    #[test]
    fn too_few_runs_have_no_difference() {
        assert_eq!(MeanDifference::pooled(&[], &[0.5, 0.6]), None);
        assert_eq!(MeanDifference::pooled(&[0.5, 0.6], &[]), None);
        assert_eq!(MeanDifference::pooled(&[0.5], &[0.6]), None);
        assert!(MeanDifference::pooled(&[0.5, 0.6], &[0.6]).is_some());
        assert_eq!(MeanDifference::weighted(&[]), None);
    }

    #[test]
    fn the_mean_of_one_is_itself_and_of_many_is_more_exact() {
        let one = MeanDifference::pooled(&REFERENCE, &NEW).unwrap();
        let same = MeanDifference::weighted(&[(3.0, one)]).unwrap();
        close(same.standard_error, one.standard_error);
        close(same.freedom, one.freedom);
        let four = MeanDifference::weighted(&[(3.0, one); 4]).unwrap();
        close(four.difference, one.difference);
        close(four.standard_error, one.standard_error / 2.0);
        close(four.freedom, 28.0);
        let exact = MeanDifference { standard_error: 0.0, ..one };
        assert_eq!(MeanDifference::weighted(&[(1.0, exact), (1.0, exact)]).unwrap().freedom, 14.0);
        // A cell of little weight counts little.
        let other = MeanDifference { difference: 1.0, ..one };
        close(MeanDifference::weighted(&[(3.0, one), (1.0, other)]).unwrap().difference, 0.75 * -0.015 + 0.25);
    }

    /// The average of differences of samples without a difference is found to be worse as often as
    /// promised.
    #[test]
    fn it_errs_as_often_as_alpha_says() {
        let mut state = 1u64;
        let mut normal = || {
            // Sum of twelve uniform numbers: mean 6, variance 1.
            (0..12).map(|_| uniform(&mut state)).sum::<f64>() - 6.0
        };
        let (mut cell_errors, mut all_errors, rounds) = (0, 0, 4000);
        for _ in 0..rounds {
            let cells: Vec<_> = [1.0, 2.0, 0.5]
                .map(|scale| {
                    let mut sample = |count: usize| (0..count).map(|_| scale * normal()).collect::<Vec<f64>>();
                    MeanDifference::pooled(&sample(6), &sample(3)).unwrap()
                })
                .into();
            cell_errors += usize::from(cells[0].p_worse(0.0) < 0.05);
            all_errors += usize::from(
                MeanDifference::weighted(&cells.iter().map(|cell| (1.0, *cell)).collect::<Vec<_>>())
                    .unwrap()
                    .p_worse(0.0)
                    < 0.05,
            );
        }
        for errors in [cell_errors, all_errors] {
            let rate = errors as f64 / f64::from(rounds);
            assert!((0.037..0.063).contains(&rate), "{rate}");
        }
    }

    fn uniform(state: &mut u64) -> f64 {
        *state += 1;
        (crate::support::split_mix::split_mix(7, *state) >> 11) as f64 / (1u64 << 53) as f64
    }
}
