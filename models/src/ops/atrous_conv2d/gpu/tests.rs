//! The three products of a convolution, and rounding to half precision.

use burn::backend::ops::FloatTensorOps;
use burn::tensor::TensorData;
use burn_cubecl::CubeDevice;
use burn_wgpu::{CubeBackend, CubeTensor};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::algorithm::{self, Algorithm};
use super::implicit_gemm::{self, Block, GpuWeights, Plan};
use super::operand::{GpuOperand, has_half};
use crate::ops::atrous_conv2d::cpu::{self, half};
use crate::ops::atrous_conv2d::{AtrousConv2dKernels, ConvGeometry, ConvShape};
use crate::ops::dims::dims;
use crate::ops::gpu::tests::{largest_gap, noise, on_a_device, values_of};
use crate::precision::Precision;

/// Returns the precisions that the device has the types for.
fn precisions(device: &CubeDevice) -> Vec<Precision> {
    let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
    if has_half(&like) { vec![Precision::Single, Precision::Mixed] } else { vec![Precision::Single] }
}

/// Checks all three products, in blocks of every size.
fn compare(shape: &ConvShape, precision: Precision, device: &CubeDevice) {
    let ConvShape { batch, channels: [channels_in, channels_out], input: [height, width], geometry, .. } = *shape;
    let [out_height, out_width] = shape.output();
    let sizes = [
        [batch, channels_in, height, width],
        [channels_out, channels_in, shape.kernel[0], shape.kernel[1]],
        [batch, channels_out, out_height, out_width],
    ];
    let [x, w, g] = [0, 1, 2].map(|i| noise(sizes[i].iter().product(), i as u64));
    let on = |values: &Vec<f32>, size: [usize; 4]| {
        CubeBackend::float_from_data(TensorData::new(values.clone(), size), device)
    };
    let [input, weight, grad] = [on(&x, sizes[0]), on(&w, sizes[1]), on(&g, sizes[2])];
    let check = |what: &str, ours: CubeTensor, wanted: Vec<f32>| {
        let ours = values_of(ours);
        assert_eq!(ours.len(), wanted.len(), "{what} of {shape:?}");
        let peak = wanted.iter().fold(0f32, |peak, value| peak.max(value.abs()));
        let worst = largest_gap(&ours, &wanted);
        assert!(worst <= 1e-5 * peak, "{what} of {shape:?}: off by {worst:e} of {peak}");
    };
    let operand = |tensor: &CubeTensor| GpuOperand::of(tensor.clone(), precision);
    let scaled = |tensor: &CubeTensor| GpuOperand::scaled(tensor.clone(), precision);
    // What the CPU's kernels make of rounded values.
    let [x, w, g] = match precision {
        Precision::Single => [x, w, g],
        Precision::Mixed => [half::rounded(&x), half::rounded(&w), half::rounded_to_scale(&g)],
    };
    let matrices = implicit_gemm::cooperative_matrices(&input).filter(|_| precision == Precision::Mixed);
    let plans = Block::ALL.into_iter().flat_map(|block| {
        [None, matrices]
            .into_iter()
            .take(1 + usize::from(matrices.is_some()))
            .map(move |matrices| Plan { block, matrices })
    });
    for plan in plans {
        let output = implicit_gemm::forward_in(plan, operand(&input), GpuWeights::new(weight.clone()), geometry);
        check("output", output, cpu::forward(&x, &w, shape));
        let of_weights = implicit_gemm::weight_gradient_in(plan, operand(&input), sizes[1], scaled(&grad), geometry);
        check("weights' gradient", of_weights, cpu::weight_gradient(&x, &g, shape));
    }
    let (input_of, weight_of) = (|| input.clone(), || weight.clone());
    let output = algorithm::forward(Algorithm::Im2col, input_of(), weight_of(), geometry, precision);
    check("output by im2col", output, cpu::forward(&x, &w, shape));
    let of_weights =
        algorithm::weight_gradient(Algorithm::Im2col, input_of(), weight_of(), scaled(&grad), geometry, precision);
    check("weights' gradient by im2col", of_weights, cpu::weight_gradient(&x, &g, shape));
    for algorithm in [Some(Algorithm::Im2col), Some(Algorithm::ImplicitGemm), matrices.map(Algorithm::Matrices)]
        .into_iter()
        .flatten()
    {
        let of_input =
            algorithm::input_gradient(algorithm, input_of(), weight_of(), scaled(&grad), geometry, precision);
        check("input's gradient", of_input, cpu::input_gradient(&g, &w, shape));
    }
}

