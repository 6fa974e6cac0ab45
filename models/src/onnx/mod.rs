//! Networks as ONNX, for programs that know nothing of this one.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::onnx_graph::messages::{ModelProto, ValueInfoProto};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::segmentor::Segmentor;
use crate::state::State;

/// The operators that files are written in; `BatchNormalization` and `Shape` are those of opset 15,
/// `Resize` and `Pad` those of 13.
const OPSET: i64 = 17;
/// The version of ONNX's own format that came with the opset.
const IR_VERSION: i64 = 8;

/// What stands between an image and a network, and what is said of the network.
#[derive(Clone, Debug)]
pub struct OnnxOptions {
    /// Mean of each channel (RGB), in grey levels.
    pub mean: [f32; 3],
    /// Standard deviation of each channel (RGB), in grey levels.
    pub deviation: [f32; 3],
    /// What the network's sides must be multiples of: images are filled up with the mean colour to
    /// the right and below, and logits are cut.
    pub divisor: usize,
    /// Text that travels with the network.
    pub metadata: BTreeMap<String, String>,
}

impl Segmentor {
    /// Makes an ONNX file of the network in evaluation mode, without the auxiliary head.
    ///
    /// Its input `image` is batch x 3 x height x width, RGB in grey levels from 0 to 255, its
    /// output `logits` batch x classes x height x width. All but channels and classes may be of
    /// any size.
    ///
    /// # Panics
    /// Where the network has no classes.
    pub fn to_onnx(&mut self, options: &OnnxOptions) -> Vec<u8> {
        self.onnx_model(options).message().into_bytes()
    }

    fn onnx_model(&mut self, options: &OnnxOptions) -> ModelProto {
        let parameters = State::of(self).tensors;
        let classes = parameters["decode_head.conv_seg.weight"].shape[0];
        let mut graph = OnnxGraph::new(parameters);
        let image = OnnxValue("image".to_owned());
        let prepared = prepare(&image, options, &mut graph);
        let map = self.onnx(&prepared, &mut graph);
        let logits = cut_like(&map, &image, options, &mut graph);
        let mut graph = graph.proto;
        // The last node has the name that the file promises.
        let last = graph.nodes.iter_mut().find(|node| node.output == logits.0).expect("a network has nodes");
        last.output = "logits".to_owned();
        graph.input = vec![ValueInfoProto { name: "image", channels: 3, about: "RGB in grey levels from 0 to 255" }];
        graph.output =
            vec![ValueInfoProto { name: "logits", channels: classes, about: "the largest is the class of a pixel" }];
        ModelProto {
            ir_version: IR_VERSION,
            opset: OPSET,
            doc_string: "A segmentation network with an ASPP head, in evaluation mode.".into(),
            graph,
            metadata: options.metadata.clone().into_iter().collect(),
        }
    }
}

/// Normalises an image, and fills it up to sides that the network takes.
fn prepare(image: &OnnxValue, options: &OnnxOptions, graph: &mut OnnxGraph) -> OnnxValue {
    let mean = graph.per_channel("mean", &options.mean);
    let deviation = graph.per_channel("deviation", &options.deviation);
    let centred = graph.binary("Sub", image, &mean);
    let normalised = graph.binary("Div", &centred, &deviation);
    if options.divisor == 1 {
        return normalised;
    }
    // (divisor - size mod divisor) mod divisor, to the right and below.
    let divisor = graph.list("divisor", &[options.divisor as i64]);
    let size = graph.size_of(image);
    let beyond = graph.binary("Mod", &size, &divisor);
    let missing = graph.binary("Sub", &divisor, &beyond);
    let missing = graph.binary("Mod", &missing, &divisor);
    let elsewhere = graph.list("no-padding", &[0; 6]);
    let pads = graph.join(&[elsewhere, missing]);
    graph.node("Pad", &[normalised, pads], vec![])
}

/// Cuts what [`prepare`] has filled up.
fn cut_like(map: &OnnxValue, image: &OnnxValue, options: &OnnxOptions, graph: &mut OnnxGraph) -> OnnxValue {
    if options.divisor == 1 {
        return map.clone();
    }
    let (start, axes) = (graph.list("top-left", &[0, 0]), graph.list("height-and-width", &[2, 3]));
    let size = graph.size_of(image);
    graph.node("Slice", &[map.clone(), start, size, axes], vec![])
}
