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
        let found = 2.0 * layout.squares.of_a_difference() / (seeds * subjects) as f64;
        assert!((found - expected).abs() < 1e-12, "{arms} {seeds} {subjects}");
        let difference = layout.difference(1, 0);
        assert!((difference.difference - (of_arm(1) - of_arm(0))).abs() < 1e-12);
        // Two arms have one contrast, and all estimates are of it.
        assert!(arms > 2 || (difference.standard_error.powi(2) - expected).abs() < 1e-12);
        assert_eq!(layout.difference_like_an_arm(0.25, 0).difference, 0.25);
    }
}

/// statsmodels 0.15.0: `anova_lm` of `y ~ C(a)*C(s) + C(a)*C(m) + C(s)*C(m)`, of all arms, of two
/// and of the others, put together in NumPy as docs/reference/statistics.md says.
#[test]
fn numbers_are_those_of_another_program() {
    let layout = CrossedLayout::new(values(3, 4, 5)).unwrap();
    let MeanSquares { seeds, subjects, rest } = layout.squares;
    for (found, expected) in [
        (seeds, 0.471_216_839_437_236_47),
        (subjects, 1.264_303_855_325_201_7),
        (rest, 0.105_555_555_555_555_53),
        (layout.difference(1, 0).standard_error, 0.434_537_397_213_425),
        (layout.difference(2, 0).standard_error, 0.445_324_234_042_277),
        (layout.freedom(0), 9.438_367_856_877_82),
        (layout.difference(2, 0).freedom, 9.438_367_856_877_82),
    ] {
        assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    }
}

/// Van Dyke et al. (1993): five readers of 114 cases in two modalities. Hillis, Berbaum and Metz
/// (2008) and the program OR-DBM MRMC 2.51 give the areas under the curve, the components of the
/// variance of pseudovalues, and the standard error of the difference.
#[test]
fn a_published_study_of_five_readers() {
    const CASES: usize = 114;
    let areas = [
        [0.919_645_73, 0.858_776_17, 0.903_864_73, 0.973_107_89, 0.829_790_66],
        [0.947_826_09, 0.905_314_01, 0.921_739_13, 0.999_355_88, 0.929_951_69],
    ];
    // Cases, and readers with cases, by a pattern that has exactly the published mean squares.
    let (of_cases, of_rest) = (0.039_971_60 + 5.0 * 0.011_975_30, 0.039_971_60);
    let by_reader = [1.0, -1.0, 2.0, -2.0, 0.0];
    let cases = (of_cases * (CASES - 1) as f64 / (5 * CASES) as f64).sqrt();
    let rest = (of_rest * (4 * (CASES - 1)) as f64 / (10 * CASES) as f64).sqrt();
    let value = |a: usize, s: usize, m: usize| {
        let sign = if (a + m).is_multiple_of(2) { 0.5f64.sqrt() } else { -(0.5f64.sqrt()) };
        areas[a][s] + sign * (cases + rest * by_reader[s])
    };
    let arm = |a: usize| (0..5).map(|s| (0..CASES).map(|m| value(a, s, m)).collect()).collect();
    let difference = CrossedLayout::new(vec![arm(0), arm(1)]).unwrap().difference(0, 1);
    assert!((difference.difference - -0.043_800_32).abs() < 1e-8, "{difference:?}");
    assert!((difference.standard_error - 0.020_75).abs() < 5e-6, "{difference:?}");
    assert!((2.5 * difference.standard_error.powi(2) - 0.001_076_26).abs() < 5e-9, "{difference:?}");
}

