//! Sweeps that were made: what their steps told before, and how long they took.

use crate::sweep::pace::{RunPace, RunWork, makespan};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    sweep: Vec<RecordedSweep>,
}

#[derive(Deserialize)]
struct RecordedSweep {
    command: String,
    jobs: usize,
    /// Seconds from the first run's start to the last one's end.
    took: f64,
    kinds: Vec<RecordedKind>,
}

/// Runs of one kind, with what was timed before the first of them.
#[derive(Deserialize)]
struct RecordedKind {
    runs: usize,
    #[serde(flatten)]
    pace: RunPace,
    #[serde(flatten)]
    work: RunWork,
}

#[test]
fn the_time_of_a_sweep_was_known_within_thirty_percent() {
    let recorded: Recorded = toml::from_str(include_str!("forecasts.toml")).unwrap();
    assert!(recorded.sweep.len() >= 4);
    for sweep in recorded.sweep {
        let seconds = sweep.kinds.iter().flat_map(|kind| vec![kind.pace.seconds(kind.work); kind.runs]);
        let forecast = makespan(seconds, sweep.jobs);
        let ratio = forecast / sweep.took;
        assert!((0.7..1.3).contains(&ratio), "{}: {forecast:.0} s, and it took {:.0} s", sweep.command, sweep.took);
    }
}
