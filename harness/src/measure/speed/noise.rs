//! Random pixels and labels, for units whose time does not depend on their values.

use crate::support::split_mix::SplitMix;

/// Numbers that look random and are the same everywhere.
pub(super) struct Noise(SplitMix);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Noise(SplitMix::new(seed))
    }

    /// Draws a number from 0 up to, but not including, `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.draw() % end
    }

    /// Draws a number uniform in -1..1.
    pub fn signed(&mut self) -> f32 {
        (self.0.draw() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}
