//! The endpoints against made-up scores of which the answer is known, and against the longer way.

use crate::answer;
use crate::design::{CROPS, Cell, Endpoint, LARGEST_RATES, context, dead_rate, halved_objects, size_or_objects};
use crate::endpoint::{EndpointVerdict, Estimate};
use crate::family::Family;
use crate::scores::{Fold, PartScores};
use crate::{figure, page};
use atrous_data::DatasetKind;
use atrous_harness::support::plot::FigureContent;
use std::collections::BTreeMap;

/// A value without pattern, from -0.5 to 0.5.
fn noise(number: usize) -> f64 {
    ((number + 3) * (number + 11) * 2_654_435_761 % 1_009) as f64 / 1_009.0 - 0.5
}

/// Two halves of a data set: what `curve` says of a cell, effects of seed and subject that all
/// cells share, and a remainder.
fn folds(seeds: usize, subjects: usize, spread: f64, curve: impl Fn(Cell) -> f64) -> Vec<Fold> {
    let rates = |crop| LARGEST_RATES.into_iter().chain([dead_rate(crop)]).map(move |rate| (crop, rate));
    let mut folds = vec![Fold::default(); 2];
    for (half, fold) in folds.iter_mut().enumerate() {
        for cell in CROPS.into_iter().flat_map(rates) {
            let of_seed = |seed: usize| {
                let score = |subject: usize| {
                    let shared = 0.1 * noise(seed) + 0.2 * noise(100 * half + subject);
                    curve(cell) + shared + spread * noise(31 * cell.0 + 7 * cell.1 + 977 * seed + 13 * subject + half)
                };
                (0..subjects).map(|subject| (format!("{half}-{subject:02}"), score(subject))).collect()
            };
            let own = (0..seeds).map(|seed| ((2 * seed + half) as u64, of_seed(seed)));
            fold.scores.insert(cell, own.collect());
        }
    }
    folds
}

fn verdict(endpoint: &Endpoint, folds: &[Fold]) -> EndpointVerdict {
    let estimate = Estimate::of(endpoint, folds).unwrap();
    estimate.verdict(estimate.p(), 1)
}

/// A bell of one point's height around a best rate; dead branches are two points below it.
fn bell(best: f64, (crop, rate): Cell) -> f64 {
    let octaves = (rate as f64 / best).log2();
    if rate == dead_rate(crop) { 0.78 } else { 0.8 - 0.01 * (octaves / 2.0).powi(2) }
}

#[test]
fn each_world_is_told_from_the_others() {
    let size = folds(4, 10, 0.002, |cell| bell(0.375 * cell.0 as f64, cell));
    let objects = folds(4, 10, 0.002, |cell| bell(24.0, cell));
    let nothing = folds(4, 10, 0.002, |_| 0.8);
    use EndpointVerdict::{Equal, Positive};
    assert_eq!([&size, &objects, &nothing].map(|world| verdict(&context(), world)), [Positive, Positive, Equal]);
    assert_eq!([&size, &objects, &nothing].map(|world| verdict(&size_or_objects(), world)), [Positive, Equal, Equal]);
    assert_eq!(verdict(&context(), &folds(2, 10, 0.5, |_| 0.8)), EndpointVerdict::Undetermined);
}

/// Without noise the estimate is the sum that the plan writes down.
#[test]
fn estimates_are_the_sums_of_the_plan() {
    let score = |(crop, rate): Cell| (crop * 31 + rate * 7) as f64 / 1e5;
    let folds = folds(3, 4, 0.0, score);
    let of = |endpoint| Estimate::of(&endpoint, &folds).unwrap().mean.difference;
    let s = |crop, rate| score((crop, rate));
    let live = [(32, [6, 12, 24], 96), (64, [12, 24, 48], 192), (128, [24, 48, 96], 384)];
    let p1 = live.map(|(crop, rates, dead)| rates.map(|rate| s(crop, rate)).iter().sum::<f64>() / 3.0 - s(crop, dead));
    assert!((of(context()) - p1.iter().sum::<f64>() / 3.0).abs() < 1e-12);
    let p2 = (s(128, 48) - s(128, 12)) - (s(32, 48) - s(32, 12));
    assert!((of(size_or_objects()) - p2).abs() < 1e-12);
}

