//! The kernels of the CPU backend.

use std::mem::MaybeUninit;
use std::ops::Range;

use burn::backend::Flex;
use rayon::prelude::*;

use super::ConcatKernels;
use super::inputs::common_size;
use crate::ops::cpu::buffer::written;
use crate::ops::cpu::planes::in_planes;
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};
use crate::ops::dims::dims;

impl ConcatKernels for Flex {
    fn concat(maps: &[FlexTensor]) -> Option<FlexTensor> {
        let [height, width] = common_size(maps);
        let batch = dims(&maps[0])[0];
        let values = maps.iter().map(FlexValues::of).collect::<Option<Vec<FlexValues>>>()?;
        let inputs: Vec<ConcatInput> = maps
            .iter()
            .zip(&values)
            .map(|(map, values)| {
                let [_, channels, h, w] = dims(map);
                ConcatInput { values: values.slice(), channels, is_broadcast: [h, w] != [height, width] }
            })
            .collect();
        let channels = inputs.iter().map(|input| input.channels).sum();
        Some(tensor(forward(&inputs, batch, height * width), [batch, channels, height, width]))
    }

    fn narrow(maps: &FlexTensor, channels: Range<usize>) -> Option<FlexTensor> {
        let [batch, all, height, width] = dims(maps);
        let sizes = [batch, channels.len(), height, width];
        Some(tensor(narrow(FlexValues::of(maps)?.slice(), all, channels, height * width), sizes))
    }
}

/// One of the maps that are put side by side.
pub struct ConcatInput<'a> {
    /// Batch x channels x pixels; where it is broadcast, batch x channels.
    pub values: &'a [f32],
    pub channels: usize,
    /// Whether each value stands at all pixels of its plane.
    pub is_broadcast: bool,
}

/// Puts maps of `pixels` (at least 1) side by side, in their order.
pub fn forward(inputs: &[ConcatInput], batch: usize, pixels: usize) -> Vec<f32> {
    let sources: Vec<(&ConcatInput, usize)> =
        inputs.iter().flat_map(|input| (0..input.channels).map(move |channel| (input, channel))).collect();
    // SAFETY: every plane of the output is written as a whole.
    unsafe {
        written(batch * sources.len() * pixels, |output| {
            in_planes(output, pixels).for_each(|(i, plane)| {
                let (input, channel) = sources[i % sources.len()];
                let source = i / sources.len() * input.channels + channel;
                if input.is_broadcast {
                    plane.fill(MaybeUninit::new(input.values[source]));
                } else {
                    plane.write_copy_of_slice(&input.values[source * pixels..][..pixels]);
                }
            });
        })
    }
}

/// Copies the channels of `range` of `maps` (batch x channels x pixels).
pub fn narrow(maps: &[f32], channels: usize, range: Range<usize>, pixels: usize) -> Vec<f32> {
    let batch = maps.len() / (channels * pixels);
    // SAFETY: every plane of the output is written as a whole.
    unsafe {
        written(batch * range.len() * pixels, |output| {
            in_planes(output, pixels).for_each(|(i, plane)| {
                let source = i / range.len() * channels + range.start + i % range.len();
                plane.write_copy_of_slice(&maps[source * pixels..][..pixels]);
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::cpu::planes::TASK_VALUES;

    #[test]
    fn maps_lie_side_by_side_and_come_back() {
        let a: Vec<f32> = (0..2 * 2 * 3).map(|i| i as f32).collect();
        let b = [50.0, 60.0];
        let c: Vec<f32> = (0..2 * 3).map(|i| 100.0 + i as f32).collect();
        let inputs = [
            ConcatInput { values: &a, channels: 2, is_broadcast: false },
            ConcatInput { values: &b, channels: 1, is_broadcast: true },
            ConcatInput { values: &c, channels: 1, is_broadcast: false },
        ];
        let output = forward(&inputs, 2, 3);
        let first = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 50.0, 50.0, 50.0, 100.0, 101.0, 102.0];
        let second = [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 60.0, 60.0, 60.0, 103.0, 104.0, 105.0];
        assert_eq!(output, [first, second].concat());
        assert_eq!(narrow(&output, 4, 0..2, 3), a);
        assert_eq!(narrow(&output, 4, 2..3, 3), [[50.0; 3], [60.0; 3]].concat());
        assert_eq!(narrow(&output, 4, 3..4, 3), c);
    }

    #[test]
    fn planes_of_several_tasks_are_covered() {
        let pixels = TASK_VALUES / 2 + 1;
        let values: Vec<f32> = (0..7 * pixels).map(|i| i as f32).collect();
        assert_eq!(forward(&[ConcatInput { values: &values, channels: 7, is_broadcast: false }], 1, pixels), values);
    }
}
