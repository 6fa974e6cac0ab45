//! The kernels of the GPU backend.

use burn::backend::tensor::IntTensor;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

use super::MaxPoolKernels;
use super::geometry::{PoolGeometry, PoolShape};
use crate::ops::dims::dims;
use crate::ops::gpu::launch::{MOST, UNITS, empty, empty_of, input, output, takes, units};

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 4;

/// The index of a maximum that is none: of a window that lies in the padding as a whole.
const NOWHERE: i32 = -1;

/// Sizes of pooled maps, in numbers that a kernel counts with.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
struct PoolSizes {
    height: i32,
    width: i32,
    out_height: i32,
    out_width: i32,
    kernel: i32,
    stride: i32,
    padding: i32,
}

/// Computes the maximum of each window, and which pixel of the window (row by row) it is: the first
/// of equal ones. A NaN is larger than everything.
///
/// Cubes: output pixels, channels of all images.
#[cube(launch)]
fn pool(input: &[f32], output: &mut [f32], places: &mut [i32], sizes: PoolSizes, lowest: f32) {
    let pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    let pixels = (sizes.out_height * sizes.out_width) as u32;
    if pixel < pixels {
        let top = (pixel as i32 / sizes.out_width) * sizes.stride - sizes.padding;
        let left = (pixel as i32 % sizes.out_width) * sizes.stride - sizes.padding;
        let plane = CUBE_POS_Y * (sizes.height * sizes.width) as u32;
        let mut best = lowest;
        let mut place = comptime!(NOWHERE).runtime();
        for ky in 0..sizes.kernel {
            for kx in 0..sizes.kernel {
                let y = top + ky;
                let x = left + kx;
                if y >= 0 && y < sizes.height && x >= 0 && x < sizes.width {
                    let value = input[(plane + (y * sizes.width + x) as u32) as usize];
                    if place == NOWHERE || value > best || value.is_nan() {
                        best = value;
                        place = ky * sizes.kernel + kx;
                    }
                }
            }
        }
        let to = (CUBE_POS_Y * pixels + pixel) as usize;
        output[to] = best;
        places[to] = place;
    }
}

/// Computes the gradient of the input: the sum of those of the windows whose maximum a pixel is,
/// always in the same order.
///
/// Cubes: input pixels, channels of all images.
#[cube(launch)]
fn pool_gradient(grad: &[f32], places: &[i32], output: &mut [f32], sizes: PoolSizes) {
    let pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    let pixels = (sizes.height * sizes.width) as u32;
    if pixel < pixels {
        let y = pixel as i32 / sizes.width + sizes.padding;
        let x = pixel as i32 % sizes.width + sizes.padding;
        let plane = CUBE_POS_Y * (sizes.out_height * sizes.out_width) as u32;
        // The windows that a pixel lies in.
        let top = max(y - sizes.kernel + sizes.stride, 0) / sizes.stride;
        let left = max(x - sizes.kernel + sizes.stride, 0) / sizes.stride;
        let bottom = min(y / sizes.stride + 1, sizes.out_height);
        let right = min(x / sizes.stride + 1, sizes.out_width);
        let mut sum = 0.0f32;
        for row in top..bottom {
            for column in left..right {
                let from = (plane + (row * sizes.out_width + column) as u32) as usize;
                let place = (y - row * sizes.stride) * sizes.kernel + x - column * sizes.stride;
                if places[from] == place {
                    sum += grad[from];
                }
            }
        }
        output[(CUBE_POS_Y * pixels + pixel) as usize] = sum;
    }
}

fn sizes(shape: &PoolShape) -> PoolSizesLaunch {
    let [height, width] = shape.input;
    let [out_height, out_width] = shape.output();
    let PoolGeometry { kernel, stride, padding } = shape.geometry;
    let [height, width, out_height, out_width, kernel, stride, padding] =
        [height, width, out_height, out_width, kernel, stride, padding].map(|size| size as i32);
    PoolSizesLaunch::new(height, width, out_height, out_width, kernel, stride, padding)
}

/// Returns whether the kernels are for maps of this size, of the type and on the device of `like`.
fn is_for(like: &CubeTensor, [batch, channels, height, width]: [usize; 4], geometry: PoolGeometry) -> bool {
    let [rows, columns] = PoolShape { input: [height, width], geometry }.output();
    let planes = batch * channels;
    let fits = |pixels: usize| pixels.div_ceil(UNITS) <= MOST && (1..=i32::MAX as usize).contains(&(planes * pixels));
    let is_counted = planes <= MOST && fits(height * width) && fits(rows * columns);
    is_counted && like.dtype == DType::F32 && takes(like, UNITS, BINDINGS, 0)
}

/// Returns the cubes of so many pixels of every plane.
fn over_planes(pixels: usize, planes: usize) -> CubeCount {
    CubeCount::Static(pixels.div_ceil(UNITS) as u32, planes as u32, 1)
}

