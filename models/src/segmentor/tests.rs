use burn::tensor::{Device, FloatDType, Tensor};

use super::*;
use crate::backbones::{ExtractorConfig, ModelKind};
use crate::cost::computed;
use crate::heads::{AsppConfig, HeadConfig};
use crate::module::Role;

/// Layers are those of one and the same forward pass, and of the sizes that they should have.
#[test]
fn layers_have_their_channels() {
    let device = Device::flex();
    let mut network = SegmentorConfig::unet_s5_d16(4, 3, vec![1, 2, 5], 2).init(0, &device);
    assert_eq!(network.decode_head.rates(), [1, 2, 5]);
    let images = Tensor::<4>::ones([1, 3, 32, 48], &device);
    for layer in network.decode_head.layers() {
        let channels = match layer {
            Layer::Backbone => 4,
            Layer::Logits => 2,
            _ => 3,
        };
        assert_eq!(network.map(images.clone(), layer).dims(), [1, channels, 32, 48], "{layer}");
    }
    let joined = network.map(images.clone(), Layer::Aspp);
    let logits = network.decode_head.classifier().forward(joined);
    logits.into_data().assert_eq(&network.forward(images).into_data(), true);
}

#[test]
fn mixed_precision_is_of_training_alone() {
    let device = Device::flex().autodiff();
    let config = SegmentorConfig::unet_s5_d16(4, 3, vec![1, 2, 5], 2);
    let mut single = config.init(0, &device);
    let mut mixed = single.clone().with_precision(Precision::Mixed);
    let images: Vec<f32> = (0..2 * 3 * 16 * 16).map(|i| (i as f32 * 0.37).sin()).collect();
    let images = Tensor::<4>::from_data(burn::tensor::TensorData::new(images, [2, 3, 16, 16]), &device);
    let plain = images.clone().inner();
    let logits = |network: &Segmentor| network.without_gradients().forward(plain.clone()).into_data();
    logits(&mixed).assert_eq(&logits(&single), true);
    let trained = |network: &mut Segmentor| {
        let logits = network.forward_training(images.clone(), &mut DropoutNoise::new(0, 0, 0.0));
        [logits.decode, logits.auxiliary].map(|logits| logits.into_data().iter::<f32>().collect::<Vec<f32>>())
    };
    let pairs = trained(&mut single).into_iter().zip(trained(&mut mixed));
    for (single, mixed) in pairs {
        assert!(mixed != single && mixed.iter().all(|value| value.is_finite()), "{mixed:?}");
    }
}

/// Central differences of a random projection of the logits along a random direction, in evaluation
/// mode.
#[test]
fn the_gradient_of_the_input_is_that_of_finite_differences() {
    let device = Device::flex();
    let network = SegmentorConfig::unet_s5_d16(4, 3, vec![1, 2, 5], 2).init(0, &device.clone().autodiff());
    let wave = |seed: f32| -> Vec<f32> { (0..3 * 32 * 32).map(|i| (i as f32 * seed).sin()).collect() };
    let tensor =
        |values: Vec<f32>| Tensor::<4>::from_data(burn::tensor::TensorData::new(values, [1, 3, 32, 32]), &device);
    let (image, direction) = (tensor(wave(0.37)), tensor(wave(0.11)));
    let project = |logits: Tensor<4>| logits.slice([0..1, 0..2, 16..17, 16..17]).sum();
    let mut constants = network.as_constants(FloatDType::F64);
    let input = image.clone().cast(FloatDType::F64).autodiff().require_grad();
    let gradients = project(constants.map(input.clone(), Layer::Logits)).backward();
    constants.each_gradient(&gradients, |key, _| panic!("{key} is a constant"));
    let direction = direction.cast(FloatDType::F64);
    let slope = (input.grad(&gradients).unwrap() * direction.clone()).sum().into_scalar::<f64>();
    let image = image.cast(FloatDType::F64);
    let mut at = |step: f64| {
        let moved = (image.clone() + direction.clone() * step).autodiff();
        project(constants.map(moved, Layer::Logits)).into_scalar::<f64>()
    };
    // So short a step that no ReLU changes sides.
    let step = 1e-7;
    let wanted = (at(step) - at(-step)) / (2.0 * step);
    assert!((slope - wanted).abs() <= 1e-4 * wanted.abs(), "{slope} is not {wanted}");
}

/// The listed costs are those of the convolutions that a forward pass computes, one by one and with
/// the sizes that they see there, and they have all weights that the network has.
#[test]
fn costs_are_those_of_what_is_computed() {
    let device = Device::flex();
    for kind in ModelKind::ALL {
        let mut backbone = kind.published().backbone;
        backbone.set_base_channels(2);
        let head = HeadConfig::Aspp(AsppConfig { channels: 3, rates: vec![1, 2, 5] });
        let config = SegmentorConfig { backbone, head, auxiliary_channels: 5, classes: 4, align_corners: false };
        let mut network = config.init(0, &device);
        computed::take();
        let images = Tensor::<4>::zeros([2, 3, 48, 80], &device);
        network.forward_training(images, &mut DropoutNoise::new(0, 0, 0.1));
        let mut computed = computed::take();
        let mut listed = config.costs([48, 80]);
        assert_eq!(listed, network.costs([48, 80]), "{kind}");
        computed.sort();
        listed.sort();
        assert_eq!(listed, computed, "{kind}");

        struct Weights(usize);
        impl Visitor for Weights {
            fn weight(&mut self, _: &str, tensor: &mut Tensor<4>) {
                self.0 += tensor.dims().iter().product::<usize>();
            }
            fn vector(&mut self, _: &str, _: Role, _: &mut Tensor<1>) {}
        }
        let mut weights = Weights(0);
        network.visit("", &mut weights);
        assert_eq!(listed.iter().map(ConvolutionCost::weights).sum::<usize>(), weights.0, "{kind}");
    }
}
