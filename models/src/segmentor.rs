//! Backbone, ASPP head and auxiliary head: what is trained and scored.

use burn::tensor::{Device, FloatDType, Gradients, Int, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::aspp::{AsppHead, AsppHeadConfig};
use crate::backbone::{Backbone, BackboneConfig};
use crate::dropout::DropoutNoise;
use crate::fcn_head::FcnHead;
use crate::layer::Layer;
use crate::loss::{LossConfig, Losses};
use crate::module::{Module, Phase, Role, Visitor, key};
use crate::precision::Precision;
use crate::resnet::ResnetConfig;

/// A backbone, an ASPP head and an auxiliary head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentorConfig {
    pub backbone: BackboneConfig,
    /// Channels of each ASPP branch.
    pub aspp_channels: usize,
    /// Channels of the auxiliary head's convolution.
    pub auxiliary_channels: usize,
    /// Atrous rates, one branch each.
    pub rates: Vec<usize>,
    pub classes: usize,
    /// How logits are resized: `true` puts the centres of the corner pixels on each other (the 769 protocol), `false` their
    /// outer corners (all others).
    pub align_corners: bool,
}

impl SegmentorConfig {
    /// U-Net S5-D16, its ASPP on the full-resolution map. As published: 64 base channels, 16 ASPP channels, and rates
    /// 1, 12, 24, 36.
    pub fn unet_s5_d16(base_channels: usize, aspp_channels: usize, rates: Vec<usize>, classes: usize) -> Self {
        let backbone = BackboneConfig::Unet { base_channels };
        let auxiliary_channels = base_channels;
        Self { backbone, aspp_channels, auxiliary_channels, rates, classes, align_corners: false }
    }

    /// DeepLabV3 on a ResNet, its ASPP on a map of an eighth or a sixteenth of the input's side. As published: depth 50 or
    /// 101, deep stem, 64 base channels, output stride 8, 512 ASPP channels, and rates 1, 12, 24, 36.
    pub fn deeplabv3(resnet: ResnetConfig, aspp_channels: usize, rates: Vec<usize>, classes: usize) -> Self {
        let auxiliary_channels = 4 * resnet.base_channels;
        let backbone = BackboneConfig::Resnet(resnet);
        Self { backbone, aspp_channels, auxiliary_channels, rates, classes, align_corners: false }
    }

    /// A network that sees 5x5 pixels and what its rates reach, its ASPP on the full-resolution map; for controls.
    pub fn shallow(base_channels: usize, aspp_channels: usize, rates: Vec<usize>, classes: usize) -> Self {
        let backbone = BackboneConfig::Shallow { base_channels };
        let auxiliary_channels = base_channels;
        Self { backbone, aspp_channels, auxiliary_channels, rates, classes, align_corners: false }
    }

    /// Weights are drawn from `seed`. On a device with autodiff the parameters require gradients.
    pub fn init(&self, seed: u64, device: &Device) -> Segmentor {
        let random = &mut ChaCha8Rng::seed_from_u64(seed);
        let head = AsppHeadConfig {
            input_channels: self.backbone.decode_channels(),
            channels: self.aspp_channels,
            rates: self.rates.clone(),
            classes: self.classes,
        };
        let auxiliary = [self.backbone.auxiliary_channels(), self.auxiliary_channels];
        Segmentor {
            backbone: self.backbone.init(random, device),
            decode_head: head.init(random, device),
            auxiliary_head: FcnHead::new(auxiliary, self.classes, random, device),
            align_corners: self.align_corners,
            output_stride: self.backbone.output_stride(),
        }
    }
}

/// A network with both of its heads.
#[derive(Clone, Debug)]
pub struct Segmentor {
    pub backbone: Backbone,
    pub decode_head: AsppHead,
    pub auxiliary_head: FcnHead,
    /// How logits are resized.
    pub align_corners: bool,
    /// Side of the input over the side of the map that the ASPP head reads.
    pub output_stride: usize,
}

/// What both heads say of a training batch: batch x classes x the size of the map that the head reads.
pub struct TrainingLogits {
    pub decode: Tensor<4>,
    pub auxiliary: Tensor<4>,
}

impl Segmentor {
    /// Logits of the ASPP head in evaluation mode: batch x 3 x height x width to batch x classes x the size of the map that
    /// the head reads.
    pub fn forward(&mut self, images: Tensor<4>) -> Tensor<4> {
        self.map(images, Layer::Logits)
    }

    /// A layer's map in evaluation mode: batch x 3 x height x width to batch x the layer's channels x the size of the map
    /// that the ASPP head reads.
    ///
    /// # Panics
    /// For a branch beyond the rates.
    pub fn map(&mut self, images: Tensor<4>, layer: Layer) -> Tensor<4> {
        let maps = self.backbone.forward(images, Phase::Evaluation);
        self.decode_head.map(maps.decode, layer)
    }

    /// Logits of both heads in training mode; moves the running statistics.
    pub fn forward_training(&mut self, images: Tensor<4>, noise: &mut DropoutNoise) -> TrainingLogits {
        let maps = self.backbone.forward(images, Phase::Training);
        let decode = self.decode_head.forward(maps.decode, Phase::Training, Some(noise));
        let auxiliary = self.auxiliary_head.forward(maps.auxiliary, Phase::Training, Some(noise));
        TrainingLogits { decode, auxiliary }
    }

