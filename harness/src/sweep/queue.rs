//! The runs that are to be done: taken in their order, by as many workers as there are to be runs at a time.

use super::run::{Run, Workplace};
use super::{Outcome, Share, SweepEnd};
use crate::rows::Rows;
use anyhow::{Context, Error, Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// As much as a program's main thread has on common systems: a run that is alone has that.
const STACK_BYTES: usize = 8 << 20;

/// A run that is to be done.
pub(super) struct Due<'r> {
    pub run: Run<'r>,
    /// Its place in the plan, from 1.
    pub number: usize,
    /// It ended with an error before.
    pub retried: bool,
}

/// Those runs, and what has become of them.
pub(super) struct Queue<'a> {
    due: &'a [Due<'a>],
    out: &'a Path,
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
    pub fn new(due: &'a [Due<'a>], out: &'a Path, workplace: Workplace<'a>, end: SweepEnd) -> Self {
        Queue { due, out, workplace, books: Mutex::new(Books { taken: 0, running: 0, end, error: None }) }
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
        end.failed += self.due[taken..].iter().filter(|due| due.retried).count();
        error.map_or(Ok(end), Err)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes runs until there are no more, in the threads of `pool` where there is one.
    fn work(&self, pool: Option<&ThreadPool>) {
        while let Some(due) = self.take() {
            let execute = || due.run.execute(&self.workplace);
            // Without this, the others would go on for hours before anybody heard of it.
            let outcome = catch_unwind(AssertUnwindSafe(|| match pool {
                Some(pool) => pool.install(execute),
                None => execute(),
            }));
            self.settle(outcome.unwrap_or_else(|panic| Err(panicked(&*panic).context(due.run.title()))));
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
        if let Err(error) = due.start() {
            self.fail(&mut books, error);
            return None;
        }
        books.end.executed += 1;
        books.running += 1;
        Some(due)
    }

    /// Enters how a run ended.
    fn settle(&self, outcome: Result<Outcome>) {
        let mut books = self.books();
        books.running -= 1;
        let written = outcome.and_then(|outcome| {
            match outcome {
                Outcome::Finished(_) => books.end.finished += 1,
                Outcome::Failed { .. } => books.end.failed += 1,
                Outcome::Stopped { .. } => books.end.stopped = true,
            }
            Rows::update(self.out)
        });
        if let Err(error) = written {
            self.fail(&mut books, error);
        }
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
        if self.retried {
            self.run.dir.clear()?;
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

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    anyhow!("the program failed: {}", text.unwrap_or("no reason is known"))
}
