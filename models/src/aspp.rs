//! Atrous spatial pyramid pooling: the head whose rates this project is about.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::conv_module::ConvModule;
use crate::dropout::DropoutNoise;
use crate::layer::Layer;
use crate::layers::Conv2d;
use crate::module::{Module, Phase, Visitor, key};
use crate::ops;

/// DeepLabV3's ASPP head.
#[derive(Clone, Debug)]
pub struct AsppHeadConfig {
    /// Channels of the map that the head reads.
    pub input_channels: usize,
    /// Channels of each branch.
    pub channels: usize,
    /// One branch each: rate 1 is a 1x1 convolution, every other a 3x3 with that dilation.
    pub rates: Vec<usize>,
    pub classes: usize,
}

/// Image pooling and one branch per rate, concatenated, through a 3x3 bottleneck to one logit per class.
#[derive(Clone, Debug)]
pub struct AsppHead {
    pub image_pool: ConvModule,
    pub branches: Vec<ConvModule>,
    pub bottleneck: ConvModule,
    pub classifier: Conv2d,
}

impl AsppHeadConfig {
    pub fn init(&self, random: &mut ChaCha8Rng, device: &Device) -> AsppHead {
        let Self { input_channels, channels, classes, .. } = *self;
        let image_pool = ConvModule::new([input_channels, channels], 1, 1, random, device);
        let branch = |rate: &usize, random: &mut ChaCha8Rng| {
            ConvModule::new([input_channels, channels], if *rate == 1 { 1 } else { 3 }, *rate, random, device)
        };
        let branches: Vec<ConvModule> = self.rates.iter().map(|rate| branch(rate, random)).collect();
        let joined = (branches.len() + 1) * channels;
        AsppHead {
            image_pool,
            branches,
            bottleneck: ConvModule::new([joined, channels], 3, 1, random, device),
            classifier: Conv2d::classifier([channels, classes], random, device),
        }
    }
}

impl AsppHead {
    /// Batch x input channels x height x width to batch x classes x height x width. `noise`: dropout before the last
    /// convolution.
    pub fn forward(&mut self, input: Tensor<4>, phase: Phase, noise: Option<&mut DropoutNoise>) -> Tensor<4> {
        let joined = self.join(input, phase);
        let kept = match noise {
            Some(noise) => noise.apply(joined),
            None => joined,
        };
        self.classifier.forward(kept)
    }

    /// A layer's map in evaluation mode: batch x its channels x height x width.
    ///
    /// # Panics
    /// For a branch beyond the rates.
    pub fn map(&mut self, input: Tensor<4>, layer: Layer) -> Tensor<4> {
        let phase = Phase::Evaluation;
        match layer {
            Layer::Backbone => input,
            Layer::ImagePool => {
                let [batch, _, height, width] = input.dims();
                self.pool(input, phase).expand([batch as i64, -1, height as i64, width as i64])
            }
            Layer::Branch(i) => self.branches[i].forward(input, phase),
            Layer::Aspp => self.join(input, phase),
            Layer::Logits => self.forward(input, phase, None),
        }
    }

    /// The rate of each branch.
    pub fn rates(&self) -> Vec<usize> {
        self.branches.iter().map(|branch| branch.conv.geometry.dilation).collect()
    }

    /// The mean of the whole map through its convolution: batch x channels x 1 x 1.
    fn pool(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        self.image_pool.forward(ops::global_average_pool(input), phase)
    }

    /// Image pooling and all branches through the bottleneck.
    fn join(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        let mut maps = vec![self.pool(input.clone(), phase)];
        maps.extend(self.branches.iter_mut().map(|branch| branch.forward(input.clone(), phase)));
        self.bottleneck.forward(ops::concat(maps), phase)
    }
}

impl Module for AsppHead {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.classifier.visit(&key(prefix, "conv_seg"), visitor);
        self.image_pool.visit(&key(prefix, "image_pool.1"), visitor);
        for (i, branch) in self.branches.iter_mut().enumerate() {
            branch.visit(&key(prefix, &format!("aspp_modules.{i}")), visitor);
        }
        self.bottleneck.visit(&key(prefix, "bottleneck"), visitor);
    }
}
