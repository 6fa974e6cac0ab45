//! The runs that are to be done: taken in their order, by as many workers as there are to be runs
//! at a time.

use super::probe::pool;
use super::run::{SweepRun, Workplace};
use super::watch::SweepWatch;
use super::{Lock, Schedule, SweepEnd, fault};
use crate::conclusions::standing;
use crate::results::result::Cause;
use crate::results::rows::Rows;
use crate::run::context::Outcome;
use anyhow::{Error, Result, anyhow};
use rayon::ThreadPool;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// A run that is to be done.
pub(super) struct QueueEntry<'r> {
    pub run: SweepRun<'r>,
    /// The run's place among those of the sweep in the order in which they are made, from 1.
    pub number: usize,
    /// The error that it ended with before.
    pub retried: Option<Cause>,
}

/// The runs that are to be done, and what has become of them.
pub(super) struct RunQueue<'a> {
    entries: &'a [QueueEntry<'a>],
    /// The lock of the output directory.
    lock: &'a Lock,
    /// What runs are executed with; its flag stops these runs and nothing else.
    workplace: Workplace<'a>,
    watch: &'a SweepWatch,
    /// The largest difference, a fraction, that is called equal.
    margin: f64,
    ledger: Mutex<Ledger>,
}

/// What workers change: the ledger of the queue. Whoever holds it is the only one who starts runs
/// and writes tables.
struct Ledger {
    /// Runs that were started, the first of the queue.
    taken: usize,
    /// Runs in work.
    running: usize,
    end: SweepEnd,
    /// The first error.
    error: Option<Error>,
}

impl<'a> RunQueue<'a> {
    /// A queue of runs. `end` is what is known before: what is planned, finished and failed without
    /// the runs that are due.
    pub fn new(
        entries: &'a [QueueEntry<'a>],
        lock: &'a Lock,
        workplace: Workplace<'a>,
        (watch, margin): (&'a SweepWatch, f64),
        end: SweepEnd,
    ) -> Self {
        let ledger = Mutex::new(Ledger { taken: 0, running: 0, end, error: None });
        RunQueue { entries, lock, workplace, watch, margin, ledger }
    }

