use std::collections::BTreeSet;

use burn::tensor::Device;

use super::*;
use crate::backbones::{BackboneConfig, Depth, ExtractorConfig, ModelKind, ResnetConfig, Stem};
use crate::heads::{AsppConfig, HeadConfig};
use crate::onnx_graph::TensorProto;
use crate::onnx_graph::messages::{AttributeValue, GraphProto, NodeProto};
use crate::protobuf::{ProtoValue, read_fields};
use crate::segmentor::SegmentorConfig;

fn exported(config: &SegmentorConfig) -> (ModelProto, GraphProto, Segmentor) {
    let mut network = config.init(3, &Device::flex());
    let options = OnnxOptions {
        mean: [1.0, 2.0, 3.0],
        deviation: [4.0, 5.0, 6.0],
        divisor: config.backbone.divisor(),
        metadata: BTreeMap::from([("rates".to_owned(), "1-2-5".to_owned())]),
    };
    let model = network.onnx_model(&options);
    let graph = model.graph.clone();
    (model, graph, network)
}

fn small(kind: ModelKind) -> SegmentorConfig {
    let mut backbone = kind.published().backbone;
    backbone.set_base_channels(2);
    let head = HeadConfig::Aspp(AsppConfig { channels: 3, rates: vec![1, 2, 5] });
    SegmentorConfig { backbone, head, auxiliary_channels: 5, classes: 4, align_corners: false }
}

fn of<'a>(graph: &'a GraphProto, operation: &str) -> Vec<&'a NodeProto> {
    graph.nodes.iter().filter(|node| node.operation == operation).collect()
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> &'a AttributeValue {
    &node.attributes.iter().find(|(found, _)| found == name).unwrap().1
}

fn integers(values: &[i64]) -> AttributeValue {
    AttributeValue::Integers(values.to_vec())
}

fn resizes(graph: &GraphProto) -> Vec<String> {
    let mode = |node: &&NodeProto| match attribute(node, "coordinate_transformation_mode") {
        AttributeValue::Text(mode) => mode.clone(),
        other => panic!("{other:?}"),
    };
    of(graph, "Resize").iter().map(mode).collect()
}

/// Every network that has a name: each node's inputs are there before it, nothing is computed for
/// nothing, and the parameters are all those of the network but the auxiliary head's.
#[test]
fn a_graph_is_sound_and_whole() {
    for kind in ModelKind::ALL {
        let config = small(kind);
        let (model, graph, mut network) = exported(&config);
        assert_eq!((model.ir_version, model.opset), (8, 17), "{kind}");
        assert_eq!(model.metadata, [("rates".to_owned(), "1-2-5".to_owned())]);
        let mut known: BTreeSet<&str> = graph.initializers.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(known.len(), graph.initializers.len(), "{kind}: two parameters of one name");
        known.extend(["image", ""]);
        let mut asked = BTreeSet::from(["logits"]);
        for node in &graph.nodes {
            asked.extend(node.inputs.iter().map(String::as_str));
            let missing = node.inputs.iter().find(|name| !known.contains(name.as_str()));
            assert_eq!(missing, None, "{kind}: {}", node.output);
            assert!(known.insert(&node.output), "{kind}: {} is computed twice", node.output);
        }
        assert_eq!(known.difference(&asked).find(|name| !name.is_empty()), None, "{kind}: for nothing");
        let state = State::of(&mut network).tensors;
        let wanted = state.iter().filter(|(key, _)| !key.starts_with("auxiliary_head."));
        let mut found = 0;
        for (key, values) in wanted {
            let tensor = graph.initializers.iter().find(|tensor| tensor.name == *key);
            let tensor = tensor.unwrap_or_else(|| panic!("{kind}: {key} is missing"));
            assert_eq!(*tensor, TensorProto::floats(key, &values.shape, &values.data), "{kind}: {key}");
            found += 1;
        }
        let named = graph.initializers.iter().filter(|tensor| tensor.name.contains('.')).count();
        assert_eq!(named, found, "{kind}: parameters that the network does not have");
    }
}