#[test]
fn all_three_products_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        let shapes = (
            (1usize..4, 1usize..40, 1usize..150, 1usize..24, 1usize..40),
            (prop::sample::select(vec![1usize, 3, 7]), 1usize..3, prop::sample::select(vec![1usize, 2, 5, 12, 24])),
        );
        let shape = shapes.prop_map(|((batch, channels_in, channels_out, height, width), (kernel, stride, rate))| {
            let geometry = ConvGeometry { stride, ..ConvGeometry::same(kernel, rate) };
            ConvShape::new([batch, channels_in, height, width], [channels_out, channels_in, kernel, kernel], geometry)
        });
        let shape = (shape, prop::sample::select(precisions(device)));
        let mut runner =
            TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) });
        runner
            .run(&shape, |(shape, precision)| {
                compare(&shape, precision, device);
                Ok(())
            })
            .unwrap();
    });
}

/// Maps of one value and of more than the workgroups have units, without any value, and with those
/// that are no numbers.
#[test]
fn halves_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        if precisions(device).len() == 1 {
            return println!("not run: {device:?} has no 16-bit floats");
        }
        let tiny: Vec<f32> = noise(700_001, 5).iter().map(|value| value * 1e-9).collect();
        let special =
            vec![1.0, 1.0 + 2f32.powi(-11), 1.0 + 3.0 * 2f32.powi(-12), 65_504.0, 70_000.0, 2f32.powi(-24), 0.0];
        let broken = [vec![1.0, f32::NAN, 2.0], vec![1.0, f32::INFINITY, 2.0]];
        for values in [vec![3.0], vec![0.0; 300], tiny, special].into_iter().chain(broken) {
            let on = || CubeBackend::float_from_data(TensorData::new(values.clone(), [1, 1, 1, values.len()]), device);
            let back = |operand: GpuOperand| values_of(operand.widened());
            let operands = [
                (back(GpuOperand::of(on(), Precision::Mixed)), half::rounded(&values)),
                (back(GpuOperand::scaled(on(), Precision::Mixed)), half::rounded_to_scale(&values)),
            ];
            for (ours, wanted) in operands {
                let same = ours.iter().zip(&wanted).all(|(a, b)| a == b || a.is_nan() && b.is_nan());
                assert!(ours.len() == wanted.len() && same, "{:?} is not {:?}", &ours[..1], &wanted[..1]);
            }
        }
    });
}

/// Several blocks along every side, blocks of one row and of parts of two images, and taps that are
/// dead for some of them.
#[test]
fn many_blocks_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        let precisions = precisions(device);
        for (index, (batch, channels, size, rate)) in
            [(2, 36, [20, 200], 12), (3, 36, [9, 15], 3), (1, 36, [40, 130], 30), (1, 150, [10, 70], 5)]
                .into_iter()
                .enumerate()
        {
            let weights = [140, channels, 3, 3];
            let shape = ConvShape::new([batch, channels, size[0], size[1]], weights, ConvGeometry::same(3, rate));
            assert!(implicit_gemm::fits(&shape));
            compare(&shape, precisions[index % precisions.len()], device);
        }
    });
}

#[test]
fn shapes_that_the_kernels_cannot_count_are_refused() {
    let fits = |input, kernel, rate| {
        implicit_gemm::fits(&ConvShape::new(input, [8, input[1], kernel, kernel], ConvGeometry::same(kernel, rate)))
    };
    assert!(fits([2, 64, 512, 1024], 3, 12));
    assert!(!fits([16, 8, 1024, 1024], 3, 12), "workgroups along an axis");
    assert!(!fits([1, 4096, 1024, 1024], 1, 1), "values of a map");
    // A kernel that lies in the padding from everywhere.
    let shape = ConvShape::new([1, 8, 4, 4], [8, 8, 1, 1], ConvGeometry { stride: 16, padding: 8, dilation: 1 });
    assert!(!implicit_gemm::fits(&shape), "{:?}", shape.live_taps(0));
}

#[test]
fn only_wanted_gradients_are_made_on_vulkan() {
    on_a_device(|device| {
        let of = |shape: [usize; 4]| CubeBackend::float_ones(shape.into(), device, burn::tensor::DType::F32.into());
        for wanted in [[true, true], [true, false], [false, true], [false, false]] {
            let (input, weight, grad) = (of([1, 2, 4, 4]), of([3, 2, 3, 3]), of([1, 3, 4, 4]));
            let geometry = ConvGeometry::same(3, 1);
            let made = CubeBackend::atrous_conv2d_gradients(input, weight, grad, geometry, Precision::Single, wanted);
            let sizes = made.map(|of| of.map(|of| dims(&of)));
            assert_eq!(sizes, [wanted[0].then_some([1, 2, 4, 4]), wanted[1].then_some([3, 2, 3, 3])]);
        }
    });
}

#[test]
fn the_device_takes_the_largest_blocks() {
    on_a_device(|device| {
        let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
        assert!(implicit_gemm::is_for(&like));
    });
}
