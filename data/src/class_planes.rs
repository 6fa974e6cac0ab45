//! The places of each class in a label map, one bit per pixel: in a region they are counted 64
//! pixels at a time. Nearly every crop of a retina image that is drawn is refused, so eleven are
//! drawn and ten counted.

use crate::kernel::{self, Kernel};
use crate::raster::LabelMap;

/// Most planes that are kept, so that they take no more memory than the label map does.
const MOST: usize = 8;
/// Pixels per word.
const BITS: usize = u64::BITS as usize;

/// A label map of few labels as bits.
pub(crate) struct ClassPlanes {
    /// The label that has no plane: it is wherever no other one is.
    rest: u8,
    planes: Vec<Plane>,
    /// Number of rows of the label map.
    height: usize,
}

struct Plane {
    label: u8,
    /// width / 64 (rounded up) x height: 64 pixels of a row, the first of them the lowest bit, then
    /// the same columns of the next row. So a region is a few long stretches of memory.
    words: Vec<u64>,
}

/// Pixels at crossings of rows and columns; a row or column may be there several times, and they
/// ascend.
pub(crate) struct Crossings {
    pub rows: Vec<usize>,
    pub columns: Vec<usize>,
}

impl ClassPlanes {
    /// Makes the planes of a label map; `None` if it holds more than nine labels.
    pub fn new(map: &LabelMap) -> Option<Self> {
        let mut present = [false; 256];
        map.data.iter().for_each(|label| present[*label as usize] = true);
        let mut labels = (0..=255).filter(|label| present[*label as usize]);
        let (rest, labels) = (labels.next()?, labels.collect::<Vec<u8>>());
        let planes = || labels.iter().map(|label| Plane { label: *label, words: words(map, *label) }).collect();
        (labels.len() <= MOST).then(|| Self { rest, planes: planes(), height: map.height })
    }

    /// Bytes of memory that the planes take.
    pub fn bytes(&self) -> usize {
        self.planes.iter().map(|plane| size_of_val(plane.words.as_slice())).sum()
    }

    /// Counts the pixels of each label among the crossings.
    pub fn count(&self, crossings: &Crossings) -> [u64; 256] {
        let masks = masks(&crossings.columns);
        let mut counts = [0; 256];
        counts[self.rest as usize] = (crossings.rows.len() * crossings.columns.len()) as u64;
        for plane in &self.planes {
            let count = kernel::run(PlaneCount {
                words: &plane.words,
                height: self.height,
                rows: &crossings.rows,
                masks: &masks,
            });
            counts[plane.label as usize] = count;
            counts[self.rest as usize] -= count;
        }
        counts
    }
}

/// Packs the words of a plane.
fn words(map: &LabelMap, label: u8) -> Vec<u64> {
    let mut words = vec![0; map.width.div_ceil(BITS) * map.height];
    for (y, row) in map.data.chunks_exact(map.width).enumerate() {
        for (word, pixels) in words[y..].iter_mut().step_by(map.height).zip(row.chunks(BITS)) {
            *word = packed(label, pixels);
        }
    }
    words
}

/// Packs one bit per pixel: whether it has the label.
fn packed(label: u8, pixels: &[u8]) -> u64 {
    let mut equal = [0u8; BITS];
    for (equal, pixel) in equal.iter_mut().zip(pixels) {
        *equal = u8::from(*pixel == label);
    }
    // The product gathers the lowest bits of eight bytes in the highest byte.
    let gather = |bytes: &[u8; 8]| (u64::from_le_bytes(*bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8;
    let bytes: [u8; 8] = std::array::from_fn(|i| gather(&equal.as_chunks().0[i]));
    u64::from_le_bytes(bytes)
}

/// Columns as bits of a word. One mask holds those that are there at all, another those that are
/// there twice, and so on.
struct Mask {
    /// The number of the 64 columns, from 0.
    word: usize,
    bits: u64,
}

fn masks(columns: &[usize]) -> Vec<Mask> {
    let mut masks: Vec<Mask> = Vec::new();
    for group in columns.chunk_by(|a, b| a / BITS == b / BITS) {
        let (word, first) = (group[0] / BITS, masks.len());
        for column in group.chunk_by(|a, b| a == b) {
            masks.resize_with(masks.len().max(first + column.len()), || Mask { word, bits: 0 });
            for mask in &mut masks[first..first + column.len()] {
                mask.bits |= 1 << (column[0] % BITS);
            }
        }
    }
    masks
}

struct PlaneCount<'a> {
    words: &'a [u64],
    height: usize,
    rows: &'a [usize],
    masks: &'a [Mask],
}

impl Kernel for PlaneCount<'_> {
    type Output = u64;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> u64 {
        let count = |mask: &Mask| {
            let column = &self.words[mask.word * self.height..][..self.height];
            self.rows.iter().map(|y| u64::from((column[*y] & mask.bits).count_ones())).sum::<u64>()
        };
        self.masks.iter().map(count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Random};

    #[test]
    fn counts_are_those_of_the_map() {
        let mut random = Random::new(4, Purpose::Synthetic, 0, 0);
        for (labels, width) in [(1, 64), (2, 1), (2, 63), (3, 65), (9, 200), (10, 30)] {
            let data = (0..20 * width).map(|_| (255 - random.below(labels)) as u8).collect();
            let map = LabelMap { height: 20, width, data };
            let planes = ClassPlanes::new(&map);
            assert_eq!(planes.is_some(), labels <= 9);
            let Some(planes) = planes else { continue };
            assert!(planes.bytes() <= map.height * width.next_multiple_of(BITS));
            for _ in 0..20 {
                let mut ascending = |side: usize| {
                    let mut places: Vec<usize> = (0..1 + random.below(2 * side)).map(|_| random.below(side)).collect();
                    places.sort_unstable();
                    places
                };
                let crossings = Crossings { rows: ascending(20), columns: ascending(width) };
                let mut counts = [0; 256];
                for y in &crossings.rows {
                    crossings.columns.iter().for_each(|x| counts[map.data[y * width + x] as usize] += 1);
                }
                assert_eq!(planes.count(&crossings), counts);
            }
        }
    }
}
