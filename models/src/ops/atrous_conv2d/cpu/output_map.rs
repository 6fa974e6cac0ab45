//! What is done with the pixels of an output while they are in the cache.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::ops::channel_affine::cpu::MapInPlace;

/// Maps some pixels of some channels of an image where they are.
pub(super) struct MapPixels<'a> {
    map: MapInPlace<'a>,
    /// The image: channels x `area` pixels.
    output: *mut f32,
    area: usize,
    channels: Range<usize>,
    pixels: Range<usize>,
}

impl<'a> MapPixels<'a> {
    /// Names the pixels; an image has `area` of them per channel.
    ///
    /// # Safety
    /// Those pixels of those channels must hold values, and be memory that nobody else uses until
    /// they are mapped.
    pub unsafe fn new(
        map: MapInPlace<'a>,
        output: *mut f32,
        area: usize,
        channels: Range<usize>,
        pixels: Range<usize>,
    ) -> Self {
        Self { map, output, area, channels, pixels }
    }
}

impl WithSimd for MapPixels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { map, output, area, channels, pixels } = self;
        for channel in channels {
            let first = output.wrapping_add(channel * area + pixels.start);
            // SAFETY: as whoever made it vouches.
            map.apply(channel, unsafe { std::slice::from_raw_parts_mut(first, pixels.len()) });
        }
    }
}
