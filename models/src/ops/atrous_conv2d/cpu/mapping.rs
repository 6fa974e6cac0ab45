//! Positions that the taps of a convolution see in a source, and copies of them as matrix rows.

use std::ops::Range;

use super::tile::COLUMNS;
use crate::ops::atrous_conv2d::geometry::ConvGeometry;

/// The mapping of an output position and a tap to a source position, along both axes alike:
/// `(position * scale + tap * step + offset) / divisor`, valid where the division is exact and the
/// result lies inside the source.
///
/// A convolution reads its input with `scale = stride`, `step = dilation`, `offset = -padding`; the
/// gradient of its input reads the gradient of its output with `step = -dilation`, `offset =
/// padding`, `divisor = stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub scale: isize,
    pub step: isize,
    pub offset: isize,
    pub divisor: isize,
}

impl Mapping {
    /// Returns how a convolution reads its input.
    pub fn forward(geometry: ConvGeometry) -> Self {
        let ConvGeometry { stride, padding, dilation } = geometry;
        Self { scale: stride as isize, step: dilation as isize, offset: -(padding as isize), divisor: 1 }
    }

    /// Returns how the gradient of a convolution's input reads the gradient of its output.
    pub fn backward(geometry: ConvGeometry) -> Self {
        let ConvGeometry { stride, padding, dilation } = geometry;
        Self { scale: 1, step: -(dilation as isize), offset: padding as isize, divisor: stride as isize }
    }

    /// Returns the source index that `tap` sees from `position`, or `None` where it falls into
    /// padding.
    #[inline]
    pub fn source(&self, position: usize, tap: usize, size: usize) -> Option<usize> {
        let index = position as isize * self.scale + tap as isize * self.step + self.offset;
        if index < 0 || index % self.divisor != 0 {
            return None;
        }
        let index = (index / self.divisor) as usize;
        (index < size).then_some(index)
    }

    /// Returns the smallest range of taps that holds all which see the source from any of
    /// `positions`.
    pub fn live_taps(&self, positions: Range<usize>, taps: usize, size: usize) -> Range<usize> {
        let live = |tap: &usize| positions.clone().any(|p| self.source(p, *tap, size).is_some());
        match (0..taps).find(live) {
            Some(first) => first..(0..taps).rfind(live).map_or(first, |last| last + 1),
            None => 0..0,
        }
    }

    /// Returns whether the only tap (row, column) sees each position's own source pixel.
    pub fn is_identity(&self, taps: &[Range<usize>; 2]) -> bool {
        let own = |tap: &Range<usize>| tap.len() == 1 && tap.start as isize * self.step + self.offset == 0;
        self.scale == 1 && self.divisor == 1 && taps.iter().all(own)
    }

    /// Returns the range of positions in `0..count` from which `tap` sees the source (with a
    /// divisor of 1).
    pub fn live_positions(&self, tap: usize, count: usize, size: usize) -> Range<usize> {
        debug_assert_eq!(self.divisor, 1);
        let shift = tap as isize * self.step + self.offset;
        // Smallest p with p * scale + shift >= 0, and smallest p with p * scale + shift >= size.
        let bound = |limit: isize| {
            let distance = limit - shift;
            if distance <= 0 { 0 } else { (distance as usize).div_ceil(self.scale as usize) }
        };
        let start = bound(0).min(count);
        start..bound(size as isize).min(count).max(start)
    }
}

/// A block of whole output rows of one image.
#[derive(Clone, Debug)]
pub struct RowBlock {
    pub image: usize,
    pub rows: Range<usize>,
}

/// Cuts `rows` of each of `images` outputs, `width` pixels wide, into blocks of about `pixels`
/// pixels.
pub fn row_blocks(images: usize, rows: Range<usize>, width: usize, pixels: usize) -> Vec<RowBlock> {
    let step = (pixels / width).max(1);
    let starts = || rows.clone().step_by(step);
    let of_image = |image| starts().map(move |start| RowBlock { image, rows: start..(start + step).min(rows.end) });
    (0..images).flat_map(of_image).collect()
}

