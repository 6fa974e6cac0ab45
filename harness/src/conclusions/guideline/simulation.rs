//! What the evidence says of made-up runs whose truth is known, in small. In full, and with the
//! figures: `cargo run --release --example simulate_evidence`, docs/notes/evidence.md.

use super::curve::PooledCurve;
use super::made_up::{RATES, designed, runs, series};
use super::pooled_runs::PooledRuns;
use super::{ClaimVerdict, Evidence, Optimum, Pooled, RateModel, Series, SizeClaim};
use crate::support::split_mix::SplitMix;

/// Standard deviation of a run: 0.6 points.
const DEVIATION: f64 = 0.006;

/// Series on data sets of their own.
fn apart(series: impl Iterator<Item = Series>) -> Evidence {
    let named = |(index, series): (usize, Series)| Series { images: index.to_string(), ..series };
    Evidence { series: series.enumerate().map(named).collect(), ..Evidence::default() }
}

/// The median of a set clamped low and one clamped high was named the optimum in half of all cases.
#[test]
fn noise_has_no_optimum() {
    for sets in [1, 2, 3, 5] {
        let named = |seed: &u64| {
            let mut draws = SplitMix::new(100 * sets + seed);
            let evidence = apart((0..sets).map(|_| runs(128, &RATES, 3, 0.0065, &mut draws, |_| 0.0)));
            Pooled::at(128, &evidence, &SizeClaim::of(&evidence)).is_ok()
        };
        // Of 100 at 2.5 %, the level of the curvature's test.
        let count = (0..100).filter(named).count();
        assert!(count <= 6, "{sets} sets: {count}");
    }
}

/// Crops of 32, 64 and 128, five lists, eight seeds; a rate two octaves off loses `lost`.
fn design(draws: &mut SplitMix, lost: f64, best: impl Fn(f64) -> f64) -> Evidence {
    let octaves = |rate: f64, best: f64| (rate / best).log2() / 2.0;
    let sizes = [32, 64, 128].into_iter();
    let series = sizes.map(|size| {
        let best = best(size as f64);
        designed(size, 8, DEVIATION, draws, |rate| -lost * octaves(rate, best).powi(2))
    });
    Evidence { series: series.collect(), ..Evidence::default() }
}

#[test]
fn the_right_model_is_named() {
    let count = |lost: f64, best: fn(f64) -> f64, wanted: fn(&SizeClaim) -> bool| {
        let mut draws = SplitMix::new(7);
        (0..40).filter(|_| wanted(&SizeClaim::of(&design(&mut draws, lost, best)))).count()
    };
    let size = count(0.01, |size| 0.375 * size, |claim| claim.verdict == ClaimVerdict::Supported);
    let objects = count(0.01, |_| 24.0, |claim| claim.verdict == ClaimVerdict::Contradicted);
    let flat = count(
        0.0,
        |_| 24.0,
        |claim| claim.verdict == ClaimVerdict::Open && claim.models.as_ref().unwrap().best() == RateModel::Flat,
    );
    assert!(size >= 34 && objects >= 34 && flat >= 36, "of 40: {size} {objects} {flat}");
    let by_criterion = count(0.01, |_| 24.0, |claim| claim.models.as_ref().unwrap().best() == RateModel::Objects);
    assert!(by_criterion >= 38, "{by_criterion}");
}

/// Seeds share their noise over all rates: the term per seed takes it out.
#[test]
fn intervals_cover_the_known_optimum_nineteen_times_in_twenty() {
    let covers = |seed: &u64| {
        let series = series(0.3, 0.02, 0.01, *seed);
        PooledCurve::fit(&PooledRuns::of(&[&series]), 1.0).unwrap().interval.contains(0.3)
    };
    let share = (0..2000).filter(covers).count() as f64 / 2000.0;
    assert!((0.94..=0.965).contains(&share), "{share}");
    assert!(Optimum::of(&series(0.3, 0.02, 0.01, 0)).interval().is_some());
}

#[test]
fn intervals_of_the_slope_cover_the_truth_nineteen_times_in_twenty() {
    let mut draws = SplitMix::new(11);
    let covered = (0..200).filter(|_| {
        let slope = SizeClaim::of(&design(&mut draws, 0.01, |size| 0.375 * size)).slope.unwrap();
        slope.allows_size && slope.low.is_none_or(|low| low <= 1.0) && slope.high.is_none_or(|high| high >= 1.0)
    });
    let covered = covered.count();
    // Of 200 at 95 %: 190, standard deviation 3.
    assert!((181..=198).contains(&covered), "{covered}");
}
