//! The operation composed of burn's.

use std::ops::Range;

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use burn::tensor::Slice;

use super::inputs::common_size;
use crate::ops::broadcast;
use crate::ops::dims::dims;

pub fn forward<B: Backend>(maps: Vec<FloatTensor<B>>) -> FloatTensor<B> {
    let size = common_size(&maps);
    B::float_cat(maps.into_iter().map(|map| broadcast::composed::forward::<B>(map, size)).collect(), 1)
}

/// Returns some channels of a batch of maps.
pub fn narrow<B: Backend>(maps: FloatTensor<B>, channels: Range<usize>) -> FloatTensor<B> {
    let [batch, _, height, width] = dims(&maps);
    B::float_slice(maps, &[0..batch, channels, 0..height, 0..width].map(Slice::from))
}