/// One source image, `channels x height x width`.
#[derive(Clone, Copy)]
pub struct Planes<'a> {
    pub data: &'a [f32],
    pub height: usize,
    pub width: usize,
}

impl Planes<'_> {
    /// Returns one channel, height x width.
    #[inline(always)]
    pub fn plane(&self, channel: usize) -> &[f32] {
        let area = self.height * self.width;
        &self.data[channel * area..][..area]
    }

    /// Fills `columns`, `(ky, kx, channel) x (row, column)`, with what the taps see from the
    /// block's pixels; padding is zero.
    pub fn gather(
        &self,
        mapping: &Mapping,
        taps: [&Range<usize>; 2],
        channels: Range<usize>,
        rows: &Range<usize>,
        out_width: usize,
        columns: &mut [f32],
    ) {
        let pixels = rows.len() * out_width;
        let mut lines = columns.chunks_exact_mut(pixels);
        for ky in taps[0].clone() {
            for kx in taps[1].clone() {
                for channel in channels.clone() {
                    let plane = &self.data[channel * self.height * self.width..][..self.height * self.width];
                    let line = lines.next().expect("one line of columns per tap and channel");
                    for (row, target) in rows.clone().zip(line.chunks_exact_mut(out_width)) {
                        match mapping.source(row, ky, self.height) {
                            Some(y) => copy_row(&plane[y * self.width..][..self.width], mapping, kx, target),
                            None => target.fill(0.0),
                        }
                    }
                }
            }
        }
    }
}

/// The values that one tap sees of every channel from a run of target columns in one row.
#[derive(Clone, Copy, Debug)]
pub struct ValidRun {
    /// The place of the first of them in a source plane.
    pub from: usize,
    /// The number of them.
    pub length: usize,
    /// Target columns before the first that sees anything.
    pub before: usize,
    /// Target columns in all.
    pub columns: usize,
    /// Distance of the source values of neighbouring target columns; 0 where only every so many see
    /// one.
    pub scale: usize,
}

impl Mapping {
    /// Returns what tap `tap` (row, column) sees of a source of `size` (height, width) from target
    /// row `row` and `columns`.
    #[inline]
    pub fn valid_run(&self, row: usize, columns: Range<usize>, tap: [usize; 2], size: [usize; 2]) -> ValidRun {
        let nothing = ValidRun { from: 0, length: 0, before: columns.len(), columns: columns.len(), scale: 1 };
        let Some(y) = self.source(row, tap[0], size[0]) else {
            return nothing;
        };
        if self.divisor != 1 {
            let Some(first) = columns.clone().find(|column| self.source(*column, tap[1], size[1]).is_some()) else {
                return nothing;
            };
            let last = columns.clone().rfind(|column| self.source(*column, tap[1], size[1]).is_some()).unwrap_or(first);
            let from = y * size[1] + self.source(first, tap[1], size[1]).unwrap_or(0);
            let length = (last - first) / self.divisor as usize + 1;
            return ValidRun { from, length, before: first - columns.start, scale: 0, ..nothing };
        }
        let live = self.live_positions(tap[1], columns.end, size[1]);
        let live = live.start.max(columns.start)..live.end;
        if live.is_empty() {
            return nothing;
        }
        let x = live.start as isize * self.scale + tap[1] as isize * self.step + self.offset;
        let (from, scale) = (y * size[1] + x as usize, self.scale as usize);
        ValidRun { from, length: live.len(), before: live.start - columns.start, scale, ..nothing }
    }
}

