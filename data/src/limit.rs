//! The limit of an image's size.

use std::fmt;

/// The largest image that is read, in pixels. What a file says of its size is held against it
/// before memory is taken for the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageLimit {
    megapixels: u32,
}

impl ImageLimit {
    /// The limit in megapixels where nobody says otherwise: 13,000 x 13,000 pixels are within them,
    /// and so is every image of the published data sets (HRF 3504 x 2336, Cityscapes 2048 x 1024,
    /// iSAID up to 13,000 wide). As RGB they are 600 MB.
    pub const DEFAULT_MEGAPIXELS: u32 = 200;

    /// The limit where nobody says otherwise: [`Self::DEFAULT_MEGAPIXELS`].
    pub const DEFAULT: ImageLimit = ImageLimit { megapixels: Self::DEFAULT_MEGAPIXELS };

    /// The largest limit: the longest sides that JPEG has, 65,500 x 65,500 pixels, are beyond it.
    pub const MOST_MEGAPIXELS: u32 = 4096;

    /// The longest side in pixels: that of JPEG and GIF. What is longer is no image that a network
    /// is made for, but takes hours of windows.
    pub const LONGEST_SIDE: u32 = 65_535;

    /// Bytes that a pixel takes at most, in a file and decoded: four channels of 16 bits.
    pub(crate) const BYTES_PER_PIXEL: u64 = 8;

    /// Bytes that a file may have beside its pixels: colour profiles, comments, tables, numbers
    /// written out as text.
    pub(crate) const BYTES_BESIDE: u64 = 16 << 20;

    /// Makes a limit of so many millions of pixels, from 1 to [`Self::MOST_MEGAPIXELS`]; what is
    /// beyond is taken for the nearest of these.
    pub fn megapixels(megapixels: u32) -> Self {
        Self { megapixels: megapixels.clamp(1, Self::MOST_MEGAPIXELS) }
    }

    /// The most pixels that an image may have.
    pub fn pixels(self) -> u64 {
        u64::from(self.megapixels) * 1_000_000
    }

    /// Whether an image of this size (height, width) is within the limit.
    pub(crate) fn admits(self, [height, width]: [u32; 2]) -> bool {
        let short = height.max(width) <= Self::LONGEST_SIDE;
        short && u64::from(height) * u64::from(width) <= self.pixels()
    }

    /// Bytes that a file may hold, unpacked: of an image of the size that it claims, or of the
    /// largest where it is not known yet.
    pub(crate) fn file_bytes(self, claimed: Option<[u32; 2]>) -> u64 {
        let pixels = claimed.map_or(self.pixels(), |[height, width]| u64::from(height) * u64::from(width));
        Self::BYTES_PER_PIXEL * pixels + Self::BYTES_BESIDE
    }
}

impl Default for ImageLimit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for ImageLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} megapixels", self.megapixels)
    }
}

/// Says what an image is larger than.
pub(crate) fn exceeded([height, width]: [u32; 2], limit: ImageLimit) -> String {
    match height.max(width) > ImageLimit::LONGEST_SIDE {
        true => format!("the longest side of {} pixels", ImageLimit::LONGEST_SIDE),
        false => format!("the limit of {limit}"),
    }
}

/// Says what to do about an image that is too large: not every size can be allowed.
pub(crate) fn advice([height, width]: [u32; 2]) -> String {
    if height.max(width) > ImageLimit::LONGEST_SIDE {
        return "get the file again, or cut it into parts".to_owned();
    }
    let needed = (u64::from(height) * u64::from(width)).div_ceil(1_000_000);
    if needed <= u64::from(ImageLimit::MOST_MEGAPIXELS) {
        format!("get the file again, or allow it with --max-image {needed}")
    } else {
        "get the file again".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_admits_every_image_of_the_data_sets() {
        for size in [[605, 700], [960, 999], [2336, 3504], [1024, 2048], [13_000, 13_000]] {
            assert!(ImageLimit::DEFAULT.admits(size), "{size:?}");
        }
        assert!(!ImageLimit::DEFAULT.admits([60_000, 60_000]));
        assert!(ImageLimit::DEFAULT.admits([3000, 65_535]) && !ImageLimit::DEFAULT.admits([1, 65_536]));
        assert!(!ImageLimit::megapixels(u32::MAX).admits([u32::MAX, u32::MAX]));
        assert!(ImageLimit::megapixels(0).admits([1000, 1000]) && !ImageLimit::megapixels(0).admits([1000, 1001]));
    }

    #[test]
    fn advice_names_a_limit_that_can_be_given() {
        assert_eq!(advice([10_000, 30_001]), "get the file again, or allow it with --max-image 301");
        assert_eq!(advice([65_535, 65_535]), "get the file again");
        assert_eq!(advice([1, u32::MAX]), "get the file again, or cut it into parts");
    }
}
