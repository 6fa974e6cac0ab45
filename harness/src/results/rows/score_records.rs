//! `classes.csv` and `image_scores.csv`: the scores of finished runs, by class and by image.

use super::row::Row;
use crate::results::csv::unknown_or_number;
use serde::{Deserialize, Serialize};

/// A line of `classes.csv`: one class of a finished run. Scores are fractions, NaN where undefined.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ClassRecord {
    pub run_id: String,
    #[serde(default)]
    pub experiment: String,
    #[serde(default)]
    pub dataset: String,
    #[serde(default)]
    pub rates: String,
    #[serde(default)]
    pub seed: u64,
    #[serde(default)]
    pub class: usize,
    #[serde(default)]
    pub name: String,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub iou: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub dice: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub accuracy: f64,
}

/// A line of `image_scores.csv`: one image of a finished run that keeps counts per image.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImageRecord {
    pub run_id: String,
    pub experiment: String,
    pub dataset: String,
    pub rates: String,
    pub seed: u64,
    pub image: String,
    #[serde(with = "unknown_or_number")]
    pub miou: f64,
    #[serde(with = "unknown_or_number")]
    pub mdice: f64,
    #[serde(with = "unknown_or_number")]
    pub aacc: f64,
}

impl ClassRecord {
    /// Makes a record of each class of a run; none where the run has failed.
    pub fn of(row: &Row) -> impl Iterator<Item = ClassRecord> {
        row.result().into_iter().flat_map(|result| {
            let (settings, scores) = (&result.settings, &result.scores);
            let score = |values: &[f64], class: usize| values.get(class).copied().unwrap_or(f64::NAN);
            settings.dataset.class_names().iter().enumerate().map(move |(class, name)| ClassRecord {
                run_id: result.run_id.clone(),
                experiment: settings.experiment.clone(),
                dataset: settings.dataset.name().into(),
                rates: settings.rates_name(),
                seed: settings.seed,
                class,
                name: name.to_string(),
                iou: score(&scores.iou, class),
                dice: score(&scores.dice, class),
                accuracy: score(&scores.accuracy, class),
            })
        })
    }
}

impl ImageRecord {
    /// Makes a record of each image of a run; none where the run has failed or keeps no counts.
    pub fn of(row: &Row) -> impl Iterator<Item = ImageRecord> {
        row.result().into_iter().flat_map(|result| {
            row.images.iter().flatten().map(|image| {
                let (settings, scores) = (&result.settings, image.confusion.scores());
                ImageRecord {
                    run_id: result.run_id.clone(),
                    experiment: settings.experiment.clone(),
                    dataset: settings.dataset.name().into(),
                    rates: settings.rates_name(),
                    seed: settings.seed,
                    image: image.image.clone(),
                    miou: scores.miou,
                    mdice: scores.mdice,
                    aacc: scores.aacc,
                }
            })
        })
    }
}
