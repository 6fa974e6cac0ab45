//! Numbers as people read them.

use crate::conclusions::statistics::{Interval, Statistic};

/// Percent without the sign: `81.20`.
pub fn percent(fraction: f64) -> String {
    format!("{:.2}", 100.0 * fraction)
}

/// A share of the whole: `43.8%`.
pub fn share(fraction: f64) -> String {
    format!("{:.1}%", 100.0 * fraction)
}

/// A difference in percentage points, with its sign: `+3.12`.
pub fn points(fraction: f64) -> String {
    let text = format!("{:+.2}", 100.0 * fraction);
    if text == "-0.00" { "+0.00".into() } else { text }
}

/// Mean and standard deviation over seeds, in percent: `81.20 ± 0.35`, `81.20` for one seed, `-`
/// for none.
pub fn score(statistic: Option<Statistic>) -> String {
    statistic.map_or_else(|| "-".into(), |Statistic { mean, deviation, .. }| spread(mean, deviation))
}

/// Mean and standard deviation in percent: `81.20 ± 0.35`, or `81.20`.
pub fn spread(mean: f64, deviation: Option<f64>) -> String {
    deviation.map_or_else(|| percent(mean), |deviation| format!("{} ± {}", percent(mean), percent(deviation)))
}

/// An interval, its ends as `end` writes them: `79.80 to 82.60`; `-` for none.
pub fn interval(interval: Option<Interval>, end: fn(f64) -> String) -> String {
    interval.map_or_else(|| "-".into(), |Interval { low, high }| range(low, high, end))
}

/// From one number to another, both as `end` writes them: `79.80 to 82.60`.
pub fn range(low: f64, high: f64, end: fn(f64) -> String) -> String {
    format!("{} to {}", end(low), end(high))
}

/// A relative rate: `0.56`.
pub fn relative_rate(rate: f64) -> String {
    format!("{rate:.2}")
}

/// A p-value in a table: `0.031`, `< 0.001`; `-` for none.
pub fn p_value(p: Option<f64>) -> String {
    match p {
        None => "-".into(),
        Some(p) if p < 0.001 => "< 0.001".into(),
        Some(p) => format!("{p:.3}"),
    }
}

/// A p-value in a sentence: `p 0.4012`, `p below 0.0001`.
pub fn probability(p: f64) -> String {
    if p < 1e-4 { "p below 0.0001".into() } else { format!("p {p:.4}") }
}

/// Atrous rates: `1, 12, 24, 36`.
pub fn rates(rates: &[usize]) -> String {
    rates.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// Atrous rates beside those that they are compared with: `1, 12, 24, 36 (baseline)`.
pub fn rates_beside(own: &[usize], baseline: &[usize]) -> String {
    if own == baseline { format!("{} (baseline)", rates(own)) } else { rates(own) }
}

/// A count with its noun: `1 run`, `3 runs`.
pub fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!([points(0.0312), points(-0.0312), points(-1e-6)], ["+3.12", "-3.12", "+0.00"]);
        assert_eq!([percent(0.81204), share(0.4375)], ["81.20", "43.8%"]);
        assert_eq!([p_value(None), p_value(Some(0.0309)), p_value(Some(0.0009))], ["-", "0.031", "< 0.001"]);
        assert_eq!([probability(0.4012), probability(0.00009)], ["p 0.4012", "p below 0.0001"]);
        assert_eq!(interval(Some(Interval { low: -0.5, high: 0.25 }), points), "-50.00 to +25.00");
        assert_eq!(interval(None, percent), "-");
    }

    #[test]
    fn scores_have_the_spread_that_is_known() {
        let of = |values: &[f64]| score(Statistic::of(values));
        assert_eq!([of(&[]), of(&[0.8]), of(&[0.7, 0.8, 0.9])], ["-", "80.00", "80.00 ± 10.00"]);
    }

    #[test]
    fn rates_and_counts() {
        assert_eq!([rates_beside(&[1, 2], &[1, 2]), rates_beside(&[1, 2], &[1, 3])], ["1, 2 (baseline)", "1, 2"]);
        assert_eq!([count(1, "run", "runs"), count(0, "run", "runs")], ["1 run", "0 runs"]);
    }
}
