//! Sections of made-up runs.

use super::*;
use crate::conclusions::table::{CellVerdict, MARGIN};
use crate::experiment::settings::{RunSettings, tests::example as settings};
use crate::results::rows::testing;
use atrous_data::DatasetKind;

/// Counts that follow from arm, seed and subject and no pattern. `brute.py` of the statistics'
/// notes has the same.
fn counts(arm: u64, seed: u64, subject: u64) -> [u64; 4] {
    let hash = |number: u64| (number * 2_654_435_761) % (1 << 32);
    let own = hash(arm * 31 + subject * 77 + arm * subject * 1_013 + 5);
    let both = hash(
        arm * 7_919 + seed * 104_729 + subject * 1_299_709 + arm * seed * 31 + seed * subject * 17 + arm * subject * 13,
    );
    let found = 300 + 40 * subject + 12 * arm + 9 * seed + (both >> 16) % 60 + (own >> 16) % 120;
    let wrong = 80 + (both >> 8) % 50;
    [5_000 + 100 * subject - wrong, wrong, 800 - found, found]
}

fn row(arm: u64, seed: u64, dataset: DatasetKind, names: &[String], counts: impl Fn(u64) -> [u64; 4]) -> Row {
    let rates = vec![1, 2 + arm as usize];
    let mut row =
        testing::counted(RunSettings { rates, seed, dataset, ..settings() }, "", (0..names.len() as u64).map(counts));
    let images = row.images.as_mut().unwrap();
    images.iter_mut().zip(names).for_each(|(image, name)| image.image = name.clone());
    row
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|image| format!("im{image:04}")).collect()
}

/// Three arms, four seeds, five subjects of STARE.
fn arms() -> Vec<Vec<Row>> {
    let run = |arm, seed| row(arm, seed, settings().dataset, &names(5), |subject| counts(arm, seed, subject));
    (0..3).map(|arm| (0..4).map(|seed| run(arm, seed)).collect()).collect()
}

fn analysis(arms: &[Vec<Row>]) -> SectionAnalysis {
    let groups: Vec<Vec<&Row>> = arms.iter().map(|arm| arm.iter().collect()).collect();
    SectionAnalysis::new(&groups, Some(0), Metric::Mdice)
}

#[test]
fn what_more_seeds_would_find_is_told_from_three_on() {
    let found = analysis(&arms());
    let with = |seeds| found.detectable_with(seeds);
    assert_eq!((with(0), with(2)), (None, None));
    let [three, four, ten] = [3, 4, 10].map(|seeds| with(seeds).unwrap());
    assert!(three > four && four > ten && ten > 0.0, "{three} {four} {ten}");
    // As many as there are find what they would have found, but for the pair's own spread.
    let now =
        found.against_baseline().into_iter().flatten().map(|contrast| contrast.detectable).fold(f64::MAX, f64::min);
    assert!(four < now * 1.5 && four > now / 1.5, "{four}, not {now}");
    let one = vec![arms().remove(0)];
    assert_eq!(analysis(&one).detectable_with(5), None);
}

/// Explicit jackknife, Obuchowski and Rockette's covariances, in NumPy.
#[test]
fn numbers_are_those_of_another_program() {
    let found = analysis(&arms());
    let contrasts = found.against_baseline();
    assert_eq!((found.seeds.len(), found.subjects, found.images), (4, 5, 5));
    assert!(contrasts[0].is_none());
    let errors = [0.013_636_220_054_720, 0.013_717_053_450_594];
    for ((contrast, difference), error) in contrasts[1..].iter().zip([0.002_821_7, 0.005_726_0]).zip(errors) {
        let contrast = contrast.unwrap();
        assert!((contrast.difference - difference).abs() < 1e-6, "{contrast:?}");
        let reach = (contrast.interval.high - contrast.interval.low) / 2.0;
        let quantile =
            crate::conclusions::statistics::Dunnett { comparisons: 2, freedom: 6.809_719_178_890_9 }.quantile(0.95);
        assert!((reach / quantile - error).abs() < 1e-9, "{contrast:?}");
    }
}

