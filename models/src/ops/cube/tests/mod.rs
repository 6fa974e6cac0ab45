//! Kernels against the definition: convolutions by the CPU's own kernels, the rest composed of burn's operations on the CPU.

use burn::backend::Flex;
use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::future::block_on;
use burn_cubecl::cubecl::wgpu::WgpuDeviceKind;
use burn_wgpu::{CubeBackend, CubeTensor};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::half::Side;
use super::launch::takes;
use super::tiles::{Block, Plan};
use super::ways::{self, Way};
use super::weights::Weights;
use super::{convolution, loss, momentum, norm, residual, resize};
use crate::kernels::conv::{self, ConvGeometry, ConvShape};
use crate::kernels::half;
use crate::kernels::loss::{self as cpu_loss, IGNORE_INDEX, LossShape};
use crate::kernels::momentum::MomentumStep;
use crate::kernels::norm::NormOptions;
use crate::ops::composed;
use crate::ops::kernels::{ChannelMap, Kernels, Running, dims};
use crate::{ComputeDevice, Precision};

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

/// The largest distance of two values; NaN where one is.
fn largest_gap(ours: &[f32], wanted: &[f32]) -> f32 {
    ours.iter().zip(wanted).map(|(a, b)| (a - b).abs()).max_by(f32::total_cmp).unwrap_or(0.0)
}

/// Those that the device has the types for.
fn precisions(device: &CubeDevice) -> Vec<Precision> {
    let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
    if super::half::is_for(&like) { vec![Precision::Single, Precision::Mixed] } else { vec![Precision::Single] }
}

/// All three products, in blocks of every size.
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
        let ours = block_on(CubeBackend::float_into_data(ours)).unwrap().try_to_vec::<f32>().unwrap();
        assert_eq!(ours.len(), wanted.len(), "{what} of {shape:?}");
        let peak = wanted.iter().fold(0f32, |peak, value| peak.max(value.abs()));
        let worst = largest_gap(&ours, &wanted);
        assert!(worst <= 1e-5 * peak, "{what} of {shape:?}: off by {worst:e} of {peak}");
    };
    let side = |tensor: &CubeTensor| ways::side(tensor.clone(), precision);
    let scaled = |tensor: &CubeTensor| ways::scaled_side(tensor.clone(), precision);
    // What the CPU's kernels make of rounded values.
    let [x, w, g] = match precision {
        Precision::Single => [x, w, g],
        Precision::Mixed => [half::rounded(&x), half::rounded(&w), half::rounded_to_scale(&g)],
    };
    let matrices = convolution::matrices(&input).filter(|_| precision == Precision::Mixed);
    let plans = Block::ALL.into_iter().flat_map(|block| {
        [None, matrices]
            .into_iter()
            .take(1 + usize::from(matrices.is_some()))
            .map(move |matrices| Plan { block, matrices })
    });
    for plan in plans {
        let output = convolution::forward_in(plan, side(&input), Weights::new(weight.clone()), geometry);
        check("output", output, conv::forward(&x, &w, shape));
        let of_weights = convolution::weight_gradient_in(plan, side(&input), sizes[1], scaled(&grad), geometry);
        check("weights' gradient", of_weights, conv::weight_gradient(&x, &g, shape));
    }
    let (input_of, weight_of) = (|| input.clone(), || weight.clone());
    let output = ways::forward(Way::Columns, input_of(), weight_of(), geometry, precision);
    check("output by columns", output, conv::forward(&x, &w, shape));
    let of_weights = ways::weight_gradient(Way::Columns, input_of(), weight_of(), scaled(&grad), geometry, precision);
    check("weights' gradient by columns", of_weights, conv::weight_gradient(&x, &g, shape));
    for way in [Some(Way::Columns), Some(Way::Tiles), matrices.map(Way::Matrices)].into_iter().flatten() {
        let of_input = ways::input_gradient(way, input_of(), weight_of(), scaled(&grad), geometry, precision);
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

/// Maps of one value and of more than the workgroups have units, without any value, and with those that are no numbers.
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
            let back = |side: Side| {
                block_on(CubeBackend::float_into_data(side.widened())).unwrap().try_to_vec::<f32>().unwrap()
            };
            let sides = [
                (back(Side::half(on())), half::rounded(&values)),
                (back(Side::scaled_half(on())), half::rounded_to_scale(&values)),
            ];
            for (ours, wanted) in sides {
                let same = ours.iter().zip(&wanted).all(|(a, b)| a == b || a.is_nan() && b.is_nan());
                assert!(ours.len() == wanted.len() && same, "{:?} is not {:?}", &ours[..1], &wanted[..1]);
            }
        }
    });
}

