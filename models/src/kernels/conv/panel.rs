//! What taps see from a few pixels, packed for a tile: for any stride, and for narrow maps.

use super::product::{Pixels, Sights};
use super::weights::{Chunk, Weights};
use crate::kernels::gather::Sight;
use crate::kernels::tile::{COLUMNS, Run};

/// Inner positions x [`COLUMNS`].
#[derive(Default)]
pub(super) struct Panel {
    pub values: Vec<f32>,
    /// The inner positions that see anything.
    pub runs: Vec<Run>,
    /// What each tap sees, and where in the panel that goes.
    sights: Vec<(Sight, usize)>,
}

impl Panel {
    /// Packs what the chunk's taps see from some pixels.
    #[inline(always)]
    pub fn pack(&mut self, of: &Sights, chunk: &Chunk, weights: &Weights, pixels: Pixels) {
        let width = of.width;
        let rows = pixels.first / width..(pixels.first + pixels.count - 1) / width + 1;
        let columns = match rows.len() {
            1 => pixels.first % width..pixels.first % width + pixels.count,
            _ => 0..width,
        };
        self.runs.clear();
        self.sights.clear();
        let [live_ky, live_kx] = of.live(chunk, &weights.kx, rows.clone(), columns);
        if live_kx.is_empty() {
            return;
        }
        let channels = chunk.channels.len();
        let length = live_kx.len() * channels;
        for (i, ky) in live_ky.clone().enumerate() {
            let left = weights.position(chunk, ky, live_kx.start);
            self.runs.push(Run { left, right: i * length * COLUMNS, length });
        }
        self.values.resize(self.values.len().max(live_ky.len() * length * COLUMNS), 0.0);
        let mut done = 0;
        for row in rows {
            let start = if done == 0 { pixels.first % width } else { 0 };
            let columns = start..(start + pixels.count - done).min(width);
            let taps = live_ky.clone().flat_map(|ky| live_kx.clone().map(move |kx| [ky, kx]));
            for (line, tap) in taps.enumerate() {
                let sight = of.mapping.sight(row, columns.clone(), tap, [of.source.height, of.source.width]);
                self.sights.push((sight, line * channels * COLUMNS + done));
            }
            done += columns.len();
        }
        // Channels outside: what the taps see of one overlaps, and is in the cache while it is copied.
        for (line, channel) in chunk.channels.clone().enumerate() {
            let plane = of.source.plane(channel);
            for (sight, target) in &self.sights {
                sight.copy(plane, &mut self.values[line * COLUMNS + target..], of.mapping.divisor as usize);
            }
        }
    }
}
