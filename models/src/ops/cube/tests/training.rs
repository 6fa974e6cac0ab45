//! What only training needs: the loss and the optimiser's step.

use burn::backend::Flex;
use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::tensor::TensorData;
use burn_wgpu::CubeBackend;

use super::super::{loss, momentum};
use super::{Both, noise, on_a_device, value_of, values_of};
use crate::kernels::loss::{self as cpu_loss, IGNORE_INDEX, LossShape};
use crate::kernels::momentum::MomentumStep;
use crate::ops::composed;

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
        let gradient = values_of(gradient);
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
