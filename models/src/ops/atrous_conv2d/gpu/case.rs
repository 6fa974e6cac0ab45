//! What an algorithm is chosen for.

use crate::precision::Precision;

/// A product of a convolution. They take different times by different algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// The output, and the input's gradient.
    Maps,
    /// The gradient of the weights.
    Weights,
}

/// The case of a choice, which is made once in a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductCase {
    /// The device by name: one that was lost and opened again is the same one.
    pub adapter: String,
    pub product: Product,
    pub precision: Precision,
    /// Whether the kernel has one tap, of which nothing need be copied.
    pub is_point: bool,
}
