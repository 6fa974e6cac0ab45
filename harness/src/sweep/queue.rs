//! The runs that are to be done: taken in their order, by as many workers as there are to be runs
//! at a time.

use super::run::{SweepRun, Workplace};
use super::{Lock, Schedule, SweepEnd, fault};
use crate::results::result::Cause;
use crate::results::rows::Rows;
use crate::run::context::Outcome;
use anyhow::{Context, Error, Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// The stack of a run's threads: as much as a program's main thread has on common systems, which a
/// run that is alone has.
const STACK_BYTES: usize = 8 << 20;

/// A run that is to be done.
pub(super) struct QueueEntry<'r> {
    pub run: SweepRun<'r>,
    /// The run's place in the plan, from 1.
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
    pub fn new(entries: &'a [QueueEntry<'a>], lock: &'a Lock, workplace: Workplace<'a>, end: SweepEnd) -> Self {
        RunQueue { entries, lock, workplace, ledger: Mutex::new(Ledger { taken: 0, running: 0, end, error: None }) }
    }

    /// Executes the runs, and keeps `results.csv` and `classes.csv` up to date.
    ///
    /// # Errors
    /// The first error of a run; the others are stopped then, and have written their checkpoints.
    pub fn process(self, schedule: &Schedule) -> Result<SweepEnd> {
        if schedule.jobs == 1 {
            self.work(None);
        } else {
            let pools = (0..schedule.jobs).map(|job| pool(job, schedule.threads(job))).collect::<Result<Vec<_>>>()?;
            thread::scope(|scope| {
                for pool in &pools {
                    let started = thread::Builder::new().spawn_scoped(scope, || self.work(Some(pool)));
                    if let Err(error) = started {
                        self.fail(&mut self.ledger(), Error::new(error).context("cannot start a thread"));
                    }
                }
            });
        }
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
        while let Some(entry) = self.take() {
            let execute = || entry.run.execute(&self.workplace);
            // A panic outside of the run's own work. Without this, the others would go on for hours
            // before anybody heard of it.
            let outcome = catch_unwind(AssertUnwindSafe(|| match pool {
                Some(pool) => pool.install(execute),
                None => execute(),
            }));
            let failed = |message| Err(anyhow!("the program failed: {message}").context(entry.run.title()));
            self.settle(entry, outcome.unwrap_or_else(|panic| failed(fault::message(&*panic))));
        }
    }

    /// The next run, started; `None` where there is none or somebody wants to stop.
    fn take(&self) -> Option<&QueueEntry<'a>> {
        let mut ledger = self.ledger();
        let entry = self.entries.get(ledger.taken)?;
        if self.workplace.stop.requested() {
            ledger.end.stopped = true;
            return None;
        }
        ledger.taken += 1;
        self.workplace.progress.line(format!("run {} of {}: {}", entry.number, ledger.end.planned, entry.run.title()));
        if let Err(error) = self.lock.check().and_then(|()| entry.start()) {
            self.fail(&mut ledger, error);
            return None;
        }
        ledger.end.executed += 1;
        ledger.running += 1;
        Some(entry)
    }

    /// Enters how a run ended.
    fn settle(&self, entry: &QueueEntry, outcome: Result<Outcome>) {
        let mut ledger = self.ledger();
        ledger.running -= 1;
        // What a run says of a directory that is gone is of no use.
        let written = self.lock.check().and(outcome).and_then(|outcome| {
            let lost = matches!(outcome, Outcome::Broken { lost: true, .. });
            match outcome {
                Outcome::Finished(_) => ledger.end.finished += 1,
                Outcome::Failed { .. } => ledger.end.add_failed(Cause::Diverged),
                Outcome::Broken { .. } => ledger.end.add_failed(if lost { Cause::Device } else { Cause::Program }),
                Outcome::Stopped { .. } => ledger.end.stopped = true,
            }
            Rows::update(self.lock.out())?;
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
        self.workplace.progress.line(format!("{name} was lost in {title}, which has an error row; {next}"));
        Ok(())
    }

    /// Keeps the first error, and stops the runs that are in work.
    fn fail(&self, ledger: &mut Ledger, error: Error) {
        self.workplace.stop.request();
        if ledger.error.is_some() {
            self.workplace.progress.line(format!("another error: {error:#}"));
            return;
        }
        if ledger.running > 0 {
            self.workplace.progress.line(format!("stopping the other runs: {error:#}"));
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

/// The threads of one of the jobs, counted from 0.
fn pool(job: usize, threads: usize) -> Result<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK_BYTES)
        .thread_name(move |thread| format!("job-{job}-{thread}"))
        .build()
        .context("cannot start threads")
}
