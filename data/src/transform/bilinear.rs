//! Bilinear resizing of 8-bit images, exactly as OpenCV does it, of a region of the result only.

use std::ops::Range;

use super::region::Region;
use crate::kernel::{floor, round};
use crate::prefetch::{ROWS_AHEAD, prefetch};
use crate::raster::RgbImage8;

/// A pixel while it is worked on: red, green, blue, and a fourth byte of any value, since vectors
/// have 4, 8 or 16 places.
pub(super) type Pixel = [u8; 4];

/// The source pixels and weights (in 1/2048) of one result pixel along one side.
#[derive(Clone, Copy)]
struct LinearTap {
    low: usize,
    high: usize,
    weight_low: i16,
    weight_high: i16,
}

/// Lists the taps of the result's pixels `start..start + count`. Columns clamp the weight at the
/// border, rows only the index; positions are f32 as in OpenCV.
fn taps(
    source: usize,
    result: usize,
    start: usize,
    count: usize,
    clamp_weight: bool,
) -> impl Iterator<Item = LinearTap> {
    let step = 1.0 / (result as f64 / source as f64);
    let last = source as i32 - 1;
    (start..start + count).map(move |i| {
        let position = ((i as f64 + 0.5) * step - 0.5) as f32;
        let low = floor::<false>(position);
        let outside = low < 0.0 || low >= last as f32;
        let fraction = if clamp_weight && outside { 0.0 } else { position - low };
        let weight = |share: f32| round(share * 2048.0) as i16;
        let low = low as i32;
        LinearTap {
            low: low.clamp(0, last) as usize,
            high: (low + 1).clamp(0, last) as usize,
            weight_low: weight(1.0 - fraction),
            weight_high: weight(fraction),
        }
    })
}

/// One result pixel along x: it is made of the source pixel whose bytes start at `at` in the row
/// and of the next one. Where there is no next one, its weight is 0. The weights are there for each
/// byte of a [`Pixel`].
struct Column {
    at: u32,
    weight_low: [i32; 4],
    weight_high: [i32; 4],
}

/// Makes the rows of a region of a resized image, from top to bottom.
pub(super) struct Bilinear<'a> {
    image: &'a RgbImage8,
    columns: Vec<Column>,
    rows: Vec<LinearTap>,
    /// The part of a source row that is read.
    bytes: Range<usize>,
    /// The image's last two rows, if they are read, and five bytes more: eight are there from each
    /// pixel's first.
    tail: Vec<u8>,
    /// The place in the image where the last two rows start.
    tail_start: usize,
    // Source rows resized along x; neighbouring result rows share them.
    upper: ResizedRow,
    lower: ResizedRow,
}

impl<'a> Bilinear<'a> {
    /// Prepares a region of the image resized to `size` (height, width), its columns in reverse
    /// order where `mirrored`.
    pub fn new(image: &'a RgbImage8, size: [usize; 2], region: Region, mirrored: bool) -> Self {
        let mut columns: Vec<Column> = taps(image.width, size[1], region.x, region.width, true)
            .map(|tap| Column {
                at: 3 * tap.low as u32,
                weight_low: [tap.weight_low.into(); 4],
                weight_high: [tap.weight_high.into(); 4],
            })
            .collect();
        let ends = columns.first().zip(columns.last());
        let bytes = ends.map_or(0..0, |(first, last)| first.at as usize..last.at as usize + 3);
        if mirrored {
            columns.reverse();
        }
        let rows: Vec<LinearTap> = taps(image.height, size[0], region.y, region.height, false).collect();
        let mut tail = Vec::new();
        let tail_start = 3 * image.height.saturating_sub(2) * image.width;
        if rows.last().is_some_and(|row| row.high + 2 >= image.height) {
            tail.extend_from_slice(&image.data[tail_start..]);
            tail.extend([0; 5]);
        }
        let [upper, lower] = [0, 1].map(|_| ResizedRow::new(region.width));
        Self { image, columns, rows, bytes, tail, tail_start, upper, lower }
    }

    /// Makes row `y` of the region.
    #[inline(always)]
    pub fn row(&mut self, y: usize, out: &mut [Pixel]) {
        let row = self.rows[y];
        if let Some(ahead) = self.rows.get(y + ROWS_AHEAD) {
            for source in [ahead.low, ahead.high] {
                let start = 3 * source * self.image.width;
                prefetch(&self.image.data[start + self.bytes.start..start + self.bytes.end]);
            }
        }
        if self.lower.source == Some(row.low) {
            std::mem::swap(&mut self.upper, &mut self.lower);
        }
        for (resized, source) in [(&mut self.upper, row.low), (&mut self.lower, row.high)] {
            if resized.source != Some(source) {
                let start = 3 * source * self.image.width;
                let in_tail = start.checked_sub(self.tail_start);
                let bytes = in_tail.map_or(&self.image.data[start..], |start| &self.tail[start..]);
                resized.fill(bytes, &self.columns);
                resized.source = Some(source);
            }
        }
        // Both products are shifted before they are added: OpenCV's vector code, part of the exact
        // result.
        let high = |value: i16, weight: i16| ((i32::from(value) * i32::from(weight)) >> 16) as i16;
        let values = self.upper.values.as_flattened().iter().zip(self.lower.values.as_flattened());
        for (out, (&above, &below)) in out.as_flattened_mut().iter_mut().zip(values) {
            let sum = high(above, row.weight_low) + high(below, row.weight_high);
            *out = ((sum + 2) >> 2).clamp(0, 255) as u8;
        }
    }
}

/// One source row, resized along x.
struct ResizedRow {
    source: Option<usize>,
    /// Values times 2048, shifted right by 4: below 2^15.
    values: Vec<[i16; 4]>,
}

impl ResizedRow {
    fn new(width: usize) -> Self {
        Self { source: None, values: vec![[0; 4]; width] }
    }

    /// `bytes` start with the source row and hold at least 5 more.
    #[inline(always)]
    fn fill(&mut self, bytes: &[u8], columns: &[Column]) {
        for (out, column) in self.values.iter_mut().zip(columns) {
            let bytes: &[u8; 8] = bytes[column.at as usize..][..8].try_into().expect("eight bytes");
            let Column { weight_low, weight_high, .. } = column;
            let blend = |i: usize| i32::from(bytes[i]) * weight_low[i] + i32::from(bytes[i + 3]) * weight_high[i];
            // Spelt out, this becomes one vector of four numbers; an array's `map` does not.
            let [r, g, b, other] = [blend(0) >> 4, blend(1) >> 4, blend(2) >> 4, blend(3) >> 4];
            *out = [r as i16, g as i16, b as i16, other as i16];
        }
    }
}
