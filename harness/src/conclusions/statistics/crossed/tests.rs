//! Mean squares and variances against the longer way.

use super::*;

/// Values of made-up arms, seeds and subjects: effects of each, and a remainder without pattern.
fn values(arms: usize, seeds: usize, subjects: usize) -> Vec<Vec<Vec<f64>>> {
    let noise = |number: usize| ((number + 3) * (number + 11) * 2_654_435_761 % 1_009) as f64 / 1_009.0;
    let value = |a: usize, s: usize, m: usize| {
        let shared = 3.0 * noise(s) + 5.0 * noise(100 + m);
        0.2 * a as f64
            + shared
            + noise(7 * a + 1_000 * s)
            + 2.0 * noise(50 + 13 * a + 70 * m)
            + noise(a + 31 * s + 977 * m)
    };
    let arm = |a: usize| (0..seeds).map(|s| (0..subjects).map(|m| value(a, s, m)).collect()).collect();
    (0..arms).map(arm).collect()
}

fn covariance(left: &[f64], right: &[f64]) -> f64 {
    let (l, r) = (mean(left), mean(right));
    left.iter().zip(right).map(|(a, b)| (a - l) * (b - r)).sum::<f64>() / (left.len() - 1) as f64
}

/// Obuchowski and Rockette's (1995) formulas: the mean square of the scores by arm and seed, and
/// the covariances of scores over subjects, here of means over subjects.
#[test]
fn the_variance_is_that_of_obuchowski_and_rockette() {
    for (arms, seeds, subjects) in [(2, 3, 4), (4, 3, 10), (3, 8, 5)] {
        let values = values(arms, seeds, subjects);
        let layout = CrossedLayout::new(values.clone()).unwrap();
        let score = |a: usize, s: usize| mean(&values[a][s]);
        let all: Vec<(usize, usize)> = (0..arms).flat_map(|a| (0..seeds).map(move |s| (a, s))).collect();
        let over = |wanted: &dyn Fn((usize, usize), (usize, usize)) -> bool| {
            let pairs = all.iter().flat_map(|l| all.iter().map(move |r| (*l, *r))).filter(|(l, r)| wanted(*l, *r));
            let cov = |((a, s), (b, t)): ((usize, usize), (usize, usize))| {
                covariance(&values[a][s], &values[b][t]) / subjects as f64
            };
            mean(&pairs.map(cov).collect::<Vec<_>>())
        };
        let same_arm = over(&|(a, s), (b, t)| a == b && s != t);
        let neither = over(&|(a, s), (b, t)| a != b && s != t);
        let of_arm = |a: usize| mean(&(0..seeds).map(|s| score(a, s)).collect::<Vec<_>>());
        let of_seed = |s: usize| mean(&(0..arms).map(|a| score(a, s)).collect::<Vec<_>>());
        let whole = mean(&(0..arms).map(of_arm).collect::<Vec<_>>());
        let square = |(a, s): &(usize, usize)| (score(*a, *s) - of_arm(*a) - of_seed(*s) + whole).powi(2);
        let square = all.iter().map(square).sum::<f64>() / ((arms - 1) * (seeds - 1)) as f64;
        let expected = 2.0 / seeds as f64 * (square + (seeds as f64 * (same_arm - neither)).max(0.0));
        let difference = layout.difference_like_an_arm(0.25);
        assert!((difference.standard_error.powi(2) - expected).abs() < 1e-12, "{arms} {seeds} {subjects}");
        assert!((layout.difference(1, 0).difference - (of_arm(1) - of_arm(0))).abs() < 1e-12);
        assert_eq!(difference.difference, 0.25);
    }
}

