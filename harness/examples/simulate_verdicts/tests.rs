//! The simulation in small: limits are the promised ones and three standard errors.

use crate::section::{Design, Trouble};

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
            let found = design.simulate(ROUNDS);
            assert!(found.differs <= MOST, "{design:?}: {found:?}");
        }
    }
}

#[test]
fn intervals_hold_the_truth_and_effects_are_found() {
    for (seeds, subjects) in [(3, 10), (8, 8)] {
        let found = Design { seeds, subjects, effect: 1.0, ..Design::default() }.simulate(ROUNDS);
        // 94 to 96.5 % in the full simulation.
        assert!((0.90..=1.0).contains(&found.covered), "{found:?}");
    }
    let found = Design { seeds: 20, subjects: 30, effect: 1.0, ..Design::default() }.simulate(100);
    assert!(found.better > 0.9, "{found:?}");
}

#[test]
fn equal_is_said_where_it_is_so_and_seldom_where_it_is_not() {
    let design = Design { seeds: 20, subjects: 30, seed_spread: 0.3, image_spread: 0.5, ..Design::default() };
    assert!(Design { effect: 0.5, ..design }.simulate(100).equal <= 0.12);
    assert!(design.simulate(100).equal > 0.5);
}
