//! What all modules have in common: named tensors that can be visited.

use burn::tensor::Tensor;

use crate::Precision;

/// Whether batch norm takes its statistics from the batch, and dropout drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Training,
    Evaluation,
}

/// What a vector of the state is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Learned: has a gradient and weight decay.
    Parameter,
    /// A running statistic of a batch norm: moves with the batches, without a gradient.
    Statistic,
}

/// Is shown every tensor of a module, and may replace it.
pub trait Visitor {
    /// A convolution's weight: channels out x channels in x kernel height x kernel width.
    fn weight(&mut self, key: &str, tensor: &mut Tensor<4>);
    /// A convolution's precision.
    fn precision(&mut self, _: &mut Precision) {}
    /// One value per channel.
    fn vector(&mut self, key: &str, role: Role, tensor: &mut Tensor<1>);
}

/// A part of a network.
pub trait Module {
    /// Shows `visitor` every tensor under its key in mmsegmentation's checkpoints, behind `prefix`,
    /// always in the same order.
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor);
}

/// Puts a key together: `prefix.name`, or `name` at the root.
pub fn key(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
