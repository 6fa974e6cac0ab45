//! From a run's settings to its network.

use crate::experiment::settings::RunSettings;
use atrous_models::{LossConfig, SegmentorConfig};

/// The network of a run.
pub fn config(settings: &RunSettings) -> SegmentorConfig {
    settings.model.config(&settings.rates, settings.dataset.class_names().len())
}

/// What a run minimises.
pub fn loss(settings: &RunSettings) -> LossConfig {
    LossConfig { auxiliary_weight: settings.train.auxiliary_weight, dice_weight: settings.train.dice_weight }
}
