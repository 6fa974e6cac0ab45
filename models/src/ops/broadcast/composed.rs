//! The operation composed of burn's.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;

use crate::ops::dims::dims;

/// Brings batch x channels x 1 x 1 to `size`. Maps that have it already are returned as they are.
pub fn forward<B: Backend>(maps: FloatTensor<B>, size: [usize; 2]) -> FloatTensor<B> {
    let [batch, channels, height, width] = dims(&maps);
    if [height, width] == size {
        return maps;
    }
    B::float_expand(maps, Shape::from([batch, channels, size[0], size[1]]))
}
