//! What is written of a run, in its directory or in a `results.csv` alone.

use super::Finding;
use crate::experiment::settings::{RunSettings, run_id_of_version};
use crate::results::image_counts;
use crate::results::result::{Cause, RunFailure, RunResult};
use crate::results::rows::{Line, Row, RowEnd, WrittenRow, read_written};
use crate::results::run_dir::{RunDir, RunFile, RunState};
use crate::results::scores::{Confusion, Scores, class_mean};
use crate::support::input_file;
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::path::Path;

/// A run that somebody says has been made.
#[derive(Clone, Debug)]
pub struct Claim {
    pub run_id: String,
    pub settings: RunSettings,
    /// Of a `results.csv`, whose lines do not say how images are drawn: they were drawn in some way.
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
    pub measured: Option<Measured>,
    /// Whether the scores follow from the counts below them.
    pub scores: Finding,
}

/// What it ended with.
#[derive(Clone, Debug)]
pub struct Measured {
    pub miou: f64,
    pub mdice: f64,
    pub final_loss: f64,
    /// `None` where it is not written.
    pub confusion: Option<Confusion>,
    pub device: String,
    /// Vector instructions or graphics API; empty where it is not written.
    pub api: String,
}

/// The largest difference of two scores that were computed from the same counts and went through text.
const ROUNDING: f64 = 1e-12;

/// Whether two scores are one, NaN included.
pub(super) fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= ROUNDING
}

