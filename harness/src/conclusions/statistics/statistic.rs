//! Mean and spread of repeated runs.

use super::{Interval, deviation, mean, mean_interval};

/// Mean and spread of a score over seeds, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistic {
    pub mean: f64,
    /// Sample standard deviation (n - 1); unknown for a single seed.
    pub deviation: Option<f64>,
    /// 95 % interval of the mean (Student's t); unknown for a single seed.
    pub interval: Option<Interval>,
}

impl Statistic {
    /// Sums up values, one per seed; `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        (!values.is_empty()).then(|| Statistic {
            mean: mean(values),
            deviation: deviation(values),
            interval: mean_interval(values),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_sample_deviation() {
        let statistic = Statistic::of(&[0.8, 0.9, 0.7]).unwrap();
        assert!((statistic.mean - 0.8).abs() < 1e-15);
        assert!((statistic.deviation.unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(statistic.interval, mean_interval(&[0.8, 0.9, 0.7]));
        assert_eq!(Statistic::of(&[0.5]), Some(Statistic { mean: 0.5, deviation: None, interval: None }));
        assert_eq!(Statistic::of(&[]), None);
    }
}
