//! Numbers that look random and are the same on every machine, for tables and measurements.
//!
//! Data sets and networks draw from ChaCha; these numbers are in published tables and stay.

/// Number `index` of the stream of a seed: SplitMix64 (Steele, Lea, Flood 2014), whose state is a
/// counter.
pub fn split_mix(seed: u64, index: u64) -> u64 {
    let state = seed.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The numbers of a stream, one after the other.
#[derive(Clone, Debug)]
pub struct SplitMix {
    seed: u64,
    index: u64,
}

impl SplitMix {
    pub fn new(seed: u64) -> Self {
        SplitMix { seed, index: 0 }
    }

    /// Draws the next number, any of 64 bits.
    pub fn draw(&mut self) -> u64 {
        let number = split_mix(self.seed, self.index);
        self.index += 1;
        number
    }

    /// Draws a number from 0 up to, but not including, `end`; the bias of `end` / 2^64 is beyond
    /// measuring.
    pub fn draw_below(&mut self, end: usize) -> usize {
        scaled(self.draw(), end)
    }
}

/// Maps a number of 64 bits to 0..`end`, in order and evenly.
pub fn scaled(number: u64, end: usize) -> usize {
    ((u128::from(number) * end as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_split_mix() {
        // Rosetta Code, "Pseudo-random numbers/Splitmix64".
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!([0, 1, 2, 3, 4].map(|index| split_mix(1_234_567, index)), expected);
        let mut stream = SplitMix::new(1_234_567);
        assert_eq!([0; 5].map(|_| stream.draw()), expected);
    }

    #[test]
    fn numbers_below_an_end_are_drawn_equally_often() {
        let (mut stream, mut counts) = (SplitMix::new(0), [0; 3]);
        for _ in 0..30_000 {
            counts[stream.draw_below(3)] += 1;
        }
        // Standard deviation 82.
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    }
}