/// The indices are pixels of a window, as 32-bit integers.
impl MaxPoolKernels for CubeBackend {
    fn max_pool(input: &CubeTensor, geometry: PoolGeometry) -> Option<CubeTensor> {
        Self::max_pool_with_indices(input, geometry).map(|(output, _)| output)
    }

    fn max_pool_with_indices(values: &CubeTensor, geometry: PoolGeometry) -> Option<(CubeTensor, IntTensor<Self>)> {
        let size = dims(values);
        if !is_for(values, size, geometry) {
            return None;
        }
        let [batch, channels, height, width] = size;
        let shape = PoolShape { input: [height, width], geometry };
        let [rows, columns] = shape.output();
        let size = [batch, channels, rows, columns];
        let (maxima, places) = (empty(values, size), empty_of(values, size, DType::I32));
        pool::launch(
            &values.client,
            over_planes(rows * columns, batch * channels),
            units(),
            input(values),
            output(&maxima),
            output(&places),
            sizes(&shape),
            f32::NEG_INFINITY,
        );
        Some((maxima, places))
    }

    fn max_pool_gradient(
        output_grad: &CubeTensor,
        indices: &IntTensor<Self>,
        geometry: PoolGeometry,
        [height, width]: [usize; 2],
    ) -> Option<CubeTensor> {
        let [batch, channels, _, _] = dims(output_grad);
        let size = [batch, channels, height, width];
        // The indices are those of the pool above under the same conditions alone.
        if !is_for(output_grad, size, geometry) {
            return None;
        }
        let gradient = empty(output_grad, size);
        pool_gradient::launch(
            &output_grad.client,
            over_planes(height * width, batch * channels),
            units(),
            input(output_grad),
            input(indices),
            output(&gradient),
            sizes(&PoolShape { input: [height, width], geometry }),
        );
        Some(gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gpu::tests::{noise, of_shape, on_a_device, to_double, values_of};
    use crate::ops::max_pool::cpu;
    use burn::backend::ops::FloatTensorOps;
    use burn::tensor::TensorData;

    /// Bit for bit, with values of which many are equal.
    #[test]
    fn pools_on_vulkan_are_those_of_the_cpu() {
        on_a_device(|device| {
            for (size, [kernel, stride, padding]) in [
                ([2, 3, 6, 8], [2, 2, 0]),
                ([2, 3, 7, 9], [3, 2, 1]),
                ([1, 2, 8, 5], [2, 2, 0]),
                ([2, 1, 4, 6], [3, 1, 1]),
                ([1, 1, 5, 7], [1, 3, 0]),
                ([3, 5, 33, 41], [3, 2, 1]),
                ([1, 1, 3, 4], [2, 2, 2]),
            ] {
                let geometry = PoolGeometry { kernel, stride, padding };
                let shape = PoolShape { input: [size[2], size[3]], geometry };
                let x: Vec<f32> = noise(size.iter().product(), 1).iter().map(|value| (value * 8.0).round()).collect();
                let [rows, columns] = shape.output();
                let out_size = [size[0], size[1], rows, columns];
                let g = noise(out_size.iter().product(), 2);
                let on = |values: &[f32], size: [usize; 4]| {
                    CubeBackend::float_from_data(TensorData::new(values.to_vec(), size), device)
                };
                let (maxima, places) = CubeBackend::max_pool_with_indices(&on(&x, size), geometry).unwrap();
                let gradient =
                    CubeBackend::max_pool_gradient(&on(&g, out_size), &places, geometry, shape.input).unwrap();
                let (wanted, places) = cpu::forward(&x, &shape);
                assert_eq!(values_of(maxima), wanted, "{size:?} {geometry:?}");
                let close = |a: &f32, b: &f32| (a - b).abs() <= 1e-6;
                let wanted = cpu::gradient(&g, &places, &shape);
                let gradient = values_of(gradient);
                assert_eq!(gradient.len(), wanted.len());
                assert!(gradient.iter().zip(&wanted).all(|(a, b)| close(a, b)), "{size:?} {geometry:?}");
            }
        });
    }

    #[test]
    fn a_nan_is_the_maximum() {
        on_a_device(|device| {
            let values = TensorData::new(vec![1.0, f32::NAN, 9.0, 2.0], [1, 1, 2, 2]);
            let input = CubeBackend::float_from_data(values, device);
            let geometry = PoolGeometry { kernel: 2, stride: 2, padding: 0 };
            assert!(values_of(CubeBackend::max_pool(&input, geometry).unwrap())[0].is_nan());
        });
    }

    #[test]
    fn maps_of_64_bits_are_left_to_burn() {
        on_a_device(|device| {
            let maps = of_shape([2, 3, 4, 6], device);
            let geometry = PoolGeometry { kernel: 2, stride: 2, padding: 0 };
            assert!(is_for(&maps, [2, 3, 4, 6], geometry));
            assert!(!is_for(&to_double(maps), [2, 3, 4, 6], geometry));
        });
    }
}
