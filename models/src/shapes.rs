//! The shapes of stored tensors: what tells which network they are of.

use std::collections::BTreeMap;

use crate::values::Values;

/// Why weights do not say which network they are of.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WeightsError {
    #[error("it has no {0}: it is not of a U-Net S5-D16 or a ResNet-18, -50 or -101 with an ASPP head")]
    Network(String),
    #[error(
        "its stages have {blocks:?} {}; a ResNet-18 (2, 2, 2, 2 basic blocks), -50 (3, 4, 6, 3 bottlenecks) and -101 \
         (3, 4, 23, 3) are built",
        if *bottlenecks { "bottlenecks" } else { "basic blocks" }
    )]
    Blocks { bottlenecks: bool, blocks: [usize; 4] },
    #[error("it is of {0}; a U-Net S5-D16 and DeepLabV3 on ResNet-18, -50 and -101 are built")]
    OtherNetwork(&'static str),
    #[error("its {part} has {width} channels; 1 to 4096 are read")]
    Width { part: &'static str, width: usize },
    #[error("its ASPP has {found} branches, not one for each of the {wanted} rates {rates:?}")]
    Branches { found: usize, wanted: usize, rates: Vec<usize> },
    #[error("its ASPP branch {branch} is a {found} convolution, a rate of {rate} is a {wanted} one")]
    Kernel { branch: usize, rate: usize, found: String, wanted: String },
}

/// The shapes of stored tensors, by mmsegmentation's keys.
#[derive(Clone, Copy, Debug)]
pub struct Shapes<'a> {
    tensors: &'a BTreeMap<String, Values>,
}

impl<'a> Shapes<'a> {
    pub fn new(tensors: &'a BTreeMap<String, Values>) -> Self {
        Self { tensors }
    }

    /// Gives the shape of a convolution's weight: channels out, channels in, kernel height, kernel
    /// width. `None` where there is no such tensor, or one of another rank.
    pub fn kernel(&self, key: &str) -> Option<[usize; 4]> {
        self.tensors.get(key)?.shape.as_slice().try_into().ok()
    }

    /// Gives the shape of a convolution's weight that has to be there.
    ///
    /// # Errors
    /// [`WeightsError::Network`] where it is not.
    pub fn needed(&self, key: &str) -> Result<[usize; 4], WeightsError> {
        self.kernel(key).ok_or_else(|| WeightsError::Network(key.to_owned()))
    }

    /// Tells whether any key starts with `prefix`.
    pub fn any_behind(&self, prefix: &str) -> bool {
        self.tensors.keys().any(|key| key.starts_with(prefix))
    }
}
