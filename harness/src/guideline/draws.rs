//! Random draws for the bootstrap: the same on every machine.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(super) struct Draws(u64);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Draws(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    /// One of `values`, each as likely as the others.
    pub fn one_of(&mut self, values: &[f64]) -> f64 {
        values[((u128::from(self.next()) * values.len() as u128) >> 64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs for the seed 1234567, as published with the generator's reference code.
    #[test]
    fn outputs_are_those_of_the_reference_code() {
        let mut draws = Draws::new(1_234_567);
        let outputs = [draws.next(), draws.next(), draws.next()];
        assert_eq!(outputs, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

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
