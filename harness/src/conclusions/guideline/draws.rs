//! Random draws for the bootstrap: the same on every machine.

use crate::conclusions::statistics::split_mix;

/// The numbers of a stream, one after the other.
pub(super) struct Draws {
    seed: u64,
    index: u64,
}

impl Draws {
    pub fn new(seed: u64) -> Self {
        Draws { seed, index: 0 }
    }

    /// One of `values`, each as likely as the others.
    pub fn one_of(&mut self, values: &[f64]) -> f64 {
        let number = split_mix(self.seed, self.index);
        self.index += 1;
        values[((u128::from(number) * values.len() as u128) >> 64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_drawn_equally_often() {
        let mut draws = Draws::new(0);
        let mut counts = [0; 3];
        for _ in 0..30_000 {
            counts[draws.one_of(&[0.0, 1.0, 2.0]) as usize] += 1;
        }
        // Standard deviation 82.
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    }
}
