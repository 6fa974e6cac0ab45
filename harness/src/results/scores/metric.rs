//! The mean over classes that rates are compared by.

use super::{ClassArea, Scores, class_mean};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A mean over classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    Miou,
    Mdice,
}

impl Metric {
    /// The metric among a run's scores; NaN where it is undefined.
    pub fn of(self, scores: &Scores) -> f64 {
        match self {
            Metric::Miou => scores.miou,
            Metric::Mdice => scores.mdice,
        }
    }

    /// The metric of the pixels of each class, by the rule of [`Confusion::scores`](crate::results::scores::Confusion::scores).
    pub fn of_areas(self, areas: &[ClassArea]) -> f64 {
        class_mean(areas.iter().map(|area| match self {
            Metric::Miou => area.iou(),
            Metric::Mdice => area.dice(),
        }))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Metric::Miou => "mIoU",
            Metric::Mdice => "mDice",
        })
    }
}
