//! Decoded images in memory, up to a number of bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::decoded::Decoded;

/// Keeps the first samples that fit and never gives one up: every epoch visits each sample once in
/// a new order, and there a cache that replaces entries would throw away most of them just before
/// they are needed.
pub(crate) struct ImageCache {
    limit: usize,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    bytes: usize,
    /// Samples that were decoded, each as often as it was, and their bytes.
    decodings: usize,
    decoded_bytes: usize,
    /// Whether a sample was not kept.
    is_full: bool,
    // A thread that decodes a sample holds its place; others that want the same one wait there.
    places: HashMap<usize, Arc<Mutex<Place>>>,
}

enum Place {
    Kept(Arc<Decoded>),
    /// The sample is not kept, but maybe still in use.
    Passed(Weak<Decoded>),
}

impl ImageCache {
    /// A cache of at most `limit` bytes; 0 keeps nothing.
    pub fn new(limit: usize) -> Self {
        Self { limit, content: Mutex::default() }
    }

    /// Returns the sample of this index, decoded by `load` if it is not in memory. Of several
    /// threads that want one sample at once one decodes it; other samples are not held up by that.
    pub fn get<E>(&self, index: usize, load: impl FnOnce() -> Result<Decoded, E>) -> Result<Arc<Decoded>, E> {
        let place = lock(&self.content).places.entry(index).or_default().clone();
        let mut place = lock(&place);
        let found = match &*place {
            Place::Kept(decoded) => Some(decoded.clone()),
            Place::Passed(decoded) => decoded.upgrade(),
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let decoded = Arc::new(load()?);
        *place = if self.has_room_for(decoded.bytes()) {
            Place::Kept(decoded.clone())
        } else {
            Place::Passed(Arc::downgrade(&decoded))
        };
        Ok(decoded)
    }

    /// Whether so many bytes more are within the limit; if so, they count from now on.
    fn has_room_for(&self, bytes: usize) -> bool {
        let mut content = lock(&self.content);
        let fits = bytes <= self.limit - content.bytes;
        content.bytes += if fits { bytes } else { 0 };
        content.decodings += 1;
        content.decoded_bytes += bytes;
        content.is_full |= !fits;
        fits
    }

    /// Bytes that `samples` samples take if they are like those that were decoded; `None` as long
    /// as each of these was kept.
    pub fn bytes_for_all(&self, samples: usize) -> Option<usize> {
        let content = lock(&self.content);
        content.is_full.then(|| content.decoded_bytes / content.decodings * samples)
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::Passed(Weak::new())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The content is whole after every step, so a panic elsewhere does not spoil it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::raster::{LabelMap, RgbImage8};

    fn sample() -> Result<Decoded, Infallible> {
        Ok(Decoded::new((RgbImage8::filled(10, 10, [0; 3]), LabelMap::filled(10, 10, 0))))
    }

    #[test]
    fn bytes_stay_below_the_limit() {
        let cache = ImageCache::new(1000);
        for index in [0, 1, 2, 3, 0, 1] {
            cache.get(index, sample).unwrap();
        }
        assert_eq!(lock(&cache.content).bytes, 800);
        cache.get(1, || -> Result<_, Infallible> { unreachable!("kept") }).unwrap();
        let mut loads = 0;
        for _ in 0..2 {
            cache.get(2, || sample().inspect(|_| loads += 1)).unwrap();
        }
        assert_eq!(loads, 2);
    }

    #[test]
    fn it_says_what_all_samples_would_take() {
        let cache = ImageCache::new(1000);
        cache.get(0, sample).unwrap();
        cache.get(1, sample).unwrap();
        assert_eq!(cache.bytes_for_all(5), None);
        cache.get(2, sample).unwrap();
        assert_eq!(cache.bytes_for_all(5), Some(5 * 400));
    }

    #[test]
    fn threads_that_want_one_sample_share_its_decoding() {
        for limit in [0, 1 << 20] {
            let (cache, loads, start) = (ImageCache::new(limit), AtomicUsize::new(0), Barrier::new(4));
            let slow = || {
                loads.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(100));
                sample()
            };
            let get = || {
                start.wait();
                let found = cache.get(7, slow).unwrap();
                // Nobody lets go of it before all have it.
                start.wait();
                found
            };
            std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(get))));
            assert_eq!(loads.into_inner(), 1, "limit {limit}");
        }
    }

    #[test]
    fn decoding_holds_up_no_other_sample() {
        let (cache, both) = (ImageCache::new(1 << 20), Barrier::new(2));
        let together = || {
            both.wait();
            sample()
        };
        std::thread::scope(|scope| {
            for index in 0..2 {
                let (cache, together) = (&cache, &together);
                scope.spawn(move || cache.get(index, together).unwrap());
            }
        });
    }

    #[test]
    fn a_sample_that_failed_is_tried_again() {
        let cache = ImageCache::new(1 << 20);
        assert_eq!(cache.get(0, || Err("unreadable")).err(), Some("unreadable"));
        let panic = || -> Result<Decoded, Infallible> { panic!("while decoding") };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cache.get(0, panic))).is_err());
        assert!(cache.get(0, sample).is_ok());
    }
}
