//! A graph of ONNX that grows node by node: what each layer adds with a method `onnx`, which stands
//! beside its `forward` and follows it.

pub(crate) mod messages;

use std::collections::{BTreeMap, BTreeSet};

use self::messages::{AttributeValue, GraphProto, NodeProto};
use crate::module::key;
use crate::ops::atrous_conv2d::ConvGeometry;
use crate::ops::max_pool::PoolGeometry;
use crate::values::Values;

pub use messages::TensorProto;

/// A constant of an operation, and its name.
type Attribute = (String, AttributeValue);

/// The name of a value in a graph: of its input, or of what a node computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxValue(pub(crate) String);

/// The operations of a network in the order in which they are computed, and the parameters that
/// they ask for, under the keys that these have in checkpoints.
#[derive(Debug, Default)]
pub struct OnnxGraph {
    parameters: BTreeMap<String, Values>,
    used: BTreeSet<String>,
    pub(crate) proto: GraphProto,
}

impl OnnxGraph {
    /// Starts a graph whose layers find their parameters among these.
    pub(crate) fn new(parameters: BTreeMap<String, Values>) -> Self {
        Self { parameters, ..Self::default() }
    }

    /// Adds the convolution whose weight, and bias where it has one, stand behind `prefix`.
    ///
    /// # Panics
    /// Where there is no such weight.
    pub(crate) fn convolution(&mut self, prefix: &str, input: &OnnxValue, geometry: ConvGeometry) -> OnnxValue {
        let weight_key = key(prefix, "weight");
        let kernel = self.parameters.get(&weight_key).map(|weight| weight.shape[2..].to_vec());
        let mut inputs = vec![input.clone(), self.parameter(&weight_key)];
        let bias = key(prefix, "bias");
        if self.parameters.contains_key(&bias) {
            inputs.push(self.parameter(&bias));
        }
        let ConvGeometry { stride, padding, dilation } = geometry;
        let attributes = vec![
            integers("kernel_shape", &kernel.unwrap_or_default()),
            integers("strides", &[stride; 2]),
            integers("pads", &[padding; 4]),
            integers("dilations", &[dilation; 2]),
        ];
        self.node("Conv", &inputs, attributes)
    }

    /// Adds a batch norm in evaluation mode, whose parameters and statistics stand behind `prefix`;
    /// `epsilon` is added to the variance.
    ///
    /// # Panics
    /// Where one of them is not there.
    pub(crate) fn batch_norm(&mut self, prefix: &str, input: &OnnxValue, epsilon: f64) -> OnnxValue {
        let mut inputs = vec![input.clone()];
        for name in ["weight", "bias", "running_mean", "running_var"] {
            inputs.push(self.parameter(&key(prefix, name)));
        }
        self.node("BatchNormalization", &inputs, vec![float("epsilon", epsilon as f32)])
    }

    /// Cuts a map off below zero.
    pub(crate) fn relu(&mut self, input: &OnnxValue) -> OnnxValue {
        self.node("Relu", std::slice::from_ref(input), vec![])
    }

    /// Adds two values.
    pub(crate) fn add(&mut self, left: &OnnxValue, right: &OnnxValue) -> OnnxValue {
        self.binary("Add", left, right)
    }

    /// Computes an operation of two values.
    pub(crate) fn binary(&mut self, operation: &str, left: &OnnxValue, right: &OnnxValue) -> OnnxValue {
        self.node(operation, &[left.clone(), right.clone()], vec![])
    }

    /// Puts the channels of maps behind each other.
    pub(crate) fn concat(&mut self, maps: &[OnnxValue]) -> OnnxValue {
        self.node("Concat", maps, vec![integer("axis", 1)])
    }

    /// Computes the maximum of each window.
    pub(crate) fn max_pool(&mut self, input: &OnnxValue, geometry: PoolGeometry) -> OnnxValue {
        let PoolGeometry { kernel, stride, padding } = geometry;
        let attributes = vec![
            integers("kernel_shape", &[kernel; 2]),
            integers("strides", &[stride; 2]),
            integers("pads", &[padding; 4]),
        ];
        self.node("MaxPool", std::slice::from_ref(input), attributes)
    }