/// Two seeds, on which a bare t-test called +1.02 "better" and -6.29 "within noise".
#[test]
fn two_seeds_give_no_verdict() {
    let mut arms = arms();
    arms.iter_mut().for_each(|arm| arm.truncate(2));
    let found = analysis(&arms);
    assert_eq!(found.missing(1), Some(Missing::Seeds));
    assert!(found.against_baseline().iter().all(Option::is_none));
}

/// A larger difference never has the larger p-value: all share one variance, but where the pair's
/// own is larger.
#[test]
fn effects_are_ordered_by_their_size() {
    let noise = |seed: u64, subject: u64, arm: u64| (counts(arm, seed, subject)[3] % 7) * 4;
    let arm = |arm: u64, less: u64, quiet: bool| -> Vec<Row> {
        let count = move |seed: u64, subject: u64| {
            // The quiet arm follows the baseline's noise closely.
            let noise = if quiet { noise(seed, subject, 0) } else { noise(seed, subject, arm) };
            [9_000, 100, 400 + less - noise, 600 - less + noise]
        };
        (0..3).map(|seed| row(arm, seed, settings().dataset, &names(8), |subject| count(seed, subject))).collect()
    };
    let found = analysis(&[arm(0, 60, false), arm(1, 50, true), arm(2, 160, false)]);
    let contrasts = found.against_baseline();
    let (small, large) = (contrasts[1].unwrap(), contrasts[2].unwrap());
    assert!(small.difference.abs() < large.difference.abs() && small.p > large.p, "{small:?} {large:?}");
}

/// Eight images of four children: what counts is the children. The eyes of a child say the same.
#[test]
fn images_of_one_subject_are_one() {
    let eyes: Vec<String> = (11..15).flat_map(|child| ["L", "R"].map(|eye| format!("Image_{child:02}{eye}"))).collect();
    let children: Vec<String> = (11..15).map(|child| format!("Image_{child:02}L")).collect();
    let arms = |names: &[String], images_each: u64| -> Vec<Vec<Row>> {
        let run =
            |arm, seed| row(arm, seed, DatasetKind::CHASE_DB1, names, |image| counts(arm, seed, image / images_each));
        (0..3).map(|arm| (0..4).map(|seed| run(arm, seed)).collect()).collect()
    };
    let (both, one) = (analysis(&arms(&eyes, 2)), analysis(&arms(&children, 1)));
    assert_eq!((both.subjects, both.images, one.subjects), (4, 8, 4));
    let [both, one] = [both, one].map(|found| found.against_baseline()[2].unwrap());
    // Twice the same pixels are no more knowledge.
    assert!((both.interval.low - one.interval.low).abs() < 1e-12 && (both.p - one.p).abs() < 1e-12, "{both:?} {one:?}");

    let three: Vec<String> = eyes[..6].to_vec();
    let found = analysis(&arms(&three, 2));
    assert_eq!((found.subjects, found.missing(1)), (3, Some(Missing::Subjects)));
    assert!(found.against_baseline().iter().all(Option::is_none));
}

#[test]
fn intervals_and_p_values_say_the_same() {
    for shift in 0..60 {
        let mut pixels: Vec<Vec<Vec<Vec<ClassArea>>>> = vec![];
        for arm in 0..4 {
            let subject = |seed, subject| {
                let [tn, fp, missed, found] = counts(arm, seed, subject);
                let more = if arm == 2 { 4 * shift } else { 0 };
                vec![
                    ClassArea { intersection: tn, truth: tn + fp, prediction: tn + missed - more.min(missed) },
                    ClassArea {
                        intersection: found + more.min(missed),
                        truth: missed + found,
                        prediction: fp + found + more.min(missed),
                    },
                ]
            };
            pixels.push((0..3).map(|seed| (0..6).map(|m| subject(seed, m)).collect()).collect());
        }
        for contrast in SectionAnalysis::of_pixels(pixels, Metric::Miou).against_baseline().into_iter().flatten() {
            let excludes = contrast.interval.low > 0.0 || contrast.interval.high < 0.0;
            assert_eq!(excludes, contrast.p < 0.05, "{contrast:?}");
            let verdict = CellVerdict::of(Ok(&contrast), MARGIN);
            assert_eq!(matches!(verdict, CellVerdict::Better | CellVerdict::Worse), excludes);
        }
    }
}

