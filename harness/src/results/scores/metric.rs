//! The scores that rates are compared by.

use super::area::{ClassArea, class_mean};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A mean over classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    Miou,
    Mdice,
}

/// What has a value for each metric.
pub trait HasMetrics {
    type Value;

    /// The value of a metric.
    fn score(&self, metric: Metric) -> Self::Value;
}

/// Implements [`HasMetrics`] by the fields `miou` and `mdice`: the one place that knows which field
/// is which metric.
macro_rules! scored {
    ($type:ty, $value:ty) => {
        impl $crate::results::scores::HasMetrics for $type {
            type Value = $value;

            fn score(&self, metric: $crate::results::scores::Metric) -> $value {
                match metric {
                    $crate::results::scores::Metric::Miou => self.miou,
                    $crate::results::scores::Metric::Mdice => self.mdice,
                }
            }
        }
    };
}
pub(crate) use scored;

impl Metric {
    pub const ALL: [Metric; 2] = [Metric::Miou, Metric::Mdice];

    /// The name in files: a column, a key, an option's value.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Miou => "miou",
            Metric::Mdice => "mdice",
        }
    }

    /// The metric among scores, of a recorded run, in a line of a file.
    pub fn of<S: HasMetrics>(self, scored: &S) -> S::Value {
        scored.score(self)
    }

    /// The metric of the pixels of each class, by the rule of
    /// [`Confusion::scores`](crate::results::scores::Confusion::scores).
    pub fn of_areas(self, areas: &[ClassArea]) -> f64 {
        class_mean(areas.iter().map(|area| match self {
            Metric::Miou => area.iou(),
            Metric::Mdice => area.dice(),
        }))
    }
}

/// The name for people: `mIoU`.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Metric::Miou => "mIoU",
            Metric::Mdice => "mDice",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Confusion;
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn names_are_those_of_files_and_options() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.name());
            assert_eq!(metric.to_possible_value().unwrap().get_name(), metric.name());
            assert_eq!(metric.to_string().to_lowercase(), metric.name());
        }
        assert_eq!(Metric::value_variants(), Metric::ALL);
    }

    #[test]
    fn scores_and_areas_agree() {
        let confusion = Confusion { classes: 2, counts: vec![80, 5, 5, 10] };
        let (scores, areas) = (confusion.scores(), confusion.areas());
        assert_eq!(Metric::ALL.map(|metric| metric.of(&scores)), [scores.miou, scores.mdice]);
        assert_eq!(Metric::ALL.map(|metric| metric.of_areas(&areas)), [scores.miou, scores.mdice]);
    }
}
