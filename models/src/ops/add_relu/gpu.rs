//! The kernels of the GPU backend.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

use super::AddReluKernels;
use crate::ops::gpu::launch::{UNITS, empty_like, input, is_countable, output, over, takes, units, vectors_of};

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 4;

/// Computes `relu(a + b)`; a NaN stays one.
///
/// Cubes: vectors, in turns.
#[cube(launch)]
fn add_relu<N: Size>(a: &[Vector<f32, N>], b: &[Vector<f32, N>], output: &mut [Vector<f32, N>], count: u32) {
    let mut at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while at < count {
        let i = at as usize;
        let sum = a[i] + b[i];
        let nothing = Vector::<f32, N>::new(0.0);
        output[i] = select_many(sum.is_nan().or(sum.greater_than(&nothing)), sum, nothing);
        at += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
}

/// Computes the gradient of either summand: 0 where the output is.
///
/// Cubes: vectors, in turns.
#[cube(launch)]
fn add_relu_gradient<N: Size>(
    output: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    gradient: &mut [Vector<f32, N>],
    count: u32,
) {
    let mut at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while at < count {
        let i = at as usize;
        let nothing = Vector::<f32, N>::new(0.0);
        gradient[i] = select_many(output[i].less_equal(&nothing), nothing, grad[i]);
        at += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
}

/// Returns whether the kernels are for these maps, and the device for the kernels.
fn fits(maps: &CubeTensor) -> bool {
    is_countable(maps) && maps.dtype == DType::F32 && takes(maps, UNITS, BINDINGS, 0)
}

impl AddReluKernels for CubeBackend {
    fn add_relu(a: &CubeTensor, b: &CubeTensor) -> Option<CubeTensor> {
        let (count, vector) = fits(a).then(|| vectors_of(a))?;
        let sum = empty_like(a);
        add_relu::launch(&a.client, over(count), units(), vector, input(a), input(b), output(&sum), count as u32);
        Some(sum)
    }

    fn add_relu_gradient(from: &CubeTensor, output_grad: &CubeTensor) -> Option<CubeTensor> {
        let (count, vector) = fits(from).then(|| vectors_of(from))?;
        let gradient = empty_like(from);
        let (from, grad, to) = (input(from), input(output_grad), output(&gradient));
        add_relu_gradient::launch(&output_grad.client, over(count), units(), vector, from, grad, to, count as u32);
        Some(gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::add_relu::composed;
    use crate::ops::gpu::tests::{Both, of_shape, on_a_device, to_double, values_of};
    use burn::backend::Flex;
    use burn::backend::ops::FloatTensorOps;
    use burn::tensor::TensorData;

    #[test]
    fn sums_on_vulkan_are_those_of_the_cpu() {
        on_a_device(|device| {
            for size in [[1, 1, 1, 1], [2, 3, 4, 5], [2, 7, 30, 41]] {
                let [a, b, grad] = [1, 2, 3].map(|seed| Both::noise(size, seed, device));
                let sum = CubeBackend::add_relu(&a.gpu, &b.gpu).unwrap();
                let output = Both { gpu: sum, cpu: composed::forward::<Flex>(a.cpu, b.cpu) };
                Both {
                    gpu: CubeBackend::add_relu_gradient(&output.gpu, &grad.gpu).unwrap(),
                    cpu: composed::gradient::<Flex>(output.cpu.clone(), grad.cpu),
                }
                .check("gradient");
                output.check("sum");
            }
        });
    }

    /// A network that has diverged must be seen to have.
    #[test]
    fn a_nan_stays_one() {
        on_a_device(|device| {
            let values = vec![f32::NAN, -1.0, 2.0, 0.0, -0.0, f32::INFINITY];
            let input = CubeBackend::float_from_data(TensorData::new(values, [1, 1, 2, 3]), device);
            let sum = values_of(CubeBackend::add_relu(&input, &of_shape([1, 1, 2, 3], device)).unwrap());
            assert!(sum[0].is_nan(), "{sum:?}");
            assert_eq!(sum[1..], [0.0, 2.0, 0.0, 0.0, f32::INFINITY]);
        });
    }

    #[test]
    fn maps_of_64_bits_are_left_to_burn() {
        on_a_device(|device| {
            let maps = of_shape([2, 3, 4, 5], device);
            assert!(fits(&maps) && !fits(&to_double(maps)));
        });
    }
}
