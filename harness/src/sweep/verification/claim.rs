//! What is written of a run, in its directory or in a `results.csv` alone.

use super::Agreement;
use crate::experiment::settings::{RunSettings, run_id_of_version};
use crate::results::csv::read_csv;
use crate::results::image_counts;
use crate::results::result::{Cause, RunFailure, RunResult};
use crate::results::rows::{ClassRecord, Row, RowEnd, WrittenRow, read_written};
use crate::results::run_dir::{RunDir, RunFile, RunState};
use crate::results::scores::{Confusion, class_mean, same};
use crate::support::count::count;
use crate::support::input_file;
use crate::support::lookup;
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::path::Path;

/// A run as it is written down, which is to be believed or not.
#[derive(Clone, Debug)]
pub struct Claim {
    pub run_id: String,
    pub settings: RunSettings,
    /// Whether its images were drawn in some way that is not written, as in the lines of a
    /// `results.csv`.
    pub drawn_somehow: bool,
    pub data_fingerprint: String,
    /// Why its `run.toml` is of another run, if it is.
    pub misfiled: Option<String>,
    /// `None` where it is not written.
    pub model_version: Option<u32>,
    /// The rates that its experiment is compared with; none where it is not written.
    pub baseline: Vec<usize>,
    /// Why it ended with an error; `None` where it did not, or where that is not written.
    pub cause: Option<Cause>,
    /// `None` for a run that ended with an error.
    pub measured: Option<ClaimedResult>,
    /// Whether the scores follow from the counts below them.
    pub scores: Agreement,
}

/// The scores that a run is said to have ended with, and where.
#[derive(Clone, Debug)]
pub struct ClaimedResult {
    pub miou: f64,
    pub mdice: f64,
    pub final_loss: f64,
    /// `None` where it is not written.
    pub confusion: Option<Confusion>,
    pub device: String,
    /// Vector instructions or graphics API; empty where it is not written.
    pub api: String,
}

/// The runs of a folder: of the run directories in it or, where there are none, of its
/// `results.csv`.
///
/// # Errors
/// A folder with neither, and a file that cannot be read or understood; names it.
pub fn read_claims(results: &Path) -> Result<Vec<Claim>> {
    ensure!(lookup::is_dir(results)?, "{}: no such folder; name one with results", results.display());
    let directories = RunDir::scan(results)?;
    let table = results.join("results.csv");
    let written = match lookup::is_file(&table)? {
        true => written_rows(&table)?,
        false => Vec::new(),
    };
    let claims = if directories.is_empty() {
        let classes = class_scores(&results.join("classes.csv"))?;
        written.iter().map(|row| of_row(row, &classes)).collect()
    } else {
        of_directories(&directories, &written)?
    };
    let what =
        if lookup::is_file(&table)? { "its results.csv has no runs" } else { "holds neither runs nor a results.csv" };
    // Runs that have not ended have files to be looked at.
    ensure!(!claims.is_empty() || !directories.is_empty(), "{}: {what}", results.display());
    Ok(claims)
}

fn written_rows(path: &Path) -> Result<Vec<WrittenRow>> {
    let text =
        input_file::read(path, input_file::RESULTS_BYTES).with_context(|| format!("cannot read {}", path.display()))?;
    read_written(&text).with_context(|| format!("{} is not as a sweep writes it", path.display()))
}

/// The claims of every run that has ended, and of lines of the table that no run stands behind.
fn of_directories(directories: &[RunDir], written: &[WrittenRow]) -> Result<Vec<Claim>> {
    let mut claims: Vec<Claim> = Vec::new();
    let is_written =
        |claim: &Claim| written.is_empty() || written.iter().any(|line| line.record.run_id == claim.run_id);
    for directory in directories {
        let end = match directory.state()? {
            RunState::Unfinished => continue,
            RunState::Finished(result) => RowEnd::Finished(result),
            RunState::Failed(failure) => RowEnd::Failed(failure),
        };
        let file = directory.read_run_file()?;
        let (model_version, baseline) = (file.model_version, file.baseline.clone());
        let row = Row { model_version, baseline, expectation: None, end, images: None };
        let misfiled = misfiled(&file, row.run_id());
        let line = written.iter().find(|line| line.record.run_id == row.run_id());
        let contradiction = line.map(|line| line.contradiction(&row)).transpose()?.flatten();
        let mut claim = Claim { misfiled, ..of_run(directory, row) };
        if let (Agreement::Fits(_) | Agreement::NotChecked(_), Some(why)) = (&claim.scores, contradiction) {
            claim.scores = Agreement::Differs(why);
        }
        claims.push(claim);
    }
    for claim in claims.iter_mut().filter(|claim| !is_written(claim)) {
        claim.scores = Agreement::Differs("results.csv has no line of it".into());
    }
    for line in written {
        if !claims.iter().any(|claim| claim.run_id == line.record.run_id) {
            let why = "results.csv has a line of it, and no run directory is behind it".to_owned();
            claims.push(Claim { scores: Agreement::Differs(why), ..of_row(line, &ClassScores::new()) });
        }
    }
    Ok(claims)
}

