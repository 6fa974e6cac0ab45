//! Paired bootstrap: how a difference would vary had other items been sampled.

use super::paired::least_sign_flip_p;
use super::{CONFIDENCE, Interval};
use crate::support::split_mix::{scaled, split_mix};
use rayon::prelude::*;

/// The seed of all draws: the same runs give the same table, digit for digit, on any machine and
/// with any number of threads.
const SEED: u64 = 230_714_179;

/// Differences of two means, each over items drawn with replacement: the same ones for both.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedBootstrap {
    /// The difference of each replicate, ascending; at least one.
    pub(in crate::conclusions) differences: Vec<f64>,
    items: usize,
}

impl PairedBootstrap {
    /// Draws so many replicates of so many items. `difference` gets a `buffer` of its thread, and
    /// how often each item is drawn.
    ///
    /// `None` below two items: one alone has no spread. `None` also where every difference is NaN.
    pub fn new<Buffer>(
        items: usize,
        replicates: usize,
        buffer: impl Fn() -> Buffer + Sync + Send,
        difference: impl Fn(&mut Buffer, &[u64]) -> f64 + Sync + Send,
    ) -> Option<Self> {
        if items < 2 {
            return None;
        }
        let replicate = |(times, buffer): &mut (Vec<u64>, Buffer), replicate| {
            multiplicities(replicate, times);
            difference(buffer, times)
        };
        let all = (0..replicates).into_par_iter().map_init(|| (vec![0; items], buffer()), replicate);
        let mut differences: Vec<f64> = all.collect();
        differences.retain(|difference| !difference.is_nan());
        differences.sort_by(f64::total_cmp);
        (!differences.is_empty()).then_some(PairedBootstrap { differences, items })
    }

    /// 95 % interval: between the 2.5th and the 97.5th percentile of the replicates.
    pub fn interval(&self) -> Interval {
        let tail = (1.0 - CONFIDENCE) / 2.0;
        Interval { low: self.quantile(tail), high: self.quantile(1.0 - tail) }
    }

    /// Two-sided p-value: twice the share of the replicates on the rarer side of 0, those at 0 and
    /// one more counted with it.
    ///
    /// Never less than 2^(1 - n) for n items, what the sign-flip test gives where all of them
    /// agree: however often a handful of images is drawn again, it shows no more than that.
    pub fn p(&self) -> f64 {
        let below = self.differences.iter().filter(|difference| **difference <= 0.0).count();
        let above = self.differences.iter().filter(|difference| **difference >= 0.0).count();
        let share = (below.min(above) + 1) as f64 / (self.differences.len() + 1) as f64;
        (2.0 * share).max(least_sign_flip_p(self.items)).min(1.0)
    }

    /// Interpolates linearly between the sorted replicates.
    fn quantile(&self, share: f64) -> f64 {
        let place = share * (self.differences.len() - 1) as f64;
        let (low, high) = (self.differences[place.floor() as usize], self.differences[place.ceil() as usize]);
        low + place.fract() * (high - low)
    }
}

/// Counts how often each of `times.len()` items is drawn in a replicate, as many draws as there are
/// items.
///
/// Draws are counted through, replicate by replicate: what a replicate draws depends on its number
/// alone.
pub fn multiplicities(replicate: usize, times: &mut [u64]) {
    times.fill(0);
    let items = times.len();
    for draw in replicate * items..(replicate + 1) * items {
        times[scaled(split_mix(SEED, draw as u64), items)] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_drawn_equally_often() {
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

    /// Tables that were published hold these draws.
    #[test]
    fn draws_are_pinned() {
        let mut times = [0; 10];
        multiplicities(7, &mut times);
        assert_eq!(times, [1, 1, 0, 0, 1, 1, 1, 1, 4, 0]);
    }

    #[test]
    fn p_and_interval_of_known_replicates() {
        let of = |differences: Vec<f64>, items| PairedBootstrap { differences, items };
        let ascending: Vec<f64> = (0..=400).map(|i| f64::from(i - 20)).collect();
        let bootstrap = of(ascending, 100);
        // 21 of 401 are at most 0.
        assert!((bootstrap.p() - 2.0 * 22.0 / 402.0).abs() < 1e-15);
        let Interval { low, high } = bootstrap.interval();
        assert!((low + 10.0).abs() < 1e-9 && (high - 370.0).abs() < 1e-9, "{low} to {high}");
        assert_eq!(of(vec![0.0; 1_000], 100).p(), 1.0);
        assert!((of(vec![1.0; 999], 100).p() - 0.002).abs() < 1e-15);
        assert!((of(vec![-1.0; 999], 100).p() - 0.002).abs() < 1e-15);
        assert_eq!(of(vec![1.0; 999], 5).p(), 1.0 / 16.0);
    }

    #[test]
    fn one_item_and_no_number_have_no_spread() {
        assert!(PairedBootstrap::new(1, 10, || (), |_, _| 0.5).is_none());
        assert!(PairedBootstrap::new(2, 10, || (), |_, _| f64::NAN).is_none());
        assert_eq!(PairedBootstrap::new(2, 10, || (), |_, _| 0.5).unwrap().differences, [0.5; 10]);
    }
}