/// The parts of the variance are those of the seeds that ran, and what subjects add does not shrink
/// with more seeds.
#[test]
fn more_seeds_are_expected_to_tell_more() {
    for (arms, seeds, subjects) in [(2, 3, 4), (4, 3, 10), (3, 8, 5)] {
        let layout = CrossedLayout::new(values(arms, seeds, subjects)).unwrap();
        let as_many = layout.expected_with(seeds, 0);
        assert_eq!(as_many.standard_error, layout.difference_like_an_arm(0.0, 0).standard_error);
        assert_eq!(as_many.freedom, layout.freedom(0));
        let MeanSquares { seeds: of_seeds, subjects: of_subjects, rest } = layout.of_all(0);
        for more in [2, 5, 40] {
            let expected = layout.expected_with(more, 0);
            let (s, m) = (more as f64, subjects as f64);
            let each = (of_subjects - rest).max(0.0) / seeds as f64;
            let variance = 2.0 * (of_seeds / (s * m) + each / m);
            assert!((expected.standard_error.powi(2) - variance).abs() < 1e-12, "{arms} {seeds} {subjects}: {more}");
            assert_eq!(expected.standard_error < as_many.standard_error, more > seeds);
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
    assert!((plain.freedom(0) - shifted.freedom(0)).abs() < 1e-9);
}

#[test]
fn freedom_is_between_that_of_both_parts() {
    let of = |seeds: f64, subjects: f64, rest: f64| freedom::of_sum(MeanSquares { seeds, subjects, rest }, 6.0, 27.0);
    // What is short where both have few, and what a baseline that varies more is short of: the
    // shares count for 1/3 of 1 - 1.5 * 6 / 27.
    let short = (1.0 + 0.9 / 27.0) * (1.0 - 0.2 * 2.0 / 9.0);
    let is = |freedom: f64, wanted: f64| assert!((freedom - wanted).abs() < 1e-9, "{freedom} is not {wanted}");
    is(of(1.0, 1.0, 1.0), 6.0 * short);
    is(of(1.0, 0.5, 1.0), 6.0 * short);
    is(of(0.0, 5.0, 0.0), 27.0 * short);
    assert_eq!(of(0.0, 0.0, 0.0), 6.0);
    // Halves: by shares 1 / (1/12 + 1/54), by their squares twice that.
    let by_shares = 0.5 / 6.0 + 0.5 / 27.0;
    is(of(3.0, 3.0, 0.0), short / (by_shares * 2.0 / 9.0 + by_shares / 2.0 * 7.0 / 9.0));
    let halves = |seeds: f64, subjects: f64| {
        let squares = MeanSquares { seeds: 3.0, subjects: 3.0, rest: 0.0 };
        (freedom::of_sum(squares, seeds, subjects), 1.0 / (0.5 / seeds + 0.5 / subjects))
    };
    // Two degrees of freedom tell no shares, and a part that is far better known must not stand in
    // for them.
    let (few, by_shares) = halves(2.0, 1e6);
    assert!((few - 0.8 * by_shares).abs() < 1e-4, "{few}");
    // Where both parts are about equally well known, Satterthwaite's hold, and are short.
    for (seeds, subjects) in [(2.0, 3.0), (4.0, 5.5), (3.0, 2.0)] {
        let (even, by_shares) = halves(seeds, subjects);
        is(even, 2.0 * by_shares * (1.0 + 0.9 / seeds.max(subjects)));
    }
    // Of many degrees of freedom nothing is short.
    let (many, by_shares) = halves(1e4, 1e4);
    assert!((many / by_shares - 2.0).abs() < 1e-3, "{many}");
    // One contrast of two arms; of more, all of them add to a pair's own.
    assert_eq!(freedom::of_part(3.0, 2, 0.4), 3.0);
    assert!(freedom::of_part(3.0, 4, 0.4) > freedom::of_part(3.0, 4, 0.9));
    assert!((freedom::of_part(3.0, 4, 1.0) - 3.0).abs() < 1e-12);
}

/// An arm that varies more than the others has a wider interval than they.
#[test]
fn a_pair_that_varies_more_is_known_less() {
    let mut values = values(4, 5, 6);
    let centre = mean(&values[3].concat());
    values[3].iter_mut().flatten().for_each(|value| *value = centre + 4.0 * (*value - centre));
    let layout = CrossedLayout::new(values).unwrap();
    let of = |arm| layout.difference(arm, 0).standard_error;
    assert!(of(3) > 1.2 * of(1) && of(3) > 1.2 * of(2), "{} {} {}", of(1), of(2), of(3));
}

/// The mean of estimated variances is the true one, also where the common arm has twice the
/// deviations of the others. The pooled variance of before was 30 % too small there.
#[test]
fn a_common_arm_that_varies_more_is_no_surprise() {
    const ROUNDS: u64 = 2000;
    let mut draws = crate::support::split_mix::SplitMix::new(3);
    let mut normal = || (0..12).map(|_| draws.draw_below(1001) as f64 / 1000.0).sum::<f64>() - 6.0;
    let (mut found, mut pooled) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        let mut arm = |deviation: f64| -> Vec<Vec<f64>> {
            let mut of_seed = || {
                let seed = normal();
                (0..4).map(|_| deviation * (seed + 0.1 * normal())).collect()
            };
            (0..3).map(|_| of_seed()).collect()
        };
        let layout = CrossedLayout::new([2.0, 1.0, 1.0, 1.0].map(&mut arm).to_vec()).unwrap();
        found += layout.difference(1, 0).standard_error.powi(2) / ROUNDS as f64;
        pooled += 2.0 * layout.squares.of_a_difference() / 12.0 / ROUNDS as f64;
    }
    // Of three seeds of each arm; what seeds and subjects have together is estimated with them.
    let truth = (4.0 + 1.0) * (1.0 + 0.01 / 4.0) / 3.0;
    assert!((found / truth - 1.0).abs() < 0.06, "{found}, not {truth}");
    assert!((pooled / truth - 0.7).abs() < 0.06, "{pooled}, {truth}");
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
