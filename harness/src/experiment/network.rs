//! From a run's settings to its network.

use crate::experiment::settings::RunSettings;
use atrous_models::SegmentorConfig;

/// The network of a run.
pub fn config(settings: &RunSettings) -> SegmentorConfig {
    settings.model.config(&settings.rates, settings.dataset.class_names().len())
}
