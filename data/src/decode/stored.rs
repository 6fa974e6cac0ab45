//! A mask before its values mean anything.

use crate::raster::RgbImage8;

/// A mask as it is stored: label values, or colours.
#[derive(Debug)]
pub(crate) struct StoredMask {
    pub height: usize,
    pub width: usize,
    /// 1: label values. 3: RGB.
    pub channels: usize,
    /// height x width x channels.
    pub data: Vec<u8>,
    /// The first value that is no whole number from 0 to 255, and its index in `data`.
    pub beyond: Option<(f64, usize)>,
}

impl From<RgbImage8> for StoredMask {
    fn from(RgbImage8 { height, width, data }: RgbImage8) -> Self {
        StoredMask { height, width, channels: 3, data, beyond: None }
    }
}
