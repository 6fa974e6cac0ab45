//! Findings 5 to 9: sections of a table, and the gate.

use super::former::{corrected, interval_by_seeds, p_by_images, p_by_seeds};
use crate::conclusions::analysis::{Contrast, Missing, SectionAnalysis};
use crate::conclusions::statistics::{CrossedLayout, Dunnett, deviation, mean};
use crate::experiment::settings::{RunSettings, tests::example as settings};
use crate::results::rows::{Row, testing};
use crate::results::scores::Metric;
use crate::support::split_mix::SplitMix;
use atrous_data::DatasetKind;

/// Draws of variance 1, nearly normal.
fn normal(draws: &mut SplitMix) -> f64 {
    (0..12).map(|_| draws.draw_below(100_000) as f64 / 100_000.0).sum::<f64>() - 6.0
}

/// A run with so many right pixels of the foreground in each image.
fn row(arm: u64, seed: u64, dataset: DatasetKind, names: &[&str], found: impl Fn(u64) -> u64) -> Row {
    let rates = vec![1, 2 + arm as usize];
    let counts = |image: u64| [9_000, 100, 1_000 - found(image), found(image)];
    let mut row =
        testing::counted(RunSettings { rates, seed, dataset, ..settings() }, "", (0..names.len() as u64).map(counts));
    row.images.as_mut().unwrap().iter_mut().zip(names).for_each(|(image, name)| image.image = (*name).into());
    row
}

fn analysis(arms: &[Vec<Row>]) -> SectionAnalysis {
    let groups: Vec<Vec<&Row>> = arms.iter().map(|arm| arm.iter().collect()).collect();
    SectionAnalysis::new(&groups, Some(0), Metric::Mdice)
}

/// Each contrast had a variance of its own, of two values: 1.02 points were "better" and -6.29
/// "within noise" in one table.
#[test]
fn finding_5_two_seeds_give_no_verdict_and_larger_effects_are_surer() {
    assert!(p_by_seeds(&[1.00, 1.04]) < 0.05 && p_by_seeds(&[-9.1, -3.48]) > 0.05);

    const NAMES: [&str; 6] = ["im0001", "im0002", "im0003", "im0004", "im0005", "im0006"];
    let noise = |arm: u64, seed: u64, image: u64| (arm * 7 + seed * 5 + image * 3 + arm * seed * image) % 11;
    let arms = |seeds: u64| -> Vec<Vec<Row>> {
        let arm = |arm: u64, less: u64, swing: u64| -> Vec<Row> {
            let found = move |seed: u64, image: u64| 700 - less + swing * seed + noise(arm, seed, image);
            (0..seeds).map(|seed| row(arm, seed, settings().dataset, &NAMES, |image| found(seed, image))).collect()
        };
        vec![arm(0, 0, 0), arm(1, 12, 0), arm(2, 130, 25)]
    };
    let two = analysis(&arms(2));
    assert_eq!([two.missing(1), two.missing(2)], [Some(Missing::Seeds); 2]);
    assert!(two.against_baseline().iter().all(Option::is_none));
    let three = analysis(&arms(3)).against_baseline();
    let (small, large) = (three[1].unwrap(), three[2].unwrap());
    assert!(small.difference.abs() < large.difference.abs() && small.p > large.p, "{small:?} {large:?}");
}

/// The larger of a p-value for these images and one for these seeds is no p-value for other seeds
/// and other images: there both vary.
#[test]
fn finding_6_seeds_and_subjects_together_err_as_often_as_they_say() {
    const CASES: u64 = 500;
    let (seeds, images) = (8, 10);
    let (mut former, mut now) = (0, 0);
    for case in 0..CASES {
        let mut draws = SplitMix::new(case);
        let mut arm = || -> Vec<Vec<f64>> {
            let of_image: Vec<f64> =
                (0..images).map(|_| (images as f64 / seeds as f64).sqrt() * normal(&mut draws)).collect();
            let mut run = || {
                let of_seed = normal(&mut draws);
                of_image.iter().map(|image| image + of_seed + 0.3 * normal(&mut draws)).collect()
            };
            (0..seeds).map(|_| run()).collect()
        };
        let [one, other] = [arm(), arm()];
        let by_seed: Vec<f64> = (0..seeds).map(|s| mean(&one[s]) - mean(&other[s])).collect();
        let by_image: Vec<f64> =
            (0..images).map(|m| mean(&(0..seeds).map(|s| one[s][m] - other[s][m]).collect::<Vec<_>>())).collect();
        former += usize::from(p_by_seeds(&by_seed).max(p_by_images(&by_image, case)) < 0.05);
        let found = CrossedLayout::new(vec![one, other]).unwrap().difference(0, 1);
        let p = Dunnett { comparisons: 1, freedom: found.freedom }.p(found.difference / found.standard_error);
        now += usize::from(p < 0.05);
    }
    let [former, now] = [former, now].map(|count| count as f64 / CASES as f64);
    assert!(now <= 0.075 && former >= 0.08, "{now} now, {former} before");
}

