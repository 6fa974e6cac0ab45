//! What maps go through between convolutions: batch norm with its ReLU, resizing, residuals.

use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::TensorData;
use burn_wgpu::CubeBackend;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::super::{norm, residual, resize};
use super::{Both, noise, on_a_device, value_of, values_of};
use crate::kernels::norm::NormOptions;
use crate::ops::composed;
use crate::ops::kernels::{ChannelMap, Running};

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
            let output = values_of(output);
            assert!(output[0].is_nan(), "{output:?}");
            assert_eq!(output[1..], [0.0, 2.0, 0.0, 0.0, f32::INFINITY]);
        }
    });
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
