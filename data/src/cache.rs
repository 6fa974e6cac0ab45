//! Decoded images in memory, up to a number of bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::raster::{LabelMap, RgbImage8};

/// A decoded sample.
pub(crate) type Decoded = Arc<(RgbImage8, LabelMap)>;

/// Keeps the first samples that fit and never gives one up: every epoch visits each sample once in a new order,
/// and there a cache that replaces entries would throw away most of them just before they are needed.
pub(crate) struct ImageCache {
    limit: usize,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    bytes: usize,
    samples: HashMap<usize, Decoded>,
}

impl ImageCache {
    /// A cache of at most `limit` bytes; 0 keeps nothing.
    pub fn new(limit: usize) -> Self {
        Self { limit, content: Mutex::default() }
    }

    /// The sample of this index, decoded by `load` if it is not kept. Decoding does not block others.
    pub fn get<E>(&self, index: usize, load: impl FnOnce() -> Result<(RgbImage8, LabelMap), E>) -> Result<Decoded, E> {
        if let Some(found) = self.lock().samples.get(&index) {
            return Ok(found.clone());
        }
        let decoded = Arc::new(load()?);
        let bytes = decoded.0.data.len() + decoded.1.data.len();
        let mut content = self.lock();
        if !content.samples.contains_key(&index) && content.bytes + bytes <= self.limit {
            content.bytes += bytes;
            content.samples.insert(index, decoded.clone());
        }
        Ok(decoded)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Content> {
        // The content is whole after every step, so a panic elsewhere does not spoil it.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn bytes_stay_below_the_limit() {
        let sample = || Ok::<_, Infallible>((RgbImage8::filled(10, 10, [0; 3]), LabelMap::filled(10, 10, 0)));
        let cache = ImageCache::new(1000);
        for index in [0, 1, 2, 3, 0, 1] {
            cache.get(index, sample).unwrap();
        }
        assert_eq!(cache.lock().bytes, 800);
        assert_eq!(cache.lock().samples.len(), 2);
        cache.get(1, || -> Result<_, Infallible> { unreachable!("kept") }).unwrap();
    }
}
