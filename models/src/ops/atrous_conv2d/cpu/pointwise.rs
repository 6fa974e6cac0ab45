//! The product behind a 1x1 convolution of stride 1, and behind a larger one of which only the
//! centre sees anything: an ordinary matrix product of maps as they lie in memory.

use gemm::Parallelism;
use pulp::Arch;
use rayon::prelude::*;

use super::operand::{OperandShape, SharedOutput};
use super::output_map::MapPixels;
use super::packed_weights::WeightView;
use crate::ops::channel_affine::cpu::MapInPlace;
use crate::ops::cpu::buffer::written;

/// Bytes of the source that a task reads: they should stay in a core's second-level cache.
const SOURCE_BYTES: usize = 512 << 10;

/// Computes `target[c] = sum over source channels of their weight for c * the source channel`, for
/// each of `batch` images, mapped if there is a map.
pub(super) fn product(
    data: &[f32],
    weights: WeightView,
    source: OperandShape,
    target: OperandShape,
    batch: usize,
    map: Option<MapInPlace>,
) -> Vec<f32> {
    let arch = Arch::new();
    let pixels = source.pixels();
    // Read through pointers below.
    assert_eq!(data.len(), batch * source.channels * pixels, "values of the source");
    let last = (target.channels - 1) * weights.target + (source.channels - 1) * weights.source;
    assert!(last < weights.values.len(), "weights of all channels");
    assert_eq!(pixels, target.pixels(), "pixels of the target");
    let length = (SOURCE_BYTES / 4 / source.channels).clamp(48, 4096);
    let blocks: Vec<(usize, usize)> =
        (0..batch).flat_map(|image| (0..pixels).step_by(length).map(move |first| (image, first))).collect();
    // SAFETY: the blocks cover all pixels of all images, each once; each reads and writes its
    // pixels of every channel.
    unsafe {
        written(batch * target.channels * pixels, |output| {
            let shared = SharedOutput::new(output);
            blocks.par_iter().for_each(|&(image, first)| {
                let output = shared.at(image * target.channels * pixels);
                let count = length.min(pixels - first);
                gemm::gemm(
                    target.channels,
                    count,
                    source.channels,
                    output.wrapping_add(first),
                    1,
                    pixels as isize,
                    false,
                    weights.values.as_ptr(),
                    weights.source as isize,
                    weights.target as isize,
                    data.as_ptr().add(image * source.channels * pixels + first),
                    1,
                    pixels as isize,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    Parallelism::None,
                );
                if let Some(map) = map {
                    let channels = 0..target.channels;
                    arch.dispatch(MapPixels::new(map, output, pixels, channels, first..first + count));
                }
            });
        })
    }
}
