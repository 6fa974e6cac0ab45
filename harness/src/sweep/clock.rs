//! The time that a sweep has left, by what was estimated and by how far its runs have come.

use super::pace::{RunPace, RunWork, makespan};
use crate::support::progress::Moved;
use std::time::Instant;

/// The runs that are to be done, and how far each has come.
pub(super) struct SweepClock {
    runs: Vec<RunClock>,
    jobs: usize,
}

/// A run that is to be done.
pub(super) struct RunClock {
    /// `None` where nothing is known before the run.
    pub pace: Option<RunPace>,
    /// All of its work.
    pub work: RunWork,
    /// What an earlier program has done of it, once the run knows.
    pub before: RunWork,
    state: RunClockState,
    /// Steps done and thousandths of images scored.
    steps: u64,
    scored: u64,
}

/// Whether a run waits, is in work, or has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum RunClockState {
    Waiting,
    Running(Instant),
    /// After so many seconds of work.
    Ended(f64),
}

/// The part that what was estimated has in how fast runs are: that of so much of the whole sweep.
const PRIOR: f64 = 0.05;

impl RunClock {
    /// A run that is to be done.
    pub fn new(pace: Option<RunPace>, work: RunWork, before: RunWork) -> Self {
        RunClock { pace, work, before, state: RunClockState::Waiting, steps: 0, scored: 0 }
    }

    /// Seconds of so much work, by the estimate; where there is none, runs count alike.
    fn seconds(&self, work: RunWork) -> f64 {
        let alike = RunPace { step: 1.0 / self.work.steps.max(1) as f64, image: 0.0 };
        self.pace.unwrap_or(alike).seconds(work)
    }

    fn all(&self) -> f64 {
        self.seconds(self.work)
    }

    /// Estimated seconds of what is done, with and without what an earlier program did.
    fn done(&self) -> (f64, f64) {
        let before = self.seconds(self.before);
        let done = match self.state {
            RunClockState::Ended(_) => self.all(),
            RunClockState::Waiting => before,
            RunClockState::Running(_) => {
                let images = self.pace.map_or(0.0, |pace| pace.image * self.scored as f64 / 1000.0);
                let steps = self.steps.max(self.before.steps);
                let trained = self.seconds(RunWork { steps, images: self.before.images });
                (trained + images).min(self.all())
            }
        };
        (done, (done - before).max(0.0))
    }

    /// How much of the run is done: 0 to 1.
    pub fn fraction(&self) -> f64 {
        self.done().0 / self.all().max(f64::MIN_POSITIVE)
    }

    /// Whether the run is in work.
    pub fn is_running(&self) -> bool {
        matches!(self.state, RunClockState::Running(_))
    }

    /// Whether the run has ended.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, RunClockState::Ended(_))
    }
}

impl SweepClock {
    /// A clock of runs in the order in which they are started, so many at a time.
    pub fn new(runs: Vec<RunClock>, jobs: usize) -> Self {
        SweepClock { runs, jobs }
    }

    /// The runs, in their order.
    pub fn runs(&self) -> &[RunClock] {
        &self.runs
    }

    /// A run has started.
    pub fn start(&mut self, run: usize, now: Instant) {
        self.runs[run].state = RunClockState::Running(now);
    }

    /// A run has come further. `before` says what an earlier program did of it, by its steps.
    pub fn moved(&mut self, run: usize, moved: Moved, before: impl Fn(u64) -> RunWork) {
        let run = &mut self.runs[run];
        match moved {
            Moved::Resumed(steps) => (run.before, run.steps) = (before(steps), steps),
            Moved::Steps(steps) => run.steps = steps,
            Moved::Scored(thousandths) => run.scored += thousandths,
        }
    }

    /// A run has ended.
    pub fn end(&mut self, run: usize, now: Instant) {
        if let RunClockState::Running(since) = self.runs[run].state {
            self.runs[run].state = RunClockState::Ended((now - since).as_secs_f64());
        }
    }

    /// How much of all runs is done: 0 to 1.
    pub fn fraction(&self) -> f64 {
        let sum = |of: fn(&RunClock) -> f64| self.runs.iter().map(of).sum::<f64>();
        sum(|run| run.done().0) / sum(RunClock::all).max(f64::MIN_POSITIVE)
    }

