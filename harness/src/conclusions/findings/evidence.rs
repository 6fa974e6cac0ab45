//! Findings 1 to 4: the evidence for the guideline, and its rule.

use super::former::FormerOptimum;
use crate::conclusions::guideline::made_up::{RATES, at_size, runs, series};
use crate::conclusions::guideline::{
    Basis, Branch, ClaimVerdict, Evidence, Optimum, Pooled, Recommendation, Series, SizeClaim, largest_whole_rate,
};
use crate::experiment::spec::{Overrides, Spec};
use crate::support::split_mix::SplitMix;

/// Two data sets without any effect. The middle of one that is clamped low and one that is clamped
/// high was called the best rate in half of all cases.
#[test]
fn finding_1_noise_has_no_optimum() {
    let (mut former, mut now) = (0, 0);
    for case in 0..60 {
        let mut draws = SplitMix::new(500 + case);
        let sets: Vec<Series> = (0..2)
            .map(|set| Series { images: format!("{set}"), ..runs(100, &RATES, 3, 0.0065, &mut draws, |_| 0.0) })
            .collect();
        let optima: Vec<FormerOptimum> = sets.iter().zip(0..).map(|(s, seed)| FormerOptimum::of(s, seed)).collect();
        former += usize::from(FormerOptimum::named(&optima).is_some());
        let evidence = Evidence { series: sets, ..Evidence::default() };
        now += usize::from(Pooled::at(100, &evidence, &SizeClaim::of(&evidence)).is_ok());
    }
    assert!(now <= 5 && former >= 20, "of 60: {now} now, {former} before");
}

/// The best rate is 24 whatever the size. The best r / F of all sizes, times F, was recommended:
/// the claim was taken for granted that it should test.
#[test]
fn finding_2_the_claim_is_tested_and_not_assumed() {
    let series: Vec<Series> = [32, 64, 128].map(|size| at_size(size, 24.0, 0.02, 0.002, size as u64)).into();
    let optima: Vec<FormerOptimum> = series.iter().zip(0..).map(|(s, seed)| FormerOptimum::of(s, seed)).collect();
    let former = (FormerOptimum::named(&optima).unwrap() * 128.0).round();
    assert!(former > 40.0, "{former}");

    let evidence = Evidence { series, ..Evidence::default() };
    let claim = SizeClaim::of(&evidence);
    assert_eq!(claim.verdict, ClaimVerdict::Contradicted);
    let found = Recommendation::from_evidence([128; 2], 3, &evidence, &claim);
    assert!(matches!(found.basis, Basis::Evidence { .. }) && (22..=26).contains(found.rates.last().unwrap()));
    // Nothing is said of sizes beyond those that were measured.
    let beyond = Recommendation::from_evidence([256; 2], 3, &evidence, &claim);
    assert!(matches!(beyond.basis, Basis::Geometry { why: Some(_) }), "{beyond:?}");
}

/// Runs of one seed share its luck. As points of their own they made intervals that nearly always
/// held the truth.
#[test]
fn finding_3_intervals_of_the_best_rate_cover_as_often_as_they_say() {
    const CASES: u64 = 300;
    let (mut former, mut now) = (0, 0);
    for case in 0..CASES {
        let series = series(0.3, 0.02, 0.002, 9_000 + case);
        former += usize::from(FormerOptimum::of(&series, case).interval().contains(0.3));
        now += usize::from(Optimum::of(&series).interval().is_some_and(|interval| interval.contains(0.3)));
    }
    let [former, now] = [former, now].map(|count| count as f64 / CASES as f64);
    assert!((0.91..=0.985).contains(&now) && former > 0.98, "{now} now, {former} before");
}

/// "Every weight is trained and used in most places": a corner tap of the largest rate is used in a
/// quarter of them. And no spec had the rates of the rule.
#[test]
fn finding_4_what_is_said_of_the_rule_is_true_and_sweeps_test_it() {
    let corner = Branch::new(largest_whole_rate([128; 2]), [128; 2]).valid(1, 1).unwrap();
    assert!(corner > 0.25 && corner < 0.26, "{corner}");
    let pages = [include_str!("../../../../docs/guide/rates.md"), include_str!("../guideline/text.rs")];
    assert!(pages.iter().all(|page| !page.contains("used in most places")));
    for (spec, seeds) in [("paper", 3), ("retina-small", 3)] {
        let plan = Spec::load(spec, &Overrides::default()).unwrap().plan();
        let of_the_rule = plan.iter().filter(|run| {
            let side = run.settings.feature_size();
            run.settings.rates == Recommendation::geometric([side; 2], 3).rates
        });
        let mut found: Vec<&str> = of_the_rule.map(|run| run.settings.experiment.as_str()).collect();
        let mut experiments: Vec<&str> = plan.iter().map(|run| run.settings.experiment.as_str()).collect();
        experiments.dedup();
        assert_eq!(found.len(), seeds * experiments.len(), "{spec}");
        found.dedup();
        assert_eq!(found, experiments, "{spec}");
    }
}
