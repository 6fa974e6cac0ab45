//! The kernels against the operation composed of burn's on the CPU.

use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::TensorData;

use super::*;
use crate::ops::batch_norm::composed;
use crate::ops::channel_affine::{ChannelAffineKernels, composed as affine};
use crate::ops::gpu::tests::{Both, noise, on_a_device, value_of};

#[test]
fn norms_on_vulkan_are_those_of_the_cpu() {
    on_a_device(|device| {
        // One value per channel and image, maps smaller and larger than a workgroup, and sums in
        // many parts: at last, in more than a workgroup has units.
        for size in [[2, 5, 1, 1], [3, 4, 7, 9], [2, 3, 40, 50], [1, 700, 5, 6], [2, 2, 160, 200], [1, 1, 600, 600]] {
            for relu in [false, true] {
                let channels = [size[1]];
                let maps = |seed| Both::noise(size, seed, device);
                let values = |seed| Both::noise(channels, seed, device);
                let (input, grad) = (maps(1), maps(2));
                let parameters = [values(3), values(4)];
                let [old_mean, old_variance] = [values(5), values(6)];
                let options = NormOptions { epsilon: 1e-2, momentum: 0.3, relu };
                let (gpu, new) = CubeBackend::batch_norm_terms(
                    &input.gpu,
                    &parameters.each_ref().map(|of| of.gpu.clone()),
                    &RunningStatistics { mean: old_mean.gpu, variance: old_variance.gpu },
                    options,
                )
                .unwrap();
                let (cpu, wanted) = composed::terms::<Flex>(
                    composed::statistics::<Flex>(input.cpu.clone()),
                    composed::count(&input.cpu),
                    parameters.map(|of| of.cpu),
                    RunningStatistics { mean: old_mean.cpu, variance: old_variance.cpu },
                    options,
                );
                Both { gpu: gpu.map.mean.clone(), cpu: cpu.map.mean.clone() }.check("mean");
                Both { gpu: gpu.map.scale.clone(), cpu: cpu.map.scale.clone() }.check("scale");
                Both { gpu: gpu.inverse.clone(), cpu: cpu.inverse.clone() }.check("inverse");
                Both { gpu: new.mean, cpu: wanted.mean }.check("running mean");
                Both { gpu: new.variance, cpu: wanted.variance }.check("running variance");

                Both {
                    gpu: CubeBackend::channel_affine(&input.gpu, &gpu.map, relu).unwrap(),
                    cpu: affine::forward::<Flex>(input.cpu.clone(), cpu.map.clone(), relu),
                }
                .check("affine");
                Both {
                    gpu: CubeBackend::channel_affine_gradient(&input.gpu, &grad.gpu, &gpu.map, relu).unwrap(),
                    cpu: affine::gradient::<Flex>(input.cpu.clone(), grad.cpu.clone(), cpu.map.clone(), relu),
                }
                .check("gradient of affine");
                let ours = CubeBackend::batch_norm_gradient(&input.gpu, &grad.gpu, &gpu, relu).unwrap();
                let wanted = composed::gradient::<Flex>(input.cpu, grad.cpu, cpu, relu);
                Both { gpu: ours.input, cpu: wanted.input }.check("gradient of the input");
                Both { gpu: ours.gamma, cpu: wanted.gamma }.check("gradient of gamma");
                Both { gpu: ours.beta, cpu: wanted.beta }.check("gradient of beta");
            }
        }
    });
}

/// Their mean is large against what they differ by.
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
        let running = RunningStatistics { mean: one(0.0), variance: one(0.0) };
        let (_, running) = CubeBackend::batch_norm_terms(&input, &[one(1.0), one(0.0)], &running, options).unwrap();
        let found = [running.mean, running.variance].map(value_of);
        assert!((f64::from(found[0]) - mean).abs() < 1e-4, "{} is not {mean}", found[0]);
        assert!((f64::from(found[1]) / variance - 1.0).abs() < 1e-5, "{} is not {variance}", found[1]);
    });
}
