//! Sums of source rows, copied with zeros around them.

use std::ops::Range;

use super::row_groups::RowGroup;
use super::transform::{TERMS, filter_rows};
use crate::ops::atrous_conv2d::cpu::operand::{PixelRun, TapSource};
use crate::ops::atrous_conv2d::cpu::tile::{COLUMNS, InnerRun};

/// What the taps of groups of target rows see, as the six sums that their products are made of.
#[derive(Default)]
pub struct FilteredRows {
    /// Terms x channels x groups x padded width.
    pub values: Vec<f32>,
    /// Distance of neighbouring channels.
    pub step: usize,
    /// Distance of neighbouring groups: the padded width.
    pub gap: usize,
    /// Zeros before a row.
    before: usize,
    channels: usize,
    /// A source row in the padding.
    zeros: Vec<f32>,
}

impl FilteredRows {
    /// Returns the width of a row with `zeros` before and after it.
    pub fn width(zeros: [usize; 2], source: usize, target: usize) -> usize {
        let [before, after] = zeros;
        // Tiles at the end of a row read whole vectors, and a narrow one half of a tile.
        let read = if target <= COLUMNS / 2 { COLUMNS / 2 } else { target.next_multiple_of(COLUMNS) };
        (before + source.max(read) + after).next_multiple_of(16)
    }

    /// Sums the source rows that groups see, for some channels. The groups lie side by side.
    #[inline(always)]
    pub fn fill(&mut self, of: &TapSource, groups: &[RowGroup], channels: Range<usize>, zeros: [usize; 2]) {
        let (height, width) = (of.source.height, of.source.width);
        self.gap = Self::width(zeros, width, of.width);
        (self.step, self.before, self.channels) = (self.gap * groups.len(), zeros[0], channels.len());
        let size = TERMS * channels.len() * self.step;
        // Tiles read whole vectors of the last channel, too.
        self.values.resize(self.values.len().max(size + COLUMNS), 0.0);
        self.zeros.resize(width, 0.0);
        let (step, gap, before) = (self.step, self.gap, self.before);
        let term = channels.len() * step;
        for (place, group) in groups.iter().enumerate() {
            let rows = group.seen(&of.mapping, height);
            for (inner, channel) in channels.clone().enumerate() {
                let plane = of.source.plane(channel);
                let seen = rows.map(|row| row.map_or(&self.zeros[..width], |row| &plane[row * width..][..width]));
                let first = inner * step + place * gap;
                for t in 0..TERMS {
                    let line = &mut self.values[t * term + first..][..gap];
                    line[..before].fill(0.0);
                    line[before + width..].fill(0.0);
                }
                let (first, rest) = self.values[first + before..].split_at_mut(term);
                let (second, rest) = rest.split_at_mut(term);
                let (third, rest) = rest.split_at_mut(term);
                let (fourth, rest) = rest.split_at_mut(term);
                let (fifth, sixth) = rest.split_at_mut(term);
                filter_rows(seen, [first, second, third, fourth, fifth, sixth].map(|line| &mut line[..width]));
            }
        }
    }

    /// Finds the columns of taps that see anything from some pixels of a row. Places are those of
    /// the first term and group; those of other terms follow [`FilteredRows::term`] apart.
    #[inline(always)]
    pub fn find(&self, of: &TapSource, kx: Range<usize>, columns: PixelRun, runs: &mut Vec<InnerRun>) {
        runs.clear();
        for (place, kx) in kx.enumerate() {
            let x = columns.first as isize + kx as isize * of.mapping.step + of.mapping.offset;
            if x + (columns.count as isize) <= 0 || x >= of.source.width as isize {
                continue;
            }
            let right = (self.before as isize + x) as usize;
            runs.push(InnerRun { left: place * self.channels, right, length: self.channels });
        }
    }

    /// Values of a term.
    pub fn term(&self) -> usize {
        self.channels * self.step
    }
}
