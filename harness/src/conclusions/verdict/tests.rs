//! Verdicts on made-up runs.

use super::*;
use crate::conclusions::analysis::SectionAnalysis;
use crate::experiment::Answer;
use crate::experiment::settings::{RunSettings, tests::example as settings};
use crate::results::rows::testing;

const SEEDS: [u64; 5] = [0, 1, 2, 3, 4];

fn rates() -> Vec<Vec<usize>> {
    vec![vec![1, 4], vec![1, 8], vec![1, 16]]
}

/// A run on 16 images of 100 pixels. So many of each are wrong, and a few more or less, as seed and
/// rates have it.
fn run(rates: &[usize], seed: u64, wrong: u64, answer: &Answer) -> Row {
    let images = (0..16).map(|image: u64| {
        let noise = (seed * 1_000_003 + image * 7_919 + rates[1] as u64 * 104_729).wrapping_mul(2_654_435_761) >> 13;
        let wrong = wrong + noise % 4;
        [50, 0, wrong, 50 - wrong]
    });
    let settings = RunSettings { rates: rates.to_vec(), seed, ..settings() };
    let expectation = Some(Expectation { answer: answer.clone(), rates: self::rates(), seeds: SEEDS.to_vec() });
    Row { baseline: vec![1, 4], expectation, ..testing::counted(settings, "", images) }
}

/// All runs, with so many wrong pixels for each of the rates.
fn rows(wrong: [u64; 3], answer: &Answer) -> Vec<Row> {
    let cells = rates().into_iter().zip(wrong);
    cells.flat_map(|(rates, wrong)| SEEDS.map(|seed| run(&rates, seed, wrong, answer))).collect()
}

fn verdict(rows: Vec<Row>) -> ExperimentVerdict {
    let Verdicts(verdicts) = Verdicts::new(&Rows(rows));
    assert_eq!(verdicts.len(), 1);
    verdicts.into_iter().next().unwrap()
}

fn best(rates: [usize; 2]) -> Answer {
    Answer::Best(rates.to_vec())
}

fn reason(judgement: &Judgement) -> &str {
    match judgement {
        Judgement::Met => "",
        Judgement::NotMet { reason } | Judgement::NotJudged { reason } => reason,
    }
}

#[test]
fn the_best_is_compared_with_each_of_the_others() {
    let found = verdict(rows([30, 5, 32], &best([1, 8])));
    assert_eq!(found.judgement, Judgement::Met);
    let compared: Vec<_> = found.comparisons.iter().map(|c| (c.rates.clone(), c.other.clone())).collect();
    assert_eq!(compared, [(vec![1, 8], vec![1, 4]), (vec![1, 8], vec![1, 16])]);
    assert!(found.comparisons.iter().all(|c| c.difference > 0.2 && c.p < 0.01), "{:?}", found.comparisons);
}

#[test]
fn others_that_are_best_or_as_good_are_named() {
    let found = verdict(rows([30, 5, 32], &best([1, 4])));
    let text = reason(&found.judgement);
    assert!(matches!(found.judgement, Judgement::NotMet { .. }), "{text}");
    assert!(text.starts_with("1-4 is not better than 1-8 (-") && !text.contains("1-16"), "{text}");

    let found = verdict(rows([5, 5, 32], &best([1, 8])));
    let text = reason(&found.judgement);
    assert!(matches!(found.judgement, Judgement::NotMet { .. }), "{text}");
    assert!(text.starts_with("1-8 is not better than 1-4 (") && !text.contains("1-16"), "{text}");
}

#[test]
fn without_a_winner_all_pairs_are_compared() {
    let found = verdict(rows([9, 9, 9], &Answer::NoWinner));
    assert_eq!((found.judgement, found.comparisons.len()), (Judgement::Met, 3));

    // One of them is ahead, the last in the list.
    let found = verdict(rows([12, 12, 5], &Answer::NoWinner));
    let text = reason(&found.judgement);
    assert!(matches!(found.judgement, Judgement::NotMet { .. }), "{text}");
    let pairs: Vec<&str> = text.split("; ").map(|pair| pair.split(" (+").next().unwrap()).collect();
    assert_eq!(pairs, ["1-16 is better than 1-4", "1-16 is better than 1-8"]);
}

/// Pairs by the section's analysis, all of them corrected together (Holm).
#[test]
fn comparisons_are_corrected_together() {
    let rows = rows([9, 9, 9], &Answer::NoWinner);
    let found = verdict(rows.clone());
    let groups: Vec<Vec<&Row>> = rows.chunks(5).map(|rows| rows.iter().collect()).collect();
    let analysis = SectionAnalysis::new(&groups, Some(0), found.metric);
    let raw: Vec<f64> = [(0, 1), (0, 2), (1, 2)].map(|(l, r)| analysis.pair(l, r, 1).unwrap().p).to_vec();
    let corrected: Vec<f64> = found.comparisons.iter().map(|comparison| comparison.p).collect();
    assert_eq!(corrected, crate::conclusions::statistics::holm(&raw));
}