/// The variance of the mean of a crossed layout by its mean squares, written out: (seeds +
/// subjects - rest) over their number; two folds are averaged.
#[test]
fn standard_errors_are_those_of_the_crossed_layout() {
    let folds = folds(4, 5, 0.02, |_| 0.8);
    let endpoint = size_or_objects();
    let mut variance = 0.0;
    for fold in &folds {
        let names: Vec<&String> = fold.scores[&(32, 12)].values().next().unwrap().keys().collect();
        let value = |seed: u64, name: &String| -> f64 {
            endpoint.weights.iter().map(|(weight, cell)| weight * fold.scores[cell][&seed][name]).sum()
        };
        let seeds: Vec<u64> = fold.seeds_of([(32, 12)]);
        let table: Vec<Vec<f64>> =
            seeds.iter().map(|seed| names.iter().map(|name| value(*seed, name)).collect()).collect();
        let (n, m) = (table.len() as f64, names.len() as f64);
        let whole = table.concat().iter().sum::<f64>() / (n * m);
        let by_seed: Vec<f64> = table.iter().map(|row| row.iter().sum::<f64>() / m).collect();
        let by_subject: Vec<f64> = (0..names.len()).map(|k| table.iter().map(|row| row[k]).sum::<f64>() / n).collect();
        let squares = |values: &[f64]| values.iter().map(|value| (value - whole).powi(2)).sum::<f64>();
        let (of_seeds, of_subjects) = (m * squares(&by_seed) / (n - 1.0), n * squares(&by_subject) / (m - 1.0));
        let rest = table.iter().zip(&by_seed).flat_map(|(row, seed)| {
            row.iter().zip(&by_subject).map(move |(value, subject)| (value - seed - subject + whole).powi(2))
        });
        let rest = rest.sum::<f64>() / ((n - 1.0) * (m - 1.0));
        variance += (of_seeds + (of_subjects - rest).max(0.0)) / (n * m) / 4.0;
    }
    let estimate = Estimate::of(&endpoint, &folds).unwrap();
    assert!((estimate.mean.standard_error - variance.sqrt()).abs() < 1e-12);
    assert_eq!((estimate.seeds, estimate.subjects), (8, 10));
    // Two folds of 4 seeds and 5 subjects: 3 degrees of freedom each at most.
    assert!(estimate.mean.freedom <= 6.0 + 1e-9);
}

#[test]
fn what_is_missing_is_said() {
    let mut folds = folds(2, 4, 0.01, |_| 0.8);
    folds[1].scores.get_mut(&(128, 48)).unwrap().remove(&3);
    let error = Estimate::of(&size_or_objects(), &folds).unwrap_err();
    assert_eq!(error, "1 complete seed on one half of the subjects: two are needed");
    folds[0].collapsed.insert(0, 1);
    assert_eq!(folds[0].without_collapsed().seeds_of([(32, 12)]), [2]);
}

/// The figure has a line per crop, and the dead lists are its zero.
#[test]
fn the_figure_has_each_live_list_above_the_dead_one() {
    let folds = folds(3, 4, 0.0, |cell| bell(24.0, cell));
    let figure = figure::of(DatasetKind::STARE, &folds).unwrap();
    let FigureContent::Chart(chart) = figure.content else { panic!("it is a chart") };
    assert_eq!(chart.lines.iter().map(|line| line.points.len()).collect::<Vec<_>>(), [4, 5, 5]);
    for (place, point) in chart.lines.iter().flat_map(|line| line.points.iter().enumerate()) {
        let octaves = (LARGEST_RATES[place] as f64 / 24.0).log2();
        let expected = 2.0 - (octaves / 2.0).powi(2);
        assert!((point.y - expected).abs() < 1e-9, "{point:?} is not {expected}");
    }
}

/// Where objects decide, halved ones want rates an octave smaller; where the size does, the same
/// ones. What rates have in common at both scales goes out of a pair: at full scale r = 12 is better
/// than 48, too.
#[test]
fn halved_objects_move_the_best_rate_where_objects_decide() {
    let part = |folds| PartScores(BTreeMap::from([(DatasetKind::CHASE_DB1, folds)]));
    let full = part(folds(4, 7, 0.002, |cell| bell(16.0, cell)));
    let verdict_of = |half: Vec<Fold>| {
        let pairs = part(half).minus(&full).unwrap();
        verdict(&halved_objects(), &pairs.0[&DatasetKind::CHASE_DB1])
    };
    let halved = |best: f64| folds(4, 7, 0.0021, move |cell| bell(best, cell));
    assert_eq!(verdict_of(halved(8.0)), EndpointVerdict::Positive);
    assert_eq!(verdict_of(halved(16.0)), EndpointVerdict::Equal);
    assert_eq!(verdict_of(halved(32.0)), EndpointVerdict::Negative);
}

