//! The course of a run for TensorBoard, beside `log.csv`.

use super::LogRow;
use crate::results::provenance;
use crate::results::scores::Scores;
use crate::run::context::RunContext;
use crate::support::event_file::EventFile;
use anyhow::{Context, Result};

/// Event files of a run; writes nothing where nobody asked for them.
pub struct RunEvents(Option<EventFile>);

impl RunEvents {
    /// Writes nothing.
    pub fn none() -> Self {
        RunEvents(None)
    }

    /// Starts a file in `<folder>/<experiment>/<rates>/<run>`, for a run that goes on from
    /// this iteration.
    ///
    /// # Errors
    /// Names the option and the file.
    pub fn start(context: &RunContext, iteration: u64) -> Result<Self> {
        let Some(root) = context.tensorboard else { return Ok(RunEvents(None)) };
        let settings = context.settings;
        let name = context.dir.path().file_name().unwrap_or_default();
        let folder = root.join(&settings.experiment).join(settings.rates_name()).join(name);
        let file = EventFile::create(&folder, provenance::seconds(), iteration);
        Ok(RunEvents(Some(file.context("--tensorboard")?)))
    }

    /// Adds what an iteration did.
    ///
    /// # Errors
    /// Names the file.
    pub fn log(&mut self, row: &LogRow) -> Result<()> {
        let LogRow { iteration, lr, loss, decode, auxiliary } = *row;
        let values = [("loss/total", loss), ("loss/decode", decode), ("loss/auxiliary", auxiliary), ("lr", lr)];
        self.add(iteration, &values)
    }

    /// Adds the scores after so many iterations, as fractions.
    ///
    /// # Errors
    /// Names the file.
    pub fn scores(&mut self, iteration: u64, scores: &Scores) -> Result<()> {
        let Scores { miou, mdice, aacc, .. } = *scores;
        self.add(iteration, &[("val/mIoU", miou), ("val/mDice", mdice), ("val/aAcc", aacc)])?;
        self.flush()
    }

    /// Writes what is in memory.
    ///
    /// # Errors
    /// Names the file.
    pub fn flush(&mut self) -> Result<()> {
        self.0.as_mut().map_or(Ok(()), EventFile::flush)
    }

    fn add(&mut self, iteration: u64, values: &[(&str, f64)]) -> Result<()> {
        match &mut self.0 {
            Some(file) => file.scalars(provenance::seconds(), iteration, values),
            None => Ok(()),
        }
    }
}
