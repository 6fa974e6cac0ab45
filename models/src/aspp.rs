//! Atrous spatial pyramid pooling: the head whose rates this project is about.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::conv_module::ConvModule;
use crate::dropout::DropoutNoise;
use crate::layers::Conv2d;
use crate::module::{Module, Phase, Visitor, key};

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
        let [batch, _, height, width] = input.dims();
        let pooled = self.image_pool.forward(input.clone().mean_dim(3).mean_dim(2), phase);
        let [_, channels, _, _] = pooled.dims();
        let mut maps = vec![pooled.expand([batch, channels, height, width])];
        maps.extend(self.branches.iter_mut().map(|branch| branch.forward(input.clone(), phase)));
        let joined = self.bottleneck.forward(Tensor::cat(maps, 1), phase);
        let kept = match noise {
            Some(noise) => noise.apply(joined),
            None => joined,
        };
        self.classifier.forward(kept)
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
