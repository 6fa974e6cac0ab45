//! The runs that are to be done: taken in their order, by as many workers as there are to be runs at a time.

use super::run::{Run, Workplace};
use super::{Lock, Share, SweepEnd, fault};
use crate::results::result::Cause;
use crate::results::rows::Rows;
use crate::run::context::Outcome;
use anyhow::{Context, Error, Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// As much as a program's main thread has on common systems: a run that is alone has that.
const STACK_BYTES: usize = 8 << 20;

/// A run that is to be done.
pub(super) struct Due<'r> {
    pub run: Run<'r>,
    /// Its place in the plan, from 1.
    pub number: usize,
    /// The error that it ended with before.
    pub retried: Option<Cause>,
}

/// Those runs, and what has become of them.
pub(super) struct Queue<'a> {
    due: &'a [Due<'a>],
    /// Of the output directory.
    lock: &'a Lock,
    /// Its flag stops these runs and nothing else.
    workplace: Workplace<'a>,
    books: Mutex<Books>,
}

/// What workers change. Whoever holds it is the only one who starts runs and writes tables.
struct Books {
    /// Runs that were started, the first of the queue.
    taken: usize,
    /// Runs in work.
    running: usize,
    end: SweepEnd,
    /// The first one.
    error: Option<Error>,
}

impl<'a> Queue<'a> {
    /// `end` is what is known before: what is planned, finished and failed without the runs that are due.
    pub fn new(due: &'a [Due<'a>], lock: &'a Lock, workplace: Workplace<'a>, end: SweepEnd) -> Self {
        Queue { due, lock, workplace, books: Mutex::new(Books { taken: 0, running: 0, end, error: None }) }
    }

    /// Executes them, and keeps `results.csv` and `classes.csv` up to date.
    ///
    /// # Errors
    /// The first one of a run; the others are stopped then, and have written their checkpoints.
    pub fn process(self, share: &Share) -> Result<SweepEnd> {
        if share.jobs == 1 {
            self.work(None);
        } else {
            let pools = (0..share.jobs).map(|job| pool(job, share.threads(job))).collect::<Result<Vec<_>>>()?;
            thread::scope(|scope| {
                for pool in &pools {
                    let started = thread::Builder::new().spawn_scoped(scope, || self.work(Some(pool)));
                    if let Err(error) = started {
                        self.fail(&mut self.books(), Error::new(error).context("cannot start a thread"));
                    }
                }
            });
        }
        let Books { taken, mut end, error, .. } = self.books.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Those that were not started keep their error rows.
        self.due[taken..].iter().filter_map(|due| due.retried).for_each(|cause| end.add_failed(cause));
        error.map_or(Ok(end), Err)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes runs until there are no more, in the threads of `pool` where there is one.
    fn work(&self, pool: Option<&ThreadPool>) {
        while let Some(due) = self.take() {
            let execute = || due.run.execute(&self.workplace);
            // A panic outside of the run's own work. Without this, the others would go on for hours before anybody heard of it.
            let outcome = catch_unwind(AssertUnwindSafe(|| match pool {
                Some(pool) => pool.install(execute),
                None => execute(),
            }));
            let failed = |message| Err(anyhow!("the program failed: {message}").context(due.run.title()));
            self.settle(due, outcome.unwrap_or_else(|panic| failed(fault::message(&*panic))));
        }
    }

    /// The next run, started; `None` where there is none or somebody wants to stop.
    fn take(&self) -> Option<&Due<'a>> {
        let mut books = self.books();
        let due = self.due.get(books.taken)?;
        if self.workplace.stop.requested() {
            books.end.stopped = true;
            return None;
        }
        books.taken += 1;
        self.workplace.progress.line(format!("run {} of {}: {}", due.number, books.end.planned, due.run.title()));
        if let Err(error) = self.lock.check().and_then(|()| due.start()) {
            self.fail(&mut books, error);
            return None;
        }
        books.end.executed += 1;
        books.running += 1;
        Some(due)
    }

    /// Enters how a run ended.
    fn settle(&self, due: &Due, outcome: Result<Outcome>) {
        let mut books = self.books();
        books.running -= 1;
        // What a run says of a directory that is gone is of no use.
        let written = self.lock.check().and(outcome).and_then(|outcome| {
            let lost = matches!(outcome, Outcome::Broken { lost: true, .. });
            match outcome {
                Outcome::Finished(_) => books.end.finished += 1,
                Outcome::Failed { .. } => books.end.add_failed(Cause::Diverged),
                Outcome::Broken { .. } => books.end.add_failed(if lost { Cause::Device } else { Cause::Program }),
                Outcome::Stopped { .. } => books.end.stopped = true,
            }
            Rows::update(self.lock.out())?;
            if lost { self.recover(due) } else { Ok(()) }
        });
        if let Err(error) = written {
            self.fail(&mut books, error);
        }
    }

    /// Later runs go on where the lost device opens anew. Where it does not, every one of them would fail in the same way: they are not
    /// started.
    fn recover(&self, due: &Due) -> Result<()> {
        let device = &self.workplace.device;
        let (name, title) = (device.get().info.name, due.run.title());
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
    fn fail(&self, books: &mut Books, error: Error) {
        self.workplace.stop.request();
        if books.error.is_some() {
            self.workplace.progress.line(format!("another error: {error:#}"));
            return;
        }
        if books.running > 0 {
            self.workplace.progress.line(format!("stopping the other runs: {error:#}"));
        }
        books.error = Some(error);
    }
}

impl Due<'_> {
    fn start(&self) -> Result<()> {
        match self.retried {
            Some(cause) if cause.would_repeat() => self.run.dir.clear()?,
            Some(_) => self.run.dir.reopen()?,
            None => {}
        }
        self.run.write_run_file()
    }
}

/// Threads of its own for one of the jobs, counted from 0.
fn pool(job: usize, threads: usize) -> Result<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK_BYTES)
        .thread_name(move |thread| format!("job-{job}-{thread}"))
        .build()
        .context("cannot start threads")
}
