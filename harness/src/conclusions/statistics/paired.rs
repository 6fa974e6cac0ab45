//! Whether paired differences are a difference at all, and how large it is beside their spread.

use super::{deviation, mean};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Scores are fractions: what lies closer together than this differs by rounding alone.
const ROUNDING: f64 = 1e-12;

/// Two-sided p-value of the paired t-test: the chance of a mean this far from 0 where there is no
/// difference.
///
/// Without spread there is no t. All differences 0 are no difference: 1. All equal to another
/// number (training that chance has no part in) are what the sign-flip test makes of them: 2^(1 -
/// n), and not 0, which n pairs cannot show. `None` below two pairs.
pub fn paired_p(differences: &[f64]) -> Option<f64> {
    let deviation = deviation(differences)?;
    let (mean, pairs) = (mean(differences), differences.len());
    if are_equal(differences) {
        return Some(if mean.abs() <= ROUNDING { 1.0 } else { least_sign_flip_p(pairs) });
    }
    let t = mean / (deviation / (pairs as f64).sqrt());
    let student = StudentsT::new(0.0, 1.0, (pairs - 1) as f64).ok()?;
    Some((2.0 * student.sf(t.abs())).min(1.0))
}

/// Cohen's d of paired samples (d_z): mean of the differences over their standard deviation. 0.2 is
/// called small, 0.5 medium, 0.8 large (Cohen 1988). `None` below two pairs and without spread.
pub fn effect_size(differences: &[f64]) -> Option<f64> {
    let deviation = deviation(differences)?;
    (!are_equal(differences)).then(|| mean(differences) / deviation)
}

/// What the two-sided sign-flip test gives where all pairs differ in the same direction: two of its
/// 2^n patterns are as extreme.
pub(super) fn least_sign_flip_p(pairs: usize) -> f64 {
    0.5f64.powf(pairs as f64 - 1.0)
}

fn are_equal(values: &[f64]) -> bool {
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    high - low <= ROUNDING
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Share of all patterns of signs whose mean is at least as far from 0.
    fn sign_flip_p(differences: &[f64]) -> f64 {
        let observed = differences.iter().sum::<f64>().abs();
        let patterns = 1u32 << differences.len();
        let extreme = (0..patterns).filter(|pattern| {
            let flipped = |(i, d): (usize, &f64)| if pattern >> i & 1 == 1 { -d } else { *d };
            differences.iter().enumerate().map(flipped).sum::<f64>().abs() >= observed - 1e-12
        });
        extreme.count() as f64 / f64::from(patterns)
    }

    fn t(differences: &[f64]) -> f64 {
        mean(differences) / deviation(differences).unwrap() * (differences.len() as f64).sqrt()
    }

    #[test]
    fn p_is_that_of_the_closed_forms() {
        // One degree of freedom: 1 - 2/π · atan t. Two: 1 - t / √(2 + t²).
        for differences in [[0.01, 0.03], [-0.02, 0.05], [0.004, 0.0041]] {
            let expected = 1.0 - 2.0 / std::f64::consts::PI * t(&differences).abs().atan();
            assert!((paired_p(&differences).unwrap() - expected).abs() < 1e-12);
        }
        for differences in [[0.01, 0.03, 0.02], [-0.02, 0.05, -0.06], [0.004, 0.0041, 0.0042]] {
            let t = t(&differences).abs();
            let expected = 1.0 - t / (2.0 + t * t).sqrt();
            assert!((paired_p(&differences).unwrap() - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn p_is_that_of_another_program() {
        // scipy.stats.ttest_1samp
        let p = paired_p(&[0.012, 0.031, -0.004, 0.022, 0.017]).unwrap();
        assert!((p - 0.055_176_777_916_524_63).abs() < 1e-12, "{p}");
    }

    #[test]
    fn p_is_close_to_that_of_all_sign_flips() {
        let base = [1.213, -0.741, 0.327, 0.918, -0.452, 0.139, 1.561, -1.187, 0.634, -0.206, 0.873, -0.538];
        for shift in [0.0, 0.3, 0.6] {
            let differences = base.map(|d| 0.01 * (d + shift));
            let (got, exact) = (paired_p(&differences).unwrap(), sign_flip_p(&differences));
            assert!((got - exact).abs() < 0.02 * exact + 0.002, "shift {shift}: {got}, not about {exact}");
        }
    }

    #[test]
    fn p_has_two_sides() {
        let differences = [0.01, 0.02, 0.04, 0.015];
        assert_eq!(paired_p(&differences), paired_p(&differences.map(|d| -d)));
        assert_eq!(effect_size(&differences).unwrap(), -effect_size(&differences.map(|d| -d)).unwrap());
    }

    #[test]
    fn without_spread() {
        assert_eq!(paired_p(&[0.0; 5]), Some(1.0));
        assert_eq!(paired_p(&[0.02; 5]), Some(1.0 / 16.0));
        assert_eq!(paired_p(&[-0.02; 5]), Some(sign_flip_p(&[-0.02; 5])));
        // 0.3 - 0.2 and 0.2 - 0.1 are one difference, rounded differently.
        assert_eq!(paired_p(&[0.3 - 0.2, 0.2 - 0.1]), Some(0.5));
        assert_eq!(effect_size(&[0.02; 5]), None);
    }

    #[test]
    fn one_pair_tells_nothing() {
        assert_eq!((paired_p(&[0.1]), effect_size(&[0.1])), (None, None));
        assert_eq!((paired_p(&[]), effect_size(&[])), (None, None));
    }

    #[test]
    fn effect_size_is_mean_over_deviation() {
        assert!((effect_size(&[0.01, 0.02, 0.03]).unwrap() - 2.0).abs() < 1e-12);
    }
}
