//! Backbone, ASPP head and auxiliary head: what is trained and scored.

use burn::tensor::{Device, Gradients, Int, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::aspp::{AsppHead, AsppHeadConfig};
use crate::dropout::DropoutNoise;
use crate::fcn_head::FcnHead;
use crate::module::{Module, Phase, Role, Visitor, key};
use crate::ops;
use crate::unet::Unet;

/// U-Net S5-D16 with an ASPP head on its full-resolution map (output stride 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentorConfig {
    /// Channels of the full-resolution maps.
    pub base_channels: usize,
    /// Channels of each ASPP branch.
    pub aspp_channels: usize,
    /// Atrous rates, one branch each.
    pub rates: Vec<usize>,
    pub classes: usize,
}

impl SegmentorConfig {
    /// The published network: 64 channels, ASPP with 16 channels and rates 1, 12, 24, 36.
    pub fn unet_s5_d16(classes: usize) -> Self {
        Self { base_channels: 64, aspp_channels: 16, rates: vec![1, 12, 24, 36], classes }
    }

    /// Weights are drawn from `seed`. On a device with autodiff the parameters require gradients.
    pub fn init(&self, seed: u64, device: &Device) -> Segmentor {
        let random = &mut ChaCha8Rng::seed_from_u64(seed);
        let base = self.base_channels;
        let head = AsppHeadConfig {
            input_channels: base,
            channels: self.aspp_channels,
            rates: self.rates.clone(),
            classes: self.classes,
        };
        Segmentor {
            backbone: Unet::new(base, random, device),
            decode_head: head.init(random, device),
            auxiliary_head: FcnHead::new([2 * base, base], self.classes, random, device),
        }
    }
}

/// A network with both of its heads.
#[derive(Clone, Debug)]
pub struct Segmentor {
    pub backbone: Unet,
    pub decode_head: AsppHead,
    pub auxiliary_head: FcnHead,
}

/// The losses of a batch, one value each.
pub struct Losses {
    /// Cross entropy of the ASPP head.
    pub decode: Tensor<1>,
    /// Cross entropy of the auxiliary head, its weight included.
    pub auxiliary: Tensor<1>,
}

impl Losses {
    /// What is minimised.
    pub fn total(&self) -> Tensor<1> {
        self.decode.clone() + self.auxiliary.clone()
    }
}

/// What both heads say of a training batch.
pub struct TrainingLogits {
    /// Batch x classes x height x width.
    pub decode: Tensor<4>,
    /// Batch x classes x height / 2 x width / 2.
    pub auxiliary: Tensor<4>,
}

impl Segmentor {
    /// Logits of the ASPP head in evaluation mode: batch x 3 x height x width to batch x classes x height x width.
    pub fn forward(&mut self, images: Tensor<4>) -> Tensor<4> {
        let maps = self.backbone.forward(images, Phase::Evaluation);
        self.decode_head.forward(maps.full, Phase::Evaluation, None)
    }

    /// Logits of both heads in training mode; moves the running statistics.
    pub fn forward_training(&mut self, images: Tensor<4>, noise: &mut DropoutNoise) -> TrainingLogits {
        let maps = self.backbone.forward(images, Phase::Training);
        let decode = self.decode_head.forward(maps.full, Phase::Training, Some(noise));
        let auxiliary = self.auxiliary_head.forward(maps.half, Phase::Training, Some(noise));
        TrainingLogits { decode, auxiliary }
    }

    /// Both losses of a batch in training mode. `labels`: batch x height x width, 255 ignored. The logits are resized to
    /// the labels' size.
    pub fn losses(
        &mut self,
        images: Tensor<4>,
        labels: Tensor<3, Int>,
        auxiliary_weight: f64,
        noise: &mut DropoutNoise,
    ) -> Losses {
        let logits = self.forward_training(images, noise);
        let [_, height, width] = labels.dims();
        let loss = |logits: Tensor<4>| {
            ops::cross_entropy(ops::resize_bilinear(logits, [height, width], false), labels.clone())
        };
        Losses { decode: loss(logits.decode), auxiliary: loss(logits.auxiliary) * auxiliary_weight }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// mmsegmentation's deeplabv3_unet_s5-d16 with two classes.
    #[test]
    fn the_published_network_has_its_number_of_parameters() {
        let mut network = SegmentorConfig::unet_s5_d16(2).init(0, &Device::flex());
        assert_eq!(network.parameter_count(), 29_064_996);
    }
}
