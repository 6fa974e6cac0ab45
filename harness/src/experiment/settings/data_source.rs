//! Where images come from.

use atrous_data::synthetic::SyntheticConfig;
use serde::{Deserialize, Serialize};

/// Where the images come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataSource {
    /// The publisher's files under the data root.
    #[default]
    Files,
    /// Drawn by the program.
    Synthetic(SyntheticConfig),
}
