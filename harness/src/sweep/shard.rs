//! A sweep split over machines: which of its runs are the part of one of them.

use crate::experiment::spec::PlannedRun;
use crate::sweep::cost;
use std::fmt;
use std::str::FromStr;

/// One of the parts of a sweep, counted from 0; written `0/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

/// Why a text is no [`Shard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    #[error("must be I/N, two whole numbers such as 0/3 for the first of three shards")]
    Form,
    #[error("N must be at least 1, such as 0/3 for the first of three shards")]
    NoShards,
    #[error("shards are counted from 0, so I must be below N: the last of {count} is {last}/{count}", last = count - 1)]
    Beyond { count: usize },
}

/// The runs of a shard.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardRuns {
    /// `None` where a sweep is not split.
    pub shard: Option<Shard>,
    /// Places in the plan, ascending.
    pub runs: Vec<usize>,
    /// Runs of the whole sweep.
    pub whole: usize,
    /// What these runs cost, as a part of what all of them do: 0 to 1, an estimate.
    pub cost: f64,
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten().ok_or(ShardError::Form)
        };
        let (index, count) = text.split_once('/').ok_or(ShardError::Form)?;
        let (index, count): (usize, usize) = (number(index)?, number(count)?);
        match count {
            0 => Err(ShardError::NoShards),
            _ if index >= count => Err(ShardError::Beyond { count }),
            _ => Ok(Shard { index, count }),
        }
    }
}

/// `0/3`
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// `0-of-3`, for names of files.
    pub fn file_name(self) -> String {
        format!("{}-of-{}", self.index, self.count)
    }
}

impl ShardRuns {
    /// The part of a shard, or all runs where there is none. It depends on the plan alone: neither
    /// on what is finished nor on the machine, so that each run is in exactly one shard wherever
    /// that is asked.
    pub fn of(shard: Option<Shard>, plan: &[PlannedRun]) -> Self {
        let whole = plan.len();
        let Some(Shard { index, count }) = shard else {
            return ShardRuns { shard, runs: (0..whole).collect(), whole, cost: 1.0 };
        };
        let costs: Vec<f64> = plan.iter().map(|run| cost::planned(&run.settings)).collect();
        let shards = split(&costs, count);
        let runs: Vec<usize> = (0..whole).filter(|run| shards[*run] == index).collect();
        let cost = runs.iter().map(|run| costs[*run]).sum::<f64>() / costs.iter().sum::<f64>();
        ShardRuns { shard, runs, whole, cost }
    }
}

/// `shard 1/3: 5 of 15 runs of the whole sweep, 33.4 % of its cost`
impl fmt::Display for ShardRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShardRuns { shard, runs, whole, cost } = self;
        match shard {
            Some(shard) => write!(f, "shard {shard}: ")?,
            None => write!(f, "no shard: ")?,
        }
        write!(f, "{} of {whole} runs of the whole sweep, {:.1} % of its cost, an estimate", runs.len(), 100.0 * cost)
    }
}

