//! Sizes of tensors of maps.

use burn::backend::TensorMetadata;

/// Returns the four sizes of a batch of maps: batch, channels, height, width.
pub(super) fn dims(tensor: &impl TensorMetadata) -> [usize; 4] {
    tensor.shape().dims::<4>()
}