/// The sum that the plan writes down, and pairs by subject and seed alone: a seed that one part
/// lacks is no pair, and a fold without twins is an error.
#[test]
fn pairs_are_of_the_same_seed_and_subject() {
    let kind = DatasetKind::CHASE_DB1;
    let part = |folds| PartScores(BTreeMap::from([(kind, folds)]));
    let half = |(crop, rate): Cell| (crop * 13 + rate * 5) as f64 / 1e5;
    let full = |(crop, rate): Cell| (crop * rate) as f64 / 1e5;
    let mut twins = folds(3, 4, 0.0, full);
    let pairs = part(folds(3, 4, 0.0, half)).minus(&part(twins.clone())).unwrap();
    let estimate = Estimate::of(&halved_objects(), &pairs.0[&kind]).unwrap();
    let by_crop = CROPS.map(|crop| (half((crop, 12)) - half((crop, 48))) - (full((crop, 12)) - full((crop, 48))));
    assert!((estimate.mean.difference - by_crop.iter().sum::<f64>() / 3.0).abs() < 1e-12);
    assert_eq!((estimate.seeds, estimate.subjects), (6, 8));

    twins[0].scores.get_mut(&(64, 12)).unwrap().remove(&2);
    twins[0].collapsed.insert(4, 1);
    let pairs = part(folds(3, 4, 0.0, half)).minus(&part(twins.clone())).unwrap();
    let pairs = &pairs.0[&kind];
    assert_eq!(pairs[0].seeds_of([(64, 12)]), [0, 4]);
    assert_eq!(pairs[0].without_collapsed().seeds_of([(64, 12)]), [0]);
    let strangers = part(twins.split_off(1));
    let error = part(folds(3, 4, 0.0, half)).minus(&strangers).unwrap_err();
    assert_eq!(error, "CHASE_DB1: a fold has no runs of its subjects there");
}

/// Each world has its sentence; the page has it, every endpoint, and a figure.
#[test]
fn the_page_says_what_the_endpoints_mean() {
    let kind = DatasetKind::CHASE_DB1;
    let part = |folds| PartScores(BTreeMap::from([(kind, folds)]));
    let asked = [context(), size_or_objects()];
    let said = |part: &PartScores| answer::sentences(&Family::of(part, &asked)).join(" ");
    let size = part(folds(4, 10, 0.002, |cell| bell(0.375 * cell.0 as f64, cell)));
    let objects = part(folds(4, 10, 0.002, |cell| bell(24.0, cell)));
    let nothing = part(folds(4, 10, 0.002, |_| 0.8));
    let matters = "CHASE_DB1: the context of the ASPP matters, and ";
    assert_eq!(said(&size), format!("{matters}larger inputs want larger rates."));
    assert_eq!(
        said(&objects),
        format!("{matters}inputs of 32 and of 128 pixels want the same rates, within half a point.")
    );
    assert_eq!(said(&nothing), "CHASE_DB1: no rate is worth half a point.");
    assert!(said(&part(folds(2, 10, 0.5, |_| 0.8))).contains("whether the context of the ASPP matters is open: "));
    assert_eq!(
        said(&part(folds(1, 4, 0.1, |_| 0.8))),
        "CHASE_DB1: not judged: 1 complete seed on one half of the subjects: two are needed."
    );
    let mut unfinished = objects.clone();
    let fold = &mut unfinished.0.get_mut(&kind).unwrap()[0];
    fold.scores.get_mut(&(128, 12)).unwrap().clear();
    let matters = "CHASE_DB1: the context of the ASPP matters; whether larger inputs want larger rates is not judged: ";
    assert!(said(&unfinished).starts_with(matters), "{}", said(&unfinished));
    let half = part(folds(4, 10, 0.0021, |cell| bell(12.0, cell)));
    let halved = half.minus(&objects).unwrap();
    let family = Family::of(&halved, &[halved_objects()]);
    assert_eq!(answer::sentences(&family), ["CHASE_DB1: smaller objects want smaller rates."]);
    let at_half_scale = "how many seeds, of images at half their scale.";
    assert!(page::page(&half, &halved, &family, &[]).unwrap().contains(at_half_scale));

    let figures = [figure::of(kind, &size.0[&kind]).unwrap()];
    let page = page::page(&size, &size, &Family::of(&size, &asked), &figures).unwrap();
    for text in [&said(&size), "P1, live minus dead", "P2, size or objects", "crop 128", "<svg", "0 collapsed"] {
        assert!(page.contains(text), "{text} is not on the page");
    }
    assert!(!page.contains(at_half_scale));
}