    /// Both heads' losses of a batch in training mode. `labels`: batch x height x width, 255 ignored. The logits are resized
    /// to the labels' size.
    pub fn losses(
        &mut self,
        images: Tensor<4>,
        labels: Tensor<3, Int>,
        config: LossConfig,
        noise: &mut DropoutNoise,
    ) -> Losses {
        let TrainingLogits { decode, auxiliary } = self.forward_training(images, noise);
        config.losses(decode, auxiliary, labels, self.align_corners)
    }

    /// The same network, whose convolutions have this precision from now on.
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.visit("", &mut SetPrecision(precision));
        self
    }

    /// A copy without gradients and in single precision, for inference.
    pub fn without_gradients(&self) -> Self {
        let mut copy = self.clone();
        copy.visit("", &mut Constants { autodiff: false, bits: None });
        copy
    }

    /// A copy whose parameters are constants for autodiff: what is computed of the input can be differentiated with
    /// respect to the input, and to nothing else. Its parameters have so many bits, and its products and the inputs that it then takes
    /// as well; the CPU backend has 32 and 64 bits, for [`Segmentor::map`] and its gradient.
    pub fn as_constants(&self, bits: FloatDType) -> Self {
        let mut copy = self.clone();
        copy.visit("", &mut Constants { autodiff: true, bits: Some(bits) });
        copy
    }

    /// Shows every parameter's gradient, in row-major order, under the parameter's key.
    pub fn each_gradient(&mut self, gradients: &Gradients, show: impl FnMut(&str, Vec<f32>)) {
        struct Show<'a, F>(&'a Gradients, F);
        impl<F: FnMut(&str, Vec<f32>)> Visitor for Show<'_, F> {
            fn weight(&mut self, key: &str, tensor: &mut Tensor<4>) {
                if let Some(gradient) = tensor.grad(self.0) {
                    (self.1)(key, gradient.into_data().iter::<f32>().collect());
                }
            }
            fn vector(&mut self, key: &str, _: Role, tensor: &mut Tensor<1>) {
                if let Some(gradient) = tensor.grad(self.0) {
                    (self.1)(key, gradient.into_data().iter::<f32>().collect());
                }
            }
        }
        self.visit("", &mut Show(gradients, show));
    }

    /// Learned values: running statistics are not counted.
    pub fn parameter_count(&mut self) -> usize {
        struct Count(usize);
        impl Visitor for Count {
            fn weight(&mut self, _: &str, tensor: &mut Tensor<4>) {
                self.0 += tensor.dims().iter().product::<usize>();
            }
            fn vector(&mut self, _: &str, role: Role, tensor: &mut Tensor<1>) {
                if role == Role::Parameter {
                    self.0 += tensor.dims()[0];
                }
            }
        }
        let mut count = Count(0);
        self.visit("", &mut count);
        count.0
    }
}

struct SetPrecision(Precision);

impl Visitor for SetPrecision {
    fn weight(&mut self, _: &str, _: &mut Tensor<4>) {}
    fn vector(&mut self, _: &str, _: Role, _: &mut Tensor<1>) {}
    fn precision(&mut self, precision: &mut Precision) {
        *precision = self.0;
    }
}

/// Takes the gradients from parameters.
struct Constants {
    /// Whether they go together with inputs that have gradients.
    autodiff: bool,
    /// As they are where it is `None`.
    bits: Option<FloatDType>,
}

impl Constants {
    fn of<const D: usize>(&self, tensor: &Tensor<D>) -> Tensor<D> {
        let constant = tensor.clone().without_autodiff();
        let constant = match self.bits {
            Some(bits) => constant.cast(bits),
            None => constant,
        };
        if self.autodiff { constant.autodiff() } else { constant }
    }
}

impl Visitor for Constants {
    fn precision(&mut self, precision: &mut Precision) {
        *precision = Precision::Single;
    }

    fn weight(&mut self, _: &str, tensor: &mut Tensor<4>) {
        *tensor = self.of(tensor);
    }

    fn vector(&mut self, _: &str, _: Role, tensor: &mut Tensor<1>) {
        *tensor = self.of(tensor);
    }
}

impl Module for Segmentor {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.backbone.visit(&key(prefix, "backbone"), visitor);
        self.decode_head.visit(&key(prefix, "decode_head"), visitor);
        self.auxiliary_head.visit(&key(prefix, "auxiliary_head"), visitor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Layers are those of one and the same forward pass, and of the sizes that they should have.
    #[test]
    fn layers_have_their_channels() {
        let device = Device::flex();
        let mut network = SegmentorConfig::unet_s5_d16(4, 3, vec![1, 2, 5], 2).init(0, &device);
        assert_eq!(network.decode_head.rates(), [1, 2, 5]);
        let images = Tensor::<4>::ones([1, 3, 32, 48], &device);
        for layer in Layer::all(3) {
            let channels = match layer {
                Layer::Backbone => 4,
                Layer::Logits => 2,
                _ => 3,
            };
            assert_eq!(network.map(images.clone(), layer).dims(), [1, channels, 32, 48], "{layer}");
        }
        let joined = network.map(images.clone(), Layer::Aspp);
        let logits = network.decode_head.classifier.forward(joined);
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

    /// Central differences of a random projection of the logits along a random direction, in evaluation mode.
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
}