    /// Seconds until the last run has ended; `None` where neither an estimate nor a step tells.
    pub fn left(&self, now: Instant) -> Option<f64> {
        let (mut took, mut estimated, mut all) = (0.0, 0.0, 0.0);
        for run in &self.runs {
            took += match run.state {
                RunClockState::Waiting => 0.0,
                RunClockState::Running(since) => (now - since).as_secs_f64(),
                RunClockState::Ended(seconds) => seconds,
            };
            estimated += run.done().1;
            all += run.all();
        }
        let known = self.runs.iter().all(|run| run.pace.is_some());
        let prior = if known { PRIOR * all } else { 0.0 };
        let slower = (took + prior) / (estimated + prior);
        let rest = |wanted: fn(&RunClock) -> bool| {
            self.runs.iter().filter(move |run| wanted(run)).map(|run| run.all() - run.done().0)
        };
        let running = rest(RunClock::is_running);
        let waiting = rest(|run| run.state == RunClockState::Waiting);
        (known || estimated > 0.0).then(|| slower * makespan(running.chain(waiting), self.jobs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const PACE: RunPace = RunPace { step: 0.1, image: 1.0 };
    const WORK: RunWork = RunWork { steps: 80, images: 2 };
    const NOTHING: RunWork = RunWork { steps: 0, images: 0 };

    /// Runs of 10 s each.
    fn clock(runs: usize, jobs: usize, pace: Option<RunPace>) -> SweepClock {
        SweepClock::new((0..runs).map(|_| RunClock::new(pace, WORK, NOTHING)).collect(), jobs)
    }

    fn about(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-6 * expected.max(1.0), "{found}, not {expected}");
    }

    #[test]
    fn before_the_first_step_the_estimate_is_all_there_is() {
        let now = Instant::now();
        about(clock(4, 1, Some(PACE)).left(now), 40.0);
        about(clock(4, 2, Some(PACE)).left(now), 20.0);
        // The third runs alone.
        about(clock(3, 2, Some(PACE)).left(now), 20.0);
        assert_eq!(clock(4, 1, None).left(now), None);
    }

    #[test]
    fn runs_side_by_side_are_not_added_up() {
        let began = Instant::now();
        let mut clock = clock(4, 2, Some(PACE));
        (0..2).for_each(|run| clock.start(run, began));
        // As fast as estimated.
        let now = began + Duration::from_secs(4);
        (0..2).for_each(|run| clock.moved(run, Moved::Steps(40), |_| NOTHING));
        about(clock.left(now), 16.0);
        assert!((clock.fraction() - 0.2).abs() < 1e-9);
        (0..2).for_each(|run| clock.moved(run, Moved::Steps(80), |_| NOTHING));
        (0..2).for_each(|run| clock.moved(run, Moved::Scored(1000), |_| NOTHING));
        about(clock.left(began + Duration::from_secs(9)), 11.0);
        clock.end(0, began + Duration::from_secs(10));
        assert!(clock.runs()[0].has_ended() && clock.runs()[1].is_running());
        assert!((clock.runs()[1].fraction() - 0.9).abs() < 1e-9);
    }

    #[test]
    fn slow_runs_make_the_rest_slow() {
        let began = Instant::now();
        let mut clock = clock(10, 1, Some(PACE));
        for run in 0..5 {
            clock.start(run, began + Duration::from_secs(20 * run as u64));
            clock.end(run, began + Duration::from_secs(20 * (run as u64 + 1)));
        }
        // 100 s for what was to take 50 s, and a little of the estimate.
        about(clock.left(began + Duration::from_secs(100)), 50.0 * 105.0 / 55.0);
    }

    #[test]
    fn work_of_an_earlier_program_tells_nothing_of_the_speed() {
        let began = Instant::now();
        let mut clock = clock(1, 1, Some(PACE));
        clock.start(0, began);
        clock.moved(0, Moved::Resumed(60), |steps| RunWork { steps, images: 0 });
        about(clock.left(began), 4.0);
        clock.moved(0, Moved::Steps(70), |_| NOTHING);
        about(clock.left(began + Duration::from_secs(1)), 3.0);
    }

    #[test]
    fn without_an_estimate_steps_tell() {
        let began = Instant::now();
        let mut clock = clock(2, 1, None);
        clock.start(0, began);
        clock.moved(0, Moved::Steps(40), |_| NOTHING);
        // Half a run in 4 s, one and a half are left.
        about(clock.left(began + Duration::from_secs(4)), 12.0);
    }
}
