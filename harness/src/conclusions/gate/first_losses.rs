//! The losses of the first steps: until chaos has amplified rounding, they tell whether two
//! programs compute the same.

use super::RecordedRun;
use serde::Serialize;
use std::collections::BTreeMap;

/// The largest differences that rounding may make at the first steps, relative to the recorded
/// loss. On another device the losses of the gate's runs differ by 2e-7, 1e-7 and 2e-5, and by 1e-2
/// at the fifth step: docs/notes/testing.md.
pub const LOSS_TOLERANCES: [f64; 3] = [1e-5, 1e-5, 2e-4];

/// Steps whose losses are recorded and compared.
pub const FIRST_STEPS: usize = LOSS_TOLERANCES.len();

/// The losses of the first steps of runs, by run id.
#[derive(Clone, Debug, Default)]
pub struct FirstLosses(BTreeMap<String, Vec<f64>>);

impl FirstLosses {
    /// Keeps the first of a run's losses, one per step.
    pub fn insert(&mut self, run_id: &str, losses: impl IntoIterator<Item = f64>) {
        self.0.insert(run_id.to_owned(), losses.into_iter().take(FIRST_STEPS).collect());
    }

    /// Empty for a run of which nothing is known.
    pub fn of(&self, run_id: &str) -> &[f64] {
        self.0.get(run_id).map_or(&[], Vec::as_slice)
    }
}

/// How many runs begin with the losses that were recorded of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LossCheck {
    /// Runs whose first losses are known, and are recorded.
    pub comparable: usize,
    /// The first losses that differ by more than rounding, one per run.
    pub changed: Vec<LossChange>,
}

/// The first loss of a run that differs by more than rounding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LossChange {
    pub seed: u64,
    /// Counted from 1.
    pub step: usize,
    pub loss: f64,
    pub recorded: f64,
}

impl LossCheck {
    /// Compares runs of the same id, on whatever device.
    pub fn of(reference: &[RecordedRun], new: &[RecordedRun]) -> Self {
        let mut found = LossCheck::default();
        for run in new {
            let Some(recorded) = reference.iter().find(|recorded| recorded.run_id == run.run_id) else { continue };
            if recorded.first_losses.is_empty() || run.first_losses.is_empty() {
                continue;
            }
            found.comparable += 1;
            found.changed.extend(first_change(recorded, run));
        }
        found
    }

    /// `2 of 3 runs begin with other losses, seed 1 at step 2: 0.731215 and was 0.742108`
    pub fn reason(&self) -> Option<String> {
        let LossChange { seed, step, loss, recorded } = self.changed.first()?;
        Some(format!(
            "{} of {} runs begin with other losses, seed {seed} at step {step}: {loss:.6} and was {recorded:.6}",
            self.changed.len(),
            self.comparable
        ))
    }
}

fn first_change(recorded: &RecordedRun, run: &RecordedRun) -> Option<LossChange> {
    let pairs = run.first_losses.iter().zip(&recorded.first_losses).zip(LOSS_TOLERANCES);
    pairs.enumerate().find_map(|(index, ((&loss, &recorded), tolerance))| {
        // Written so that NaN is a change.
        let same = (loss - recorded).abs() <= tolerance * recorded.abs();
        (!same).then_some(LossChange { seed: run.seed, step: index + 1, loss, recorded })
    })
}
