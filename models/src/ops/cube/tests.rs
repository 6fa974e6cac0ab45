//! Kernels against the definition, computed by the CPU's own kernels.

use burn::backend::ops::FloatTensorOps;
use burn::tensor::TensorData;
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::future::block_on;
use burn_cubecl::cubecl::wgpu::WgpuDeviceKind;
use burn_wgpu::{CubeBackend, CubeTensor};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::convolution::{self, Block};
use crate::ComputeDevice;
use crate::kernels::conv::{self, ConvGeometry, ConvShape};

/// Runs `test` on a software adapter; says so where there is none.
pub(super) fn on_a_device(test: impl FnOnce(&CubeDevice)) {
    match ComputeDevice::select("vulkan:cpu") {
        Ok(_) => test(&CubeDevice::vulkan(WgpuDeviceKind::Cpu).unwrap()),
        Err(error) => println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)"),
    }
}

fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random::<f32>() - 0.5).collect()
}

/// All three products, in blocks of every size.
fn compare(shape: &ConvShape, device: &CubeDevice) {
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
        let ours = block_on(CubeBackend::float_into_data(ours)).unwrap().try_to_vec::<f32>().unwrap();
        assert_eq!(ours.len(), wanted.len(), "{what} of {shape:?}");
        let peak = wanted.iter().fold(0f32, |peak, value| peak.max(value.abs()));
        let worst = ours.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        assert!(worst <= 1e-5 * peak, "{what} of {shape:?}: off by {worst:e} of {peak}");
    };
    for block in Block::ALL {
        let output = convolution::forward_in(block, input.clone(), weight.clone(), geometry);
        check("output", output, conv::forward(&x, &w, shape));
        let of_weights = convolution::weight_gradient_in(block, input.clone(), sizes[1], grad.clone(), geometry);
        check("weights' gradient", of_weights, conv::weight_gradient(&x, &g, shape));
    }
    if let Some(turned) = geometry.turned(shape.kernel) {
        let of_input = convolution::input_gradient(weight, grad, turned);
        check("input's gradient", of_input, conv::input_gradient(&g, &w, shape));
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
        let mut runner =
            TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) });
        runner
            .run(&shape, |shape| {
                compare(&shape, device);
                Ok(())
            })
            .unwrap();
    });
}

/// Several blocks along every side, blocks of one row and of parts of two images, and taps that are dead for some of them.
#[test]
fn many_blocks_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        for (batch, size, rate) in [(2, [20, 200], 12), (3, [9, 15], 3), (1, [40, 130], 30)] {
            let shape = ConvShape::new([batch, 36, size[0], size[1]], [140, 36, 3, 3], ConvGeometry::same(3, rate));
            assert!(convolution::fits(&shape));
            compare(&shape, device);
        }
    });
}

#[test]
fn shapes_that_the_kernels_cannot_count_are_refused() {
    let fits = |input, kernel, rate| {
        convolution::fits(&ConvShape::new(input, [8, input[1], kernel, kernel], ConvGeometry::same(kernel, rate)))
    };
    assert!(fits([2, 64, 512, 1024], 3, 12));
    assert!(!fits([16, 8, 1024, 1024], 3, 12), "workgroups along an axis");
    assert!(!fits([1, 4096, 1024, 1024], 1, 1), "values of a map");
    // A kernel that lies in the padding from everywhere.
    let shape = ConvShape::new([1, 8, 4, 4], [8, 8, 1, 1], ConvGeometry { stride: 16, padding: 8, dilation: 1 });
    assert!(!convolution::fits(&shape), "{:?}", shape.live_taps(0));
}