impl ValidRun {
    /// Writes what is seen of a plane; padding is zero. `divisor` is the mapping's.
    #[inline(always)]
    pub fn copy(&self, plane: &[f32], target: &mut [f32], divisor: usize) {
        let target = &mut target[..self.columns];
        if self.scale == 1 && self.length == COLUMNS {
            // Of a length that is known, a copy is a few instructions.
            target[..COLUMNS].copy_from_slice(&plane[self.from..self.from + COLUMNS]);
            return;
        }
        // So are the rows of the smallest maps.
        let is_done = match self.columns {
            8 => self.copy_row::<8>(plane, target),
            16 => self.copy_row::<16>(plane, target),
            _ => false,
        };
        if is_done {
            return;
        }
        let (before, seen) = target.split_at_mut(self.before);
        before.fill(0.0);
        match self.scale {
            0 => {
                seen.fill(0.0);
                let source = &plane[self.from..self.from + self.length];
                seen.iter_mut().step_by(divisor).zip(source).for_each(|(value, source)| *value = *source);
            }
            1 => {
                let (seen, after) = seen.split_at_mut(self.length);
                seen.copy_from_slice(&plane[self.from..self.from + self.length]);
                after.fill(0.0);
            }
            scale => {
                let (seen, after) = seen.split_at_mut(self.length);
                for (value, source) in seen.iter_mut().zip(plane[self.from..].iter().step_by(scale)) {
                    *value = *source;
                }
                after.fill(0.0);
            }
        }
    }
}

impl ValidRun {
    /// Writes what is seen from `N` target columns, where that lies in the plane with all that is
    /// beside it. Returns whether it does.
    #[inline(always)]
    fn copy_row<const N: usize>(&self, plane: &[f32], target: &mut [f32]) -> bool {
        let Some(target) = target.first_chunk_mut::<N>() else { return false };
        if self.length == 0 {
            *target = [0.0; N];
            return true;
        }
        let first = if self.scale == 1 { self.from.checked_sub(self.before) } else { None };
        let Some(beside) = first.and_then(|first| plane.get(first..)?.first_chunk::<N>()) else { return false };
        let (start, end) = (self.before as u32, (self.before + self.length) as u32);
        for i in 0..N {
            target[i] = if (start..end).contains(&(i as u32)) { beside[i] } else { 0.0 };
        }
        true
    }
}

/// Writes what tap `kx` sees of a source row from each output column.
fn copy_row(source: &[f32], mapping: &Mapping, kx: usize, target: &mut [f32]) {
    if mapping.divisor != 1 {
        for (column, value) in target.iter_mut().enumerate() {
            *value = mapping.source(column, kx, source.len()).map_or(0.0, |x| source[x]);
        }
        return;
    }
    let live = mapping.live_positions(kx, target.len(), source.len());
    target[..live.start].fill(0.0);
    target[live.end..].fill(0.0);
    if live.is_empty() {
        return;
    }
    let first = (live.start as isize * mapping.scale + kx as isize * mapping.step + mapping.offset) as usize;
    let length = live.len();
    let target = &mut target[live];
    if mapping.scale == 1 {
        target.copy_from_slice(&source[first..first + length]);
    } else {
        for (value, x) in target.iter_mut().zip((first..).step_by(mapping.scale as usize)) {
            *value = source[x];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    pub fn live_positions_are_those_with_a_source() {
        for scale in 1..4 {
            for step in [-5, -1, 1, 2, 40] {
                for offset in [-40, -3, 0, 3, 40] {
                    let mapping = Mapping { scale, step, offset, divisor: 1 };
                    for tap in 0..3 {
                        let live: Vec<usize> = (0..17).filter(|&p| mapping.source(p, tap, 19).is_some()).collect();
                        assert_eq!(live, mapping.live_positions(tap, 17, 19).collect::<Vec<_>>(), "{mapping:?} {tap}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_of_the_smallest_maps_are_copied_as_all_are() {
        let plane: Vec<f32> = (1..=48).map(|value| value as f32).collect();
        for columns in [7, 8, 15, 16] {
            for before in 0..columns {
                for length in 0..=columns - before {
                    for from in 0..=plane.len() - length {
                        let run = ValidRun { from, length, before, columns, scale: 1 };
                        let mut wanted = vec![0.0; columns];
                        wanted[before..before + length].copy_from_slice(&plane[from..from + length]);
                        let mut target = vec![7.0; columns];
                        run.copy(&plane, &mut target, 1);
                        assert_eq!(target, wanted, "{run:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn taps_beyond_the_map_are_dead() {
        let mapping = Mapping { scale: 1, step: 64, offset: -64, divisor: 1 };
        assert_eq!(mapping.live_taps(0..64, 3, 64), 1..2);
        assert_eq!(mapping.live_taps(0..65, 3, 65), 0..3);
    }
}
