//! Weights in the order in which tiles read them.

use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

use super::tile::ROWS;
use crate::ops::cpu::buffer::written;

/// Inner positions (taps times channels) that are multiplied at once: their values stay in the
/// caches.
const INNER: usize = 576;

/// A part of the inner positions: some rows of taps by some source channels.
pub(super) struct Chunk {
    pub ky: Range<usize>,
    pub channels: Range<usize>,
    /// Inner positions.
    pub inner: usize,
    /// The place of its weights among all packed ones.
    first: usize,
}

/// Weights as they are view: those of all taps of two channels lie one after the other.
#[derive(Clone, Copy)]
pub(super) struct WeightView<'a> {
    pub values: &'a [f32],
    /// Distance of neighbouring target channels.
    pub target: usize,
    /// Distance of neighbouring source channels.
    pub source: usize,
    /// Columns of the kernel.
    pub width: usize,
}

/// The packed weights: chunks of panels of target channels x (ky, kx, source channel) x [`ROWS`].
pub(super) struct PackedWeights {
    pub chunks: Vec<Chunk>,
    /// Columns of taps that see the source from anywhere.
    pub kx: Range<usize>,
    values: Vec<f32>,
}

impl PackedWeights {
    /// Packs weights. `channels`: source, target; `taps`: the rows and columns of taps that see
    /// anything.
    pub fn pack(view: WeightView, channels: [usize; 2], taps: [Range<usize>; 2]) -> Self {
        let [source, target] = channels;
        let [ky, kx] = taps;
        let panels = target.div_ceil(ROWS);
        let (chunks, size) = chunks(source, panels, ky, &kx);
        // SAFETY: the parts are all of the values, and every lane of every inner position of each
        // is written.
        let values = unsafe {
            written(size, |mut rest| {
                let mut parts = Vec::new();
                for chunk in chunks.iter().filter(|chunk| chunk.inner > 0) {
                    let (panels, others) = rest.split_at_mut(panels * chunk.inner * ROWS);
                    rest = others;
                    parts.extend(
                        panels
                            .chunks_exact_mut(chunk.inner * ROWS)
                            .enumerate()
                            .map(|(panel, part)| (chunk, panel, part)),
                    );
                }
                parts.into_par_iter().for_each(|(chunk, panel, part)| {
                    let targets = panel * ROWS..target.min(panel * ROWS + ROWS);
                    pack_panel(view, chunk, targets, &kx, part);
                });
            })
        };
        PackedWeights { chunks, kx, values }
    }

    /// Returns a chunk's weights for one panel of target channels: inner x [`ROWS`].
    #[inline(always)]
    pub fn panel(&self, chunk: &Chunk, panel: usize) -> &[f32] {
        &self.values[chunk.first + panel * chunk.inner * ROWS..][..chunk.inner * ROWS]
    }

    /// Returns where in the chunk a tap's inner positions start.
    #[inline(always)]
    pub fn position(&self, chunk: &Chunk, ky: usize, kx: usize) -> usize {
        ((ky - chunk.ky.start) * self.kx.len() + (kx - self.kx.start)) * chunk.channels.len()
    }
}

/// Writes a chunk's weights of a panel of target channels: (ky, kx, source channel) x [`ROWS`].
fn pack_panel(view: WeightView, chunk: &Chunk, targets: Range<usize>, kx: &Range<usize>, own: &mut [MaybeUninit<f32>]) {
    let channels = chunk.channels.len();
    for (inner, source) in chunk.channels.clone().enumerate() {
        let first = &view.values[targets.start * view.target + source * view.source..];
        let taps = chunk.ky.clone().flat_map(|ky| kx.clone().map(move |kx| ky * view.width + kx));
        for (place, tap) in taps.enumerate() {
            let mut lanes = [MaybeUninit::new(0.0); ROWS];
            for (target, lane) in lanes.iter_mut().enumerate().take(targets.len()) {
                lane.write(first[target * view.target + tap]);
            }
            own[(place * channels + inner) * ROWS..][..ROWS].copy_from_slice(&lanes);
        }
    }
}

/// Returns the chunks, and the values that `panels` panels of all of them take.
fn chunks(source: usize, panels: usize, ky: Range<usize>, kx: &Range<usize>) -> (Vec<Chunk>, usize) {
    let line = source * kx.len();
    // All taps of as many channels as fit, but not of a few alone.
    let taps = ky.len() * kx.len();
    let (mut chunks, mut size) = (Vec::new(), 0);
    if line == 0 {
        return (chunks, size);
    }
    let parts = (source * taps).div_ceil(INNER).min(source.div_ceil(LEAST_CHANNELS)).max(1);
    let length = source.div_ceil(parts);
    let rows = (INNER / (length * kx.len())).clamp(1, ky.len().max(1));
    for start in (0..source).step_by(length) {
        for first in ky.clone().step_by(rows) {
            let (ky, channels) = (first..(first + rows).min(ky.end), start..(start + length).min(source));
            let inner = ky.len() * kx.len() * channels.len();
            chunks.push(Chunk { ky, channels, inner, first: size });
            size += panels * inner * ROWS;
        }
    }
    (chunks, size)
}

/// Fewer channels than these are not worth a chunk.
const LEAST_CHANNELS: usize = 32;