#[test]
fn blocks_are_complete_and_say_what_they_leave_out() {
    let mut arms = arms();
    arms[2].remove(1);
    let found = analysis(&arms);
    assert_eq!((&found.seeds[..], &found.left_out[..]), (&[0, 2, 3][..], &[1][..]));
    let complete: Vec<Vec<Row>> =
        arms.iter().map(|arm| arm.iter().filter(|row| row.settings().seed != 1).cloned().collect()).collect();
    assert_eq!(found.against_baseline(), analysis(&complete).against_baseline());

    // Rates with too few seeds are left out themselves, and spoil nothing.
    arms[2].truncate(2);
    let found = analysis(&arms);
    assert_eq!([found.missing(1), found.missing(2)], [None, Some(Missing::Seeds)]);
    assert_eq!(found.seeds, [0, 1, 2, 3]);
    assert_eq!(found.against_baseline(), [analysis(&arms[..2]).against_baseline(), vec![None]].concat());

    // Each has three seeds in common with the baseline, and two are common to all.
    let mut arms = self::arms();
    arms[1].remove(0);
    arms[2].remove(1);
    let found = analysis(&arms);
    assert_eq!(
        (&found.seeds[..], found.missing(1), found.missing(2)),
        (&[2, 3][..], Some(Missing::Seeds), Some(Missing::Seeds))
    );
}

#[test]
fn other_images_and_no_counts_are_said() {
    let mut arms = arms();
    arms[1][0].images = None;
    arms[2][0].images.as_mut().unwrap()[3].image = "another".into();
    let found = analysis(&arms);
    assert_eq!([found.missing(1), found.missing(2)], [Some(Missing::Images); 2]);
    let mut arms = self::arms();
    arms[0].iter_mut().for_each(|row| row.images = None);
    assert_eq!(analysis(&arms).missing(1), Some(Missing::Images));
    let mut arms = self::arms();
    arms[1].iter_mut().for_each(|row| *row = testing::failed(row.settings().clone()));
    let found = analysis(&arms);
    assert_eq!([found.missing(1), found.missing(2)], [Some(Missing::Scores), None]);
    let groups: Vec<Vec<&Row>> = arms.iter().map(|arm| arm.iter().collect()).collect();
    assert_eq!(SectionAnalysis::new(&groups, None, Metric::Mdice).missing(2), Some(Missing::Scores));
}

/// Arms without any difference: the best of them is better than itself on subjects that had no part
/// in the choice.
#[test]
fn the_best_of_many_is_scored_without_its_luck() {
    let arms = 12;
    let of = |arm: u64, seed: u64, subject: u64| {
        let own = (((arm * 977 + subject * 131 + 7) * 2_654_435_761) >> 20) % 200;
        let found = 500 + own + seed;
        vec![
            ClassArea { intersection: 9_000, truth: 9_100, prediction: 10_100 - found },
            ClassArea { intersection: found, truth: 1_000, prediction: 100 + found },
        ]
    };
    let pixels = (0..arms).map(|a| (0..3).map(|s| (0..10).map(|m| of(a, s, m)).collect()).collect()).collect();
    let found = SectionAnalysis::of_pixels(pixels, Metric::Mdice);
    let places: Vec<usize> = (0..arms as usize).collect();
    let score = |place: usize| {
        let runs = &found.areas[place];
        mean(&runs.iter().map(|run| run.score(Metric::Mdice, 0..10)).collect::<Vec<_>>())
    };
    let scores: Vec<f64> = places.iter().map(|place| score(*place)).collect();
    let best = scores.iter().copied().fold(f64::MIN, f64::max);
    let fair = found.cross_fitted(&places).unwrap();
    assert!(fair < best - 0.002, "{fair} {best}");
    assert!((fair - mean(&scores)).abs() < best - mean(&scores), "{fair} {}", mean(&scores));
    // One alone was not chosen, and of two of which one is far ahead it is always that.
    assert!((found.cross_fitted(&[3]).unwrap() - scores[3]).abs() < 1e-12);
    let worth = found.best_against(&[3], 5).unwrap();
    assert!((worth.difference - (scores[3] - scores[5])).abs() < 1e-12);
}
