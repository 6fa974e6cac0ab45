//! U-Net S5-D16: five stages, four times halved and doubled.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::backbone::BackboneMaps;
use crate::conv_module::ConvModule;
use crate::module::{Module, Phase, Visitor, key};
use crate::ops;
use crate::ops::max_pool::PoolGeometry;

/// Stages of the encoder; the decoder has one less.
const STAGES: usize = 5;
/// The pool in front of each stage of the encoder but the first.
const HALVING: PoolGeometry = PoolGeometry { kernel: 2, stride: 2, padding: 0 };

/// Two 3x3 convolutions.
#[derive(Clone, Debug)]
struct Stage([ConvModule; 2]);

impl Stage {
    fn new(channels: [usize; 2], random: &mut ChaCha8Rng, device: &Device) -> Self {
        let [input, output] = channels;
        Self([[input, output], [output, output]].map(|c| ConvModule::new(c, 3, 1, random, device)))
    }

    fn forward(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        self.0.iter_mut().fold(input, |map, conv| conv.forward(map, phase))
    }
}

impl Module for Stage {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for (i, conv) in self.0.iter_mut().enumerate() {
            conv.visit(&key(prefix, &format!("convs.{i}")), visitor);
        }
    }
}

/// Doubles a map's size, joins it with the encoder's map of that size, and convolves.
#[derive(Clone, Debug)]
struct UpStage {
    /// 1x1; in the reference it stands behind the upsampling.
    reduce: ConvModule,
    stage: Stage,
}

impl UpStage {
    fn new(channels: usize, random: &mut ChaCha8Rng, device: &Device) -> Self {
        let stage = Stage::new([2 * channels, channels], random, device);
        Self { reduce: ConvModule::new([2 * channels, channels], 1, 1, random, device), stage }
    }

    fn forward(&mut self, skip: Tensor<4>, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        let [_, _, height, width] = skip.dims();
        // A 1x1 convolution without bias and a bilinear resize commute: convolve the map with a quarter of the pixels.
        let reduced = self.reduce.conv.forward(input);
        let raised = ops::resize_bilinear(reduced, [height, width], false);
        let raised = self.reduce.norm.forward(raised, true, phase);
        self.stage.forward(ops::concat(vec![skip, raised]), phase)
    }
}

/// U-Net S5-D16 without a head. Its smallest map has a sixteenth of the input's side.
#[derive(Clone, Debug)]
pub struct Unet {
    encoder: Vec<Stage>,
    /// From the largest map to the smallest.
    decoder: Vec<UpStage>,
}

impl Unet {
    /// The input's height and width must be multiples of this.
    pub const DIVISOR: usize = 1 << (STAGES - 1);

    /// `base_channels`: of the full-resolution maps; 64 in the publication.
    pub fn new(base_channels: usize, random: &mut ChaCha8Rng, device: &Device) -> Self {
        let width = |stage: usize| base_channels << stage;
        let encoder = (0..STAGES)
            .map(|i| Stage::new([if i == 0 { 3 } else { width(i - 1) }, width(i)], random, device))
            .collect();
        let decoder = (0..STAGES - 1).map(|i| UpStage::new(width(i), random, device)).collect();
        Self { encoder, decoder }
    }

    /// `input`: batch x 3 x height x width, normalised. The ASPP head reads the full-resolution map (base channels), the
    /// auxiliary head the one of half the side (twice as many).
    pub fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps {
        let [_, _, height, width] = input.dims();
        assert!(
            height % Self::DIVISOR == 0 && width % Self::DIVISOR == 0,
            "U-Net input of {height}x{width} pixels: both sides must be multiples of {}",
            Self::DIVISOR
        );
        let mut skips = Vec::with_capacity(STAGES);
        for stage in &mut self.encoder {
            let map = match skips.last().cloned() {
                None => input.clone(),
                Some(map) => ops::max_pool(map, HALVING),
            };
            skips.push(stage.forward(map, phase));
        }
        let mut half = skips.pop().expect("five stages");
        let (last, others) = self.decoder.split_first_mut().expect("four stages");
        for stage in others.iter_mut().rev() {
            half = stage.forward(skips.pop().expect("one skip per decoder stage"), half, phase);
        }
        let full = last.forward(skips.pop().expect("the first stage's skip"), half.clone(), phase);
        BackboneMaps { decode: full, auxiliary: half }
    }
}

impl Module for Unet {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for (i, stage) in self.encoder.iter_mut().enumerate() {
            // In the reference a max pool precedes the convolutions of all stages but the first.
            stage.visit(&key(prefix, &format!("encoder.{i}.{}", usize::from(i > 0))), visitor);
        }
        for (i, up) in self.decoder.iter_mut().enumerate() {
            let prefix = key(prefix, &format!("decoder.{i}"));
            up.stage.visit(&key(&prefix, "conv_block"), visitor);
            up.reduce.visit(&key(&prefix, "upsample.interp_upsample.1"), visitor);
        }
    }
}
