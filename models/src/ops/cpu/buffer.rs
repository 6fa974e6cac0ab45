//! Output memory that is not set to zero before it is written.

use std::mem::MaybeUninit;

/// A vector of `length` values that `fill` writes. Zeroing outputs first costs 2 % of a training
/// step, on one thread (docs/notes/performance.md).
///
/// # Safety
/// `fill` must write every one of the values.
pub unsafe fn written(length: usize, fill: impl FnOnce(&mut [MaybeUninit<f32>])) -> Vec<f32> {
    let mut values = Vec::with_capacity(length);
    fill(&mut values.spare_capacity_mut()[..length]);
    // SAFETY: the caller promises that all values up to `length`, which is within the capacity,
    // were written.
    unsafe { values.set_len(length) };
    values
}