    /// Computes the mean of each channel.
    pub(crate) fn global_average_pool(&mut self, input: &OnnxValue) -> OnnxValue {
        self.node("GlobalAveragePool", std::slice::from_ref(input), vec![])
    }

    /// Repeats one value per channel over a map as high and wide as `like`.
    pub(crate) fn expand_like(&mut self, input: &OnnxValue, like: &OnnxValue) -> OnnxValue {
        let (one, size) = (self.list("one-by-one", &[1, 1]), self.size_of(like));
        let shape = self.join(&[one, size]);
        self.node("Expand", &[input.clone(), shape], vec![])
    }

    /// Resizes a map bilinearly to the height and width of `like`.
    pub(crate) fn resize_like(&mut self, input: &OnnxValue, like: &OnnxValue, align_corners: bool) -> OnnxValue {
        let batch_and_channels = self.node("Shape", std::slice::from_ref(input), vec![integer("end", 2)]);
        let size = self.size_of(like);
        let sizes = self.join(&[batch_and_channels, size]);
        // Region and scales are left out.
        let inputs = [input.clone(), OnnxValue(String::new()), OnnxValue(String::new()), sizes];
        // `half_pixel` is right for all sizes: pixels beyond the border are those at the border.
        let mode = if align_corners { "align_corners" } else { "half_pixel" };
        let attributes = vec![text("mode", "linear"), text("coordinate_transformation_mode", mode)];
        self.node("Resize", &inputs, attributes)
    }

    /// Gives height and width of a map, as a list of integers.
    pub(crate) fn size_of(&mut self, map: &OnnxValue) -> OnnxValue {
        self.node("Shape", std::slice::from_ref(map), vec![integer("start", 2)])
    }

    /// Puts lists of integers behind each other.
    pub(crate) fn join(&mut self, lists: &[OnnxValue]) -> OnnxValue {
        self.node("Concat", lists, vec![integer("axis", 0)])
    }

    /// Adds a list of integers.
    pub(crate) fn list(&mut self, name: &str, values: &[i64]) -> OnnxValue {
        if self.used.insert(name.to_owned()) {
            self.proto.initializers.push(TensorProto::integers(name, values));
        }
        OnnxValue(name.to_owned())
    }

    /// Adds one number per channel, for maps of 4 dimensions.
    pub(crate) fn per_channel(&mut self, name: &str, values: &[f32]) -> OnnxValue {
        self.proto.initializers.push(TensorProto::floats(name, &[1, values.len(), 1, 1], values));
        OnnxValue(name.to_owned())
    }

    /// Adds any node with one output.
    pub(crate) fn node(&mut self, operation: &str, inputs: &[OnnxValue], attributes: Vec<Attribute>) -> OnnxValue {
        let output = format!("{operation}-{}", self.proto.nodes.len());
        let inputs = inputs.iter().map(|OnnxValue(name)| name.clone()).collect();
        self.proto.nodes.push(NodeProto { operation: operation.into(), inputs, output: output.clone(), attributes });
        OnnxValue(output)
    }

    fn parameter(&mut self, key: &str) -> OnnxValue {
        let values = self.parameters.get(key).unwrap_or_else(|| panic!("the network has no {key}"));
        if self.used.insert(key.to_owned()) {
            self.proto.initializers.push(TensorProto::floats(key, &values.shape, &values.data));
        }
        OnnxValue(key.to_owned())
    }
}

fn integer(name: &str, value: i64) -> Attribute {
    (name.into(), AttributeValue::Integer(value))
}

fn float(name: &str, value: f32) -> Attribute {
    (name.into(), AttributeValue::Float(value))
}

fn text(name: &str, value: &str) -> Attribute {
    (name.into(), AttributeValue::Text(value.into()))
}

fn integers(name: &str, values: &[usize]) -> Attribute {
    (name.into(), AttributeValue::Integers(values.iter().map(|&value| value as i64).collect()))
}
