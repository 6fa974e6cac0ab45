//! What a batch norm in training mode is asked for, and what it gives.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use crate::ops::channel_affine::ChannelMap;

/// The constants of a batch norm in training mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormOptions {
    /// Added to the variance.
    pub epsilon: f64,
    /// Share of the batch in the running statistics.
    pub momentum: f64,
    /// Whether a ReLU stands behind it.
    pub relu: bool,
}

/// The running statistics of a batch norm, one value per channel each.
#[derive(Clone, Debug)]
pub struct RunningStatistics<B: Backend> {
    pub mean: FloatTensor<B>,
    /// The **unbiased** variance.
    pub variance: FloatTensor<B>,
}

/// What a batch norm in training mode did to its input.
#[derive(Debug)]
pub struct NormTerms<B: Backend> {
    pub map: ChannelMap<B>,
    /// One over the standard deviation, per channel.
    pub inverse: FloatTensor<B>,
}

impl<B: Backend> Clone for NormTerms<B> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone(), inverse: self.inverse.clone() }
    }
}

/// The gradients of a batch norm in training mode.
#[derive(Debug)]
pub struct NormGradients<B: Backend> {
    /// Batch x channels x height x width.
    pub input: FloatTensor<B>,
    /// One value per channel.
    pub gamma: FloatTensor<B>,
    /// One value per channel.
    pub beta: FloatTensor<B>,
}
