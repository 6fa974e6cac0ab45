//! The kernels of the CPU backend.

use burn::backend::{Flex, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use super::{ChannelAffineKernels, ChannelMap};
use crate::ops::cpu::buffer::written;
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};
use crate::ops::dims::dims;

impl ChannelAffineKernels for Flex {
    fn channel_affine(input: &FlexTensor, map: &ChannelMap<Self>, relu: bool) -> Option<FlexTensor> {
        let (values, map) = (FlexValues::of(input)?, FlexChannelMap::of(map)?);
        Some(tensor(forward(values.slice(), &map.affine(), relu, &MapsShape::of(input)), input.shape()))
    }

    fn channel_affine_gradient(
        input: &FlexTensor,
        output_grad: &FlexTensor,
        map: &ChannelMap<Self>,
        relu: bool,
    ) -> Option<FlexTensor> {
        let (values, grad, map) = (FlexValues::of(input)?, FlexValues::of(output_grad)?, FlexChannelMap::of(map)?);
        let gradient = gradient(values.slice(), grad.slice(), &map.affine(), relu, &MapsShape::of(input));
        Some(tensor(gradient, input.shape()))
    }
}

/// A channel map whose values lie in memory.
pub(in crate::ops) struct FlexChannelMap([FlexValues; 3]);

impl FlexChannelMap {
    /// Returns the values of a map; `None` where they have other than 32 bits.
    pub fn of(map: &ChannelMap<Flex>) -> Option<Self> {
        Some(Self([FlexValues::of(&map.mean)?, FlexValues::of(&map.scale)?, FlexValues::of(&map.offset)?]))
    }

    pub fn affine(&self) -> Affine<'_> {
        let [mean, scale, offset] = &self.0;
        Affine { mean: mean.slice(), scale: scale.slice(), offset: offset.slice() }
    }
}

/// Sizes of a batch of maps.
#[derive(Clone, Copy, Debug)]
pub struct MapsShape {
    pub batch: usize,
    pub channels: usize,
    /// Height times width.
    pub pixels: usize,
}

impl MapsShape {
    /// Returns the sizes of a tensor of batch x channels x height x width.
    pub(in crate::ops) fn of(maps: &FlexTensor) -> Self {
        let [batch, channels, height, width] = dims(maps);
        Self { batch, channels, pixels: height * width }
    }

    /// Returns the planes of a channel, one per image.
    pub fn planes<'a>(&self, data: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        let (channels, pixels) = (self.channels, self.pixels);
        (0..self.batch).map(move |image| &data[(image * channels + channel) * pixels..][..pixels])
    }

    /// Returns the number of values per channel.
    pub fn count(&self) -> f64 {
        (self.batch * self.pixels) as f64
    }
}

/// The map `(x - mean) * scale + offset` of each channel. Subtracting first keeps values near the
/// ReLU's edge on the right side of it more often than the folded form `x * scale + (offset - mean
/// * scale)` does.
pub struct Affine<'a> {
    pub mean: &'a [f32],
    pub scale: &'a [f32],
    pub offset: &'a [f32],
}

impl Affine<'_> {
    #[inline(always)]
    pub fn of(&self, channel: usize) -> impl Fn(f32) -> f32 + Copy {
        let (mean, scale, offset) = (self.mean[channel], self.scale[channel], self.offset[channel]);
        move |x| (x - mean) * scale + offset
    }
}

/// Returns a value that is not below `floor`. Not f32::max: a NaN must stay one, so that a diverged
/// run is noticed.
#[inline(always)]
fn cut_off(value: f32, floor: f32) -> f32 {
    if value < floor { floor } else { value }
}

/// Returns what values are cut off at.
fn floor(relu: bool) -> f32 {
    if relu { 0.0 } else { f32::NEG_INFINITY }
}

/// The map of each channel and the ReLU behind it, for values that stay where they are.
#[derive(Clone, Copy)]
pub struct MapInPlace<'a> {
    pub affine: &'a Affine<'a>,
    pub relu: bool,
}

impl MapInPlace<'_> {
    /// Maps values of a channel: those that [`forward`] computes.
    #[inline(always)]
    pub fn apply(&self, channel: usize, values: &mut [f32]) {
        let (map, floor) = (self.affine.of(channel), floor(self.relu));
        for value in values {
            *value = cut_off(map(*value), floor);
        }
    }
}

/// Computes the affine map of each channel, negative values set to zero if `relu`.
pub fn forward(input: &[f32], map: &Affine, relu: bool, shape: &MapsShape) -> Vec<f32> {
    let arch = Arch::new();
    let floor = floor(relu);
    // SAFETY: output and input have the same planes, and every value of a plane is written.
    unsafe {
        written(input.len(), |output| {
            let planes = output.par_chunks_mut(shape.pixels).zip(input.par_chunks(shape.pixels));
            planes.enumerate().for_each(|(i, (out, plane))| {
                let map = map.of(i % shape.channels);
                arch.dispatch(|| {
                    for (y, x) in out.iter_mut().zip(plane) {
                        y.write(cut_off(map(*x), floor));
                    }
                });
            });
        })
    }
}

/// Computes the gradient of [`forward`] for fixed scale and offset: `scale * output_grad` where the
/// output was not cut off.
pub fn gradient(input: &[f32], output_grad: &[f32], map: &Affine, relu: bool, shape: &MapsShape) -> Vec<f32> {
    assert_eq!(input.len(), output_grad.len(), "input and gradient of its map");
    let arch = Arch::new();
    // SAFETY: gradient, input and output gradient have the same planes, and every value of a plane
    // is written.
    unsafe {
        written(input.len(), |gradient| {
            let planes = input.par_chunks(shape.pixels).zip(output_grad.par_chunks(shape.pixels));
            gradient.par_chunks_mut(shape.pixels).zip(planes).enumerate().for_each(|(i, (target, (plane, grad)))| {
                let channel = i % shape.channels;
                let (scale, map) = (map.scale[channel], map.of(channel));
                arch.dispatch(|| {
                    for ((t, x), g) in target.iter_mut().zip(plane).zip(grad) {
                        t.write(if relu && map(*x) <= 0.0 { 0.0 } else { scale * g });
                    }
                });
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_stays_a_nan() {
        let shape = MapsShape { batch: 1, channels: 1, pixels: 2 };
        let out = forward(&[f32::NAN, -1.0], &Affine { mean: &[0.0], scale: &[1.0], offset: &[0.0] }, true, &shape);
        assert!(out[0].is_nan() && out[1] == 0.0);
    }
}
