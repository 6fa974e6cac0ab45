//! The three products of a convolution, and rounding to half precision.

mod times;

use burn::backend::ops::FloatTensorOps;
use burn::tensor::TensorData;
use burn_cubecl::CubeDevice;
use burn_wgpu::{CubeBackend, CubeTensor};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::algorithm::{self, Algorithm};
use super::implicit_gemm::{self, GpuWeights, Plan, ProductSchedule, of_maps_by, of_weights_by};
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
    let forward = |schedule| {
        let output = implicit_gemm::forward_in(schedule, operand(&input), GpuWeights::new(weight.clone()), geometry);
        check(&format!("output by {schedule:?}"), output, cpu::forward(&x, &w, shape));
    };
    let weight_gradient = |schedule| {
        let found = implicit_gemm::weight_gradient_in(schedule, operand(&input), sizes[1], scaled(&grad), geometry);
        check(&format!("weights' gradient by {schedule:?}"), found, cpu::weight_gradient(&x, &g, shape));
    };
    for plan in Plan::by_units().chain(matrices.into_iter().flat_map(Plan::by_matrices)) {
        forward(of_maps_by(shape, plan));
        forward(ProductSchedule { plan, parts: 3 });
        weight_gradient(of_weights_by(shape, plan));
    }
    weight_gradient(of_weights_by(shape, Plan::folded()));
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

/// Strides, with maps whose sides they do not divide, taps that some pixels do not see, and more
/// padding than kernel.
#[test]
fn strided_convolutions_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        let precisions = precisions(device);
        for (index, (input, [channels_out, kernel], [stride, padding, dilation])) in [
            ([2, 5, 17, 22], [36, 3], [2, 1, 1]),
            ([1, 20, 16, 16], [7, 1], [2, 0, 1]),
            ([2, 3, 31, 30], [32, 7], [2, 3, 1]),
            ([1, 9, 20, 21], [18, 3], [3, 2, 2]),
            ([1, 6, 14, 19], [5, 3], [2, 4, 4]),
            ([1, 4, 9, 10], [6, 3], [4, 6, 6]),
            ([3, 2, 7, 5], [4, 3], [1, 3, 1]),
        ]
        .into_iter()
        .enumerate()
        {
            let geometry = ConvGeometry { stride, padding, dilation };
            let shape = ConvShape::new(input, [channels_out, input[1], kernel, kernel], geometry);
            compare(&shape, precisions[index % precisions.len()], device);
        }
    });
}

/// Products of few rows, of few columns, of few terms, and of many.
#[test]
fn narrow_and_deep_products_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        for (input, channels_out, kernel, rate) in [
            ([1, 3, 21, 34], 64, 3, 1),
            ([2, 16, 9, 31], 2, 1, 1),
            ([1, 80, 12, 20], 16, 3, 1),
            ([2, 64, 1, 1], 16, 1, 1),
            ([1, 300, 4, 5], 70, 3, 6),
            ([1, 2, 8, 8], 1, 3, 2),
        ] {
            let weights = [channels_out, input[1], kernel, kernel];
            let shape = ConvShape::new(input, weights, ConvGeometry::same(kernel, rate));
            compare(&shape, Precision::Single, device);
        }
    });
}

/// Maps whose pixels are read four at once: by rates of a multiple of four, by taps that see
/// nothing, and by one tap, for which a map is one row. Blocks that end within a map, and channels
/// that fill no vector.
#[test]
fn pixels_four_at_once_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        let precisions = precisions(device);
        for (index, (input, channels_out, kernel, rate)) in [
            ([2, 21, 11, 24], 37, 3, 4),
            ([1, 40, 20, 36], 10, 3, 12),
            ([3, 7, 9, 12], 66, 3, 18),
            ([2, 130, 7, 12], 5, 3, 8),
            ([2, 19, 6, 10], 70, 1, 1),
            ([1, 3, 2, 66], 130, 1, 1),
        ]
        .into_iter()
        .enumerate()
        {
            let weights = [channels_out, input[1], kernel, kernel];
            let shape = ConvShape::new(input, weights, ConvGeometry::same(kernel, rate));
            assert_eq!(shape.in_one_row().pixels_at_once(), 4, "{shape:?}");
            compare(&shape, precisions[index % precisions.len()], device);
        }
        // Outputs that are smaller and larger than their input.
        for (kernel, padding) in [(3, 0), (3, 8), (2, 4)] {
            let geometry = ConvGeometry { stride: 1, padding, dilation: 4 };
            let shape = ConvShape::new([2, 5, 9, 24], [7, 5, kernel, kernel], geometry);
            assert_eq!(shape.pixels_at_once(), 4, "{shape:?}");
            compare(&shape, Precision::Single, device);
        }
    });
}

/// More blocks of pixels than an axis has workgroups.
#[test]
fn many_pixels_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        let input = [1, 1, 1449, 1449];
        let x = noise(input.iter().product(), 1);
        let on =
            |values: Vec<f32>, size: [usize; 4]| CubeBackend::float_from_data(TensorData::new(values, size), device);
        let plan = Plan::by_units().find(|plan| plan.block.columns == 32).unwrap();
        let operand = GpuOperand::of(on(x.clone(), input), Precision::Single);
        let weights = GpuWeights::new(on(vec![0.5], [1; 4]));
        let schedule = ProductSchedule { plan, parts: 1 };
        let output = implicit_gemm::forward_in(schedule, operand, weights, ConvGeometry::same(1, 1));
        assert_eq!(values_of(output), x.iter().map(|value| value * 0.5).collect::<Vec<f32>>());
    });
}

/// Sums that are made in parts are added up in a fixed order.
#[test]
fn products_in_parts_are_the_same_bit_for_bit() {
    on_a_device(|device| {
        let input = [2, 130, 9, 10];
        let shape = ConvShape::new(input, [40, input[1], 3, 3], ConvGeometry::same(3, 2));
        let on = |seed, size: [usize; 4]| {
            CubeBackend::float_from_data(TensorData::new(noise(size.iter().product(), seed), size), device)
        };
        let weights = [40, input[1], 3, 3];
        let (x, w, g) = (on(1, input), on(2, weights), on(3, [2, 40, 9, 10]));
        let single = |tensor: &CubeTensor| GpuOperand::of(tensor.clone(), Precision::Single);
        for plan in Plan::by_units() {
            let schedule = ProductSchedule { plan, parts: 4 };
            let once = || {
                let weights_of = GpuWeights::new(w.clone());
                let output = implicit_gemm::forward_in(schedule, single(&x), weights_of, shape.geometry);
                let gradient =
                    implicit_gemm::weight_gradient_in(schedule, single(&x), weights, single(&g), shape.geometry);
                [output, gradient].map(|tensor| values_of(tensor).into_iter().map(f32::to_bits).collect::<Vec<u32>>())
            };
            let first = once();
            assert!((0..3).all(|_| once() == first), "{schedule:?}");
        }
    });
}

#[test]
fn shapes_that_the_kernels_cannot_count_are_refused() {
    let fits = |input, kernel, rate| {
        implicit_gemm::fits(&ConvShape::new(input, [8, input[1], kernel, kernel], ConvGeometry::same(kernel, rate)))
    };
    assert!(fits([2, 64, 512, 1024], 3, 12));
    assert!(fits([16, 64, 512, 1024], 3, 12), "more blocks of pixels than an axis has workgroups");
    assert!(!fits([1, 1 << 21, 2, 2], 3, 1), "blocks of channels");
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
