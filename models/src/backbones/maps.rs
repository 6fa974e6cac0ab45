//! What a backbone gives to the heads.

use burn::tensor::Tensor;

/// The maps that the heads read, or what is known of each of them, such as its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackboneMaps<T = Tensor<4>> {
    /// For the decode head: batch x channels x height / output stride x width / output stride.
    pub decode: T,
    /// For the auxiliary head.
    pub auxiliary: T,
}
