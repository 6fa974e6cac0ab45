//! Which source pixels the taps of a convolution see, and a copy of them as matrix rows.

use std::ops::Range;

/// How an output position and a tap give a source position, along both axes alike:
/// `(position * scale + tap * step + offset) / divisor`, valid where the division is exact and the result
/// lies inside the source.
///
/// A convolution reads its input with `scale = stride`, `step = dilation`, `offset = -padding`; the gradient of
/// its input reads the gradient of its output with `step = -dilation`, `offset = padding`, `divisor = stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub scale: isize,
    pub step: isize,
    pub offset: isize,
    pub divisor: isize,
}

impl Mapping {
    /// The source index that `tap` sees from `position`, or `None` where it falls into padding.
    #[inline]
    pub fn source(&self, position: usize, tap: usize, size: usize) -> Option<usize> {
        let index = position as isize * self.scale + tap as isize * self.step + self.offset;
        if index < 0 || index % self.divisor != 0 {
            return None;
        }
        let index = (index / self.divisor) as usize;
        (index < size).then_some(index)
    }

    /// The smallest range of taps that holds all which see the source from any of `positions`.
    pub fn live_taps(&self, positions: Range<usize>, taps: usize, size: usize) -> Range<usize> {
        let live = |tap: &usize| positions.clone().any(|p| self.source(p, *tap, size).is_some());
        match (0..taps).find(live) {
            Some(first) => first..(0..taps).rfind(live).map_or(first, |last| last + 1),
            None => 0..0,
        }
    }

    /// The range of positions in `0..count` from which `tap` sees the source (with a divisor of 1).
    fn live_positions(&self, tap: usize, count: usize, size: usize) -> Range<usize> {
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

/// Cuts `images` times `rows` output rows of `width` pixels into blocks of about `pixels` pixels.
pub fn row_blocks(images: usize, rows: usize, width: usize, pixels: usize) -> Vec<RowBlock> {
    let step = (pixels / width).max(1);
    (0..images)
        .flat_map(|image| {
            (0..rows).step_by(step).map(move |start| RowBlock { image, rows: start..(start + step).min(rows) })
        })
        .collect()
}

/// One source image, `channels x height x width`.
#[derive(Clone, Copy)]
pub struct Planes<'a> {
    pub data: &'a [f32],
    pub height: usize,
    pub width: usize,
}

impl Planes<'_> {
    /// Fills `columns`, `(ky, kx, channel) x (row, column)`, with what the taps see from the block's pixels;
    /// padding is zero.
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
    fn live_positions_are_those_with_a_source() {
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
    fn taps_beyond_the_map_are_dead() {
        let mapping = Mapping { scale: 1, step: 64, offset: -64, divisor: 1 };
        assert_eq!(mapping.live_taps(0..64, 3, 64), 1..2);
        assert_eq!(mapping.live_taps(0..65, 3, 65), 0..3);
    }
}
