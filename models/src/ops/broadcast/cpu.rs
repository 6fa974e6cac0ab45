//! The kernel of the CPU backend.

use std::mem::MaybeUninit;

use burn::backend::Flex;
use rayon::prelude::*;

use super::BroadcastKernels;
use crate::ops::cpu::buffer::written;
use crate::ops::cpu::planes::in_planes;
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};
use crate::ops::dims::dims;

impl BroadcastKernels for Flex {
    fn broadcast(maps: &FlexTensor, size: [usize; 2]) -> Option<FlexTensor> {
        let [batch, channels, _, _] = dims(maps);
        let values = forward(FlexValues::of(maps)?.slice(), size[0] * size[1]);
        Some(tensor(values, [batch, channels, size[0], size[1]]))
    }
}

/// Writes each value to all `pixels` (at least 1) of a plane.
pub fn forward(values: &[f32], pixels: usize) -> Vec<f32> {
    // SAFETY: every plane of the output is written as a whole.
    unsafe {
        written(values.len() * pixels, |output| {
            in_planes(output, pixels).for_each(|(i, plane)| plane.fill(MaybeUninit::new(values[i])));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_fills_its_plane() {
        assert_eq!(forward(&[1.0, 2.0], 3), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    }
}
