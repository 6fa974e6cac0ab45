//! From a run's settings to its network, and to what that costs.

use crate::experiment::settings::RunSettings;
use atrous_models::{ConvolutionCost, SegmentorConfig};

/// Gives the network of a run.
pub fn config(settings: &RunSettings) -> SegmentorConfig {
    settings.model.config(&settings.rates, settings.dataset.class_names().len())
}
/// What the convolutions of a network cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkCost {
    /// Values in all kernels.
    pub weights: f64,
    /// Multiply-adds of a forward pass, per pixel of the image.
    pub multiply_adds: f64,
    /// Values that are written in a forward pass, per pixel of the image.
    pub written: f64,
}

impl NetworkCost {
    /// Adds up what the network says of itself, both heads included.
    pub fn of(config: &SegmentorConfig) -> Self {
        // So large that the borders of small maps do not matter, and a multiple of all strides.
        const SIDE: usize = 512;
        let pixels = (SIDE * SIDE) as f64;
        let costs = config.costs([SIDE, SIDE]);
        let sum = |of: fn(&ConvolutionCost) -> f64| costs.iter().map(of).sum::<f64>();
        Self {
            weights: sum(|cost| cost.weights() as f64),
            multiply_adds: sum(ConvolutionCost::multiply_adds) / pixels,
            written: sum(ConvolutionCost::written) / pixels,
        }
    }
}
