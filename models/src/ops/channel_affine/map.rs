//! The map of each channel.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

/// The map `(x - mean) * scale + offset`, with a value of each of the three per channel.
#[derive(Debug)]
pub struct ChannelMap<B: Backend> {
    pub mean: FloatTensor<B>,
    pub scale: FloatTensor<B>,
    pub offset: FloatTensor<B>,
}

// Derived, this would ask for a backend that is itself `Clone`.
impl<B: Backend> Clone for ChannelMap<B> {
    fn clone(&self) -> Self {
        Self { mean: self.mean.clone(), scale: self.scale.clone(), offset: self.offset.clone() }
    }
}
