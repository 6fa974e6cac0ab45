//! Tables without run directories, held against each other: what is in one and not in another, and
//! scores that cannot be together.

use super::Agreement;
use super::verified_file::{TABLES, VerifiedFile};
use crate::conclusions::statistics::{deviation, mean};
use crate::conclusions::table::CellRecord;
use crate::experiment::settings::join_rates;
use crate::results::csv::read_csv;
use crate::results::rows::{ClassRecord, ImageRecord, RunRecord};
use crate::results::scores::{class_mean, same};
use crate::support::input_file;
use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

/// Compares the tables of a folder.
///
/// # Errors
/// A table that cannot be read or understood; names it.
pub(super) fn verify(results: &Path) -> Result<Vec<VerifiedFile>> {
    let Some(runs) = read::<RunRecord>(results, "results.csv")? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let classes = read::<ClassRecord>(results, "classes.csv")?;
    if let Some(classes) = &classes {
        let of_class = |record: &ClassRecord| record.run_id.clone();
        let content = of_runs(&runs, classes, of_class, class_fault);
        found.push(VerifiedFile::new("classes.csv", content));
    }
    if let Some(images) = read::<ImageRecord>(results, "image_scores.csv")? {
        let of_image = |record: &ImageRecord| record.run_id.clone();
        let content = of_runs(&runs, &images, of_image, image_fault);
        found.push(VerifiedFile::new("image_scores.csv", content));
    }
    let cells = read::<CellRecord>(results, "table.csv")?;
    if let Some(cells) = &cells {
        let content = cell_fault(&runs, cells)
            .map_or_else(|| Agreement::Fits("runs and means, from results.csv".into()), Agreement::Differs);
        found.push(VerifiedFile::new("table.csv", content));
    }
    let counts = "the runs' directories are not here, from whose counts it follows";
    for name in [&TABLES[..], &["report.html"]].concat() {
        let path = results.join(name);
        if found.iter().any(|file| file.file == name) || name == "results.csv" {
            continue;
        }
        let bytes = input_file::read_if_present(&path, input_file::REFERENCE_BYTES);
        let Some(bytes) = bytes.with_context(|| format!("cannot read {}", path.display()))? else { continue };
        let fault = cells.as_ref().filter(|_| name == "table.md").and_then(|cells| text_fault(&bytes, cells, &runs));
        let content = fault.map_or_else(|| Agreement::NotChecked(counts.into()), Agreement::Differs);
        found.push(VerifiedFile::new(name, content));
    }
    Ok(found)
}

