//! The messages of an ONNX file, as far as the networks here need them: names, field numbers and
//! types are those of `onnx.proto` (github.com/onnx/onnx, IR version 8).

use crate::protobuf::ProtoMessage;

/// The type of 32-bit floats in tensors.
pub(crate) const FLOAT: i64 = 1;
/// The type of 64-bit integers in tensors.
const INT64: i64 = 7;

/// An ONNX file.
#[derive(Clone, Debug)]
pub(crate) struct ModelProto {
    pub ir_version: i64,
    pub opset: i64,
    pub doc_string: String,
    pub graph: GraphProto,
    /// Keys and values.
    pub metadata: Vec<(String, String)>,
}

/// Nodes in an order in which they can be computed, and the values that they start from.
#[derive(Clone, Debug, Default)]
pub(crate) struct GraphProto {
    pub nodes: Vec<NodeProto>,
    pub initializers: Vec<TensorProto>,
    pub input: Vec<ValueInfoProto>,
    pub output: Vec<ValueInfoProto>,
}

/// One operation; its name is that of its output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodeProto {
    pub operation: String,
    pub inputs: Vec<String>,
    pub output: String,
    /// Constants by their names.
    pub attributes: Vec<(String, AttributeValue)>,
}

/// A constant of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AttributeValue {
    Float(f32),
    Integer(i64),
    Text(String),
    Integers(Vec<i64>),
}

/// A tensor of constants.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorProto {
    dims: Vec<i64>,
    data_type: i64,
    pub(crate) name: String,
    /// Little-endian and row-major.
    raw_data: Vec<u8>,
}

/// Name and shape of an input or an output, batch x channels x height x width, of 32-bit floats.
#[derive(Clone, Debug)]
pub(crate) struct ValueInfoProto {
    pub name: &'static str,
    pub channels: usize,
    pub about: &'static str,
}

impl TensorProto {
    /// Makes a tensor of 32-bit floats.
    pub fn floats(name: &str, dims: &[usize], values: &[f32]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dims: dims.iter().map(|&side| side as i64).collect(), data_type: FLOAT, name: name.into(), raw_data }
    }

    /// Makes a list of 64-bit integers.
    pub(crate) fn integers(name: &str, values: &[i64]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dims: vec![values.len() as i64], data_type: INT64, name: name.into(), raw_data }
    }

    /// Gives the bytes of a file that holds the tensor alone.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.message().into_bytes()
    }

    fn message(&self) -> ProtoMessage {
        let message = ProtoMessage::default().each(&self.dims, |message, side| message.integer(1, *side));
        message.integer(2, self.data_type).text(8, &self.name).bytes(9, &self.raw_data)
    }
}

impl AttributeValue {
    /// The name, the value, and the type of the value.
    fn message(&self, name: &str) -> ProtoMessage {
        let message = ProtoMessage::default().text(1, name);
        match self {
            Self::Float(value) => message.float(2, *value).integer(20, 1),
            Self::Integer(value) => message.integer(3, *value).integer(20, 2),
            Self::Text(value) => message.text(4, value).integer(20, 3),
            Self::Integers(values) => message.each(values, |message, value| message.integer(8, *value)).integer(20, 7),
        }
    }
}

impl NodeProto {
    fn message(&self) -> ProtoMessage {
        let message = ProtoMessage::default().each(&self.inputs, |message, name| message.text(1, name));
        let message = message.text(2, &self.output).text(3, &self.output).text(4, &self.operation);
        message.each(&self.attributes, |message, (name, value)| message.message(5, &value.message(name)))
    }
}

impl ValueInfoProto {
    fn message(&self) -> ProtoMessage {
        let any = |name: &str| ProtoMessage::default().text(2, name);
        let channels = ProtoMessage::default().integer(1, self.channels as i64);
        let sides = [any("batch"), channels, any("height"), any("width")];
        let shape = ProtoMessage::default().each(&sides, |message, side| message.message(1, side));
        let tensor = ProtoMessage::default().integer(1, FLOAT).message(2, &shape);
        let of_tensor = ProtoMessage::default().message(1, &tensor);
        ProtoMessage::default().text(1, self.name).message(2, &of_tensor).text(3, self.about)
    }
}

impl GraphProto {
    fn message(&self) -> ProtoMessage {
        let message = ProtoMessage::default().each(&self.nodes, |message, node| message.message(1, &node.message()));
        let message = message.text(2, "segmentor");
        let message = message.each(&self.initializers, |message, tensor| message.message(5, &tensor.message()));
        let message = message.each(&self.input, |message, value| message.message(11, &value.message()));
        message.each(&self.output, |message, value| message.message(12, &value.message()))
    }
}

impl ModelProto {
    pub fn message(&self) -> ProtoMessage {
        let message = ProtoMessage::default().integer(1, self.ir_version).text(2, "atrous");
        let message = message.text(3, env!("CARGO_PKG_VERSION")).text(6, &self.doc_string);
        let opset = ProtoMessage::default().text(1, "").integer(2, self.opset);
        let message = message.message(7, &self.graph.message()).message(8, &opset);
        let entry = |(key, value): &(String, String)| ProtoMessage::default().text(1, key).text(2, value);
        message.each(&self.metadata, |message, pair| message.message(14, &entry(pair)))
    }
}
