//! The kernels of the CPU backend.

use burn::backend::{Flex, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use super::AddReluKernels;
use crate::ops::cpu::buffer::written;
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};

/// Values per task.
const RUN: usize = 1 << 14;

impl AddReluKernels for Flex {
    fn add_relu(a: &FlexTensor, b: &FlexTensor) -> Option<FlexTensor> {
        let sum = forward(FlexValues::of(a)?.slice(), FlexValues::of(b)?.slice());
        Some(tensor(sum, a.shape()))
    }

    fn add_relu_gradient(output: &FlexTensor, output_grad: &FlexTensor) -> Option<FlexTensor> {
        let gradient = gradient(FlexValues::of(output)?.slice(), FlexValues::of(output_grad)?.slice());
        Some(tensor(gradient, output.shape()))
    }
}

/// Computes `relu(a + b)`. A NaN stays one. A sum of -0 becomes 0.
pub fn forward(a: &[f32], b: &[f32]) -> Vec<f32> {
    by_value(a, b, |a, b| {
        let sum = a + b;
        if sum > 0.0 || sum.is_nan() { sum } else { 0.0 }
    })
}

/// Computes the gradient of either summand: `output_grad` where `output` was not cut off, else 0.
pub fn gradient(output: &[f32], output_grad: &[f32]) -> Vec<f32> {
    by_value(output, output_grad, |output, grad| if output <= 0.0 { 0.0 } else { grad })
}

fn by_value(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f32> {
    assert_eq!(a.len(), b.len(), "values of two maps");
    let arch = Arch::new();
    // SAFETY: both slices have one length, and every value of every run is written.
    unsafe {
        written(a.len(), |output| {
            output.par_chunks_mut(RUN).zip(a.par_chunks(RUN).zip(b.par_chunks(RUN))).for_each(|(output, (a, b))| {
                arch.dispatch(|| {
                    for ((value, a), b) in output.iter_mut().zip(a).zip(b) {
                        value.write(f(*a, *b));
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
    fn sums_are_cut_off_below_zero() {
        let sum = forward(&[1.0, -3.0, 2.0, f32::NAN], &[2.0, 1.0, -2.0, 1.0]);
        assert_eq!(sum[..3], [3.0, 0.0, 0.0]);
        assert!(sum[3].is_nan());
        assert!(forward(&[-0.0], &[-0.0])[0].is_sign_positive());
        assert_eq!(gradient(&sum, &[5.0, 6.0, 7.0, 8.0]), [5.0, 0.0, 0.0, 8.0]);
    }

    #[test]
    fn long_maps_are_covered() {
        let (a, b) = (vec![1.0; 2 * RUN + 5], vec![2.0; 2 * RUN + 5]);
        assert_eq!(forward(&a, &b), vec![3.0; 2 * RUN + 5]);
    }
}
