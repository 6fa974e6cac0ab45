//! Source rows that a few target rows see, copied with zeros around them: for a stride of 1 and
//! maps that are wide enough. Every tap then reads from them at an offset of its own, and nothing
//! is copied once per tap.

use std::ops::Range;

use super::mapping::Mapping;
use super::operand::{PixelRun, TapSource};
use super::packed_weights::{Chunk, PackedWeights};
use super::tile::{COLUMNS, InnerRun};

/// Source rows with zeros around them.
#[derive(Default)]
pub(super) struct RowBand {
    /// Rows x channels x padded width.
    pub values: Vec<f32>,
    /// The inner positions that see anything from the pixels last found.
    pub runs: Vec<InnerRun>,
    /// Distance of neighbouring channels: the padded width.
    pub step: usize,
    /// Zeros before a row.
    before: usize,
    /// The source rows that each row of taps sees.
    tap_rows: Vec<TapRow>,
}

/// The source rows that one row of taps sees from the band's target rows.
struct TapRow {
    ky: usize,
    /// Target rows that see anything.
    rows: Range<usize>,
    /// The row of the band that the first of them sees.
    first: usize,
}

impl RowBand {
    /// Returns whether bands are the way to go: whole rows can be read, and tiles fit into them.
    pub fn suits(mapping: &Mapping, source: [usize; 2], target: [usize; 2], kx: &Range<usize>) -> bool {
        target[1] >= COLUMNS && suits_rows(mapping, source, target, kx)
    }

    /// Copies what the chunk's taps see from some target rows.
    pub fn copy(&mut self, of: &TapSource, chunk: &Chunk, weights: &PackedWeights, rows: Range<usize>) {
        let (height, width) = (of.source.height, of.source.width);
        let [before, after] = zeros(&of.mapping, width, of.width, &weights.kx);
        // Tiles at the end of a row read whole vectors.
        self.step =
            (before + width + after).max(of.width.next_multiple_of(COLUMNS) + before + after).next_multiple_of(16);
        self.before = before;
        self.tap_rows.clear();
        let channels = chunk.channels.len();
        // Source rows of the band, without those that are there already.
        let mut sources: Vec<usize> = Vec::new();
        // From the top of the source to its bottom, in whichever order the taps see it.
        let count = chunk.ky.len();
        let taps = (0..count).map(|i| if of.mapping.step < 0 { count - 1 - i } else { i } + chunk.ky.start);
        for ky in taps {
            let live = of.mapping.live_positions(ky, rows.end, height);
            let live = live.start.max(rows.start)..live.end;
            let Some(source) = live.clone().next().and_then(|row| of.mapping.source(row, ky, height)) else { continue };
            // Rows of one tap follow each other, and may start among those of the tap before.
            let first = sources.iter().position(|known| *known == source).unwrap_or(sources.len());
            let known = sources.len() - first;
            debug_assert!(sources[first..].iter().enumerate().all(|(i, known)| *known == source + i));
            sources.extend(source + known.min(live.len())..source + live.len());
            self.tap_rows.push(TapRow { ky, rows: live, first });
        }
        self.values.resize(self.values.len().max(sources.len() * channels * self.step + COLUMNS), 0.0);
        let lines = self.values.chunks_exact_mut(self.step);
        let places = sources.iter().flat_map(|row| chunk.channels.clone().map(move |channel| (channel, *row)));
        for (line, (channel, row)) in lines.zip(places) {
            line[..before].fill(0.0);
            line[before..before + width].copy_from_slice(&of.source.plane(channel)[row * width..][..width]);
            line[before + width..].fill(0.0);
        }
    }

    /// Finds the taps that see anything from some pixels of one row.
    #[inline(always)]
    pub fn find(&mut self, of: &TapSource, chunk: &Chunk, weights: &PackedWeights, pixels: PixelRun) {
        let (row, column) = (pixels.first / of.width, pixels.first % of.width);
        let channels = chunk.channels.len();
        self.runs.clear();
        for tap_row in self.tap_rows.iter().filter(|tap_row| tap_row.rows.contains(&row)) {
            let first = (tap_row.first + row - tap_row.rows.start) * channels * self.step;
            for kx in weights.kx.clone() {
                let shift = kx as isize * of.mapping.step + of.mapping.offset;
                let x = column as isize + shift;
                if x + (pixels.count as isize) <= 0 || x >= of.source.width as isize {
                    continue;
                }
                let left = weights.position(chunk, tap_row.ky, kx);
                let right = first + (self.before as isize + x) as usize;
                self.runs.push(InnerRun { left, right, length: channels });
            }
        }
    }
}

/// Returns whether whole source rows can be read: neighbouring pixels see neighbouring pixels, and
/// the zeros around a row take no more than the row.
pub(super) fn suits_rows(mapping: &Mapping, source: [usize; 2], target: [usize; 2], kx: &Range<usize>) -> bool {
    let [before, after] = zeros(mapping, source[1], target[1], kx);
    mapping.scale == 1 && mapping.divisor == 1 && before + after <= source[1]
}

/// Returns the zeros that the taps of columns `kx` see before and after a source row.
pub(super) fn zeros(mapping: &Mapping, source: usize, target: usize, kx: &Range<usize>) -> [usize; 2] {
    let shift = |kx: usize| kx as isize * mapping.step + mapping.offset;
    let shifts = || kx.clone().map(shift);
    let before = shifts().min().map_or(0, |least| (-least).max(0));
    let after = shifts().max().map_or(0, |most| (most + target as isize - source as isize).max(0));
    [before as usize, after as usize]
}
