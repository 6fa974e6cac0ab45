//! The kernels of the GPU backend.

use burn::backend::TensorMetadata;
use burn_cubecl::cubecl;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

use super::{ChannelAffineKernels, ChannelMap};
use crate::ops::gpu::launch::{empty, input, output, units};
use crate::ops::gpu::maps::{GpuMaps, MapSizes, unit_value};

/// Returns the gradient behind the ReLU: 0 where it cut the value off.
#[cube]
pub(in crate::ops) fn kept_gradient<N: Size>(
    grad: Vector<f32, N>,
    value: Vector<f32, N>,
    mean: f32,
    scale: f32,
    offset: f32,
    #[comptime] relu: bool,
) -> Vector<f32, N> {
    if comptime!(relu) {
        let mapped = (value - Vector::new(mean)) * Vector::new(scale) + Vector::new(offset);
        let nothing = Vector::<f32, N>::new(0.0);
        select_many(mapped.less_equal(&nothing), nothing, grad)
    } else {
        grad
    }
}

/// Computes `(value - mean) * scale + offset`, and the ReLU.
///
/// Cubes: pixels, channels of all images.
#[cube(launch)]
fn affine<N: Size>(
    input: &[Vector<f32, N>],
    mean: &[f32],
    scale: &[f32],
    offset: &[f32],
    output: &mut [Vector<f32, N>],
    sizes: MapSizes,
    #[comptime] relu: bool,
) {
    let (c, i, exists) = unit_value(&sizes);
    if exists {
        let value = (input[i] - Vector::new(mean[c])) * Vector::new(scale[c]) + Vector::new(offset[c]);
        if comptime!(relu) {
            // A NaN must stay one, so that a diverged run is noticed: of a comparison alone drivers
            // may make a maximum, which drops it.
            let nothing = Vector::<f32, N>::new(0.0);
            output[i] = select_many(value.is_nan().or(value.greater_than(&nothing)), value, nothing);
        } else {
            output[i] = value;
        }
    }
}

/// Computes the gradient of the input of [`affine`].
///
/// Cubes: pixels, channels of all images.
#[cube(launch)]
fn affine_gradient<N: Size>(
    input: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    mean: &[f32],
    scale: &[f32],
    offset: &[f32],
    output: &mut [Vector<f32, N>],
    sizes: MapSizes,
    #[comptime] relu: bool,
) {
    let (c, i, exists) = unit_value(&sizes);
    if exists {
        let kept = kept_gradient::<N>(grad[i], input[i], mean[c], scale[c], offset[c], relu);
        output[i] = kept * Vector::new(scale[c]);
    }
}

/// Passes a value per channel.
///
/// # Panics
/// For another number of values.
pub(in crate::ops) fn per_channel(values: &CubeTensor, channels: usize) -> BufferArg {
    assert_eq!(values.shape().num_elements(), channels, "a value per channel");
    input(values)
}

impl ChannelAffineKernels for CubeBackend {
    fn channel_affine(values: &CubeTensor, map: &ChannelMap<Self>, relu: bool) -> Option<CubeTensor> {
        let maps = GpuMaps::of(values)?;
        let mapped = empty(&maps.input, maps.size);
        let [mean, scale, offset] = [&map.mean, &map.scale, &map.offset].map(|of| per_channel(of, maps.size[1]));
        affine::launch(
            &maps.input.client,
            maps.pixels_and_planes(),
            units(),
            maps.vector(),
            input(&maps.input),
            mean,
            scale,
            offset,
            output(&mapped),
            maps.sizes(),
            relu,
        );
        Some(mapped)
    }

    fn channel_affine_gradient(
        values: &CubeTensor,
        output_grad: &CubeTensor,
        map: &ChannelMap<Self>,
        relu: bool,
    ) -> Option<CubeTensor> {
        let maps = GpuMaps::of(values)?;
        assert_eq!(output_grad.shape(), values.shape(), "a gradient per value");
        let gradient = empty(&maps.input, maps.size);
        let [mean, scale, offset] = [&map.mean, &map.scale, &map.offset].map(|of| per_channel(of, maps.size[1]));
        affine_gradient::launch(
            &maps.input.client,
            maps.pixels_and_planes(),
            units(),
            maps.vector(),
            input(&maps.input),
            input(output_grad),
            mean,
            scale,
            offset,
            output(&gradient),
            maps.sizes(),
            relu,
        );
        Some(gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gpu::tests::{on_a_device, values_of};
    use burn::backend::ops::FloatTensorOps;
    use burn::tensor::TensorData;

    /// A network that has diverged must be seen to have.
    #[test]
    fn a_nan_stays_one_behind_the_relu() {
        on_a_device(|device| {
            let values = vec![f32::NAN, -1.0, 2.0, 0.0, -0.0, f32::INFINITY];
            let one = |value: f32| CubeBackend::float_from_data(TensorData::new(vec![value], [1]), device);
            let input = CubeBackend::float_from_data(TensorData::new(values, [1, 1, 2, 3]), device);
            let map = ChannelMap { mean: one(0.0), scale: one(1.0), offset: one(0.0) };
            let output = values_of(CubeBackend::channel_affine(&input, &map, true).unwrap());
            assert!(output[0].is_nan(), "{output:?}");
            assert_eq!(output[1..], [0.0, 2.0, 0.0, 0.0, f32::INFINITY]);
        });
    }
}
