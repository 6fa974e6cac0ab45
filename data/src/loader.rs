//! Batches prepared on background threads, in order.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::batch::{Batch, BatchSource};
use crate::error::Result;

/// A batch, or the panic of the thread that prepared it.
type Prepared = std::result::Result<Result<Batch>, Box<dyn Any + Send>>;

/// Yields the batches of a range of iterations in order, whatever the number of threads. At most
/// two batches per thread are prepared ahead. Dropping it early stops the threads.
pub struct BatchLoader {
    shared: Arc<LoaderState>,
    source: Arc<BatchSource>,
    /// None where the system has no threads left.
    threads: Vec<JoinHandle<()>>,
    end: u64,
}

struct LoaderState {
    queue: Mutex<BatchQueue>,
    /// Signalled when the next batch to be handed out is ready.
    ready: Condvar,
    /// Signalled when there is room, or when the loader closes.
    room: Condvar,
    ahead: u64,
    end: u64,
}

struct BatchQueue {
    /// The next iteration to be prepared.
    claim: u64,
    /// The next iteration to be handed out.
    deliver: u64,
    batches: BTreeMap<u64, Prepared>,
    closed: bool,
}

impl BatchLoader {
    /// Starts `threads` threads (at least one) that prepare the batches of `range`.
    pub fn new(source: Arc<BatchSource>, range: Range<u64>, threads: usize) -> Self {
        Self::with(source, range, threads.max(1))
    }

    fn with(source: Arc<BatchSource>, range: Range<u64>, threads: usize) -> Self {
        let queue = BatchQueue { claim: range.start, deliver: range.start, batches: BTreeMap::new(), closed: false };
        let shared = Arc::new(LoaderState {
            queue: Mutex::new(queue),
            ready: Condvar::new(),
            room: Condvar::new(),
            ahead: 2 * threads as u64,
            end: range.end,
        });
        let start = |_| {
            let (shared, source) = (shared.clone(), source.clone());
            // A system that gives no more has given some, or `next` prepares batches itself.
            std::thread::Builder::new().spawn(move || shared.work(&source)).ok()
        };
        let threads = (0..threads).map_while(start).collect();
        Self { shared, source, threads, end: range.end }
    }

    /// The source of the batches.
    pub fn source(&self) -> &BatchSource {
        &self.source
    }

    /// Waits for the next batch; `None` after the last. An error stands for its own batch only.
    ///
    /// # Panics
    ///
    /// Goes on with the panic of a background thread.
    #[expect(clippy::should_implement_trait, reason = "an error does not end the sequence")]
    pub fn next(&mut self) -> Option<Result<Batch>> {
        let mut queue = self.shared.lock();
        if queue.deliver >= self.end {
            return None;
        }
        if self.threads.is_empty() {
            let iteration = queue.deliver;
            queue.deliver += 1;
            drop(queue);
            return Some(self.source.batch(iteration));
        }
        let prepared = loop {
            let wanted = queue.deliver;
            match queue.batches.remove(&wanted) {
                Some(prepared) => break prepared,
                None => {
                    queue = self.shared.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        queue.deliver += 1;
        drop(queue);
        self.shared.room.notify_one();
        Some(prepared.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl Drop for BatchLoader {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.room.notify_all();
        for thread in self.threads.drain(..) {
            // The threads catch their panics.
            let _ = thread.join();
        }
    }
}

impl LoaderState {
    fn lock(&self) -> MutexGuard<'_, BatchQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, source: &BatchSource) {
        while let Some(iteration) = self.claim() {
            let prepared = catch_unwind(AssertUnwindSafe(|| source.batch(iteration)));
            let mut queue = self.lock();
            queue.batches.insert(iteration, prepared);
            let wanted = queue.deliver == iteration;
            drop(queue);
            if wanted {
                self.ready.notify_one();
            }
        }
    }

    /// Claims the next iteration to prepare, once there is room for it; `None` when there is
    /// nothing left to do.
    fn claim(&self) -> Option<u64> {
        let mut queue = self.lock();
        loop {
            if queue.closed || queue.claim >= self.end {
                return None;
            }
            if queue.claim < queue.deliver + self.ahead {
                queue.claim += 1;
                return Some(queue.claim - 1);
            }
            queue = self.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::DatasetKind;
    use crate::synthetic::{self, SyntheticConfig};
    use crate::{AugmentConfig, DataError, Dataset, Split};

    fn source(root: &std::path::Path) -> Arc<BatchSource> {
        let config = SyntheticConfig::new(5, 3, 1, [40, 48]);
        synthetic::write(DatasetKind::STARE, root, &config).unwrap();
        let dataset = Arc::new(Dataset::open(DatasetKind::STARE, root).unwrap());
        let augment = AugmentConfig::protocol([40, 48], [32, 32]);
        Arc::new(BatchSource::new(dataset, augment, 2, 9, 0))
    }

    #[test]
    fn without_a_thread_the_batches_are_the_same() {
        let root = tempfile::tempdir().unwrap();
        let source = source(root.path());
        let mut alone = BatchLoader::with(source.clone(), 3..6, 0);
        let mut helped = BatchLoader::new(source, 3..6, 2);
        for _ in 3..6 {
            let (one, other) = (alone.next().unwrap().unwrap(), helped.next().unwrap().unwrap());
            assert!(one.iteration == other.iteration && one.images == other.images && one.labels == other.labels);
        }
        assert!(alone.next().is_none() && helped.next().is_none());
    }

    #[test]
    fn batches_come_in_order_whatever_the_number_of_threads() {
        let root = tempfile::tempdir().unwrap();
        let source = source(root.path());
        let expected: Vec<Batch> = (7..27).map(|i| source.batch(i).unwrap()).collect();
        for threads in [0, 1, 2, 5] {
            let mut loader = BatchLoader::new(source.clone(), 7..27, threads);
            for batch in &expected {
                assert!(loader.next().unwrap().unwrap() == *batch);
            }
            assert!(loader.next().is_none() && loader.next().is_none());
        }
    }

    #[test]
    fn dropping_early_ends_the_threads() {
        let root = tempfile::tempdir().unwrap();
        let source = source(root.path());
        for taken in 0..4 {
            let mut loader = BatchLoader::new(source.clone(), 0..u64::MAX, 3);
            for _ in 0..taken {
                loader.next().unwrap().unwrap();
            }
            drop(loader);
            assert_eq!(Arc::strong_count(&source), 1);
        }
        assert!(BatchLoader::new(source, 5..5, 2).next().is_none());
    }

    #[test]
    fn an_error_arrives_at_its_iteration() {
        let root = tempfile::tempdir().unwrap();
        let source = source(root.path());
        let victim = &source.dataset().samples(Split::Train)[0];
        std::fs::write(&victim.image, b"not an image").unwrap();
        let mut loader = BatchLoader::new(source.clone(), 0..6, 2);
        for iteration in 0..6 {
            match (loader.next().unwrap(), source.batch(iteration)) {
                (Ok(got), Ok(want)) => assert!(got == want),
                (Err(DataError::Decode { path, .. }), Err(_)) => assert_eq!(path, victim.image),
                other => panic!("{iteration}: {:?}", other.0.map(|batch| batch.ids)),
            }
        }
    }
}
