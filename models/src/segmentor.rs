//! Backbone, ASPP head and auxiliary head: what is trained and scored.

use burn::tensor::{Device, Gradients, Int, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::aspp::{AsppHead, AsppHeadConfig};
use crate::backbone::{Backbone, BackboneConfig};
use crate::dropout::DropoutNoise;
use crate::fcn_head::FcnHead;
use crate::loss::{LossConfig, Losses};
use crate::module::{Module, Phase, Role, Visitor, key};
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
        let maps = self.backbone.forward(images, Phase::Evaluation);
        self.decode_head.forward(maps.decode, Phase::Evaluation, None)
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

    /// A copy without gradients, for inference.
    pub fn without_gradients(&self) -> Self {
        struct Strip;
        impl Visitor for Strip {
            fn weight(&mut self, _: &str, tensor: &mut Tensor<4>) {
                *tensor = tensor.clone().without_autodiff();
            }
            fn vector(&mut self, _: &str, _: Role, tensor: &mut Tensor<1>) {
                *tensor = tensor.clone().without_autodiff();
            }
        }
        let mut copy = self.clone();
        copy.visit("", &mut Strip);
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

impl Module for Segmentor {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.backbone.visit(&key(prefix, "backbone"), visitor);
        self.decode_head.visit(&key(prefix, "decode_head"), visitor);
        self.auxiliary_head.visit(&key(prefix, "auxiliary_head"), visitor);
    }
}
