//! Maps that kernels go over by channel, on the device and in its kernels.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::launch::{BUSY, MOST, UNITS, empty, is_countable, takes};
use crate::ops::dims::dims;

/// Tensors of the largest kernel, and what the runtime adds.
const BINDINGS: u32 = 10;
/// Three values of each unit of a workgroup.
const SHARED_BYTES: usize = 3 * 4 * UNITS;

/// Sizes of a batch of maps.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct MapSizes {
    pub batch: u32,
    pub channels: u32,
    /// Vectors of height times width.
    pub pixels: u32,
    /// Parts that sums over an image are made in.
    pub split: u32,
}

/// Returns the channel of the vector that is this unit's, the vector's place, and whether there is
/// such a vector.
///
/// Cubes: pixels, channels of all images.
#[cube]
pub fn unit_value(sizes: &MapSizes) -> (usize, usize, bool) {
    let pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    let at = CUBE_POS_Y * sizes.pixels + pixel;
    ((CUBE_POS_Y % sizes.channels) as usize, at as usize, pixel < sizes.pixels)
}

/// Returns the sum of the values of a vector, from the first to the last.
#[cube]
pub fn sum_of_vector<N: Size>(values: Vector<f32, N>) -> f32 {
    let mut sum = values.extract(0usize);
    #[unroll]
    for i in 1..values.vector_size() {
        sum += values.extract(i);
    }
    sum
}

/// A contiguous batch of maps on the device: batch x channels x height x width, floats of 32 bits.
/// Kernels go over them vector by vector.
pub struct GpuMaps {
    pub input: CubeTensor,
    pub size: [usize; 4],
}

impl GpuMaps {
    /// Returns the maps; `None` where the kernels cannot count their values or are not for their
    /// type, or where the device does not take the kernels' workgroups.
    pub fn of(input: &CubeTensor) -> Option<Self> {
        let size = dims(input);
        let [batch, channels, height, width] = size;
        let fits = is_countable(input) && batch * channels <= MOST && (height * width).div_ceil(UNITS) <= MOST;
        let is_taken = fits && input.dtype == DType::F32 && takes(input, UNITS, BINDINGS, SHARED_BYTES);
        is_taken.then(|| Self { input: into_contiguous(input.clone()), size })
    }

    /// Returns what kernels are told of the sizes.
    pub fn sizes(&self) -> MapSizesLaunch {
        let [batch, channels, height, width] = self.size;
        let vectors = height * width / self.vector();
        MapSizesLaunch::new(batch as u32, channels as u32, vectors as u32, self.split() as u32)
    }

    /// Returns the values of a vector: four, where all images are whole vectors, or one.
    pub fn vector(&self) -> usize {
        let [_, _, height, width] = self.size;
        if (height * width).is_multiple_of(4) { 4 } else { 1 }
    }

    /// Returns the parts that sums over an image are made in.
    fn split(&self) -> usize {
        let [batch, channels, height, width] = self.size;
        BUSY.div_ceil(batch * channels).min((height * width).div_ceil(4 * UNITS)).max(1)
    }

    /// Returns the parts that sums over all images are made in.
    pub fn parts(&self) -> usize {
        self.size[0] * self.split()
    }

    pub fn channels_and_parts(&self) -> CubeCount {
        CubeCount::Static(self.size[1] as u32, self.parts() as u32, 1)
    }

    pub fn pixels_and_planes(&self) -> CubeCount {
        let [batch, channels, height, width] = self.size;
        CubeCount::Static((height * width / self.vector()).div_ceil(UNITS) as u32, (batch * channels) as u32, 1)
    }

    /// Returns the number of values per channel.
    pub fn count(&self) -> usize {
        self.size[0] * self.size[2] * self.size[3]
    }

    /// Returns a tensor of a value per channel that is not written yet.
    pub fn per_channel(&self) -> CubeTensor {
        empty(&self.input, [self.size[1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gpu::tests::{of_shape, on_a_device, to_double};

    #[test]
    fn maps_that_the_kernels_cannot_count_are_left_to_burn() {
        on_a_device(|device| {
            assert!(GpuMaps::of(&of_shape([2, 3, 4, 5], device)).is_some());
            assert!(GpuMaps::of(&of_shape([2, 40_000, 1, 1], device)).is_none(), "channels of all images");
            assert!(GpuMaps::of(&to_double(of_shape([2, 3, 4, 5], device))).is_none(), "bits");
        });
    }
}
