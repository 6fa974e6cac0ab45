//! The operation composed of burn's.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata, get_device_settings};
use burn::tensor::Shape;

use super::geometry::PoolGeometry;
use crate::ops::dims::dims;

pub fn forward<B: Backend>(input: FloatTensor<B>, geometry: PoolGeometry) -> FloatTensor<B> {
    let [kernel, stride, padding] = along_both_axes(geometry);
    B::max_pool2d(input, kernel, stride, padding, [1, 1], false)
}

pub fn forward_with_indices<B: Backend>(
    input: FloatTensor<B>,
    geometry: PoolGeometry,
) -> (FloatTensor<B>, IntTensor<B>) {
    let ints = get_device_settings::<B>(&input.device()).int_dtype;
    let [kernel, stride, padding] = along_both_axes(geometry);
    let pooled = B::max_pool2d_with_indices(input, kernel, stride, padding, [1, 1], false, ints);
    (pooled.output, pooled.indices)
}

pub fn gradient<B: Backend>(
    output_grad: FloatTensor<B>,
    indices: IntTensor<B>,
    geometry: PoolGeometry,
    size: [usize; 2],
) -> FloatTensor<B> {
    let [batch, channels, _, _] = dims(&output_grad);
    let [kernel, stride, padding] = along_both_axes(geometry);
    // Burn asks for the size of the input alone: the input need not be kept. The order in memory is
    // the one that CubeCL's kernel wants.
    let shape = Shape::from([batch, size[0], size[1], channels]);
    let input = B::float_empty(shape, &output_grad.device(), output_grad.dtype().into());
    let input = B::float_permute(input, &[0, 3, 1, 2]);
    B::max_pool2d_with_indices_backward(input, kernel, stride, padding, [1, 1], false, output_grad, indices).x_grad
}

/// Returns kernel, stride and padding, as burn takes them.
fn along_both_axes(geometry: PoolGeometry) -> [[usize; 2]; 3] {
    [geometry.kernel, geometry.stride, geometry.padding].map(|of| [of; 2])
}
