//! The source of images: files, or the program's own drawings.

use atrous_data::synthetic::SyntheticConfig;
use serde::{Deserialize, Serialize};

/// The source of a data set's images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataSource {
    /// The publisher's files under the data root.
    #[default]
    Files,
    /// Drawn by the program.
    Synthetic(SyntheticConfig),
}
