//! What the masks of a folder hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::Progress;
use crate::decode::{decode_mask, read_image_file};
use crate::error::Result;
use crate::limit::ImageLimit;

/// Colours from which on a file is no mask of classes.
const MOST_COLOURS: usize = 1024;

/// What masks hold, over all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Pixels of each value, in masks of one value a pixel.
    pub values: BTreeMap<u8, u64>,
    /// Pixels of each colour, in the others; no more than so many of them.
    pub colours: BTreeMap<[u8; 3], u64>,
    /// Number of masks of each size (height, width).
    pub sizes: BTreeMap<[usize; 2], usize>,
    /// The colours of palettes, by their indexes.
    pub palette: BTreeMap<u8, [u8; 3]>,
    /// Number of masks with a palette.
    pub indexed: usize,
    pub masks: usize,
}

/// Reads masks on all processors; the first that cannot be read is the error.
pub(super) fn read(paths: &[&Path], limit: ImageLimit, progress: Progress) -> Result<Contents> {
    let done = AtomicU64::new(0);
    let one = |path: &&Path| {
        let found = of_file(path, limit)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, paths.len() as u64);
        Ok(found)
    };
    paths.par_iter().map(one).try_reduce(Contents::default, |a, b| Ok(a.and(b)))
}

fn of_file(path: &Path, limit: ImageLimit) -> Result<Contents> {
    let bytes = read_image_file(path, limit)?;
    let mask = decode_mask(path, &bytes, limit)?;
    let mut found = Contents { masks: 1, ..Contents::default() };
    found.sizes.insert([mask.height, mask.width], 1);
    let is_grey = |pixel: &[u8]| pixel[0] == pixel[1] && pixel[1] == pixel[2];
    if mask.channels == 1 {
        count(&mut found.values, mask.data.iter().copied());
        if let Some(palette) = palette(&bytes) {
            found.indexed = 1;
            let used = found.values.keys().filter_map(|value| Some((*value, *palette.get(usize::from(*value))?)));
            found.palette = used.collect();
        }
    } else if mask.data.chunks_exact(3).all(is_grey) {
        count(&mut found.values, mask.data.chunks_exact(3).map(|pixel| pixel[0]));
    } else {
        let pixels = mask.data.as_chunks::<3>().0;
        count(&mut found.colours, pixels.iter().copied());
        while found.colours.len() > MOST_COLOURS {
            found.colours.pop_last();
        }
    }
    Ok(found)
}

/// The colours of a PNG's palette.
fn palette(bytes: &[u8]) -> Option<Vec<[u8; 3]>> {
    if !bytes.starts_with(b"\x89PNG") {
        return None;
    }
    let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().ok()?;
    let info = reader.info();
    let palette = info.palette.as_ref().filter(|_| info.color_type == png::ColorType::Indexed)?;
    Some(palette.as_chunks::<3>().0.to_vec())
}

fn count<K: Ord + Copy>(counts: &mut BTreeMap<K, u64>, pixels: impl Iterator<Item = K>) {
    // Neighbours mostly are equal.
    let (mut last, mut run) = (None, 0);
    for pixel in pixels {
        if last != Some(pixel) {
            if let Some(last) = last {
                *counts.entry(last).or_default() += run;
            }
            (last, run) = (Some(pixel), 0);
        }
        run += 1;
    }
    if let Some(last) = last {
        *counts.entry(last).or_default() += run;
    }
}

impl Contents {
    fn and(mut self, other: Contents) -> Contents {
        other.values.into_iter().for_each(|(value, pixels)| *self.values.entry(value).or_default() += pixels);
        other.sizes.into_iter().for_each(|(size, masks)| *self.sizes.entry(size).or_default() += masks);
        for (colour, pixels) in other.colours {
            if self.colours.len() <= MOST_COLOURS || self.colours.contains_key(&colour) {
                *self.colours.entry(colour).or_default() += pixels;
            }
        }
        self.palette.extend(other.palette);
        self.indexed += other.indexed;
        self.masks += other.masks;
        self
    }

    /// The size of most masks.
    pub fn size(&self) -> [usize; 2] {
        self.sizes.iter().max_by_key(|(_, masks)| **masks).map_or([0, 0], |(size, _)| *size)
    }

    /// Whether there are too many colours for classes.
    pub fn is_no_mask(&self) -> bool {
        self.colours.len() > 256
    }
}
