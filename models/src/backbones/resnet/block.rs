//! The blocks that the stages of a ResNet are made of.

use burn::tensor::Tensor;

use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layers::{BatchNorm, Conv2d};
use crate::module::{Module, Phase, Visitor, key};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::ops;
use crate::ops::atrous_conv2d::ConvGeometry;

/// The two kinds of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// Two 3x3 convolutions, the first with the stride and the rate, as in ResNet-18.
    Basic,
    /// 1x1, 3x3, 1x1, the second with the stride and the rate, from ResNet-50 on.
    Bottleneck,
}

impl BlockKind {
    /// Gives the channels out of a block over those of its 3x3 convolutions.
    pub const fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

/// Kind and sizes of a block.
pub(super) struct BlockShape {
    pub kind: BlockKind,
    pub input: usize,
    pub inner: usize,
    pub stride: usize,
    pub dilation: usize,
}

impl BlockShape {
    fn output(&self) -> usize {
        self.kind.expansion() * self.inner
    }

    /// Tells whether the shortcut is a 1x1 convolution: where the block changes size or channels.
    fn is_projected(&self) -> bool {
        self.stride != 1 || self.input != self.output()
    }

    /// Gives the channels, the kernel and the geometry of each convolution.
    fn convolutions(&self) -> Vec<([usize; 2], usize, ConvGeometry)> {
        let BlockShape { kind, input, inner, stride, dilation } = *self;
        let atrous = ConvGeometry { stride, padding: dilation, dilation };
        match kind {
            BlockKind::Basic => vec![([input, inner], 3, atrous), ([inner, inner], 3, ConvGeometry::same(3, 1))],
            BlockKind::Bottleneck => vec![
                ([input, inner], 1, ConvGeometry::same(1, 1)),
                ([inner, inner], 3, atrous),
                ([inner, self.output()], 1, ConvGeometry::same(1, 1)),
            ],
        }
    }
}

/// Convolutions, each with its norm, and a shortcut.
#[derive(Clone, Debug)]
pub(super) struct ResidualBlock {
    convs: Vec<(Conv2d, BatchNorm)>,
    downsample: Option<(Conv2d, BatchNorm)>,
}

impl ResidualBlock {
    pub fn new(shape: BlockShape, initialiser: &mut Initialiser) -> Self {
        let (input, output, stride) = (shape.input, shape.output(), shape.stride);
        let mut pair = |channels: [usize; 2], kernel: usize, geometry: ConvGeometry| {
            let conv = Conv2d::kaiming(channels, kernel, geometry, initialiser);
            (conv, BatchNorm::new(channels[1], initialiser))
        };
        let mut convs: Vec<_> = shape.convolutions().into_iter().map(|(c, kernel, g)| pair(c, kernel, g)).collect();
        let projection = ConvGeometry { stride, padding: 0, dilation: 1 };
        let downsample = shape.is_projected().then(|| pair([input, output], 1, projection));
        // Every block starts as its shortcut, as the reference implementation has it.
        let last = convs.last_mut().expect("a block has convolutions");
        last.1 = BatchNorm::zero(output, initialiser);
        Self { convs, downsample }
    }

    pub fn forward(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        let shortcut = match &mut self.downsample {
            Some((conv, norm)) => conv.forward_normed(input.clone(), norm, false, phase),
            None => input.clone(),
        };
        let last = self.convs.len() - 1;
        let mut map = input;
        for (i, (conv, norm)) in self.convs.iter_mut().enumerate() {
            map = conv.forward_normed(map, norm, i < last, phase);
        }
        ops::add_relu(map, shortcut)
    }

    /// Adds what the convolutions of a map of this size cost. Gives the size of the map that comes
    /// out.
    pub fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> [usize; 2] {
        if let Some((conv, _)) = &self.downsample {
            conv.cost(input, costs);
        }
        self.convs.iter().fold(input, |size, (conv, _)| conv.cost(size, costs))
    }

    /// Adds the nodes of [`ResidualBlock::forward`] in evaluation mode.
    pub fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let shortcut = match &self.downsample {
            Some((conv, _)) => {
                let map = graph.convolution(&key(prefix, "downsample.0"), input, conv.geometry);
                graph.batch_norm(&key(prefix, "downsample.1"), &map, BatchNorm::EPSILON)
            }
            None => input.clone(),
        };
        let mut map = input.clone();
        for (i, (conv, _)) in self.convs.iter().enumerate() {
            if i > 0 {
                map = graph.relu(&map);
            }
            map = graph.convolution(&key(prefix, &format!("conv{}", i + 1)), &map, conv.geometry);
            map = graph.batch_norm(&key(prefix, &format!("bn{}", i + 1)), &map, BatchNorm::EPSILON);
        }
        let sum = graph.add(&map, &shortcut);
        graph.relu(&sum)
    }
}

impl Module for ResidualBlock {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for (i, (conv, norm)) in self.convs.iter_mut().enumerate() {
            conv.visit(&key(prefix, &format!("conv{}", i + 1)), visitor);
            norm.visit(&key(prefix, &format!("bn{}", i + 1)), visitor);
        }
        if let Some((conv, norm)) = &mut self.downsample {
            conv.visit(&key(prefix, "downsample.0"), visitor);
            norm.visit(&key(prefix, "downsample.1"), visitor);
        }
    }
}
