//! `log.csv`, a row per iteration, and `evaluations.csv`, a row per evaluation on the way.

use crate::results::scores::{Scores, scored};
use crate::support::atomic_file;
use crate::support::checksum::HeadChecksum;
use crate::support::input_file;
use crate::support::lookup;
use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What to do about a file that the run cannot go on with.
const ANEW: &str = "give --discard to the sweep, or remove the run's directory, to start the run anew";

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
    /// A file that is missing, damaged, too short, or does not begin as it did when the checkpoint
    /// was written; names it.
    pub fn resume(&mut self, iteration: u64, head: Option<&HeadChecksum>) -> Result<()> {
        let rows: Vec<LogRow> = read_rows(&self.path, head)?;
        self.rows = rows.into_iter().filter(|row| row.iteration < iteration).collect();
        anyhow::ensure!(
            self.rows.len() as u64 == iteration,
            "{} lacks rows before iteration {iteration}: {ANEW}",
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

    /// Writes the file, and returns its checksum.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self) -> Result<HeadChecksum> {
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
    /// The file with these rows; `None` where there is none.
    written: Option<HeadChecksum>,
}

impl Evaluations {
    pub fn new(path: PathBuf) -> Self {
        Evaluations { path, rows: Vec::new(), written: None }
    }

    /// Reads those up to `iteration`.
    ///
    /// # Errors
    /// A file that is damaged, or does not begin as it did when the checkpoint was written; names
    /// it.
    pub fn resume(&mut self, iteration: u64, head: Option<&HeadChecksum>) -> Result<()> {
        let there = lookup::is_there(&self.path)?;
        self.rows = if there || head.is_some() { read_rows(&self.path, head)? } else { Vec::new() };
        self.rows.retain(|row| row.iteration <= iteration);
        self.written = if self.rows.is_empty() { None } else { Some(HeadChecksum::of(&text(&self.path, &self.rows)?)) };
        Ok(())
    }

    /// The checksum of the file with these rows; `None` where there is none.
    pub fn written(&self) -> Option<HeadChecksum> {
        self.written.clone()
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
        self.written = Some(write_rows(&self.path, &self.rows)?);
        Ok(())
    }
}

/// The rows of a `log.csv`.
///
/// # Errors
/// Names the file that is missing or damaged.
pub fn read_log(path: &Path) -> Result<Vec<LogRow>> {
    read_rows(path, None)
}

/// The rows of an `evaluations.csv`; none where there is no such file, as in runs that were scored
/// at the end alone.
///
/// # Errors
/// A damaged file; names it.
pub fn read_evaluations(path: &Path) -> Result<Vec<EvaluationRow>> {
    if lookup::is_there(path)? { read_rows(path, None) } else { Ok(Vec::new()) }
}

fn write_rows<T: Serialize>(path: &Path, rows: &[T]) -> Result<HeadChecksum> {
    let bytes = text(path, rows)?;
    atomic_file::write(path, &bytes)?;
    Ok(HeadChecksum::of(&bytes))
}

/// The text of the file at `path` with these rows.
fn text<T: Serialize>(path: &Path, rows: &[T]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).with_context(|| format!("cannot write {}", path.display()))?;
    }
    writer.into_inner().with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a file that begins as it did when `head` was taken.
fn read_rows<T: DeserializeOwned>(path: &Path, head: Option<&HeadChecksum>) -> Result<Vec<T>> {
    let bytes = input_file::read(path, input_file::LOG_BYTES);
    let bytes = bytes.with_context(|| format!("cannot read {}: {ANEW}", path.display()))?;
    let cannot = || format!("cannot understand {}: {ANEW}", path.display());
    head.map_or(Ok(()), |head| head.check(&bytes)).with_context(cannot)?;
    let rows: Result<Vec<T>, csv::Error> = csv::Reader::from_reader(&bytes[..]).deserialize().collect();
    rows.with_context(cannot)
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
        again.resume(3, None).unwrap();
        assert_eq!(again.rows, (0..3).map(row).collect::<Vec<_>>());
        let error = Log::new(path.clone()).resume(6, None).unwrap_err().to_string();
        assert!(error.contains("log.csv lacks rows before iteration 6"), "{error}");
        let head = log.write().unwrap();
        log.push(row(5));
        log.write().unwrap();
        again.resume(5, Some(&head)).unwrap();
        let changed = std::fs::read_to_string(&path).unwrap().replacen("0.1,", "0.2,", 1);
        std::fs::write(&path, changed).unwrap();
        let error = format!("{:#}", again.resume(5, Some(&head)).unwrap_err());
        assert!(error.contains("log.csv") && error.contains("not what was written"), "{error}");
    }

    #[test]
    fn a_repeated_evaluation_replaces_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evaluations.csv");
        let scores = crate::results::scores::Confusion { classes: 2, counts: vec![3, 1, 0, 4] }.scores();
        let mut evaluations = Evaluations::new(path.clone());
        evaluations.resume(0, None).unwrap();
        for iteration in [10, 20, 30] {
            evaluations.push(iteration, &scores).unwrap();
        }
        let mut again = Evaluations::new(path);
        again.resume(20, None).unwrap();
        again.push(20, &scores).unwrap();
        assert_eq!(again.rows.iter().map(|row| row.iteration).collect::<Vec<_>>(), [10, 20]);
    }
}