/// The convolutions are those that the network says it has, with the rates of the head.
#[test]
fn convolutions_have_their_rates() {
    for kind in ModelKind::ALL {
        let config = small(kind);
        let (_, graph, network) = exported(&config);
        // The auxiliary head has two.
        assert_eq!(of(&graph, "Conv").len() + 2, network.costs([64, 64]).len(), "{kind}");
        let branch = |i: usize| {
            let weight = format!("decode_head.aspp_modules.{i}.conv.weight");
            of(&graph, "Conv").into_iter().find(|node| node.inputs[1] == weight).unwrap()
        };
        for (i, (rate, kernel)) in [(1, 1), (2, 3), (5, 3)].into_iter().enumerate() {
            assert_eq!(*attribute(branch(i), "dilations"), integers(&[rate; 2]), "{kind}");
            assert_eq!(*attribute(branch(i), "kernel_shape"), integers(&[kernel; 2]), "{kind}");
            assert_eq!(*attribute(branch(i), "pads"), integers(&[rate * (kernel - 1) / 2; 4]), "{kind}");
        }
        let classifier = of(&graph, "Conv").pop().unwrap();
        assert_eq!(classifier.inputs[1..], ["decode_head.conv_seg.weight", "decode_head.conv_seg.bias"], "{kind}");
        assert_eq!(of(&graph, "BatchNormalization").len() + 1, of(&graph, "Conv").len(), "{kind}");
    }
}

#[test]
fn logits_are_resized_as_the_network_does_it() {
    let resnet = |align_corners: bool| {
        let resnet = ResnetConfig { depth: Depth::R50, stem: Stem::Plain, base_channels: 2, output_stride: 8 };
        SegmentorConfig { align_corners, ..SegmentorConfig::deeplabv3(resnet, 3, vec![1, 2], 4) }
    };
    assert_eq!(resizes(&exported(&resnet(false)).1), ["half_pixel"]);
    assert_eq!(resizes(&exported(&resnet(true)).1), ["align_corners"]);
    // A U-Net resizes within, and its input has to be filled up.
    let (_, graph, _) = exported(&small(ModelKind::UnetS5D16));
    assert_eq!(resizes(&graph), ["half_pixel"; 4]);
    assert_eq!((of(&graph, "Pad").len(), of(&graph, "Slice").len()), (1, 1));
    let (_, graph, _) = exported(&small(ModelKind::Shallow));
    assert_eq!((of(&graph, "Resize").len(), of(&graph, "Pad").len(), of(&graph, "Slice").len()), (0, 0, 0));
    assert!(matches!(small(ModelKind::Shallow).backbone, BackboneConfig::Shallow(_)));
}

/// The bytes, read by the numbers of `onnx.proto`.
#[test]
fn the_file_has_the_fields_of_the_format() {
    let fields = |bytes: &[u8]| read_fields(bytes).unwrap();
    let all = |bytes: &[u8], field: u32| -> Vec<ProtoValue> {
        fields(bytes).into_iter().filter(|(number, _)| *number == field).map(|(_, value)| value).collect()
    };
    let bytes = |value: &ProtoValue| match value {
        ProtoValue::Bytes(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    };
    let text = |value: &ProtoValue| String::from_utf8(bytes(value)).unwrap();
    let (model, graph, _) = exported(&small(ModelKind::Shallow));
    let file = model.message().into_bytes();
    assert_eq!(all(&file, 1), [ProtoValue::Varint(8)]);
    let opset = bytes(&all(&file, 8)[0]);
    assert_eq!(all(&opset, 2), [ProtoValue::Varint(17)]);
    let written = bytes(&all(&file, 7)[0]);
    assert_eq!((all(&written, 1).len(), all(&written, 5).len()), (graph.nodes.len(), graph.initializers.len()));
    let input = bytes(&all(&written, 11)[0]);
    assert_eq!(text(&all(&input, 1)[0]), "image");
    let tensor = bytes(&all(&bytes(&all(&input, 2)[0]), 1)[0]);
    let sides = all(&bytes(&all(&tensor, 2)[0]), 1);
    assert_eq!(all(&bytes(&sides[1]), 1), [ProtoValue::Varint(3)]);
    assert_eq!(text(&all(&bytes(&sides[2]), 2)[0]), "height");
    let convolution = bytes(all(&written, 1).iter().find(|node| text(&all(&bytes(node), 4)[0]) == "Conv").unwrap());
    assert_eq!(all(&convolution, 1).iter().map(text).nth(1).unwrap(), "backbone.convs.0.conv.weight");
    let pads = all(&convolution, 5).iter().map(bytes).find(|attribute| text(&all(attribute, 1)[0]) == "pads").unwrap();
    assert_eq!((all(&pads, 8), all(&pads, 20)), (vec![ProtoValue::Varint(1); 4], vec![ProtoValue::Varint(7)]));
    let weight =
        all(&written, 5).iter().map(bytes).find(|tensor| text(&all(tensor, 8)[0]).ends_with("convs.0.conv.weight"));
    let weight = weight.unwrap();
    assert_eq!(all(&weight, 1), [2, 3, 3, 3].map(ProtoValue::Varint));
    assert_eq!(bytes(&all(&weight, 9)[0]).len(), 4 * 2 * 3 * 3 * 3);
}