/// Both eyes of a child, and all tiles of a photograph, are one subject.
#[test]
fn finding_7_images_of_one_subject_are_not_independent() {
    let same = |dataset: DatasetKind, one: &str, other: &str| dataset.subject_of(one) == dataset.subject_of(other);
    assert!(same(DatasetKind::CHASE_DB1, "Image_11L", "Image_11R"));
    assert!(!same(DatasetKind::CHASE_DB1, "Image_11L", "Image_12L"));
    assert!(same(DatasetKind::ISAID, "P0001_0_896_0_896", "P0001_512_1408_0_896"));

    // Four children. Each image counted for itself, and differences looked surer than they are.
    const EYES: [&str; 8] =
        ["Image_11L", "Image_11R", "Image_12L", "Image_12R", "Image_13L", "Image_13R", "Image_14L", "Image_14R"];
    let children = [0.0, 3.0, 5.0, 11.0];
    let eyes: Vec<f64> = children.iter().flat_map(|child| [child - 0.5, child + 0.5]).collect();
    let error = |values: &[f64]| deviation(values).unwrap() / (values.len() as f64).sqrt();
    assert!(error(&children) > 1.3 * error(&eyes));
    let arms = |names: &[&str]| -> Vec<Vec<Row>> {
        let found = |arm: u64, seed: u64, image: u64| 600 + 40 * arm + 9 * seed + (image / 2 * 31 + arm * 17) % 50;
        let run = |arm, seed| row(arm, seed, DatasetKind::CHASE_DB1, names, |image| found(arm, seed, image));
        (0..3).map(|arm| (0..3).map(|seed| run(arm, seed)).collect()).collect()
    };
    let found = analysis(&arms(&EYES));
    assert_eq!((found.images, found.subjects, found.missing(1)), (8, 4, None));
    assert_eq!(analysis(&arms(&EYES[..6])).missing(1), Some(Missing::Subjects));
}

/// An interval excludes 0 exactly where the p-value beside it is below 0.05. Uncorrected intervals
/// stood beside corrected p-values.
#[test]
fn finding_8_intervals_and_p_values_say_the_same() {
    const NAMES: [&str; 5] = ["im0001", "im0002", "im0003", "im0004", "im0005"];
    let found = |arm: u64, seed: u64, image: u64, shift: u64| {
        600 + shift * arm + (arm * 13 + seed * 29 + image * 7 + arm * seed * 5 + image * arm * 3) % 23
    };
    let mut former = 0;
    for shift in 0..40 {
        let arm = |arm: u64| -> Vec<Row> {
            let run = |seed| row(arm, seed, settings().dataset, &NAMES, |image| found(arm, seed, image, shift));
            (0..3).map(run).collect()
        };
        let contrasts = analysis(&(0..4).map(arm).collect::<Vec<_>>()).against_baseline();
        for Contrast { interval, p, .. } in contrasts.into_iter().flatten() {
            assert_eq!(interval.low > 0.0 || interval.high < 0.0, p < 0.05, "{shift}: {interval:?} {p}");
        }
        let score =
            |arm: u64, seed: u64| mean(&(0..5).map(|image| found(arm, seed, image, shift) as f64).collect::<Vec<_>>());
        let differences: Vec<Vec<f64>> =
            (1..4).map(|arm| (0..3).map(|seed| score(arm, seed) - score(0, seed)).collect()).collect();
        let p = corrected(&differences.iter().map(|own| p_by_seeds(own)).collect::<Vec<_>>());
        former +=
            differences.iter().zip(p).filter(|(own, p)| !interval_by_seeds(own).contains(0.0) && *p >= 0.05).count();
    }
    assert!(former > 0, "the formulas of before never contradicted themselves here");
}

/// The documents said that CI asks for equal bits, and it did not.
#[test]
fn finding_9_ci_asks_for_equal_bits() {
    let script = include_str!("../../../../.ci/run");
    let gate = script.lines().find(|line| line.contains("results/reference/gate.json")).unwrap();
    assert!(gate.contains(" check ") && gate.contains(" --exact"), "{gate}");
}