/// Why a `run.toml` is not of the run that ended beside it.
fn misfiled(file: &RunFile, run_id: &str) -> Option<String> {
    let given = run_id_of_version(file.model_version, &file.settings, &file.data_fingerprint);
    if file.run_id != run_id {
        Some(format!("run.toml is of {}", file.run_id))
    } else if given != run_id {
        Some(format!("settings and data in run.toml give {given}"))
    } else {
        None
    }
}

fn of_run(directory: &RunDir, row: Row) -> Claim {
    let claim = match row.end {
        RowEnd::Finished(result) => of_result(directory, *result),
        RowEnd::Failed(failure) => of_failure(*failure),
    };
    Claim { model_version: Some(row.model_version), baseline: row.baseline, ..claim }
}

fn of_result(directory: &RunDir, result: RunResult) -> Claim {
    Claim {
        scores: scores_of_counts(directory, &result),
        run_id: result.run_id,
        settings: result.settings,
        drawn_somehow: false,
        data_fingerprint: result.data_fingerprint,
        misfiled: None,
        model_version: None,
        baseline: Vec::new(),
        cause: None,
        measured: Some(ClaimedResult {
            miou: result.scores.miou,
            mdice: result.scores.mdice,
            final_loss: result.final_loss,
            confusion: Some(result.confusion),
            device: result.device,
            api: result.api,
        }),
    }
}

fn of_failure(failure: RunFailure) -> Claim {
    Claim {
        run_id: failure.run_id,
        settings: failure.settings,
        drawn_somehow: false,
        data_fingerprint: failure.data_fingerprint,
        misfiled: None,
        model_version: None,
        baseline: Vec::new(),
        cause: Some(failure.cause),
        measured: None,
        scores: Agreement::NotChecked("it ended with an error".into()),
    }
}

/// Scores against the confusion matrix, and that against the counts of each image.
fn scores_of_counts(directory: &RunDir, result: &RunResult) -> Agreement {
    let classes = result.settings.dataset.class_names().len();
    let confusion = &result.confusion;
    if confusion.classes != classes || confusion.counts.len() != classes * classes {
        return Agreement::Differs(format!("result.json has no counts of {classes} x {classes} classes"));
    }
    if let Some(name) = confusion.scores().disagreement(&result.scores) {
        return Agreement::Differs(format!("{name} in result.json is not what its counts give"));
    }
    match image_counts::read(&directory.images_csv(), classes) {
        Err(error) => Agreement::Differs(format!("{error:#}")),
        Ok(None) => Agreement::Fits("from the confusion matrix; there are no counts of images".into()),
        Ok(Some(images)) => {
            let mut sum = Confusion::new(classes);
            images.iter().for_each(|image| sum.merge(&image.confusion));
            if sum == *confusion {
                Agreement::Fits(format!("from the pixels of {}", count(images.len(), "image")))
            } else {
                Agreement::Differs("images.csv does not add up to the counts of result.json".into())
            }
        }
    }
}

/// IoU and Dice of each class, by run.
type ClassScores = HashMap<String, Vec<[f64; 2]>>;

/// Reads a `classes.csv`; nothing where there is none.
fn class_scores(path: &Path) -> Result<ClassScores> {
    let mut found = ClassScores::new();
    if !lookup::is_file(path)? {
        return Ok(found);
    }
    let text =
        input_file::read(path, input_file::RESULTS_BYTES).with_context(|| format!("cannot read {}", path.display()))?;
    let context = || format!("{} is not as a sweep writes it", path.display());
    for class in read_csv(&text, |class: ClassRecord, _| Ok(class)).with_context(context)? {
        found.entry(class.run_id).or_default().push([class.iou, class.dice]);
    }
    Ok(found)
}

fn of_row(row: &WrittenRow, classes: &ClassScores) -> Claim {
    let record = &row.record;
    let measured = record.is_finished().then(|| ClaimedResult {
        miou: record.miou,
        mdice: record.mdice,
        final_loss: record.final_loss,
        confusion: None,
        device: record.device.clone(),
        api: String::new(),
    });
    let scores = match (&measured, classes.get(&record.run_id)) {
        (None, _) => Agreement::NotChecked("it ended with an error".into()),
        (_, None) => Agreement::NotChecked("there is no line of it in classes.csv".into()),
        (Some(measured), Some(classes)) => scores_of_classes(measured, classes),
    };
    Claim {
        run_id: record.run_id.clone(),
        settings: row.settings.clone(),
        drawn_somehow: record.is_synthetic(),
        data_fingerprint: record.data_fingerprint.clone(),
        misfiled: None,
        model_version: None,
        baseline: Vec::new(),
        cause: None,
        measured,
        scores,
    }
}

/// Means against the classes that they are of.
fn scores_of_classes(measured: &ClaimedResult, classes: &[[f64; 2]]) -> Agreement {
    let mean = |score: usize| class_mean(classes.iter().map(|class| class[score]));
    for (name, computed, written) in [("mIoU", mean(0), measured.miou), ("mDice", mean(1), measured.mdice)] {
        if !same(computed, written) {
            return Agreement::Differs(format!("{name} is {written} in results.csv, and by classes.csv {computed}"));
        }
    }
    Agreement::Fits(format!("from {} classes", classes.len()))
}
