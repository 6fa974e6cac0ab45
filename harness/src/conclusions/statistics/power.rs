//! What a test would have found, had it been there.

use super::MeanDifference;
use super::root::falling_root;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::gamma::ln_gamma;

/// The chance with which a drop has to be found to be called detectable (Cohen 1988).
pub const POWER: f64 = 0.8;

/// The smallest true drop, a fraction, that the one-sided test at `alpha` would have found with a
/// chance of [`POWER`], given the spread of the runs; `margin` and more, as smaller ones are
/// allowed.
pub fn detectable_drop(difference: &MeanDifference, margin: f64, alpha: f64) -> f64 {
    if difference.standard_error == 0.0 {
        return margin;
    }
    let Ok(student) = StudentsT::new(0.0, 1.0, difference.freedom) else { return f64::INFINITY };
    margin + detectable_shift(difference.freedom, student.inverse_cdf(1.0 - alpha)) * difference.standard_error
}

/// The smallest true difference, in standard errors, that exceeds the critical value of t with a
/// chance of [`POWER`].
pub fn detectable_shift(freedom: f64, critical: f64) -> f64 {
    falling_root(|shift| POWER - noncentral_tail(freedom, critical, shift))
}

/// P(T > `critical`), the upper tail of the noncentral t distribution as the mean of the normal
/// tail over the distribution of the estimated deviation: T = (Z + `shift`) / √(V / `freedom`), V
/// of the χ² distribution.
fn noncentral_tail(freedom: f64, critical: f64, shift: f64) -> f64 {
    /// Even, as Simpson's rule asks for.
    const PARTS: usize = 800;
    let normal = Normal::standard();
    // √(V / freedom) is 1 on average with a deviation of 1 / √(2 freedom).
    let end = 1.0 + 12.0 / (2.0 * freedom).sqrt();
    let step = end / PARTS as f64;
    let value = |part: usize| {
        let deviation = part as f64 * step;
        scaled_chi_density(freedom, deviation) * normal.cdf(shift - critical * deviation)
    };
    let weight = |part: usize| match part {
        0 | PARTS => 1.0,
        _ if part % 2 == 1 => 4.0,
        _ => 2.0,
    };
    (0..=PARTS).map(|part| weight(part) * value(part)).sum::<f64>() * step / 3.0
}

/// Density of √(V / `freedom`), V of the χ² distribution.
pub(super) fn scaled_chi_density(freedom: f64, deviation: f64) -> f64 {
    if deviation == 0.0 {
        // With one degree of freedom it is the half of a normal distribution.
        return if freedom == 1.0 { (2.0 / std::f64::consts::PI).sqrt() } else { 0.0 };
    }
    let half = freedom / 2.0;
    let log =
        2.0f64.ln() + half * half.ln() - ln_gamma(half) + (freedom - 1.0) * deviation.ln() - half * deviation.powi(2);
    log.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_another_program() {
        // scipy.stats.nct.sf(critical, freedom, shift), SciPy 1.17.1
        for (freedom, critical, shift, expected) in [
            (7.0, 1.8946, 2.0, 0.562_740_624_164_398_2),
            (7.0, 1.8946, 3.5, 0.932_139_557_387_207_7),
            (1.0, 6.3138, 4.0, 0.468_510_930_792_670_5),
            (13.0, 2.6503, 3.1, 0.672_682_104_566_500_1),
            (100.0, 1.66, 2.5, 0.799_099_403_246_885_3),
            (2.5, 2.0, 1.0, 0.271_874_570_974_658_4),
        ] {
            let got = noncentral_tail(freedom, critical, shift);
            assert!((got - expected).abs() < 1e-6, "{freedom} {critical} {shift}: {got}, not {expected}");
        }
    }

    #[test]
    fn without_a_difference_it_is_found_as_often_as_alpha() {
        for (freedom, alpha) in [(1.0, 0.05), (4.0, 0.01), (30.0, 0.2)] {
            let student = StudentsT::new(0.0, 1.0, freedom).unwrap();
            let got = noncentral_tail(freedom, student.inverse_cdf(1.0 - alpha), 0.0);
            assert!((got - alpha).abs() < 1e-6, "{freedom}: {got}, not {alpha}");
        }
    }

    #[test]
    fn drops_are_those_of_another_program() {
        // scipy.optimize.brentq over scipy.stats.nct.sf
        for (freedom, alpha, expected) in [
            (7.0, 0.05, 2.766_643_204_564_415),
            (13.0, 0.01, 3.545_327_738_566_939_5),
            (1.0, 0.05, 8.192_258_433_683_68),
            (40.0, 0.005, 3.566_492_742_263_506),
        ] {
            let difference = MeanDifference { difference: 0.0, standard_error: 0.01, freedom };
            let got = detectable_drop(&difference, 0.002, alpha);
            assert!((got - 0.002 - 0.01 * expected).abs() < 1e-6, "{freedom}: {got}");
        }
    }

    #[test]
    fn without_spread_everything_beyond_the_margin_is_found() {
        let difference = MeanDifference { difference: 0.0, standard_error: 0.0, freedom: 7.0 };
        assert_eq!(detectable_drop(&difference, 0.004, 0.05), 0.004);
    }
}