#[test]
fn the_best_against_all_others_is_one_family() {
    let rows = rows([30, 5, 32], &best([1, 8]));
    let found = verdict(rows.clone());
    let groups: Vec<Vec<&Row>> = rows.chunks(5).map(|rows| rows.iter().collect()).collect();
    let analysis = SectionAnalysis::new(&groups, Some(1), found.metric);
    for (comparison, place) in found.comparisons.iter().zip([0, 2]) {
        let contrast = analysis.against_baseline()[place].unwrap();
        assert!(
            (comparison.difference + contrast.difference).abs() < 1e-12 && (comparison.p - contrast.p).abs() < 1e-12
        );
    }
}

#[test]
fn what_is_missing_is_not_judged() {
    let not_judged = |rows: Vec<Row>| {
        let found = verdict(rows);
        assert!(matches!(found.judgement, Judgement::NotJudged { .. }) && found.comparisons.is_empty());
        reason(&found.judgement).to_owned()
    };
    let mut missing = rows([30, 5, 32], &best([1, 8]));
    missing.remove(7);
    missing.remove(12);
    assert_eq!(not_judged(missing), "2 of 15 runs have no score, the first is 1-8 seed 2");

    let mut failed = rows([30, 5, 32], &best([1, 8]));
    let lost = RunSettings { rates: vec![1, 16], seed: 4, ..settings() };
    failed[14] = Row { expectation: failed[14].expectation.clone(), ..testing::failed(lost) };
    assert_eq!(not_judged(failed), "1 of 15 runs have no score, the first is 1-16 seed 4");

    let mut uncounted = rows([30, 5, 32], &best([1, 8]));
    uncounted[0].images = None;
    assert!(not_judged(uncounted).starts_with("1-8 cannot be compared with 1-4"));

    let mut two = rows([30, 5, 32], &best([1, 8]));
    two.retain(|row| row.settings().seed < 2);
    for row in &mut two {
        row.expectation.as_mut().unwrap().seeds = vec![0, 1];
    }
    assert!(not_judged(two).starts_with("fewer than 3 seeds prove nothing"));
}

#[test]
fn runs_of_other_seeds_and_rates_have_no_part_in_it() {
    let mut rows = rows([30, 5, 32], &best([1, 8]));
    rows.extend([run(&[1, 8], 9, 45, &best([1, 8])), run(&[1, 24], 0, 0, &best([1, 8]))]);
    assert_eq!(verdict(rows).judgement, Judgement::Met);
}

#[test]
fn nothing_expected_is_no_verdict_and_old_files_go() {
    let out = tempfile::tempdir().unwrap();
    let mut rows = rows([30, 5, 32], &best([1, 4]));
    let verdicts = Verdicts::new(&Rows(rows.clone()));
    assert!(verdicts.any_not_met());
    verdicts.write(out.path()).unwrap();
    assert_eq!(std::fs::read_to_string(out.path().join("verdict.md")).unwrap(), verdicts.markdown());
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.path().join("verdict.json")).unwrap()).unwrap();
    assert_eq!((&json[0]["verdict"], &json[0]["metric"]), (&"not-met".into(), &"mdice".into()));
    assert_eq!(json[0]["expectation"]["answer"]["best"], serde_json::json!([1, 4]));
    assert_eq!(json[0]["comparisons"].as_array().unwrap().len(), 2);

    rows.iter_mut().for_each(|row| row.expectation = None);
    let verdicts = Verdicts::new(&Rows(rows));
    assert!(!verdicts.any_not_met() && verdicts.markdown().is_empty());
    verdicts.write(out.path()).unwrap();
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn the_text_says_what_was_found() {
    let verdicts = |wrong, answer| Verdicts::new(&Rows(rows(wrong, &answer))).markdown();
    let text = verdicts([30, 5, 32], best([1, 8]));
    assert!(
        text.contains("- stare, expected: 1-8 is best (mDice, 5 seeds): **met**: better than each of 2 others, by ")
    );
    assert!(text.starts_with("# Verdicts\n\n1 of 1 experiments are as expected.\n\n"), "{text}");
    let text = verdicts([9, 9, 9], Answer::NoWinner);
    assert!(text.contains("expected: no winner (mDice, 5 seeds): **met**: 3 differences of 0."), "{text}");
    let text = verdicts([12, 12, 5], Answer::NoWinner);
    assert!(text.starts_with("# Verdicts\n\n0 of 1 experiments are as expected, 1 not.\n\n"), "{text}");
}
