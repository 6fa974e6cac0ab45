//! From a run's settings to its network.

use crate::settings::RunSettings;
use atrous_models::SegmentorConfig;

/// The network of a run.
pub fn config(settings: &RunSettings) -> SegmentorConfig {
    SegmentorConfig {
        base_channels: settings.model.base_channels,
        aspp_channels: settings.model.aspp_channels,
        rates: settings.rates.clone(),
        classes: settings.dataset.class_names().len(),
    }
}
