//! How a sweep ended.

use crate::results::result::Cause;

/// How far the whole sweep has come that a shard is a part of, by the run directories that are
/// where the shard writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeSweep {
    pub planned: usize,
    /// Runs with a result or an error.
    pub ended: usize,
}

/// How a sweep ended, or the shard of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepEnd {
    pub planned: usize,
    /// Planned runs with a result, from now and from before.
    pub finished: usize,
    /// Planned runs with an error, from now and from before.
    pub failed: usize,
    /// Failed runs that may go well when they are repeated: the program or the device failed, not
    /// the run.
    pub broken: usize,
    /// Runs executed now.
    pub executed: usize,
    pub stopped: bool,
    /// `None` where the sweep is not split.
    pub whole: Option<WholeSweep>,
}

impl SweepEnd {
    /// Planned runs that have neither a result nor an error.
    pub fn remaining(&self) -> usize {
        self.planned - self.finished - self.failed
    }

    /// Whether runs of the sweep are missing that are other shards' to do: what there is answers no
    /// question yet.
    pub fn lacks_shards(&self) -> bool {
        self.whole.is_some_and(|whole| whole.ended < whole.planned)
    }

    /// Counts a run that ended with an error.
    pub(super) fn add_failed(&mut self, cause: Cause) {
        self.failed += 1;
        self.broken += usize::from(!cause.would_repeat());
    }
}
