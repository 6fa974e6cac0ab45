//! The geometric rule: which rates fit a map, from its size alone.

/// What the rule does not know, which comes first.
pub const UNKNOWN: &str = "The rule does not know how large the objects are, what the backbone has seen already, how well \
a network learns to live with zeros at the border, and how large the images at inference are.";

/// The rule in one sentence.
pub const RULE: &str = "Beside the 1x1 branch, the largest rate is the largest whose 3x3 kernel still lies whole inside \
the ASPP's map at one position at least, (F - 1) / 2 rounded down for a shorter side of F, and the other rates are spaced \
evenly below it.";

/// The largest rate whose kernel, 2 rate + 1 wide, fits into the map; 0 where none does.
///
/// Up to it, every tap is valid on more than half of the positions along either axis: a corner tap
/// on more than a quarter of all of them. Beyond it no position is left that all nine taps serve.
/// That is where a line is drawn, not where anything jumps: the share of padding grows smoothly
/// through it, and the last whole rate has a whole kernel at one to four positions of a square map.
pub fn largest_whole_rate(feature: [usize; 2]) -> usize {
    (feature[0].min(feature[1]).saturating_sub(1)) / 2
}

/// Rate 1 and `branches` rates from evenly spaced ones up to `largest`: rounded, and fewer where
/// they would be equal or 1.
pub fn spaced_rates(largest: usize, branches: usize) -> Vec<usize> {
    let rate = |branch: usize| (branch as f64 * largest as f64 / branches as f64).round() as usize;
    let mut rates: Vec<usize> = (1..=branches).map(rate).filter(|rate| *rate > 1).collect();
    rates.insert(0, 1);
    rates.dedup();
    rates
}

#[cfg(test)]
mod tests {
    use super::super::Branch;
    use super::*;
    use crate::experiment::spec::{Overrides, Spec, check_rates};

    /// Positions at which every tap is inside.
    fn whole_positions(rate: usize, feature: [usize; 2]) -> usize {
        let inside = |at: usize, side: usize| at >= rate && at + rate < side;
        let along = |side: usize| (0..side).filter(|at| inside(*at, side)).count();
        along(feature[0]) * along(feature[1])
    }

    #[test]
    fn the_largest_rate_is_the_last_with_a_whole_position() {
        for feature in [[3, 3], [8, 8], [64, 128], [97, 97], [33, 12]] {
            let largest = largest_whole_rate(feature);
            assert!(whole_positions(largest, feature) > 0, "{feature:?}");
            assert_eq!(whole_positions(largest + 1, feature), 0, "{feature:?}");
            let outer = Branch::new(largest.max(2), feature);
            assert!(largest < 2 || [(1, 0), (0, 1)].iter().all(|(y, x)| outer.valid(*y, *x) > Some(0.5)));
        }
        assert_eq!([largest_whole_rate([1, 9]), largest_whole_rate([2, 2])], [0, 0]);
    }

    /// What the rule recommends is among what the sweep at full scale tests.
    #[test]
    fn the_spec_at_full_scale_tests_the_rule() {
        let plan = Spec::load("paper", &Overrides::default()).unwrap().plan();
        for run in &plan {
            let feature = run.settings.feature_size();
            let by_the_rule = spaced_rates(largest_whole_rate([feature; 2]), 3);
            let mut same = plan.iter().filter(|other| other.settings.experiment == run.settings.experiment);
            assert!(same.any(|other| other.settings.rates == by_the_rule), "{feature}: {by_the_rule:?}");
        }
    }

    /// Corner taps of the largest whole rate see the map from a quarter of the positions: not from
    /// most of them. And nothing jumps there.
    #[test]
    fn the_rules_reasons_are_true() {
        for (side, corner) in [(128, 25.8), (256, 25.4), (64, 26.6)] {
            let rate = largest_whole_rate([side; 2]);
            let branch = Branch::new(rate, [side; 2]);
            assert!((100.0 * branch.valid(1, 1).unwrap() - corner).abs() < 0.05, "{side}");
            assert!(branch.valid(0, 1).unwrap() > 0.5 && branch.valid(1, 1).unwrap() > 0.25);
            let dead = [rate - 1, rate, rate + 1].map(|rate| Branch::new(rate, [side; 2]).dead());
            let steps = [dead[1] - dead[0], dead[2] - dead[1]];
            assert!((steps[0] / steps[1] - 1.0).abs() < 0.05, "{steps:?}");
            assert_eq!(whole_positions(rate, [side; 2]), 4);
        }
        let guide = include_str!("../../../../docs/guide/rates.md");
        assert!(!guide.contains("used in most places") && guide.contains("a corner tap"), "the guide's reasons");
    }

    #[test]
    fn rates_are_spaced_evenly() {
        assert_eq!(spaced_rates(36, 3), [1, 12, 24, 36]);
        assert_eq!(spaced_rates(31, 3), [1, 10, 21, 31]);
        assert_eq!(spaced_rates(36, 1), [1, 36]);
    }

    #[test]
    fn small_maps_have_fewer_branches() {
        assert_eq!(spaced_rates(3, 3), [1, 2, 3]);
        assert_eq!(spaced_rates(2, 3), [1, 2]);
        assert_eq!(spaced_rates(0, 3), [1]);
        for largest in 0..200 {
            for branches in 1..9 {
                check_rates(&spaced_rates(largest, branches)).unwrap();
            }
        }
    }
}
