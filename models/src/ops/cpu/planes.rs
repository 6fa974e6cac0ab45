//! Maps that are written plane by plane.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// Values that are at least worth a task.
pub const TASK_VALUES: usize = 1 << 13;

/// Splits an output into planes of `pixels` values, each with its number, for parallel tasks.
pub fn in_planes(
    output: &mut [MaybeUninit<f32>],
    pixels: usize,
) -> impl IndexedParallelIterator<Item = (usize, &mut [MaybeUninit<f32>])> {
    output.par_chunks_mut(pixels).with_min_len(TASK_VALUES.div_ceil(pixels)).enumerate()
}