/// Several blocks along every side, blocks of one row and of parts of two images, and taps that are dead for some of them.
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
            assert!(convolution::fits(&shape));
            compare(&shape, precisions[index % precisions.len()], device);
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

#[test]
fn a_nan_is_a_gap() {
    assert_eq!(largest_gap(&[1.0, 2.0], &[1.5, 2.25]), 0.5);
    assert!(largest_gap(&[1.0, f32::NAN], &[1.5, 2.0]).is_nan());
}

#[test]
fn kernels_are_not_for_devices_that_have_too_little() {
    on_a_device(|device| {
        let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
        assert!(convolution::is_for(&like) && takes(&like, 256, 10, 16_896));
        assert!(!takes(&like, 1 << 20, 10, 0), "units");
        assert!(!takes(&like, 256, 1 << 30, 0), "tensors");
        assert!(!takes(&like, 256, 10, 1 << 30), "shared memory");
    });
}

/// A network that has diverged must be seen to have.
#[test]
fn a_nan_stays_one_behind_the_relu() {
    on_a_device(|device| {
        let values = vec![f32::NAN, -1.0, 2.0, 0.0, -0.0, f32::INFINITY];
        let one = |value: f32| CubeBackend::float_from_data(TensorData::new(vec![value], [1]), device);
        let input = CubeBackend::float_from_data(TensorData::new(values, [1, 1, 2, 3]), device);
        let map = ChannelMap { mean: one(0.0), scale: one(1.0), offset: one(0.0) };
        let zeros = CubeBackend::float_zeros([1, 1, 2, 3].into(), device, burn::tensor::DType::F32.into());
        for output in [norm::channel_affine(input.clone(), map, true), residual::residual(input, zeros)] {
            let output = block_on(CubeBackend::float_into_data(output)).unwrap().try_to_vec::<f32>().unwrap();
            assert!(output[0].is_nan(), "{output:?}");
            assert_eq!(output[1..], [0.0, 2.0, 0.0, 0.0, f32::INFINITY]);
        }
    });
}

/// The same values on the GPU and on the CPU.
struct Both {
    gpu: CubeTensor,
    cpu: FloatTensor<Flex>,
}

impl Both {
    fn noise<const D: usize>(shape: [usize; D], seed: u64, device: &CubeDevice) -> Self {
        let data = TensorData::new(noise(shape.iter().product(), seed), shape);
        let cpu = Flex::float_from_data(data.clone(), &Default::default());
        Self { gpu: CubeBackend::float_from_data(data, device), cpu }
    }

    /// Whether two results are the same but for rounding.
    fn check(self, what: &str) {
        let ours = block_on(CubeBackend::float_into_data(self.gpu)).unwrap();
        let wanted = block_on(Flex::float_into_data(self.cpu)).unwrap();
        assert_eq!(ours.shape(), wanted.shape(), "{what}");
        let values = |data: TensorData| data.try_to_vec::<f32>().unwrap();
        let (ours, wanted) = (values(ours), values(wanted));
        let peak = wanted.iter().fold(1e-3f32, |peak, value| peak.max(value.abs()));
        let worst = largest_gap(&ours, &wanted);
        assert!(worst <= 2e-5 * peak, "{what}: off by {worst:e} of {peak}");
    }
}

