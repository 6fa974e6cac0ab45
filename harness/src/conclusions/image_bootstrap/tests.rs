//! The bootstrap of made-up counts, against slower ways.

use super::*;
use crate::conclusions::statistics::{Interval, deviation, multiplicities};
use crate::results::scores::Confusion;

/// An image of so many classes, with counts that follow from `number` and no pattern.
fn image(name: usize, classes: usize, number: u64) -> ImageCounts {
    let counts = (0..(classes * classes) as u64).map(|cell| {
        let (truth, prediction) = (cell / classes as u64, cell % classes as u64);
        let noise = (number + 1) * (cell * cell + 7) * 2_654_435_761 % 97;
        if truth == prediction { 400 + 3 * noise } else { noise }
    });
    ImageCounts { image: format!("image {name}"), confusion: Confusion { classes, counts: counts.collect() } }
}

/// So many images of a run; another `number` is another run.
fn run(images: usize, classes: usize, number: u64) -> Vec<ImageCounts> {
    (0..images).map(|name| image(name, classes, number * 1_000 + name as u64)).collect()
}

/// The metric of a drawn list of images, the long way.
fn score(run: &[ImageCounts], drawn: &[usize], metric: Metric) -> f64 {
    let mut sum = Confusion::new(run[0].confusion.classes);
    drawn.iter().for_each(|&image| sum.merge(&run[image].confusion));
    metric.of(&sum.scores())
}

fn difference(seeds: &[(Vec<ImageCounts>, Vec<ImageCounts>)], drawn: &[usize], metric: Metric) -> f64 {
    let scores = seeds.iter().map(|(cell, other)| [score(cell, drawn, metric), score(other, drawn, metric)]);
    let sums = scores.fold([0.0; 2], |sums, scores| [sums[0] + scores[0], sums[1] + scores[1]]);
    (sums[0] - sums[1]) / seeds.len() as f64
}

fn bootstrap(seeds: &[(Vec<ImageCounts>, Vec<ImageCounts>)], metric: Metric) -> Option<PairedBootstrap> {
    let pairs: Vec<_> = seeds.iter().map(|(cell, other)| (cell.as_slice(), other.as_slice())).collect();
    image_bootstrap(&pairs, metric)
}

#[test]
fn every_replicate_is_what_the_plain_way_gives() {
    let seeds = [(run(7, 3, 1), run(7, 3, 2)), (run(7, 3, 3), run(7, 3, 4))];
    for metric in [Metric::Miou, Metric::Mdice] {
        let plain = (0..10_000).map(|replicate| {
            let mut times = [0; 7];
            multiplicities(replicate, &mut times);
            let drawn: Vec<usize> = (0..7).flat_map(|image| vec![image; times[image] as usize]).collect();
            difference(&seeds, &drawn, metric)
        });
        let mut plain: Vec<f64> = plain.collect();
        plain.sort_by(f64::total_cmp);
        let got = bootstrap(&seeds, metric).unwrap().differences;
        assert_eq!(got.len(), plain.len());
        assert!(got.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-14));
    }
}

/// All n^n draws of n images.
fn all_draws(images: usize) -> Vec<Vec<usize>> {
    let draw = |number: usize| (0..images).map(|place| number / images.pow(place as u32) % images).collect();
    (0..images.pow(images as u32)).map(draw).collect()
}

#[test]
fn it_is_close_to_all_draws() {
    for images in [3, 4] {
        let seeds = [(run(images, 2, 5), run(images, 2, 6)), (run(images, 2, 7), run(images, 2, 8))];
        let exact: Vec<f64> = all_draws(images).iter().map(|drawn| difference(&seeds, drawn, Metric::Mdice)).collect();
        let got = bootstrap(&seeds, Metric::Mdice).unwrap();
        let spread = deviation(&exact).unwrap();
        // The standard error of the mean of 10,000 replicates is a hundredth of the spread.
        assert!((mean(&got.differences) - mean(&exact)).abs() < 0.04 * spread, "{images} images");
        let share = |of: &[f64], limit: f64| of.iter().filter(|d| **d <= limit).count() as f64 / of.len() as f64;
        for limit in exact.iter().map(|difference| difference + 1e-9) {
            assert!((share(&got.differences, limit) - share(&exact, limit)).abs() < 0.02, "{images} images, {limit}");
        }
        // Few draws are exact values: the ends lie where the share of all draws passes 2.5 and 97.5
        // percent.
        let interval = got.interval();
        assert!(share(&exact, interval.low - 1e-9) <= 0.03 && share(&exact, interval.low + 1e-9) >= 0.02);
        assert!(share(&exact, interval.high - 1e-9) <= 0.98 && share(&exact, interval.high + 1e-9) >= 0.97);
        let rarer = share(&exact, 0.0).min(1.0 - share(&exact, 0.0));
        let p = (2.0 * rarer).max(0.5f64.powi(images as i32 - 1)).min(1.0);
        assert!((got.p() - p).abs() < 0.03, "{images} images: {}, not {p}", got.p());
    }
}

#[test]
fn a_cell_does_not_differ_from_itself() {
    let got = bootstrap(&[(run(6, 2, 1), run(6, 2, 1))], Metric::Miou).unwrap();
    assert_eq!((got.p(), got.interval()), (1.0, Interval { low: 0.0, high: 0.0 }));
}

#[test]
fn it_does_not_depend_on_the_threads() {
    let seeds = [(run(9, 4, 1), run(9, 4, 2))];
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bootstrap(&seeds, Metric::Miou))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn classes_that_a_draw_lacks_are_left_out() {
    // Only image 0 has class 1: without it the mean is of class 0 alone.
    let counts = |name: usize, counts: [u64; 4]| ImageCounts {
        image: format!("image {name}"),
        confusion: Confusion { classes: 2, counts: counts.to_vec() },
    };
    let cell = vec![counts(0, [50, 0, 0, 50]), counts(1, [100, 0, 0, 0])];
    let other = vec![counts(0, [50, 0, 50, 0]), counts(1, [100, 0, 0, 0])];
    let got = bootstrap(&[(cell, other)], Metric::Miou).unwrap();
    let without = got.differences.iter().filter(|difference| **difference == 0.0).count();
    // A quarter of the draws.
    assert!((2_300..2_700).contains(&without), "{without}");
}

#[test]
fn other_images_cannot_be_compared() {
    let mut renamed = run(5, 2, 2);
    renamed[3].image = "another".into();
    let same = (run(5, 2, 1), run(5, 2, 2));
    assert!(bootstrap(std::slice::from_ref(&same), Metric::Miou).is_some());
    assert!(bootstrap(&[same.clone(), (run(5, 2, 1), renamed)], Metric::Miou).is_none());
    assert!(bootstrap(&[same, (run(4, 2, 1), run(4, 2, 2))], Metric::Miou).is_none());
    assert!(bootstrap(&[(run(5, 2, 1), run(5, 3, 2))], Metric::Miou).is_none());
    assert!(bootstrap(&[(run(1, 2, 1), run(1, 2, 2))], Metric::Miou).is_none());
    assert!(bootstrap(&[], Metric::Miou).is_none());
    let nothing: Vec<ImageCounts> =
        ["a", "b"].map(|name| ImageCounts { image: name.into(), confusion: Confusion::new(2) }).into();
    assert!(bootstrap(&[(nothing.clone(), nothing)], Metric::Miou).is_none());
}

#[test]
fn large_sets_have_fewer_replicates() {
    assert_eq!([replicates(10, 2), replicates(500, 19), replicates(11_644, 16)], [10_000, 10_000, 1_073]);
    assert_eq!(replicates(1_000_000, 16), 1_000);
}
