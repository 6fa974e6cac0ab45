//! Random pixels and labels, for units whose time does not depend on their values.

use crate::conclusions::statistics::split_mix;

/// Numbers that look random and are the same everywhere: the SplitMix64 stream of a seed.
pub(super) struct Noise {
    seed: u64,
    drawn: u64,
}

impl Noise {
    pub fn new(seed: u64) -> Self {
        Noise { seed, drawn: 0 }
    }

    fn next(&mut self) -> u64 {
        self.drawn += 1;
        split_mix(self.seed, self.drawn - 1)
    }

    /// Draws a number from 0 up to, but not including, `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Draws a number uniform in -1..1.
    pub fn signed(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}
