//! `classes.csv` and `image_scores.csv`: the scores of finished runs, by class and by image.

use super::Row;
use crate::results::csv::number;
use crate::results::result::RunResult;

/// What tells the run of a line.
const RUN: [&str; 5] = ["run_id", "experiment", "dataset", "rates", "seed"];

/// One line per finished run and class.
pub(super) fn classes(rows: &[Row]) -> Vec<Vec<String>> {
    let mut lines = vec![header(&["class", "name", "iou", "dice", "accuracy"])];
    for result in rows.iter().filter_map(Row::result) {
        let scores = &result.scores;
        for (class, name) in result.settings.dataset.class_names().iter().enumerate() {
            let score = |values: &[f64]| number(values.get(class).copied().unwrap_or(f64::NAN));
            let own =
                [class.to_string(), name.to_string(), score(&scores.iou), score(&scores.dice), score(&scores.accuracy)];
            lines.push(line(result, own));
        }
    }
    lines
}

/// One line per image of the finished runs that keep counts per image.
pub(super) fn images(rows: &[Row]) -> Vec<Vec<String>> {
    let mut lines = vec![header(&["image", "miou", "mdice", "aacc"])];
    for (row, result) in rows.iter().filter_map(|row| Some((row, row.result()?))) {
        for image in row.images.iter().flatten() {
            let scores = image.confusion.scores();
            lines.push(line(
                result,
                [image.image.clone(), number(scores.miou), number(scores.mdice), number(scores.aacc)],
            ));
        }
    }
    lines
}

fn header(own: &[&str]) -> Vec<String> {
    RUN.iter().chain(own).map(|column| column.to_string()).collect()
}

fn line<const N: usize>(result: &RunResult, own: [String; N]) -> Vec<String> {
    let settings = &result.settings;
    let run = [
        result.run_id.clone(),
        settings.experiment.clone(),
        settings.dataset.name().into(),
        settings.rates_name(),
        settings.seed.to_string(),
    ];
    run.into_iter().chain(own).collect()
}
