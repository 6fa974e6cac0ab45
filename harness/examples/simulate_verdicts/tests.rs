//! The simulation in small: limits are the promised ones and three standard errors.

use crate::section::{Design, Found, Trouble};
use atrous_harness::conclusions::analysis::SectionAnalysis;
use atrous_harness::conclusions::table::{CellVerdict, MARGIN};
use atrous_harness::results::scores::Metric;

/// Sections per design.
const ROUNDS: u64 = 300;

/// What a share of 5.5 % may be by chance, in so many sections: 3.9 % more.
const MOST: f64 = 0.094;

#[test]
fn sections_without_an_effect_are_seldom_called_different() {
    for (seeds, subjects) in [(3, 4), (3, 30), (8, 10), (20, 4)] {
        for (correlation, trouble) in
            [(0.0, Trouble::None), (0.8, Trouble::UnevenArm), (0.8, Trouble::Collapse), (0.4, Trouble::UnevenBaseline)]
        {
            let design = Design { seeds, subjects, correlation, trouble, ..Design::default() };
            let found = design.simulate(0..ROUNDS);
            assert!(found.differs <= MOST, "{design:?}: {found:?}");
        }
    }
}

#[test]
fn intervals_hold_the_truth_and_effects_are_found() {
    for (seeds, subjects) in [(3, 10), (8, 8)] {
        let found = Design { seeds, subjects, effect: 1.0, ..Design::default() }.simulate(0..ROUNDS);
        // 94 to 96.5 % in the full simulation.
        assert!((0.90..=1.0).contains(&found.covered), "{found:?}");
    }
    let found = Design { seeds: 20, subjects: 30, effect: 1.0, ..Design::default() }.simulate(0..100);
    assert!(found.better > 0.9, "{found:?}");
}

#[test]
fn equal_is_said_where_it_is_so_and_seldom_where_it_is_not() {
    let design = Design { seeds: 20, subjects: 30, seed_spread: 0.3, image_spread: 0.5, ..Design::default() };
    assert!(Design { effect: 0.5, ..design }.simulate(0..100).equal <= 0.12);
    assert!(design.simulate(0..100).equal > 0.5);
}

/// What is counted is what a table says of the same sections.
#[test]
fn verdicts_are_those_of_a_table() {
    for (effect, seed_spread) in [(0.0, 0.6), (1.5, 0.6), (0.2, 0.05)] {
        let design = Design { seeds: 8, effect, seed_spread, image_spread: seed_spread, ..Design::default() };
        let mut counted = Found::default();
        for round in 0..20 {
            let contrasts = SectionAnalysis::of_pixels(design.draw(round), Metric::Mdice).against_baseline();
            let verdicts: Vec<CellVerdict> =
                contrasts.iter().flatten().map(|contrast| CellVerdict::of(Ok(contrast), MARGIN)).collect();
            let last = verdicts[verdicts.len() - 1];
            let differs = verdicts.iter().any(|v| matches!(v, CellVerdict::Better | CellVerdict::Worse));
            counted.differs += f64::from(u8::from(differs)) / 20.0;
            counted.equal += f64::from(u8::from(last == CellVerdict::Equal)) / 20.0;
            counted.better += f64::from(u8::from(last == CellVerdict::Better)) / 20.0;
        }
        let found = design.simulate(0..20);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(
            close(found.differs, counted.differs)
                && close(found.equal, counted.equal)
                && close(found.better, counted.better),
            "{found:?} {counted:?}"
        );
    }
}
