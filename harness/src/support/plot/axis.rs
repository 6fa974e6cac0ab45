//! An axis: its range, its ticks, and where a value lies on it.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// The range of an axis from `low` to `high`, even or logarithmic.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartAxis {
    pub label: String,
    pub low: f64,
    pub high: f64,
    pub logarithmic: bool,
}

/// The share of the range that is added beyond the outermost values.
const MARGIN: f64 = 0.06;
/// The number of ticks, about.
const TICKS: f64 = 5.0;

impl ChartAxis {
    /// An even axis that holds all values, and a little more.
    pub fn linear(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = span(values, 1.0);
        let margin = MARGIN * (high - low);
        ChartAxis { label: label.into(), low: low - margin, high: high + margin, logarithmic: false }
    }

    /// An even axis from exactly 0 to the largest value.
    pub fn from_zero(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (_, high) = span(values.into_iter().chain([0.0]), 1.0);
        ChartAxis { label: label.into(), low: 0.0, high, logarithmic: false }
    }

    /// A logarithmic axis that holds all values, which are larger than 0, and a little more.
    pub fn logarithmic(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = span(values.into_iter().map(f64::ln), 1.0);
        let margin = MARGIN * (high - low);
        ChartAxis { label: label.into(), low: (low - margin).exp(), high: (high + margin).exp(), logarithmic: true }
    }

    /// The place of a value: 0 at the low end, 1 at the high one.
    pub fn position(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// A value as text, in the digits that this axis can tell apart.
    pub fn value(&self, value: f64) -> String {
        let decimals = match self.high {
            high if high >= 1000.0 => 0,
            high if high >= 10.0 => 2,
            _ => 3,
        };
        format!("{value:.decimals$}")
    }

    /// Whether a value lies within the range.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Values with their labels, within the range.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let values = if self.logarithmic { self.logarithmic_ticks() } else { self.linear_ticks() };
        values.into_iter().filter(|(value, _)| self.holds(*value)).collect()
    }

    fn linear_ticks(&self) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / TICKS;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        // `+ 0.0`: no "-0".
        (first..=last).map(|n| n as f64 * step + 0.0).map(|value| (value, format!("{value:.decimals$}"))).collect()
    }

    fn logarithmic_ticks(&self) -> Vec<(f64, String)> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let within = |factors: &[f64]| -> Vec<f64> {
            let all = decades.clone().flat_map(|decade| factors.iter().map(move |factor| factor * 10f64.powi(decade)));
            all.filter(|value| (self.low..=self.high).contains(value)).collect()
        };
        let choices: [&[f64]; 3] = [&[1.0], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]];
        let chosen = choices.iter().map(|factors| within(factors)).find(|values| values.len() >= 3);
        let values = chosen.unwrap_or_else(|| within(choices[2]));
        // Two digits that count.
        let decimals = |value: f64| (1.0 - value.log10().floor()).clamp(0.0, 6.0) as usize;
        let label = |value: f64| {
            let text = format!("{value:.*}", decimals(value));
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        };
        values.into_iter().map(|value| (value, label(value))).collect()
    }
}

/// plotters' own logarithmic axis has ticks at powers of ten, of which a map's rates span less than
/// two, and its even one has labels with a digit too many.
impl Ranged for ChartAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        low + (self.position(*value) * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks().into_iter().map(|(value, _)| value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for ChartAxis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks().into_iter().find(|(tick, _)| tick == value);
        tick.map_or_else(String::new, |(_, label)| label)
    }
}

/// The smallest and the largest finite value; `least` apart at least, so that there is a range.
fn span(values: impl IntoIterator<Item = f64>, least: f64) -> (f64, f64) {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), value| (l.min(value), h.max(value)));
    match low <= high {
        false => (0.0, least),
        true if high - low < 1e-9 => (low - least / 2.0, high + least / 2.0),
        true => (low, high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &ChartAxis) -> Vec<String> {
        axis.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&ChartAxis::linear("score", [70.0, 74.0])), ["70", "71", "72", "73", "74"]);
        assert_eq!(labels(&ChartAxis::linear("difference", [-0.2, 0.3])), ["-0.2", "0.0", "0.2"]);
        assert_eq!(labels(&ChartAxis::from_zero("iteration", [1000.0])), ["0", "200", "400", "600", "800", "1000"]);
        assert_eq!(labels(&ChartAxis::logarithmic("ρ", [0.14, 0.56])), ["0.15", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels(&ChartAxis::logarithmic("ρ", [0.03, 1.5])), ["0.05", "0.1", "0.2", "0.5", "1"]);
    }

    #[test]
    fn values_lie_inside() {
        for axis in [ChartAxis::linear("", [3.0, 8.0, 5.0]), ChartAxis::logarithmic("", [3.0, 8.0, 5.0])] {
            let at = [3.0, 5.0, 8.0].map(|value| axis.position(value));
            assert!(0.0 < at[0] && at[0] < at[1] && at[1] < at[2] && at[2] < 1.0, "{at:?}");
            assert!((axis.position(axis.low)).abs() < 1e-12 && (axis.position(axis.high) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_single_value_or_none_has_a_range() {
        for axis in [ChartAxis::linear("", [5.0]), ChartAxis::linear("", []), ChartAxis::logarithmic("", [0.5])] {
            assert!(axis.high > axis.low && axis.low.is_finite(), "{axis:?}");
            assert!(!axis.ticks().is_empty(), "{axis:?}");
        }
    }
}