    /// Executes the runs, and keeps `results.csv` and `classes.csv` up to date.
    ///
    /// # Errors
    /// The first error of a run; the others are stopped then, and have written their checkpoints.
    pub fn process(self, schedule: &Schedule) -> Result<SweepEnd> {
        let alone = schedule.jobs == 1;
        let jobs = if alone { 0..0 } else { 0..schedule.jobs };
        let pools = jobs.map(|job| pool(job, schedule.threads(job))).collect::<Result<Vec<_>>>()?;
        thread::scope(|scope| {
            // Where there is no thread for it, the runs go on unwatched.
            let _ = thread::Builder::new().spawn_scoped(scope, || self.watch.watch(self.lock));
            thread::scope(|scope| {
                for pool in &pools {
                    let started = thread::Builder::new().spawn_scoped(scope, || self.work(Some(pool)));
                    if let Err(error) = started {
                        self.fail(&mut self.ledger(), Error::new(error).context("cannot start a thread"));
                    }
                }
                if alone {
                    self.work(None);
                }
            });
            self.watch.finish();
        });
        let Ledger { taken, mut end, error, .. } = self.ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Those that were not started keep their error rows.
        self.entries[taken..].iter().filter_map(|entry| entry.retried).for_each(|cause| end.add_failed(cause));
        error.map_or(Ok(end), Err)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes runs until there are no more, in the threads of `pool` where there is one.
    fn work(&self, pool: Option<&ThreadPool>) {
        while let Some((place, entry)) = self.take() {
            let progress = self.watch.start(place);
            let execute = || entry.run.execute(&self.workplace, &progress);
            // A panic outside of the run's own work. Without this, the others would go on for hours
            // before anybody heard of it.
            let outcome = catch_unwind(AssertUnwindSafe(|| match pool {
                Some(pool) => pool.install(execute),
                None => execute(),
            }));
            let failed = |message| Err(anyhow!("the program failed: {message}").context(entry.run.title()));
            self.settle(place, entry, outcome.unwrap_or_else(|panic| failed(fault::message(&*panic))));
        }
    }

    /// The next run and its place in the queue, started; `None` where there is none or somebody
    /// wants to stop.
    fn take(&self) -> Option<(usize, &QueueEntry<'a>)> {
        let mut ledger = self.ledger();
        let place = ledger.taken;
        let entry = self.entries.get(place)?;
        if self.workplace.stop.requested() {
            ledger.end.stopped = true;
            return None;
        }
        ledger.taken += 1;
        let line = format!("run {} of {}: {}", entry.number, ledger.end.planned, entry.run.title());
        match self.watch.several() {
            true => self.workplace.progress.detailed_line(line),
            false => self.workplace.progress.line(line),
        }
        if let Err(error) = self.lock.check().and_then(|()| entry.start()) {
            self.fail(&mut ledger, error);
            return None;
        }
        ledger.end.executed += 1;
        ledger.running += 1;
        Some((place, entry))
    }

    /// Enters how a run ended.
    fn settle(&self, place: usize, entry: &QueueEntry, outcome: Result<Outcome>) {
        let mut ledger = self.ledger();
        ledger.running -= 1;
        if matches!(outcome, Ok(Outcome::Finished(_) | Outcome::Failed { .. } | Outcome::Broken { .. })) {
            self.watch.end(place);
        }
        // What a run says of a directory that is gone is of no use.
        let written = self.lock.check().and(outcome).and_then(|outcome| {
            let lost = matches!(outcome, Outcome::Broken { lost: true, .. });
            let finished = matches!(outcome, Outcome::Finished(_));
            match outcome {
                Outcome::Finished(_) => ledger.end.finished += 1,
                Outcome::Failed { .. } => ledger.end.add_failed(Cause::Diverged),
                Outcome::Broken { .. } => ledger.end.add_failed(if lost { Cause::Device } else { Cause::Program }),
                Outcome::Stopped { .. } => ledger.end.stopped = true,
            }
            let rows = Rows::update(self.lock.out())?;
            if finished {
                let said = standing::of_run(&rows, entry.run.id(), entry.run.settings(), self.margin);
                self.workplace.progress.line(said.unwrap_or_else(|| format!("{}: finished", entry.run.title())));
            }
            if lost { self.recover(entry) } else { Ok(()) }
        });
        if let Err(error) = written {
            self.fail(&mut ledger, error);
        }
    }

    /// Opens a lost device anew, on which later runs go on. Where it does not open, every one of
    /// them would fail in the same way: they are not started.
    fn recover(&self, entry: &QueueEntry) -> Result<()> {
        let device = &self.workplace.device;
        let (name, title) = (device.get().info.name, entry.run.title());
        device.recover().map_err(|error| {
            Error::new(error).context(format!(
                "{name} was lost in {title}, which has an error row, and does not open again; later runs were not started: once \
                 `atrous devices` lists the device again, the same command with --retry-failed goes on"
            ))
        })?;
        let next = "it was opened again, and the sweep goes on with the other runs";
        self.workplace.progress.failure(format!("{name} was lost in {title}, which has an error row; {next}"));
        Ok(())
    }

    /// Keeps the first error, and stops the runs that are in work.
    fn fail(&self, ledger: &mut Ledger, error: Error) {
        self.workplace.stop.request();
        if ledger.error.is_some() {
            self.workplace.progress.failure(format!("another error: {error:#}"));
            return;
        }
        if ledger.running > 0 {
            self.workplace.progress.failure(format!("stopping the other runs: {error:#}"));
        }
        ledger.error = Some(error);
    }
}

impl QueueEntry<'_> {
    fn start(&self) -> Result<()> {
        match self.retried {
            Some(cause) if cause.would_repeat() => self.run.dir.clear()?,
            Some(_) => self.run.dir.reopen()?,
            None => {}
        }
        self.run.write_run_file()
    }
}
