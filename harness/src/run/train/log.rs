//! `log.csv`, a row per iteration, and `evaluations.csv`, a row per evaluation on the way.

use crate::results::scores::{Scores, scored};
use crate::support::atomic_file;
use crate::support::input_file;
use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What an iteration did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    /// From 0.
    pub iteration: u64,
    pub lr: f64,
    /// What was minimised: decode + auxiliary.
    pub loss: f64,
    /// Cross entropy of the ASPP head.
    pub decode: f64,
    /// Cross entropy of the auxiliary head, weighted.
    pub auxiliary: f64,
}

/// The rows of all iterations so far. Written whole with each checkpoint.
pub struct Log {
    path: PathBuf,
    rows: Vec<LogRow>,
}

impl Log {
    pub fn new(path: PathBuf) -> Self {
        Log { path, rows: Vec::new() }
    }

    /// Reads the rows before `iteration`; later ones are of work that is done again.
    ///
    /// # Errors
    /// A file that is missing, damaged or too short; names it.
    pub fn resume(&mut self, iteration: u64) -> Result<()> {
        let rows: Vec<LogRow> = read_rows(&self.path)?;
        self.rows = rows.into_iter().filter(|row| row.iteration < iteration).collect();
        anyhow::ensure!(
            self.rows.len() as u64 == iteration,
            "{} lacks rows before iteration {iteration}: remove the run's directory to start it again",
            self.path.display()
        );
        Ok(())
    }

    pub fn push(&mut self, row: LogRow) {
        self.rows.push(row);
    }

    /// NaN before the first iteration.
    pub fn last_loss(&self) -> f64 {
        self.rows.last().map_or(f64::NAN, |row| row.loss)
    }

    /// # Errors
    /// Names the file.
    pub fn write(&self) -> Result<()> {
        write_rows(&self.path, &self.rows)
    }
}

/// The scores of an evaluation on the way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRow {
    /// Iterations that were done.
    pub iteration: u64,
    pub miou: f64,
    pub mdice: f64,
    pub aacc: f64,
}

scored!(EvaluationRow, f64);

/// Evaluations so far; written with each.
pub struct Evaluations {
    path: PathBuf,
    rows: Vec<EvaluationRow>,
}

impl Evaluations {
    pub fn new(path: PathBuf) -> Self {
        Evaluations { path, rows: Vec::new() }
    }

    /// Reads those up to `iteration`.
    ///
    /// # Errors
    /// A damaged file; names it.
    pub fn resume(&mut self, iteration: u64) -> Result<()> {
        self.rows = read_evaluations(&self.path)?;
        self.rows.retain(|row| row.iteration <= iteration);
        Ok(())
    }

    /// Whether there is one after so many iterations.
    pub fn has(&self, iteration: u64) -> bool {
        self.rows.iter().any(|row| row.iteration == iteration)
    }

    /// # Errors
    /// Names the file that cannot be written.
    pub fn push(&mut self, iteration: u64, scores: &Scores) -> Result<()> {
        let Scores { miou, mdice, aacc, .. } = *scores;
        self.rows.retain(|row| row.iteration < iteration);
        self.rows.push(EvaluationRow { iteration, miou, mdice, aacc });
        write_rows(&self.path, &self.rows)
    }
}

/// The rows of a `log.csv`.
///
/// # Errors
/// Names the file that is missing or damaged.
pub fn read_log(path: &Path) -> Result<Vec<LogRow>> {
    read_rows(path)
}

/// The rows of an `evaluations.csv`; none where there is no such file, as in runs that were scored
/// at the end alone.
///
/// # Errors
/// A damaged file; names it.
pub fn read_evaluations(path: &Path) -> Result<Vec<EvaluationRow>> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        _ => read_rows(path),
    }
}

fn write_rows<T: Serialize>(path: &Path, rows: &[T]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let bytes = writer.into_inner().with_context(|| format!("cannot write {}", path.display()))?;
    atomic_file::write(path, bytes)
}

fn read_rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let file = input_file::open(path, input_file::LOG_BYTES);
    let mut reader = csv::Reader::from_reader(file.with_context(|| format!("cannot read {}", path.display()))?);
    let rows: Result<Vec<T>, csv::Error> = reader.deserialize().collect();
    rows.with_context(|| format!("cannot understand {}: remove the run's directory to start it again", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(iteration: u64) -> LogRow {
        LogRow { iteration, lr: 0.01 / 3.0, loss: 1.0 / 7.0, decode: 0.1, auxiliary: 1e-9 }
    }

    #[test]
    fn rows_after_the_checkpoint_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        let mut log = Log::new(path.clone());
        assert!(log.last_loss().is_nan());
        (0..5).for_each(|i| log.push(row(i)));
        log.write().unwrap();
        let mut again = Log::new(path.clone());
        again.resume(3).unwrap();
        assert_eq!(again.rows, (0..3).map(row).collect::<Vec<_>>());
        let error = Log::new(path).resume(6).unwrap_err().to_string();
        assert!(error.contains("log.csv lacks rows before iteration 6"), "{error}");
    }

    #[test]
    fn a_repeated_evaluation_replaces_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evaluations.csv");
        let scores = crate::results::scores::Confusion { classes: 2, counts: vec![3, 1, 0, 4] }.scores();
        let mut evaluations = Evaluations::new(path.clone());
        evaluations.resume(0).unwrap();
        for iteration in [10, 20, 30] {
            evaluations.push(iteration, &scores).unwrap();
        }
        let mut again = Evaluations::new(path);
        again.resume(20).unwrap();
        again.push(20, &scores).unwrap();
        assert_eq!(again.rows.iter().map(|row| row.iteration).collect::<Vec<_>>(), [10, 20]);
    }
}