/// The runs of a folder: of the run directories in it or, where there are none, of its `results.csv`.
///
/// # Errors
/// A folder with neither, and a file that cannot be read or understood; names it.
pub fn read_claims(results: &Path) -> Result<Vec<Claim>> {
    ensure!(results.is_dir(), "{}: no such folder; name one with results", results.display());
    let directories = RunDir::scan(results)?;
    let table = results.join("results.csv");
    let written = match table.is_file() {
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
        if table.is_file() { "its results.csv has no runs" } else { "holds neither finished runs nor a results.csv" };
    ensure!(!claims.is_empty(), "{}: {what}", results.display());
    Ok(claims)
}

fn written_rows(path: &Path) -> Result<Vec<WrittenRow>> {
    let text =
        input_file::read(path, input_file::RESULTS_BYTES).with_context(|| format!("cannot read {}", path.display()))?;
    read_written(&text).with_context(|| format!("{} is not as a sweep writes it", path.display()))
}

/// Of every run that has ended, and of lines of the table that no run stands behind.
fn of_directories(directories: &[RunDir], written: &[WrittenRow]) -> Result<Vec<Claim>> {
    let mut claims = Vec::new();
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
        let line = written.iter().find(|line| line.run_id == row.run_id());
        let contradiction = line.and_then(|line| line.contradiction(&row));
        let mut claim = Claim { misfiled, ..of_run(directory, row) };
        if let (Finding::Fits(_) | Finding::NotChecked(_), Some(why)) = (&claim.scores, contradiction) {
            claim.scores = Finding::Differs(why);
        }
        claims.push(claim);
    }
    for line in written {
        if !claims.iter().any(|claim| claim.run_id == line.run_id) {
            let why = "results.csv has a line of it, and no run directory is behind it".to_owned();
            claims.push(Claim { scores: Finding::Differs(why), ..of_row(line, &ClassScores::new()) });
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
        measured: Some(Measured {
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
        scores: Finding::NotChecked("it ended with an error".into()),
    }
}

/// Scores against the confusion matrix, and that against the counts of each image.
fn scores_of_counts(directory: &RunDir, result: &RunResult) -> Finding {
    let classes = result.settings.dataset.class_names().len();
    let confusion = &result.confusion;
    if confusion.classes != classes || confusion.counts.len() != classes * classes {
        return Finding::Differs(format!("result.json has no counts of {classes} x {classes} classes"));
    }
    if let Some(name) = score_difference(&confusion.scores(), &result.scores) {
        return Finding::Differs(format!("{name} in result.json is not what its counts give"));
    }
    match image_counts::read(&directory.images_csv(), classes) {
        Err(error) => Finding::Differs(format!("{error:#}")),
        Ok(None) => Finding::Fits("from the confusion matrix; there are no counts of images".into()),
        Ok(Some(images)) => {
            let mut sum = Confusion::new(classes);
            images.iter().for_each(|image| sum.merge(&image.confusion));
            if sum == *confusion {
                Finding::Fits(format!("from the pixels of {} images", images.len()))
            } else {
                Finding::Differs("images.csv does not add up to the counts of result.json".into())
            }
        }
    }
}

/// The first score that differs.
fn score_difference(computed: &Scores, written: &Scores) -> Option<&'static str> {
    let lists = [
        ("IoU", &computed.iou, &written.iou),
        ("Dice", &computed.dice, &written.dice),
        ("accuracy", &computed.accuracy, &written.accuracy),
    ];
    let means = [
        ("mIoU", computed.miou, written.miou),
        ("mDice", computed.mdice, written.mdice),
        ("mAcc", computed.macc, written.macc),
        ("aAcc", computed.aacc, written.aacc),
    ];
    let equal = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(*a, *b));
    let list = lists.iter().find(|(_, a, b)| !equal(a, b)).map(|(name, ..)| *name);
    list.or_else(|| means.iter().find(|(_, a, b)| !same(*a, *b)).map(|(name, ..)| *name))
}

/// IoU and Dice of each class, by run.
type ClassScores = HashMap<String, Vec<[f64; 2]>>;

/// Reads a `classes.csv`; nothing where there is none.
fn class_scores(path: &Path) -> Result<ClassScores> {
    let mut found = ClassScores::new();
    if !path.is_file() {
        return Ok(found);
    }
    let context = || format!("{} is not as a sweep writes it", path.display());
    let text =
        input_file::read(path, input_file::RESULTS_BYTES).with_context(|| format!("cannot read {}", path.display()))?;
    let mut reader = csv::Reader::from_reader(&text[..]);
    let header = reader.headers().with_context(context)?.clone();
    for record in reader.records() {
        let record = record.with_context(context)?;
        let line = Line { header: &header, record: &record };
        let score = |column| line.parse_or(column, f64::NAN).with_context(context);
        let run = line.text("run_id").with_context(context)?;
        found.entry(run.to_owned()).or_default().push([score("iou")?, score("dice")?]);
    }
    Ok(found)
}

fn of_row(row: &WrittenRow, classes: &ClassScores) -> Claim {
    let measured = row.scores.map(|scores| Measured {
        miou: scores.miou,
        mdice: scores.mdice,
        final_loss: scores.final_loss,
        confusion: None,
        device: row.device.clone(),
        api: String::new(),
    });
    let scores = match (&measured, classes.get(&row.run_id)) {
        (None, _) => Finding::NotChecked("it ended with an error".into()),
        (_, None) => Finding::NotChecked("there is no line of it in classes.csv".into()),
        (Some(measured), Some(classes)) => scores_of_classes(measured, classes),
    };
    Claim {
        run_id: row.run_id.clone(),
        settings: row.settings.clone(),
        drawn_somehow: row.drawn,
        data_fingerprint: row.data_fingerprint.clone(),
        misfiled: None,
        model_version: None,
        baseline: Vec::new(),
        cause: None,
        measured,
        scores,
    }
}

/// Means against the classes that they are of.
fn scores_of_classes(measured: &Measured, classes: &[[f64; 2]]) -> Finding {
    let mean = |score: usize| class_mean(classes.iter().map(|class| class[score]));
    for (name, computed, written) in [("mIoU", mean(0), measured.miou), ("mDice", mean(1), measured.mdice)] {
        if !same(computed, written) {
            return Finding::Differs(format!("{name} is {written} in results.csv, and by classes.csv {computed}"));
        }
    }
    Finding::Fits(format!("from {} classes", classes.len()))
}
