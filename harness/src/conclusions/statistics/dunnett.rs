//! Several comparisons with one baseline: how large the largest of them is by chance.

use super::power::scaled_chi_density;
use super::root::falling_root;
use statrs::distribution::{ContinuousCDF, Normal};

/// Distribution of the largest |t| among comparisons that share a baseline and a standard error,
/// where nothing differs (Dunnett 1955): two of the differences have a correlation of 1/2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dunnett {
    /// Number of comparisons; 1 is Student's t.
    pub comparisons: usize,
    /// Degrees of freedom of the standard error.
    pub freedom: f64,
}

impl Dunnett {
    /// Probability that the largest is at least `t`: the p-value of a comparison, corrected for
    /// all.
    ///
    /// It is the mean of the normal tail over the distribution of the estimated deviation, by the
    /// trapezoidal rule on its logarithm, where both ends decay.
    pub fn p(self, t: f64) -> f64 {
        const PARTS: usize = 96;
        if t == 0.0 || !t.is_finite() {
            return if t == 0.0 { 1.0 } else { 0.0 };
        }
        let normal = Normal::standard();
        let spread = 1.0 / (2.0 * self.freedom).sqrt();
        let (low, high) = (-24.0 / self.freedom - 7.0 * spread, (12.0 * spread).ln_1p());
        let step = (high - low) / PARTS as f64;
        let value = |part: usize| {
            let deviation = (low + part as f64 * step).exp();
            let density = deviation * scaled_chi_density(self.freedom, deviation);
            if density < 1e-15 { 0.0 } else { density * self.normal_tail(&normal, t.abs() * deviation) }
        };
        ((0..=PARTS).map(value).sum::<f64>() * step).clamp(0.0, 1.0)
    }

    /// Probability of that where the deviation is known: each difference is (Z_i - Z_0) / √2, and
    /// independent of the others where Z_0 is given.
    fn normal_tail(self, normal: &Normal, t: f64) -> f64 {
        /// The integrand is even in Z_0, and next to nothing beyond 8.
        const PARTS: usize = 16;
        let step = 8.0 / PARTS as f64;
        let reach = std::f64::consts::SQRT_2 * t;
        let value = |part: usize| {
            let common = part as f64 * step;
            let outside = normal.cdf(-reach - common) + normal.cdf(common - reach);
            let any = -((self.comparisons as f64) * (-outside).ln_1p()).exp_m1();
            (-common * common / 2.0).exp() * if part == 0 { any } else { 2.0 * any }
        };
        (0..=PARTS).map(value).sum::<f64>() * step / (2.0 * std::f64::consts::PI).sqrt()
    }

    /// The |t| that is reached with a probability of 1 - `confidence`: intervals of that many
    /// standard errors hold all true differences together with this confidence.
    pub fn quantile(self, confidence: f64) -> f64 {
        falling_root(|t| self.p(t).ln() - (1.0 - confidence).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dunnett (1955, 1964), table of the two-sided 5 % points.
    #[test]
    fn quantiles_are_those_of_the_published_table() {
        for (comparisons, freedom, expected) in [
            (1, 5.0, 2.57),
            (2, 5.0, 3.03),
            (3, 5.0, 3.29),
            (9, 5.0, 3.97),
            (2, 10.0, 2.57),
            (3, 10.0, 2.76),
            (4, 20.0, 2.65),
            (5, 60.0, 2.58),
        ] {
            let got = Dunnett { comparisons, freedom }.quantile(0.95);
            assert!((got - expected).abs() < 0.0051, "{comparisons} {freedom}: {got}, not {expected}");
        }
    }

    #[test]
    fn probabilities_are_those_of_another_program() {
        for (comparisons, freedom, t, expected) in SCIPY {
            let got = Dunnett { comparisons, freedom }.p(t);
            assert!((got - expected).abs() < 2e-7, "{comparisons} {freedom} {t}: {got}, not {expected}");
        }
    }

    #[test]
    fn one_comparison_is_students() {
        use statrs::distribution::StudentsT;
        for freedom in [1.2, 2.0, 7.5, 300.0] {
            let student = StudentsT::new(0.0, 1.0, freedom).unwrap();
            for t in [0.1, 1.0, 2.5, 9.0] {
                let (got, expected) = (Dunnett { comparisons: 1, freedom }.p(t), 2.0 * student.cdf(-t));
                assert!((got - expected).abs() < 1e-7, "{freedom} {t}: {got}, not {expected}");
            }
        }
        assert_eq!(Dunnett { comparisons: 3, freedom: 6.0 }.p(0.0), 1.0);
        assert_eq!(Dunnett { comparisons: 3, freedom: 6.0 }.p(f64::INFINITY), 0.0);
    }

    #[test]
    fn the_quantile_is_where_the_probability_is() {
        for (comparisons, freedom) in [(1, 2.0), (3, 6.0), (9, 1.3), (4, 500.0)] {
            let dunnett = Dunnett { comparisons, freedom };
            assert!((dunnett.p(dunnett.quantile(0.95)) - 0.05).abs() < 1e-12);
        }
    }

    /// (comparisons, degrees of freedom, t, p): SciPy 1.17, `integrate.quad` over `stats.chi` and
    /// `stats.norm` to 1e-10; whole degrees of freedom agree with `stats.multivariate_t` to 3e-8.
    const SCIPY: [(usize, f64, f64, f64); 9] = [
        (1, 3.0, 2.00, 0.139_325_968_559),
        (2, 5.0, 3.03, 0.050_013_245_796),
        (3, 6.0, 2.90, 0.064_108_082_116),
        (3, 6.0, 1.00, 0.649_410_158_073),
        (5, 2.0, 4.00, 0.135_893_393_763),
        (4, 20.0, 2.65, 0.050_106_225_916),
        (9, 7.5, 3.00, 0.093_226_787_290),
        (3, 2.4, 8.00, 0.017_682_287_015),
        (6, 100.0, 2.00, 0.198_965_858_195),
    ];
}
