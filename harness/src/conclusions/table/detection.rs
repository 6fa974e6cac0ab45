//! What reports on vessels and lesions state, over the seeds of one rates setting.

use crate::conclusions::statistics::Statistic;
use crate::results::rows::Row;
use crate::results::scores::{Detection, DetectionScores};

/// Sensitivity, specificity and areas under curves over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionCell {
    /// Name for people and value, of all pixels.
    pub whole: Vec<(&'static str, Option<Statistic>)>,
    /// The same of the pixels inside the field of view; empty where not all runs have them.
    pub fov: Vec<(&'static str, Option<Statistic>)>,
}

impl DetectionCell {
    /// `None` where a finished run lacks these scores, or none has finished.
    pub(super) fn of(rows: &[&Row]) -> Option<Self> {
        let results = rows.iter().filter_map(|row| row.result());
        let found: Vec<&Detection> = results.map(|result| result.detection.as_ref()).collect::<Option<_>>()?;
        let whole: Vec<&DetectionScores> = found.iter().map(|detection| &detection.whole).collect();
        let inside: Option<Vec<&DetectionScores>> =
            found.iter().map(|detection| Some(&detection.fov.as_ref()?.detection)).collect();
        (!whole.is_empty()).then(|| Self { whole: summed(&whole), fov: inside.map_or_else(Vec::new, |i| summed(&i)) })
    }
}

fn summed(runs: &[&DetectionScores]) -> Vec<(&'static str, Option<Statistic>)> {
    let named: Vec<_> = runs.iter().map(|scores| scores.named()).collect();
    let over_runs = |place: usize| {
        let values = named.iter().map(|scores| scores[place].1).filter(|value| !value.is_nan());
        (named[0][place].0, Statistic::of(&values.collect::<Vec<_>>()))
    };
    (0..named[0].len()).map(over_runs).collect()
}
