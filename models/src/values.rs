//! A tensor's values outside of any device.

/// The values and the shape of a tensor, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}
