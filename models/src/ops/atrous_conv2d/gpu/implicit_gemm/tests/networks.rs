//! The networks that a GPU is timed on (`speed-gpu`), for tests.

use crate::{Depth, ResnetConfig, SegmentorConfig, Stem};

/// A name, a network, and batch, height and width of what it is trained on.
pub type TimedNetwork = (&'static str, SegmentorConfig, [usize; 3]);

/// Returns the networks in single precision; `is_small` asks for narrow ones, on small images.
pub fn timed_networks(is_small: bool) -> [TimedNetwork; 3] {
    let rates = || vec![1, 12, 24, 36];
    let base_channels = if is_small { 2 } else { 64 };
    let unet = || SegmentorConfig::unet_s5_d16(base_channels, if is_small { 2 } else { 16 }, rates(), 2);
    let resnet = ResnetConfig { depth: Depth::R50, stem: Stem::Deep, base_channels, output_stride: 8 };
    let deeplab = SegmentorConfig::deeplabv3(resnet, 8 * base_channels, rates(), 19);
    let size = |size: [usize; 3]| if is_small { [1, 32, 48] } else { size };
    [
        ("U-Net, batch 4", unet(), size([4, 128, 128])),
        ("U-Net, batch 16", unet(), size([16, 128, 128])),
        ("R-50, batch 2", deeplab, size([2, 512, 1024])),
    ]
}