#[test]
fn norms_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        // One value per channel and image, maps smaller and larger than a workgroup, and sums in many parts: at last, in more than a
        // workgroup has units.
        for size in [[2, 5, 1, 1], [3, 4, 7, 9], [2, 3, 40, 50], [1, 700, 5, 6], [2, 2, 160, 200], [1, 1, 600, 600]] {
            for relu in [false, true] {
                let channels = [size[1]];
                let maps = |seed| Both::noise(size, seed, device);
                let values = |seed| Both::noise(channels, seed, device);
                let (input, grad) = (maps(1), maps(2));
                let parameters = [values(3), values(4)];
                let [old_mean, old_variance] = [values(5), values(6)];
                let options = NormOptions { epsilon: 1e-2, momentum: 0.3, relu };
                let (gpu, new) = norm::norm_terms(
                    input.gpu.clone(),
                    parameters.each_ref().map(|of| of.gpu.clone()),
                    Running { mean: old_mean.gpu, variance: old_variance.gpu },
                    options,
                );
                let (cpu, wanted) = composed::norm_terms::<Flex>(
                    input.cpu.clone(),
                    parameters.map(|of| of.cpu),
                    Running { mean: old_mean.cpu, variance: old_variance.cpu },
                    options,
                );
                Both { gpu: gpu.map.mean.clone(), cpu: cpu.map.mean.clone() }.check("mean");
                Both { gpu: gpu.map.scale.clone(), cpu: cpu.map.scale.clone() }.check("scale");
                Both { gpu: gpu.inverse.clone(), cpu: cpu.inverse.clone() }.check("inverse");
                Both { gpu: new.mean, cpu: wanted.mean }.check("running mean");
                Both { gpu: new.variance, cpu: wanted.variance }.check("running variance");

                let affine = |input: &Both, gpu: ChannelMap<CubeBackend>, cpu: ChannelMap<Flex>| Both {
                    gpu: norm::channel_affine(input.gpu.clone(), gpu, relu),
                    cpu: composed::channel_affine::<Flex>(input.cpu.clone(), cpu, relu),
                };
                affine(&input, gpu.map.clone(), cpu.map.clone()).check("affine");
                Both {
                    gpu: norm::channel_affine_gradient(input.gpu.clone(), grad.gpu.clone(), gpu.map.clone(), relu),
                    cpu: composed::channel_affine_gradient::<Flex>(
                        input.cpu.clone(),
                        grad.cpu.clone(),
                        cpu.map.clone(),
                        relu,
                    ),
                }
                .check("gradient of affine");
                let ours = norm::batch_norm_gradient(input.gpu, grad.gpu, gpu, relu);
                let wanted = composed::batch_norm_gradient::<Flex>(input.cpu, grad.cpu, cpu, relu);
                Both { gpu: ours.0, cpu: wanted.0 }.check("gradient of the input");
                Both { gpu: ours.1, cpu: wanted.1 }.check("gradient of gamma");
                Both { gpu: ours.2, cpu: wanted.2 }.check("gradient of beta");
            }
        }
    });
}

/// Whose mean is large against what they differ by.
#[test]
fn statistics_of_values_far_from_zero_are_exact() {
    on_a_device(|device| {
        let (count, offset) = (2 * 40 * 50, 1000.0f32);
        let values: Vec<f32> = noise(count, 7).into_iter().map(|value| value + offset).collect();
        let one = |value: f32| CubeBackend::float_from_data(TensorData::new(vec![value], [1]), device);
        let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count as f64;
        let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
        let input = CubeBackend::float_from_data(TensorData::new(values, [2, 1, 40, 50]), device);
        let options = NormOptions { epsilon: 1e-5, momentum: 1.0, relu: false };
        let running = Running { mean: one(0.0), variance: one(0.0) };
        let (_, running) = norm::norm_terms(input, [one(1.0), one(0.0)], running, options);
        let found = [running.mean, running.variance].map(value_of);
        assert!((f64::from(found[0]) - mean).abs() < 1e-4, "{} is not {mean}", found[0]);
        assert!((f64::from(found[1]) / variance - 1.0).abs() < 1e-5, "{} is not {variance}", found[1]);
    });
}

/// The one value of a tensor.
fn value_of(tensor: CubeTensor) -> f32 {
    let values = block_on(CubeBackend::float_into_data(tensor)).unwrap().try_to_vec::<f32>().unwrap();
    assert_eq!(values.len(), 1);
    values[0]
}

