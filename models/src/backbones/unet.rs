//! U-Net S5-D16: five stages, four times halved and doubled.

use burn::tensor::Tensor;

use super::{BackboneMaps, ExtractorConfig, FeatureExtractor, Published};
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layers::{BatchNorm, ConvModule};
use crate::module::{Module, Phase, Visitor, key};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::ops;
use crate::ops::max_pool::PoolGeometry;
use crate::shapes::{Shapes, WeightsError};

/// The network of the publication.
pub(super) const S5_D16: Published<UnetConfig> = Published {
    backbone: UnetConfig { base_channels: 64 },
    aspp_channels: 16,
    auxiliary_channels: 64,
    pretrained: false,
};

/// Stages of the encoder; the decoder has one less.
const STAGES: usize = 5;
/// The pool in front of each stage of the encoder but the first.
const HALVING: PoolGeometry = PoolGeometry { kernel: 2, stride: 2, padding: 0 };
/// What the input's height and width must be multiples of.
const DIVISOR: usize = 1 << (STAGES - 1);
/// The key of the convolutions of a decoder's stage.
const CONV_BLOCK: &str = "conv_block";
/// The key of its 1x1 convolution.
const REDUCE: &str = "upsample.interp_upsample.1";
/// The key of the first convolution's weight.
pub(crate) const FIRST_WEIGHT: &str = "backbone.encoder.0.0.convs.0.conv.weight";

/// The width of a U-Net.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnetConfig {
    /// Channels of the full-resolution maps; 64 in the publication.
    pub base_channels: usize,
}

impl ExtractorConfig for UnetConfig {
    type Network = Unet;

    fn base_channels(&self) -> usize {
        self.base_channels
    }

    fn set_base_channels(&mut self, base_channels: usize) {
        self.base_channels = base_channels;
    }

    fn decode_channels(&self) -> usize {
        self.base_channels
    }

    fn auxiliary_channels(&self) -> usize {
        2 * self.base_channels
    }

    fn divisor(&self) -> usize {
        DIVISOR
    }

    fn init(&self, initialiser: &mut Initialiser) -> Unet {
        let width = |stage: usize| self.base_channels << stage;
        let encoder =
            (0..STAGES).map(|i| Stage::new([if i == 0 { 3 } else { width(i - 1) }, width(i)], initialiser)).collect();
        let decoder = (0..STAGES - 1).map(|i| UpStage::new(width(i), initialiser)).collect();
        Unet { encoder, decoder }
    }

    fn recognised(shapes: Shapes, _: usize) -> Result<Option<Self>, WeightsError> {
        Ok(shapes.kernel(FIRST_WEIGHT).map(|[base_channels, ..]| Self { base_channels }))
    }
}

/// Two 3x3 convolutions.
#[derive(Clone, Debug)]
struct Stage([ConvModule; 2]);

impl Stage {
    fn new([input, output]: [usize; 2], initialiser: &mut Initialiser) -> Self {
        Self([[input, output], [output, output]].map(|c| ConvModule::new(c, 3, 1, initialiser)))
    }

    fn forward(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        self.0.iter_mut().fold(input, |map, conv| conv.forward(map, phase))
    }

    fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> [usize; 2] {
        self.0.iter().fold(input, |size, conv| conv.cost(size, costs))
    }

    fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let convs = self.0.iter().enumerate();
        convs.fold(input.clone(), |map, (i, conv)| conv.onnx(&key(prefix, &format!("convs.{i}")), &map, graph))
    }
}

impl Module for Stage {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for (i, conv) in self.0.iter_mut().enumerate() {
            conv.visit(&key(prefix, &format!("convs.{i}")), visitor);
        }
    }
}

/// Doubles a map's size, concatenates it with the encoder's map of that size, and convolves.
#[derive(Clone, Debug)]
struct UpStage {
    /// 1x1; in the reference it stands behind the upsampling.
    reduce: ConvModule,
    stage: Stage,
}

