//! Sums of weights in the order in which tiles read them.

use std::mem::MaybeUninit;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::transform::{TAP_ROWS, TERMS, weights};
use crate::ops::atrous_conv2d::cpu::packed_weights::WeightView;
use crate::ops::atrous_conv2d::cpu::tile::ROWS;
use crate::ops::cpu::buffer::written;

/// Values of filtered rows that are kept at once, which stay in a core's second-level cache.
const MOST_VALUES: usize = 96 << 10;
/// Fewer channels than these are not worth a part of their own.
const LEAST_PART: usize = 32;

/// The weights of three rows of taps as sums for six products: parts of the source channels x
/// panels of target channels x terms x (kx, source channel) x [`ROWS`].
pub struct FilteredWeights {
    /// Source channels that are multiplied at once.
    pub parts: Vec<Range<usize>>,
    /// Columns of taps that see the source from anywhere.
    pub kx: Range<usize>,
    panels: usize,
    values: Vec<f32>,
}

impl FilteredWeights {
    /// Sums and packs weights. `channels`: source, target; `kx`: the columns of taps that see
    /// anything; `width`: that of a filtered row; `is_turned`: the last row of taps sees what lies
    /// highest.
    pub fn pack(view: WeightView, channels: [usize; 2], kx: Range<usize>, width: usize, is_turned: bool) -> Self {
        let [source, target] = channels;
        let panels = target.div_ceil(ROWS);
        let most = (MOST_VALUES / (TERMS * width)).max(LEAST_PART);
        let length = source.div_ceil(source.div_ceil(most));
        let parts: Vec<Range<usize>> =
            (0..source).step_by(length).map(|first| first..(first + length).min(source)).collect();
        let per_panel = |part: &Range<usize>| TERMS * kx.len() * part.len() * ROWS;
        let size = panels * parts.iter().map(per_panel).sum::<usize>();
        let arch = Arch::new();
        // SAFETY: the places are all of the values, and each lane of each of their sums is written.
        let values = unsafe {
            written(size, |mut rest| {
                let mut places = Vec::new();
                for part in &parts {
                    let (own, others) = rest.split_at_mut(panels * per_panel(part));
                    rest = others;
                    let own = own.chunks_exact_mut(per_panel(part)).enumerate();
                    places.extend(own.map(|(panel, own)| (part, panel, own)));
                }
                places.into_par_iter().for_each(|(part, panel, own)| {
                    let targets = panel * ROWS..target.min(panel * ROWS + ROWS);
                    arch.dispatch(PanelSums { view, part, targets, kx: &kx, is_turned, own });
                });
            })
        };
        Self { parts, kx, panels, values }
    }

    /// Returns the weights of a panel of target channels for the source channels of a part: terms x
    /// (kx, source channel) x [`ROWS`].
    #[inline(always)]
    pub fn panel(&self, part: &Range<usize>, panel: usize) -> &[f32] {
        let per_channel = TERMS * self.kx.len() * ROWS;
        let length = per_channel * part.len();
        &self.values[self.panels * part.start * per_channel + panel * length..][..length]
    }
}

/// The sums of a panel of target channels: terms x (kx, source channel) x [`ROWS`].
struct PanelSums<'a> {
    view: WeightView<'a>,
    part: &'a Range<usize>,
    targets: Range<usize>,
    kx: &'a Range<usize>,
    is_turned: bool,
    own: &'a mut [MaybeUninit<f32>],
}

impl WithSimd for PanelSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { view, part, targets, kx, is_turned, own } = self;
        let term = own.len() / TERMS;
        for (inner, source) in part.clone().enumerate() {
            for (column, kx) in kx.clone().enumerate() {
                // Lane by lane, so that all sums of a panel are vectors.
                let mut rows = [[0.0; ROWS]; TAP_ROWS];
                for (lane, target) in targets.clone().enumerate() {
                    let taps = &view.values[target * view.target + source * view.source + kx..];
                    for (ky, row) in rows.iter_mut().enumerate() {
                        row[lane] = taps[ky * view.width];
                    }
                }
                if is_turned {
                    rows.swap(0, 2);
                }
                let mut sums = [[0.0; ROWS]; TERMS];
                for lane in 0..ROWS {
                    let of_lane = weights([rows[0][lane], rows[1][lane], rows[2][lane]]);
                    for t in 0..TERMS {
                        sums[t][lane] = of_lane[t];
                    }
                }
                let place = (column * part.len() + inner) * ROWS;
                for (t, sums) in sums.into_iter().enumerate() {
                    own[t * term + place..][..ROWS].copy_from_slice(&sums.map(MaybeUninit::new));
                }
            }
        }
    }
}
