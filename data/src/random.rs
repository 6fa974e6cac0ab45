//! Counter-based random numbers: a stream is named, not advanced to, so any batch can be drawn on
//! its own.
//!
//! The distributions are written out here, so that an upgrade of a library cannot change what a
//! seed draws.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is for; streams of different purposes are independent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// The order of the samples in an epoch.
    Order = 1,
    /// Resizing, cropping, flipping and colours of a sample.
    Augment = 2,
    /// Drawing of a synthetic image.
    Synthetic = 3,
    /// The blocks of an image that a planted cue hides.
    Cue = 4,
    /// The order in which subjects are dealt out to splits.
    Split = 5,
}

/// A stream of random numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// Opens the stream with these names: `counter` is an iteration, epoch or data set, `stream` a
    /// position in it.
    pub fn new(seed: u64, purpose: Purpose, counter: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&counter.to_le_bytes());
        key[16..24].copy_from_slice(&(purpose as u64).to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Draws uniformly from `[0, 1)`, in steps of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Draws uniformly from `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.uniform() * (high - low)
    }

    /// Draws uniformly from `0..count`; the bias of `count` / 2^64 is beyond measuring.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// Draws true with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Draws a permutation of `0..count` (Fisher-Yates).
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_pinned_and_differ() {
        let draw = |seed, counter, stream| Random::new(seed, Purpose::Augment, counter, stream).uniform();
        // Another value here would mean that no earlier run can be repeated.
        assert_eq!(draw(1, 2, 3), 0.472_563_240_986_699_66);
        let all = [draw(0, 0, 0), draw(1, 0, 0), draw(0, 1, 0), draw(0, 0, 1)];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
        let order = Random::new(0, Purpose::Order, 0, 0).below(1 << 20);
        assert_ne!(order, Random::new(0, Purpose::Augment, 0, 0).below(1 << 20));
    }

    #[test]
    fn draws_are_uniform() {
        let mut random = Random::new(7, Purpose::Augment, 0, 0);
        let mut counts = [0; 6];
        for _ in 0..60_000 {
            counts[random.below(6)] += 1;
        }
        // Standard deviation 91.
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        let mut sorted = random.permutation(100);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
}
