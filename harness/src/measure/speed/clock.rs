//! The clock that times one unit after the other.

use super::options::SpeedOptions;
use crate::support::progress::Bar;
use anyhow::Result;
use std::time::{Duration, Instant};

/// Units that are timed even where the time is up.
const FEWEST: usize = 3;

/// The times of units.
pub(super) struct Times {
    /// The number of units before the timed ones.
    pub warmup: u64,
    /// The seconds of each timed unit.
    pub seconds: Vec<f64>,
}

/// Times units: first those of the warm-up, which do not count, then those that do.
pub(super) struct Clock {
    warmup: u64,
    units: u64,
    within: Option<Duration>,
    begun: Instant,
    bar: Bar,
}

impl Clock {
    /// Starts the clock: [`SpeedOptions::within`] counts from here.
    pub fn new(options: &SpeedOptions, bar: Bar) -> Self {
        let &SpeedOptions { warmup, units, within, .. } = options;
        Self { warmup, units, within, begun: Instant::now(), bar }
    }

    pub fn lengthen_warmup(&mut self, least: u64) {
        self.warmup = self.warmup.max(least);
        self.bar.set_length(self.warmup + self.units);
    }

    /// Whether this share of the time that all may take is over.
    fn has_spent(&self, share: f64) -> bool {
        self.within.is_some_and(|within| self.begun.elapsed() >= within.mul_f64(share))
    }

    /// Times `unit`, which gets its number, counted from 0 with the warm-up.
    pub fn time(self, mut unit: impl FnMut(u64) -> Result<()>) -> Result<Times> {
        let (mut warmup, mut seconds) = (0, Vec::with_capacity(self.units as usize));
        let warmup_share = self.warmup as f64 / (self.warmup + self.units) as f64;
        for number in 0.. {
            let all = seconds.len() as u64 == self.units;
            if all || seconds.len() >= FEWEST && self.has_spent(1.0) {
                break;
            }
            let is_timed = number >= self.warmup || !seconds.is_empty() || self.has_spent(warmup_share);
            let started = Instant::now();
            unit(number)?;
            if is_timed {
                seconds.push(started.elapsed().as_secs_f64());
            } else {
                warmup += 1;
            }
            self.bar.set(number + 1);
        }
        self.bar.finish();
        Ok(Times { warmup, seconds })
    }
}