#[test]
fn resizing_on_vulkan_is_that_of_the_cpu() {
    on_a_device(|device| {
        let sizes = [1usize, 2, 3, 7, 8, 16, 17, 33];
        let size = || (prop::sample::select(sizes.to_vec()), prop::sample::select(sizes.to_vec()));
        let mut runner =
            TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) });
        runner
            .run(&(1usize..3, 1usize..4, size(), size(), any::<bool>()), |(batch, channels, from, to, corners)| {
                let (from, to) = ([from.0, from.1], [to.0, to.1]);
                let input = Both::noise([batch, channels, from[0], from[1]], 1, device);
                let grad = Both::noise([batch, channels, to[0], to[1]], 2, device);
                let what = format!("{from:?} to {to:?}, corners {corners}");
                assert!(resize::fits(&input.gpu, to) && resize::fits(&grad.gpu, from), "{what}");
                Both {
                    gpu: resize::bilinear(input.gpu, to, corners),
                    cpu: composed::bilinear::<Flex>(input.cpu, to, corners),
                }
                .check(&what);
                Both {
                    gpu: resize::bilinear_gradient(grad.gpu, from, corners),
                    cpu: composed::bilinear_gradient::<Flex>(grad.cpu, from, corners),
                }
                .check(&format!("gradient of {what}"));
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn residuals_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        for size in [[1, 1, 1, 1], [2, 3, 4, 5], [2, 7, 30, 41]] {
            let [a, b, grad] = [1, 2, 3].map(|seed| Both::noise(size, seed, device));
            let output = Both { gpu: residual::residual(a.gpu, b.gpu), cpu: composed::residual::<Flex>(a.cpu, b.cpu) };
            Both {
                gpu: residual::residual_gradient(output.gpu.clone(), grad.gpu),
                cpu: composed::residual_gradient::<Flex>(output.cpu.clone(), grad.cpu),
            }
            .check("gradient");
            output.check("sum");
        }
    });
}

/// Labels of a batch, of which some are ignored.
fn labels(count: usize, classes: usize) -> Vec<i64> {
    (0..count).map(|i| if i % 7 == 3 { IGNORE_INDEX } else { (i * i + i / 3) as i64 % classes as i64 }).collect()
}

#[test]
fn cross_entropy_on_vulkan_is_that_of_the_cpu() {
    on_a_device(|device| {
        for [batch, classes, height, width] in [[1, 2, 1, 1], [2, 19, 9, 13], [3, 2, 160, 170]] {
            let pixels = batch * height * width;
            let truth = labels(pixels, classes);
            let ints: Vec<i32> = truth.iter().map(|label| *label as i32).collect();
            let ints = CubeBackend::int_from_data(TensorData::new(ints, [batch, height, width]), device);
            let values: Vec<f32> = noise(pixels * classes, 8).iter().map(|value| value * 30.0).collect();
            let logits = TensorData::new(values.clone(), [batch, classes, height, width]);
            let logits = CubeBackend::float_from_data(logits, device);
            assert!(loss::fits(&logits, &ints));
            let shape = LossShape { batch, classes, pixels: height * width };
            let ours = value_of(loss::cross_entropy(logits.clone(), ints.clone()));
            let wanted = cpu_loss::cross_entropy(&values, &truth, &shape);
            assert!((ours / wanted - 1.0).abs() < 1e-5, "{ours} is not {wanted}");
            let upstream = CubeBackend::float_from_data(TensorData::new(vec![2.5f32], [1]), device);
            let gpu = loss::cross_entropy_gradient(logits, ints, upstream);
            let wanted = cpu_loss::cross_entropy_gradient(&values, &truth, 2.5, &shape);
            let cpu = TensorData::new(wanted, [batch, classes, height, width]);
            Both { gpu, cpu: Flex::float_from_data(cpu, &Default::default()) }.check("gradient");
        }
    });
}

#[test]
fn an_ignored_logit_that_is_no_number_moves_nothing() {
    on_a_device(|device| {
        let logits = TensorData::new(vec![1.0, f32::NAN, 0.5, 2.0], [1, 2, 1, 2]);
        let labels = TensorData::new(vec![0, IGNORE_INDEX as i32], [1, 1, 2]);
        let logits = CubeBackend::float_from_data(logits, device);
        let labels = CubeBackend::int_from_data(labels, device);
        assert!(value_of(loss::cross_entropy(logits.clone(), labels.clone())).is_finite());
        let upstream = CubeBackend::float_from_data(TensorData::new(vec![1f32], [1]), device);
        let gradient = loss::cross_entropy_gradient(logits, labels, upstream);
        let gradient = block_on(CubeBackend::float_into_data(gradient)).unwrap().try_to_vec::<f32>().unwrap();
        assert!(gradient[0] != 0.0 && gradient[2] != 0.0, "{gradient:?}");
        assert_eq!([gradient[1], gradient[3]], [0.0, 0.0]);
    });
}

