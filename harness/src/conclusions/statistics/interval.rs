//! Interval of the mean of repeated runs.

use super::{deviation, mean};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;

/// Numbers from one end to the other, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// 95 % interval of the mean by Student's t: mean ± t(0.975, n - 1) · s / √n. `None` below two
/// values.
///
/// It is not cut off at 0 and 1: one that reaches beyond says that there are too few seeds.
pub fn mean_interval(values: &[f64]) -> Option<Interval> {
    let deviation = deviation(values)?;
    let count = values.len() as f64;
    let student = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
    let reach = student.inverse_cdf(0.5 + CONFIDENCE / 2.0) * deviation / count.sqrt();
    let mean = mean(values);
    Some(Interval { low: mean - reach, high: mean + reach })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half the width of the interval of values with deviation 1, times √n: the quantile.
    fn quantile(count: usize) -> f64 {
        let mut values = vec![0.0; count];
        let offset = ((count - 1) as f64 / 2.0).sqrt();
        (values[0], values[1]) = (-offset, offset);
        let interval = mean_interval(&values).unwrap();
        (interval.high - interval.low) / 2.0 * (count as f64).sqrt()
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Two-sided 95 %, by degrees of freedom: NIST/SEMATECH e-Handbook of Statistical Methods,
        // 1.3.6.7.2.
        let table =
            [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (19, 2.093), (29, 2.045), (99, 1.984)];
        for (freedom, expected) in table {
            let got = quantile(freedom + 1);
            assert!((got - expected).abs() < 5e-4, "{freedom} degrees of freedom: {got}, not {expected}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_closed_forms() {
        // One degree of freedom is Cauchy's distribution: tan(π (q - 1/2)). Two: (2q - 1) √(2 / (1
        // - (2q - 1)²)).
        let cauchy = (std::f64::consts::PI * 0.475).tan();
        assert!((quantile(2) - cauchy).abs() < 1e-9 * cauchy, "{} {cauchy}", quantile(2));
        let two = 0.95 * (2.0f64 / (1.0 - 0.95 * 0.95)).sqrt();
        assert!((quantile(3) - two).abs() < 1e-9 * two, "{} {two}", quantile(3));
    }

    #[test]
    fn it_is_that_of_another_program() {
        // scipy.stats.t.interval
        let interval = mean_interval(&[0.812, 0.797, 0.805, 0.821, 0.809]).unwrap();
        let (low, high) = (0.797_819_870_415_935_7, 0.819_780_129_584_064_4);
        assert!((interval.low - low).abs() < 1e-10 && (interval.high - high).abs() < 1e-10, "{interval:?}");
    }

    #[test]
    fn the_mean_is_in_the_middle_and_equal_values_have_no_width() {
        let interval = mean_interval(&[0.7, 0.8, 0.9]).unwrap();
        assert!(((interval.low + interval.high) / 2.0 - 0.8).abs() < 1e-12);
        // 4.302653 · 0.1 / √3
        assert!((interval.high - 0.8 - 0.248_413_7).abs() < 1e-6, "{interval:?}");
        assert_eq!(mean_interval(&[0.5, 0.5]), Some(Interval { low: 0.5, high: 0.5 }));
        assert_eq!(mean_interval(&[0.5]), None);
        assert_eq!(mean_interval(&[]), None);
    }
}