/// The parts of the variance are those of the seeds that ran, and what subjects add does not shrink
/// with more seeds.
#[test]
fn more_seeds_are_expected_to_tell_more() {
    for (arms, seeds, subjects) in [(2, 3, 4), (4, 3, 10), (3, 8, 5)] {
        let layout = CrossedLayout::new(values(arms, seeds, subjects)).unwrap();
        assert_eq!(layout.expected_with(seeds), layout.difference_like_an_arm(0.0));
        let MeanSquares { seeds: of_seeds, subjects: of_subjects, rest } = layout.squares();
        for more in [2, 5, 40] {
            let expected = layout.expected_with(more);
            let (s, m) = (more as f64, subjects as f64);
            let each = (of_subjects - rest).max(0.0) / seeds as f64;
            let variance = 2.0 * (of_seeds / (s * m) + each / m);
            assert!((expected.standard_error.powi(2) - variance).abs() < 1e-12, "{arms} {seeds} {subjects}: {more}");
            assert_eq!(expected.standard_error < layout.expected_with(seeds).standard_error, more > seeds);
        }
    }
}

#[test]
fn what_all_arms_share_has_no_part() {
    let plain = values(3, 4, 5);
    let mut shifted = plain.clone();
    for arm in &mut shifted {
        for (s, seed) in arm.iter_mut().enumerate() {
            seed.iter_mut().enumerate().for_each(|(m, value)| *value += 10.0 * s as f64 - 7.0 * m as f64);
        }
    }
    let [plain, shifted] = [plain, shifted].map(|values| CrossedLayout::new(values).unwrap());
    assert!((plain.difference(2, 0).standard_error - shifted.difference(2, 0).standard_error).abs() < 1e-12);
    assert!((plain.freedom() - shifted.freedom()).abs() < 1e-9);
}

#[test]
fn freedom_is_between_that_of_both_factors() {
    let of = |seeds: f64, subjects: f64, rest: f64| {
        let layout = CrossedLayout::new(values(4, 3, 10)).unwrap();
        CrossedLayout { squares: MeanSquares { seeds, subjects, rest }, ..layout }.freedom()
    };
    // (4 - 1) (3 - 1) and (4 - 1) (10 - 1).
    assert_eq!(of(1.0, 1.0, 1.0), 6.0);
    assert_eq!(of(1.0, 0.5, 1.0), 6.0);
    assert!((of(0.0, 5.0, 0.0) - 27.0).abs() < 1e-9);
    assert!((of(3.0, 3.0, 0.0) - 1.0 / (0.5 / 6.0 + 0.5 / 27.0)).abs() < 1e-9);
    assert_eq!(of(0.0, 0.0, 0.0), 6.0);
    // A share of more than the whole is none.
    assert!((of(0.1, 5.0, 4.9) - 1.0 / (0.5 / 6.0 + 1.0 / 27.0)).abs() < 1e-9);
}

/// An arm that varies more than the others has a wider interval, and no other arm's becomes
/// narrower than the section's.
#[test]
fn a_pair_that_varies_more_is_known_less() {
    let mut values = values(4, 5, 6);
    let centre = mean(&values[3].concat());
    values[3].iter_mut().flatten().for_each(|value| *value = centre + 4.0 * (*value - centre));
    let layout = CrossedLayout::new(values).unwrap();
    let pooled = layout.difference_like_an_arm(0.0).standard_error;
    let of = |arm| layout.difference(arm, 0).standard_error;
    assert!(of(3) > pooled && of(1) == pooled && of(2) == pooled);
}

#[test]
fn what_is_not_crossed_has_no_layout() {
    assert!(CrossedLayout::new(vec![]).is_none());
    assert!(CrossedLayout::new(values(1, 3, 4)).is_none());
    assert!(CrossedLayout::new(values(2, 1, 4)).is_none());
    assert!(CrossedLayout::new(values(2, 3, 1)).is_none());
    let mut uneven = values(2, 3, 4);
    uneven[1][2].pop();
    assert!(CrossedLayout::new(uneven).is_none());
    let mut uneven = values(2, 3, 4);
    uneven[1].pop();
    assert!(CrossedLayout::new(uneven).is_none());
}
