//! What a product reads and writes.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::mapping::{Mapping, Planes};
use super::packed_weights::Chunk;
use super::tile::COLUMNS;

/// The sizes of the maps of a product: of those that are read, or of those that are written.
#[derive(Clone, Copy)]
pub(super) struct OperandShape {
    pub channels: usize,
    /// Height and width.
    pub size: [usize; 2],
}

impl OperandShape {
    /// Returns the pixels of a map.
    pub fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }
}

/// Consecutive pixels of a target image: at most [`COLUMNS`].
#[derive(Clone, Copy)]
pub(super) struct PixelRun {
    pub first: usize,
    pub count: usize,
}

impl PixelRun {
    /// Returns the pixels of tiles: runs of [`COLUMNS`], or fewer at the end.
    pub fn tiles(pixels: Range<usize>) -> impl Iterator<Item = Self> {
        let end = pixels.end;
        pixels.step_by(COLUMNS).map(move |first| Self { first, count: COLUMNS.min(end - first) })
    }
}

/// The target memory, that tasks write to at the same time.
pub(super) struct SharedOutput(*mut f32);
// SAFETY: each task writes pixels and channels of its own.
unsafe impl Sync for SharedOutput {}

impl SharedOutput {
    pub fn new(memory: &mut [MaybeUninit<f32>]) -> Self {
        Self(memory.as_mut_ptr().cast())
    }

    /// Returns the place of a value.
    pub fn at(&self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

/// An image and how taps read it.
#[derive(Clone, Copy)]
pub(super) struct TapSource<'a> {
    pub source: Planes<'a>,
    /// Height and width.
    pub kernel: [usize; 2],
    pub mapping: Mapping,
    /// Columns of the target.
    pub width: usize,
}

impl TapSource<'_> {
    /// Returns the rows and columns of taps of a chunk that see anything from target pixels in
    /// `rows` and `columns`.
    pub fn live(
        &self,
        chunk: &Chunk,
        kx: &Range<usize>,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> [Range<usize>; 2] {
        let within = |a: Range<usize>, b: &Range<usize>| a.start.max(b.start)..a.end.min(b.end);
        let live_ky = self.mapping.live_taps(rows, self.kernel[0], self.source.height);
        let live_kx = self.mapping.live_taps(columns, self.kernel[1], self.source.width);
        [within(live_ky, &chunk.ky), within(live_kx, kx)]
    }
}
