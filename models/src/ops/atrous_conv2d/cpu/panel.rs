//! What taps see from a few pixels, packed for a tile: for any stride, and for narrow maps.

use super::mapping::ValidRun;
use super::operand::{PixelRun, TapSource};
use super::packed_weights::{Chunk, PackedWeights};
use super::tile::{COLUMNS, InnerRun};

/// What taps see from the pixels of a tile.
#[derive(Default)]
pub(super) struct Panel {
    /// Inner positions x [`COLUMNS`].
    pub values: Vec<f32>,
    /// The inner positions that see anything.
    pub runs: Vec<InnerRun>,
    /// The values that each tap sees, and their place in the panel.
    valid: Vec<(ValidRun, usize)>,
}

impl Panel {
    /// Packs what the chunk's taps see from some pixels.
    #[inline(always)]
    pub fn pack(&mut self, of: &TapSource, chunk: &Chunk, weights: &PackedWeights, pixels: PixelRun) {
        let width = of.width;
        let rows = pixels.first / width..(pixels.first + pixels.count - 1) / width + 1;
        let columns = match rows.len() {
            1 => pixels.first % width..pixels.first % width + pixels.count,
            _ => 0..width,
        };
        self.runs.clear();
        self.valid.clear();
        let [live_ky, live_kx] = of.live(chunk, &weights.kx, rows.clone(), columns);
        if live_kx.is_empty() {
            return;
        }
        let channels = chunk.channels.len();
        let length = live_kx.len() * channels;
        for (i, ky) in live_ky.clone().enumerate() {
            let left = weights.position(chunk, ky, live_kx.start);
            self.runs.push(InnerRun { left, right: i * length * COLUMNS, length });
        }
        self.values.resize(self.values.len().max(live_ky.len() * length * COLUMNS), 0.0);
        let mut done = 0;
        for row in rows {
            let start = if done == 0 { pixels.first % width } else { 0 };
            let columns = start..(start + pixels.count - done).min(width);
            let taps = live_ky.clone().flat_map(|ky| live_kx.clone().map(move |kx| [ky, kx]));
            for (line, tap) in taps.enumerate() {
                let run = of.mapping.valid_run(row, columns.clone(), tap, [of.source.height, of.source.width]);
                self.valid.push((run, line * channels * COLUMNS + done));
            }
            done += columns.len();
        }
        // Channels outside: what the taps see of one overlaps, and is in the cache while it is
        // copied.
        for (line, channel) in chunk.channels.clone().enumerate() {
            let plane = of.source.plane(channel);
            for (run, target) in &self.valid {
                run.copy(plane, &mut self.values[line * COLUMNS + target..], of.mapping.divisor as usize);
            }
        }
    }
}
