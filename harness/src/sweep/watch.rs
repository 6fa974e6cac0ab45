//! Whoever watches the runs of a sweep: says how far all of them have come, and writes it down.

use super::Lock;
use super::bulletin::{Bulletin, INTERVAL, RunInWork};
use super::clock::{RunClock, SweepClock};
use super::pace::RunWork;
use crate::experiment::settings::RunSettings;
use crate::support::atomic_file;
use crate::support::count::count;
use crate::support::progress::{Overview, Progress, duration};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(500);

/// A watch over the runs that are to be done.
pub(super) struct SweepWatch {
    /// Shared with the bars of the runs.
    clock: Arc<Mutex<SweepClock>>,
    runs: Vec<WatchedRun>,
    /// Runs of the plan that had ended before.
    ended_before: usize,
    jobs: usize,
    bulletin: PathBuf,
    progress: Progress,
    /// One bar of all; none where there is one run, whose own bars say more.
    overview: Option<Overview>,
    /// Whether the runs have ended.
    over: Mutex<bool>,
    ended: Condvar,
}

/// What is known of a run before it starts.
pub(super) struct WatchedRun {
    pub settings: RunSettings,
    /// Validation images.
    pub images: usize,
    pub clock: RunClock,
}

impl SweepWatch {
    /// A watch over runs in the order in which they are started.
    pub fn new(
        mut runs: Vec<WatchedRun>,
        ended_before: usize,
        jobs: usize,
        bulletin: PathBuf,
        progress: &Progress,
    ) -> Self {
        let nothing = RunWork { steps: 0, images: 0 };
        let take = |run: &mut WatchedRun| std::mem::replace(&mut run.clock, RunClock::new(None, nothing, nothing));
        let clock = SweepClock::new(runs.iter_mut().map(take).collect(), jobs);
        SweepWatch {
            clock: Arc::new(Mutex::new(clock)),
            overview: (runs.len() > 1).then(|| progress.overview("sweep")),
            runs,
            ended_before,
            jobs,
            bulletin,
            progress: progress.clone(),
            over: Mutex::new(false),
            ended: Condvar::new(),
        }
    }

    /// Whether runs are one of several, whose steps are details.
    pub fn several(&self) -> bool {
        self.runs.len() > 1
    }

    /// A run starts: where it writes its progress.
    pub fn start(&self, run: usize) -> Progress {
        lock(&self.clock).start(run, Instant::now());
        let (clock, WatchedRun { settings, images, .. }) = (self.clock.clone(), &self.runs[run]);
        let (settings, images) = (settings.clone(), *images);
        let before = move |steps| RunWork::after(&settings, images, steps);
        self.progress.watched(self.several(), Arc::new(move |moved| lock(&clock).moved(run, moved, &before)))
    }

    /// A run has ended.
    pub fn end(&self, run: usize) {
        lock(&self.clock).end(run, Instant::now());
    }

    /// Watches until the runs are over.
    pub fn watch(&self, out: &Lock) {
        let mut written: Option<Instant> = None;
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            if written.is_none_or(|written| written.elapsed() >= INTERVAL) {
                self.publish(out, false);
                written = Some(Instant::now());
            }
            self.show();
            over = self.ended.wait_timeout(over, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(over);
        self.publish(out, true);
    }

    /// The runs are over.
    pub fn finish(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.notify_all();
    }

    fn show(&self) {
        let Some(overview) = &self.overview else { return };
        let clock = lock(&self.clock);
        overview.show(clock.fraction(), &self.words(&clock));
    }

    /// `3/20 runs, 16 %, 5 min 20 s left; stare 1-4 seed 0 (40 %)`
    fn words(&self, clock: &SweepClock) -> String {
        let ended = self.ended_before + clock.runs().iter().filter(|run| run.has_ended()).count();
        let all = count(self.ended_before + self.runs.len(), "run");
        let left = clock.left(Instant::now()).map_or_else(String::new, |seconds| {
            format!(", {} left", duration(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
        });
        let running = self.running(clock).into_iter();
        let running: Vec<String> =
            running.map(|RunInWork { run, done }| format!("{run} ({:.0} %)", 100.0 * done)).collect();
        let running = if running.is_empty() { String::new() } else { format!("; {}", running.join(", ")) };
        format!("{ended}/{all}, {:.0} %{left}{running}", 100.0 * clock.fraction())
    }

    fn running(&self, clock: &SweepClock) -> Vec<RunInWork> {
        let of = |(run, watched): (&RunClock, &WatchedRun)| {
            run.is_running().then(|| RunInWork { run: watched.settings.run_name(), done: run.fraction() })
        };
        clock.runs().iter().zip(&self.runs).filter_map(of).collect()
    }

    /// Writes `status.json`. A disk that does not take it is the runs' own trouble soon enough.
    fn publish(&self, out: &Lock, ended: bool) {
        let bulletin = {
            let clock = lock(&self.clock);
            let left = clock.runs().iter().filter(|run| !run.has_ended()).count();
            if ended && left == 0 {
                // Nothing is left to tell. A file that stays is of a sweep that is silent.
                let _ = atomic_file::remove(&self.bulletin);
                return;
            }
            let running = if ended { Vec::new() } else { self.running(&clock) };
            Bulletin { ended, ..Bulletin::new(self.jobs, left, running, clock.left(Instant::now())) }
        };
        if let Err(error) = bulletin.write(&self.bulletin, out) {
            self.progress.detailed_line(format!("{error:#}"));
        }
    }
}

fn lock(clock: &Mutex<SweepClock>) -> MutexGuard<'_, SweepClock> {
    clock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::tests::example;
    use crate::sweep::pace::RunPace;

    #[test]
    fn words_say_what_is_done_and_what_runs() {
        let run = || {
            let settings = example();
            let (work, nothing) = (RunWork::of(&settings, 4), RunWork { steps: 0, images: 0 });
            let clock = RunClock::new(Some(RunPace { step: 10.0, image: 0.0 }), work, nothing);
            WatchedRun { settings, images: 4, clock }
        };
        let watch = SweepWatch::new(vec![run(), run()], 3, 1, PathBuf::new(), &Progress::hidden());
        let progress = watch.start(0);
        let bar = progress.bar(100, "train");
        bar.set(40);
        let words = watch.words(&lock(&watch.clock));
        assert!(
            words.starts_with("3/5 runs, 20 %, ") && words.ends_with("; stare 1-12-24-36 seed 0 (40 %)"),
            "{words}"
        );
        watch.end(0);
        let words = watch.words(&lock(&watch.clock));
        assert!(words.starts_with("4/5 runs, 50 %, ") && words.ends_with(" left"), "{words}");
    }
}
