//! Which images a replicate of the bootstrap draws.

/// The seed of all draws: the same runs give the same table, digit for digit, on any machine and with any number of threads.
const SEED: u64 = 230_714_179;

/// How often each of so many images is drawn in a replicate, as many draws as there are images.
///
/// Draws are counted through, replicate by replicate: what a replicate draws depends on its number alone.
pub(super) fn multiplicities(replicate: usize, times: &mut [u64]) {
    times.fill(0);
    let images = times.len();
    for draw in replicate * images..(replicate + 1) * images {
        // Uniform in 0..images; the bias of images / 2^64 is beyond measuring.
        let image = (u128::from(split_mix(SEED, draw as u64)) * images as u128) >> 64;
        times[image as usize] += 1;
    }
}

/// Number `index` of the stream of a seed: SplitMix64 (Steele, Lea, Flood 2014), whose state is a counter.
pub(crate) fn split_mix(seed: u64, index: u64) -> u64 {
    let state = seed.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
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
    }

    #[test]
    fn every_image_is_drawn_equally_often() {
        let (mut times, mut sums) = ([0; 6], [0; 6]);
        for replicate in 0..10_000 {
            multiplicities(replicate, &mut times);
            assert_eq!(times.iter().sum::<u64>(), 6);
            sums.iter_mut().zip(times).for_each(|(sum, times)| *sum += times);
        }
        // 60,000 draws: standard deviation 91.
        assert!(sums.iter().all(|sum| (9_600..10_400).contains(sum)), "{sums:?}");
    }

    #[test]
    fn a_replicate_is_a_function_of_its_number() {
        let draw = |replicate| {
            let mut times = [7; 5];
            multiplicities(replicate, &mut times);
            times
        };
        let first = draw(3);
        draw(4);
        assert_eq!(draw(3), first);
        assert!((4..50).any(|replicate| draw(replicate) != first));
    }
}