impl UpStage {
    fn new(channels: usize, initialiser: &mut Initialiser) -> Self {
        let stage = Stage::new([2 * channels, channels], initialiser);
        Self { reduce: ConvModule::new([2 * channels, channels], 1, 1, initialiser), stage }
    }

    fn forward(&mut self, skip: Tensor<4>, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        let [_, _, height, width] = skip.dims();
        // A 1x1 convolution without bias and a bilinear resize commute: convolve the map with a
        // quarter of the pixels.
        let reduced = self.reduce.conv.forward(input);
        let raised = ops::resize_bilinear(reduced, [height, width], false);
        let raised = self.reduce.norm.forward(raised, true, phase);
        self.stage.forward(ops::concat(vec![skip, raised]), phase)
    }

    fn costs(&self, skip: [usize; 2], input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> [usize; 2] {
        self.reduce.cost(input, costs);
        self.stage.costs(skip, costs)
    }

    fn onnx(&self, prefix: &str, skip: &OnnxValue, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let reduce = key(prefix, REDUCE);
        let reduced = graph.convolution(&key(&reduce, "conv"), input, self.reduce.conv.geometry);
        let raised = graph.resize_like(&reduced, skip, false);
        let raised = graph.batch_norm(&key(&reduce, "bn"), &raised, BatchNorm::EPSILON);
        let raised = graph.relu(&raised);
        let both = graph.concat(&[skip.clone(), raised]);
        self.stage.onnx(&key(prefix, CONV_BLOCK), &both, graph)
    }
}

/// U-Net S5-D16 without a head. Its smallest map has a sixteenth of the input's side.
#[derive(Clone, Debug)]
pub struct Unet {
    encoder: Vec<Stage>,
    /// From the largest map to the smallest.
    decoder: Vec<UpStage>,
}

impl FeatureExtractor for Unet {
    /// The decode head reads the full-resolution map (base channels), the auxiliary head the one of
    /// half the side (twice as many).
    fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps {
        let [_, _, height, width] = input.dims();
        assert!(
            height % DIVISOR == 0 && width % DIVISOR == 0,
            "U-Net input of {height}x{width} pixels: both sides must be multiples of {DIVISOR}"
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

    fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> BackboneMaps<[usize; 2]> {
        let mut size = input;
        let mut skips = Vec::with_capacity(STAGES);
        for (i, stage) in self.encoder.iter().enumerate() {
            let pooled = if i == 0 { size } else { size.map(|side| HALVING.output_size(side)) };
            size = stage.costs(pooled, costs);
            skips.push(size);
        }
        skips.pop();
        let mut half = size;
        for (stage, skip) in self.decoder.iter().zip(skips).rev() {
            half = size;
            size = stage.costs(skip, half, costs);
        }
        BackboneMaps { decode: size, auxiliary: half }
    }

    fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let mut map = input.clone();
        let mut skips = Vec::with_capacity(STAGES);
        for (i, stage) in self.encoder.iter().enumerate() {
            if i > 0 {
                map = graph.max_pool(&map, HALVING);
            }
            map = stage.onnx(&key(prefix, &encoder_key(i)), &map, graph);
            skips.push(map.clone());
        }
        skips.pop();
        for ((i, stage), skip) in self.decoder.iter().enumerate().zip(skips).rev() {
            map = stage.onnx(&key(prefix, &decoder_key(i)), &skip, &map, graph);
        }
        map
    }
}

/// The key of a stage of the encoder: in the reference a max pool precedes the convolutions of all
/// but the first.
fn encoder_key(i: usize) -> String {
    format!("encoder.{i}.{}", usize::from(i > 0))
}

fn decoder_key(i: usize) -> String {
    format!("decoder.{i}")
}

impl Module for Unet {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for (i, stage) in self.encoder.iter_mut().enumerate() {
            stage.visit(&key(prefix, &encoder_key(i)), visitor);
        }
        for (i, up) in self.decoder.iter_mut().enumerate() {
            let prefix = key(prefix, &decoder_key(i));
            up.stage.visit(&key(&prefix, CONV_BLOCK), visitor);
            up.reduce.visit(&key(&prefix, REDUCE), visitor);
        }
    }
}