/// The records of a table; `None` where there is none.
fn read<T: DeserializeOwned>(results: &Path, name: &str) -> Result<Option<Vec<T>>> {
    let path = results.join(name);
    let bytes = input_file::read_if_present(&path, input_file::RESULTS_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let records = read_csv(&bytes, |record: T, _| Ok(record));
    records.map(Some).with_context(|| format!("{} is not as a sweep writes it", path.display()))
}

/// Holds the lines of a table by class or by image against the runs that they are of.
fn of_runs<T>(
    runs: &[RunRecord],
    lines: &[T],
    id: impl Fn(&T) -> String,
    fault: impl Fn(&RunRecord, &[&T]) -> Option<String>,
) -> Agreement {
    let mut groups: BTreeMap<String, Vec<&T>> = BTreeMap::new();
    for line in lines {
        groups.entry(id(line)).or_default().push(line);
    }
    if let Some(id) = groups.keys().find(|id| !runs.iter().any(|run| run.run_id == **id)) {
        return Agreement::Differs(format!("it has lines of run {id}, and results.csv has none"));
    }
    for run in runs.iter().filter(|run| run.is_finished()) {
        match groups.get(&run.run_id) {
            None => return Agreement::Differs(format!("it has no lines of run {}, and results.csv has", run.run_id)),
            Some(lines) => {
                if let Some(why) = fault(run, lines) {
                    return Agreement::Differs(format!("run {}: {why}", run.run_id));
                }
            }
        }
    }
    Agreement::Fits(format!("of the {} runs of results.csv", groups.len()))
}

/// Scores by class that cannot be of one confusion matrix, or do not give the run's means.
fn class_fault(run: &RunRecord, classes: &[&ClassRecord]) -> Option<String> {
    for class in classes {
        let ClassRecord { name, iou, dice, accuracy, .. } = *class;
        let follows = 2.0 * iou / (1.0 + iou);
        if !same(follows, *dice) {
            return Some(format!("Dice {dice} of {name}, and its IoU of {iou} gives {follows}"));
        }
        if accuracy + 1e-12 < *iou {
            return Some(format!("the accuracy of {name}, {accuracy}, is below its IoU, {iou}"));
        }
    }
    let means = [
        ("mIoU", run.miou, class_mean(classes.iter().map(|class| class.iou))),
        ("mDice", run.mdice, class_mean(classes.iter().map(|class| class.dice))),
        ("mAcc", run.macc, class_mean(classes.iter().map(|class| class.accuracy))),
    ];
    for (name, written, computed) in means {
        if !written.is_nan() && !same(written, computed) {
            return Some(format!("{name} is {written} in results.csv, and by its classes {computed}"));
        }
    }
    let [first, second] = classes else { return None };
    of_two_classes(run.aacc, first, second)
}

/// Finds scores of two classes that cannot be together: all follows from both accuracies and the
/// share of the first class, which the accuracy of all pixels gives.
fn of_two_classes(aacc: f64, first: &ClassRecord, second: &ClassRecord) -> Option<String> {
    let (right, other) = (first.accuracy, second.accuracy);
    let share = (aacc - other) / (right - other);
    if !share.is_finite() || (right - other).abs() < 1e-6 {
        return None;
    }
    let iou = share * right / (share + (1.0 - share) * (1.0 - other));
    let close = (0.0..=1.0).contains(&share) && (iou - first.iou).abs() < 1e-6;
    (!close).then(|| {
        format!(
            "the IoU of {} is {}, and by the accuracies of both classes and of all pixels {iou}",
            first.name, first.iou
        )
    })
}

/// Scores of images that cannot be those of the whole.
fn image_fault(run: &RunRecord, images: &[&ImageRecord]) -> Option<String> {
    let aacc: Vec<f64> = images.iter().map(|image| image.aacc).filter(|aacc| !aacc.is_nan()).collect();
    let low = aacc.iter().copied().fold(f64::INFINITY, f64::min);
    let high = aacc.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let outside = !run.aacc.is_nan() && !aacc.is_empty() && !(low - 1e-12..=high + 1e-12).contains(&run.aacc);
    outside.then(|| {
        format!("the accuracy of all pixels is {} in results.csv, and of its images from {low} to {high}", run.aacc)
    })
}

/// Cells that are not of the runs, or whose means and deviations are not theirs.
fn cell_fault(runs: &[RunRecord], cells: &[CellRecord]) -> Option<String> {
    let mut of_cell: BTreeMap<(&str, &str, &str), Vec<&RunRecord>> = BTreeMap::new();
    for run in runs {
        of_cell.entry((&run.experiment, &run.data_fingerprint, &run.rates)).or_default().push(run);
    }
    for ((experiment, fingerprint, rates), runs) in &of_cell {
        let name = format!("{experiment} {rates}");
        let lines: Vec<&CellRecord> = cells
            .iter()
            .filter(|cell| {
                cell.experiment == *experiment && cell.rates == *rates && cell.data_fingerprint == *fingerprint
            })
            .collect();
        let [cell] = lines[..] else { return Some(format!("it has {} lines of {name}", lines.len())) };
        let finished: Vec<&&RunRecord> = runs.iter().filter(|run| run.is_finished()).collect();
        if (cell.runs, cell.failed) != (finished.len(), runs.len() - finished.len()) {
            let (runs, failed) = (finished.len(), runs.len() - finished.len());
            return Some(format!(
                "{name} has {} runs and {} failed, and results.csv {runs} and {failed}",
                cell.runs, cell.failed
            ));
        }
        for (score, pick, written, spread) in [
            ("miou", (|run| run.miou) as fn(&RunRecord) -> f64, cell.miou_mean, cell.miou_sd),
            ("mdice", |run| run.mdice, cell.mdice_mean, cell.mdice_sd),
            ("aacc", |run| run.aacc, cell.aacc_mean, cell.aacc_sd),
        ] {
            let scores: Vec<f64> = finished.iter().map(|run| pick(run)).filter(|score| !score.is_nan()).collect();
            let computed = if scores.is_empty() { f64::NAN } else { mean(&scores) };
            if !same(computed, written) || !same(deviation(&scores).unwrap_or(f64::NAN), spread) {
                return Some(format!("{score} of {name} is {written} ± {spread}, and by results.csv {computed}"));
            }
        }
    }
    let superfluous = cells.iter().find(|cell| {
        !of_cell.contains_key(&(cell.experiment.as_str(), cell.data_fingerprint.as_str(), cell.rates.as_str()))
    });
    superfluous
        .map(|cell| format!("it has a line of {} {}, and results.csv has no runs of it", cell.experiment, cell.rates))
}

/// A verdict of `table.md` as `table.csv` has it: `equal` of `equal within 0.5`, `undetermined` of
/// `undetermined (2.24 would have been found)`.
fn without_number(verdict: &str) -> &str {
    let word = verdict.split(" (").next().unwrap_or(verdict);
    if word.starts_with("equal within ") { "equal" } else { word }
}

/// A verdict in `table.md` that is not that of `table.csv`, or a cell that the one has and not the
/// other.
fn text_fault(text: &[u8], cells: &[CellRecord], runs: &[RunRecord]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let mut experiment = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            experiment = heading.split(": ").next().unwrap_or_default().to_owned();
        }
        let fields: Vec<&str> = line.trim_matches('|').split('|').map(|field| field.trim().trim_matches('*')).collect();
        let (Some(first), Some(last)) = (fields.first(), fields.last()) else { continue };
        let Some(rates) = rates(first).filter(|_| line.starts_with('|') && !experiment.is_empty()) else { continue };
        let cell = cells.iter().find(|cell| cell.experiment == experiment && cell.rates == rates);
        let Some(cell) = cell else { return Some(format!("{experiment} has rates {first}, and table.csv none")) };
        let words = last.chars().next().is_some_and(char::is_alphabetic);
        if words && without_number(last) != cell.verdict {
            return Some(format!("{experiment} {rates} is called {last}, and {} in table.csv", cell.verdict));
        }
        let score = |mean: f64| format!("{:.2}", 100.0 * mean);
        let spread = |field: &&str| field.split(" ± ").next().is_some_and(|mean| field.contains('±') && mean.len() > 2);
        let own = [cell.miou_mean, cell.mdice_mean, cell.aacc_mean].into_iter();
        let means: Vec<String> = own.chain(detection_means(cell, runs)).map(score).collect();
        for field in fields.iter().filter(|field| spread(field)) {
            let mean = field.split(" ± ").next().unwrap_or_default();
            if !means.iter().any(|known| known == mean) {
                return Some(format!(
                    "{experiment} {rates} has {field}, which is no score of it in table.csv or results.csv"
                ));
            }
        }
    }
    None
}

/// Means over seeds of what `table.csv` lacks: sensitivity, specificity, areas under curves.
fn detection_means(cell: &CellRecord, runs: &[RunRecord]) -> Vec<f64> {
    let same = |run: &&RunRecord| {
        let fingerprint = run.data_fingerprint == cell.data_fingerprint;
        run.is_finished() && fingerprint && run.experiment == cell.experiment && run.rates == cell.rates
    };
    let scores: Vec<[f64; 10]> = runs.iter().filter(same).map(RunRecord::detection).collect();
    let mean_of = |place: usize| {
        let known: Vec<f64> = scores.iter().map(|run| run[place]).filter(|score| !score.is_nan()).collect();
        if known.is_empty() { f64::NAN } else { mean(&known) }
    };
    (0..10).map(mean_of).collect()
}

/// Rates as `table.md` writes them, `1, 12, 24, 36 (baseline)`, in the form of names.
fn rates(text: &str) -> Option<String> {
    let list = text.split(" (").next().unwrap_or_default();
    let rates: Option<Vec<usize>> = list.split(", ").map(|rate| rate.parse().ok()).collect();
    rates.filter(|rates| rates.len() > 1).map(|rates| join_rates(&rates))
}
