//! Made-up runs whose best rate is known: what the evidence says of them is tested, and simulated
//! by `examples/simulate_evidence.rs`.

use super::evidence::{Series, SeriesPoint};
use crate::results::scores::Metric;
use crate::support::split_mix::SplitMix;
use atrous_data::DatasetKind;

/// Relative rates an octave apart.
pub const RATES: [f64; 5] = [0.07, 0.14, 0.28, 0.56, 1.1];

/// Nearly normal noise of variance 1: the sum of twelve uniform numbers.
pub fn noise(draws: &mut SplitMix) -> f64 {
    (0..12).map(|_| (draws.draw_below(100_000) as f64 + 0.5) / 100_000.0).sum::<f64>() - 6.0
}

/// Runs at these relative rates on a map whose shorter side is `size`: `score` of the rate, a
/// fraction, plus a seed's effect with a standard deviation of one point, plus noise.
pub fn runs(
    size: usize,
    relative_rates: &[f64],
    seeds: u64,
    deviation: f64,
    draws: &mut SplitMix,
    score: impl Fn(f64) -> f64,
) -> Series {
    let mut points = Vec::new();
    for seed in 0..seeds {
        let of_seed = 0.7 + 0.01 * noise(draws);
        for &relative_rate in relative_rates {
            let score = of_seed + score(relative_rate) + deviation * noise(draws);
            points.push(SeriesPoint { rates: String::new(), seed, relative_rate, score });
        }
    }
    let (dataset, metric) = (DatasetKind::STARE, Metric::Mdice);
    Series {
        experiment: "made-up".into(),
        dataset,
        images: "made-up".into(),
        feature_size: size,
        metric,
        synthetic: false,
        points,
        failed: 0,
    }
}

/// A parabola on a map of 100 with its peak at the relative rate `best`, three seeds, and noise.
pub fn series(best: f64, curvature: f64, deviation: f64, seed: u64) -> Series {
    let mut draws = SplitMix::new(1000 + seed);
    runs(100, &RATES, 3, deviation, &mut draws, |rate| -curvature * (rate / best).ln().powi(2))
}

/// The lists of docs/notes/size-or-objects.md at a size, with their best at the rate `best`.
pub fn at_size(size: usize, best: f64, curvature: f64, deviation: f64, seed: u64) -> Series {
    let mut draws = SplitMix::new(2000 + seed);
    designed(size, 8, deviation, &mut draws, |rate| -curvature * (rate / best).ln().powi(2))
}

/// The lists of docs/notes/size-or-objects.md at a size: those that are not dead, as the score of
/// their largest rate.
pub fn designed(size: usize, seeds: u64, deviation: f64, draws: &mut SplitMix, score: impl Fn(f64) -> f64) -> Series {
    let side = size as f64;
    let live: Vec<f64> =
        [6.0, 12.0, 24.0, 48.0, 96.0].into_iter().filter(|rate| rate / 3.0 < side).map(|r| r / side).collect();
    runs(size, &live, seeds, deviation, draws, |relative| score(relative * side))
}
