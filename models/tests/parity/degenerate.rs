//! A branch whose rate reaches the size of the map sees nothing but padding with its outer taps.

use atrous_models::burn::tensor::{Device, Tensor, TensorData};
use atrous_models::{ComputeDevice, ConvGeometry, Precision, ops};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::devices::{on_the_cpu, on_vulkan};
use crate::recording::flat;

fn noise(shape: [usize; 4], seed: u64, device: &Device) -> Tensor<4> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| random.random::<f32>() - 0.5).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Output, input gradient and weight gradient of a convolution.
fn products(input: &Tensor<4>, weight: &Tensor<4>, upstream: &Tensor<4>, geometry: ConvGeometry) -> [Tensor<4>; 3] {
    let (input, weight) = (input.clone().require_grad(), weight.clone().require_grad());
    let output = ops::atrous_conv2d(input.clone(), weight.clone(), geometry, Precision::Single);
    let gradients = (output.clone() * upstream.clone()).sum().backward();
    let of = |tensor: &Tensor<4>| Tensor::from_inner(tensor.grad(&gradients).unwrap());
    [output, of(&input), of(&weight)]
}

fn outer_taps_are_dead(device: &ComputeDevice, cases: u32) {
    let device = device.autodiff();
    let sizes = (1usize..3, 1usize..9, 1usize..9, 1usize..24, 1usize..24);
    let mut runner = TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let strategy = (sizes, 0usize..40, 0u64..1000);
    runner
        .run(&strategy, |((batch, channels_in, channels_out, height, width), beyond, seed)| {
            let rate = height.max(width) + beyond;
            let input = noise([batch, channels_in, height, width], seed, &device);
            let weight = noise([channels_out, channels_in, 3, 3], seed + 1, &device);
            let upstream = noise([batch, channels_out, height, width], seed + 2, &device);
            let centre = weight.clone().slice([0..channels_out, 0..channels_in, 1..2, 1..2]);
            let branch = products(&input, &weight, &upstream, ConvGeometry::same(3, rate));
            let pointwise = products(&input, &centre, &upstream, ConvGeometry::same(1, 1));
            let [output, input_gradient, weight_gradient] = branch.map(flat);
            let [wanted_output, wanted_input, wanted_weight] = pointwise.map(flat);
            prop_assert_eq!(output, wanted_output, "output at rate {}", rate);
            prop_assert_eq!(input_gradient, wanted_input, "input gradient at rate {}", rate);
            let (centres, outer): (Vec<_>, Vec<_>) =
                weight_gradient.into_iter().enumerate().partition(|(i, _)| i % 9 == 4);
            prop_assert!(outer.iter().all(|(_, gradient)| *gradient == 0.0), "outer taps at rate {}", rate);
            // The sum over the pixels may run in another order.
            for ((_, ours), wanted) in centres.into_iter().zip(wanted_weight) {
                let scale = (batch * height * width) as f32 * 0.25;
                prop_assert!((ours - wanted).abs() <= 1e-6 * scale, "{} is not {} at rate {}", ours, wanted, rate);
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn outer_taps_are_dead_on_the_cpu() {
    on_the_cpu(|device| outer_taps_are_dead(device, 200));
}

#[test]
fn outer_taps_are_dead_on_vulkan() {
    on_vulkan(|device| outer_taps_are_dead(device, 40));
}