/// The shard of each run. The longest goes first, to the shard that has least to do: no shard gets
/// more than 4/3 of what the fullest would have in the best split (R. L. Graham, Bounds on
/// multiprocessing timing anomalies, 1969). Runs of the same cost are taken in the order of the
/// plan, shards with the same load from the first.
fn split(costs: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costs.len()).collect();
    // A stable sort.
    order.sort_by(|left, right| costs[*right].total_cmp(&costs[*left]));
    // More shards than runs stay empty.
    let mut loads = vec![0.0_f64; count.min(costs.len())];
    let mut shards = vec![0; costs.len()];
    for run in order {
        let least = (0..loads.len()).min_by(|left, right| loads[*left].total_cmp(&loads[*right]));
        let shard = least.expect("where there is a run there is a shard");
        loads[shard] += costs[run];
        shards[run] = shard;
    }
    shards
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::spec::{Overrides, Spec};
    use proptest::prelude::*;

    fn loads(costs: &[f64], count: usize) -> Vec<f64> {
        let mut loads = vec![0.0; count];
        for (cost, shard) in costs.iter().zip(split(costs, count)) {
            loads[shard] += cost;
        }
        loads
    }

    fn most(loads: &[f64]) -> f64 {
        loads.iter().copied().fold(0.0, f64::max)
    }

    /// The least that the fullest shard can have, by trying all splits.
    fn best(costs: &[f64], loads: &mut Vec<f64>) -> f64 {
        let Some((cost, others)) = costs.split_first() else { return most(loads) };
        let mut least = f64::INFINITY;
        for shard in 0..loads.len() {
            loads[shard] += cost;
            least = least.min(best(others, loads));
            loads[shard] -= cost;
        }
        least
    }

    /// Whole numbers, whose sums are exact.
    fn costs(most: usize) -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((1u32..1000).prop_map(f64::from), 1..most)
    }

    fn plan(name: &str) -> Vec<PlannedRun> {
        Spec::load(name, &Overrides { seeds: Some("3".into()), ..Overrides::default() }).unwrap().plan()
    }

    fn parts(plan: &[PlannedRun], count: usize) -> Vec<ShardRuns> {
        (0..count).map(|index| ShardRuns::of(Some(Shard { index, count }), plan)).collect()
    }

    proptest! {
        #[test]
        fn loads_are_even(costs in costs(60), count in 1usize..20) {
            let shards = split(&costs, count);
            prop_assert_eq!(shards.len(), costs.len());
            prop_assert!(shards.iter().all(|shard| *shard < count));
            // Graham's bound of any list schedule: the fullest got its last run while it had least.
            let (mean, longest) = (costs.iter().sum::<f64>() / count as f64, most(&costs));
            let fullest = most(&loads(&costs, count));
            prop_assert!(fullest <= mean + longest * (1.0 - 1.0 / count as f64) + 1e-9, "{} {} {}", fullest, mean, longest);
        }

        #[test]
        fn no_split_is_better_by_more_than_a_quarter(costs in costs(8), count in 1usize..4) {
            let least = best(&costs, &mut vec![0.0; count]);
            let bound = least * (4.0 / 3.0 - 1.0 / (3.0 * count as f64));
            prop_assert!(most(&loads(&costs, count)) <= bound + 1e-9);
        }

        #[test]
        fn every_run_is_in_exactly_one_shard(count in 1usize..40, name in prop::sample::select(vec!["quick", "ci", "controls"])) {
            let plan = plan(name);
            let parts = parts(&plan, count);
            let mut runs: Vec<usize> = parts.iter().flat_map(|part| part.runs.clone()).collect();
            runs.sort_unstable();
            prop_assert_eq!(runs, (0..plan.len()).collect::<Vec<_>>());
            prop_assert!((parts.iter().map(|part| part.cost).sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(parts.iter().all(|part| part.runs.is_sorted() && part.whole == plan.len()));
        }
    }

    #[test]
    fn runs_of_the_same_cost_are_dealt_out_in_turn() {
        assert_eq!(split(&[5.0; 7], 3), [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(split(&[1.0, 2.0, 3.0, 4.0], 2), [0, 1, 1, 0]);
        assert_eq!(split(&[2.0, 3.0], 5), [1, 0]);
        assert!(split(&[], 3).is_empty());
    }

    #[test]
    fn costs_decide_and_not_counts() {
        // Street scenes and aerial images cost more than the others.
        let shares: Vec<f64> = parts(&plan("quick"), 4).iter().map(|part| part.cost).collect();
        assert!(shares.iter().all(|share| (share - 0.25).abs() < 0.04), "{shares:?}");
    }

    #[test]
    fn without_a_shard_all_runs_are_meant() {
        let plan = plan("ci");
        let all = ShardRuns { shard: None, runs: (0..plan.len()).collect(), whole: plan.len(), cost: 1.0 };
        assert_eq!(ShardRuns::of(None, &plan), all);
        let one = ShardRuns::of(Some("0/1".parse().unwrap()), &plan);
        assert_eq!((one.runs, one.cost), (all.runs, 1.0));
    }

    #[test]
    fn text_is_two_numbers_counted_from_nought() {
        assert_eq!("0/1".parse(), Ok(Shard { index: 0, count: 1 }));
        assert_eq!("11/12".parse::<Shard>().unwrap().to_string(), "11/12");
        for text in [
            "",
            "/",
            "1",
            "1/",
            "/2",
            "a/b",
            "-1/3",
            "+1/3",
            "1/3/4",
            "1.0/3",
            " 1/3",
            "1 of 3",
            "0/99999999999999999999999",
        ] {
            assert_eq!(text.parse::<Shard>(), Err(ShardError::Form), "{text}");
        }
        assert_eq!("0/0".parse::<Shard>(), Err(ShardError::NoShards));
        let beyond = "3/3".parse::<Shard>().unwrap_err().to_string();
        assert_eq!(beyond, "shards are counted from 0, so I must be below N: the last of 3 is 2/3");
    }

    #[test]
    fn a_great_many_shards_cost_nothing() {
        let part = ShardRuns::of(Some("99999999999/100000000000".parse().unwrap()), &plan("ci"));
        assert_eq!((part.runs.len(), part.cost), (0, 0.0));
    }
}
