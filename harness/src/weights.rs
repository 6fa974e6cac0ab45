//! A trained network from a checkpoint, ready for inference.

use crate::device::ComputeDevice;
use crate::network;
use crate::settings::RunSettings;
use crate::train::Checkpoint;
use anyhow::{Context, Result};
use atrous_models::Segmentor;
use std::path::Path;

/// A network, and the settings it was trained with.
pub struct Trained {
    pub network: Segmentor,
    pub settings: RunSettings,
}

impl Trained {
    /// Reads a checkpoint of this program; the network is on `device` and tracks no gradients.
    ///
    /// # Errors
    /// Names the file.
    pub fn read(path: &Path, device: &ComputeDevice) -> Result<Self> {
        let checkpoint = Checkpoint::read(path)?;
        let mut network = network::config(&checkpoint.settings).init(0, &device.device);
        checkpoint.state.load_into(&mut network).with_context(|| format!("{} cannot be used", path.display()))?;
        Ok(Trained { network, settings: checkpoint.settings })
    }
}
