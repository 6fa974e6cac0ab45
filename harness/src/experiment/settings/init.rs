//! What training starts from.

use super::impossible::{Checked, ensure};
use super::setting::settings;
use crate::support::input_file;
use anyhow::{Context, Result};
use atrous_data::hex;
use atrous_models::{Segmentor, State, Tolerance};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

settings! {
    /// Weights of a file that training starts from.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct InitSpec in "init" {
        /// A `.pth` or `.safetensors` file, relative to the working directory.
        weights: String [Text, "", "\"resnet50_v1c.pth\"", Spec] = String::new();
        /// Part of the network that is taken from the file.
        #[serde(default)]
        part: Part [Word(&["network", "backbone"]), "", "\"backbone\""] = Part::Network;
        /// SHA-256 of the file, in hex digits: it, not the file's name, decides the result. Empty
        /// until the file has been read.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        sha256: String [Text, "", "\"\"", File] = String::new();
        /// Keys, or parts before a dot in them, that the file may lack.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allow_missing: Vec<String> [Texts, "", "[\"auxiliary_head\"]"] = Vec::new();
        /// Keys, or parts before a dot in them, that the file may have for nothing, or in another
        /// shape. With a key in both, the network starts at random there, as with another number of
        /// classes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allow_superfluous: Vec<String> [Texts, "", "[\"auxiliary_head\"]"] = Vec::new();
    }
}

/// The part of a network that is taken from a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// All of it.
    #[default]
    Network,
    /// The backbone: weights trained on ImageNet, or the backbone of another network.
    Backbone,
}

/// SHA-256 of a file, in hex digits.
///
/// # Errors
/// Names the file.
pub fn checksum(path: &str) -> Result<String> {
    let cannot = || format!("cannot read {path}");
    let mut file = input_file::open(Path::new(path), input_file::WEIGHTS_BYTES).with_context(cannot)?;
    let (mut digest, mut part) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut part).with_context(cannot)? {
            0 => return Ok(hex(&digest.finalize())),
            count => digest.update(&part[..count]),
        }
    }
}

impl InitSpec {
    /// Refuses what a spec cannot say.
    pub(crate) fn check(&self) -> Checked {
        self.check_ranges()?;
        ensure(self.sha256.is_empty(), "init.sha256", "is taken from the file: remove it")
    }

    /// Gives a fresh network the file's weights.
    ///
    /// # Errors
    /// A file that is not what it was when the spec was read, or does not fit the network; names
    /// it.
    pub fn load_into(&self, network: &mut Segmentor) -> Result<()> {
        let path = Path::new(&self.weights);
        let bytes = input_file::read_weights(path).with_context(|| format!("cannot read {}", path.display()))?;
        // What holds no weights was not read to its end, and has an error of its own.
        let unchanged = !State::begins(&bytes) || hex(&Sha256::digest(&bytes)) == self.sha256;
        anyhow::ensure!(unchanged, "{} has changed since the sweep began", path.display());
        let cannot = || format!("{} cannot be used as initial weights", path.display());
        let state = State::from_bytes(&bytes).with_context(cannot)?;
        let other = state.other_network().filter(|_| self.part == Part::Network);
        anyhow::ensure!(other.is_none(), "{}: it is of {}, which is not built", cannot(), other.unwrap_or_default());
        let (missing, superfluous) = (self.allow_missing.clone(), self.allow_superfluous.clone());
        let mut tolerance = Tolerance { missing, superfluous };
        let state = match self.part {
            Part::Network => state,
            Part::Backbone => {
                tolerance.missing.extend(["decode_head".to_owned(), "auxiliary_head".to_owned()]);
                state.into_backbone()
            }
        };
        state.load_parts(network, &tolerance).map(|_| ()).with_context(cannot)
    }
}