/// Both have to be noticed: training stops where the loss is not a number.
#[test]
fn a_nan_and_a_label_without_a_class_are_losses_that_are_no_numbers() {
    on_a_device(|device| {
        let of = |logit: f32, label: i32| {
            let logits = TensorData::new(vec![logit, 1.0, 0.5, 2.0], [1, 2, 1, 2]);
            let labels = TensorData::new(vec![0, label], [1, 1, 2]);
            let logits = CubeBackend::float_from_data(logits, device);
            value_of(loss::cross_entropy(logits, CubeBackend::int_from_data(labels, device)))
        };
        assert!(of(0.0, 1).is_finite() && of(0.0, IGNORE_INDEX as i32).is_finite());
        assert!(of(f32::NAN, 1).is_nan());
        for label in [2, -1, i32::MAX] {
            assert!(of(0.0, label).is_nan(), "{label}");
        }
    });
}

#[test]
fn a_step_of_momentum_on_vulkan_is_that_of_the_cpu() {
    on_a_device(|device| {
        let by = MomentumStep { lr: 0.1, momentum: 0.9, weight_decay: 0.01 };
        for shape in [[1, 1], [3, 100], [40, 513]] {
            let [values, gradient, velocities] = [1, 2, 3].map(|seed| Both::noise(shape, seed, device));
            let ours = momentum::step(values.gpu, gradient.gpu, velocities.gpu, by);
            let wanted = composed::momentum_step::<Flex>(values.cpu, gradient.cpu, velocities.cpu, by);
            Both { gpu: ours.0, cpu: wanted.0 }.check("values");
            Both { gpu: ours.1, cpu: wanted.1 }.check("velocities");
        }
    });
}

#[test]
fn maps_that_the_kernels_cannot_count_are_left_to_burn() {
    on_a_device(|device| {
        let of = |shape: [usize; 4]| CubeBackend::float_zeros(shape.into(), device, burn::tensor::DType::F32.into());
        assert!(norm::fits(&of([2, 3, 4, 5])));
        assert!(!norm::fits(&of([2, 40_000, 1, 1])), "channels of all images");
        let double = CubeBackend::float_cast(of([2, 3, 4, 5]), burn::tensor::DType::F64.into());
        assert!(!norm::fits(&double) && !momentum::fits(&double));
        assert!(momentum::fits(&of([2, 3, 4, 5])));
        assert!(residual::fits(&of([2, 3, 4, 5])) && !residual::fits(&double));
        assert!(resize::fits(&of([2, 3, 4, 5]), [8, 10]) && !resize::fits(&double, [8, 10]));
        assert!(!resize::fits(&of([2, 40_000, 1, 1]), [2, 2]), "maps of all images");
        assert!(!resize::fits(&of([1, 1, 40_000, 1]), [40_000, 2]), "positions along an axis");
        assert!(!resize::fits(&of([1, 1, 1, 1]), [8192, 8192]), "workgroups along an axis");
        let labels = |double: bool| {
            let labels = TensorData::new(vec![0i32; 40], [2, 4, 5]);
            let labels = CubeBackend::int_from_data(labels, device);
            if double { CubeBackend::int_cast(labels, burn::tensor::IntDType::I64) } else { labels }
        };
        let logits = of([2, 3, 4, 5]);
        assert!(loss::fits(&logits, &labels(false)));
        assert!(!loss::fits(&logits, &labels(true)) && !loss::fits(&double, &labels(false)));
    });
}

#[test]
fn only_wanted_gradients_are_made_on_vulkan() {
    on_a_device(|device| {
        let of = |shape: [usize; 4]| CubeBackend::float_ones(shape.into(), device, burn::tensor::DType::F32.into());
        for wanted in [[true, true], [true, false], [false, true], [false, false]] {
            let (input, weight, grad) = (of([1, 2, 4, 4]), of([3, 2, 3, 3]), of([1, 3, 4, 4]));
            let geometry = ConvGeometry::same(3, 1);
            let made = CubeBackend::convolution_gradients(input, weight, grad, geometry, Precision::Single, wanted);
            let sizes = made.map(|of| of.map(|of| dims(&of)));
            assert_eq!(sizes, [wanted[0].then_some([1, 2, 4, 4]), wanted[1].then_some([3, 2, 3, 3])]);
        }
    });
}
