//! The order in which runs are made: seeds first, so that rates can be compared early.

use crate::experiment::spec::PlannedRun;
use std::collections::HashMap;

/// Orders places of the plan: the first seed of all experiments and rates, then the second, and so
/// on.
pub(super) fn seeds_first<'p>(plan: &'p [PlannedRun], runs: &[usize]) -> Vec<usize> {
    let mut seen: HashMap<(&'p str, &'p [usize]), usize> = HashMap::new();
    let rank = |run: &'p PlannedRun| {
        let before = seen.entry((&run.settings.experiment, &run.settings.rates)).or_default();
        *before += 1;
        *before
    };
    let ranks: Vec<usize> = plan.iter().map(rank).collect();
    let mut ordered = runs.to_vec();
    // Stable: within a seed the plan decides.
    ordered.sort_by_key(|run| ranks[*run]);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::spec::{Overrides, Spec};

    #[test]
    fn every_rates_has_its_first_seed_before_one_has_its_second() {
        let spec = Spec::load("ci", &Overrides { seeds: Some("5,3".into()), ..Overrides::default() }).unwrap();
        let plan = spec.plan();
        let order = seeds_first(&plan, &(0..plan.len()).collect::<Vec<_>>());
        let seeds: Vec<u64> = order.iter().map(|run| plan[*run].settings.seed).collect();
        assert_eq!(seeds, [5, 5, 5, 5, 3, 3, 3, 3]);
        let of_first: Vec<usize> = order[..4].to_vec();
        assert!(of_first.is_sorted(), "{of_first:?}");
        // A shard has its own part of them.
        assert_eq!(seeds_first(&plan, &[1, 4, 7]), [4, 1, 7]);
    }
}
