//! Values in half precision on GPUs, as [`crate::kernels::half`] has them on the CPU.

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;
use half::f16;

use super::launch::{BUSY, UNITS, empty, factor as given, takes};

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 4;
/// Values that a unit rounds, at least.
const EACH: usize = 4;

/// One side of a convolution's products.
#[derive(Clone)]
pub(super) struct Side {
    /// Of 32 bits or of 16; of 64 for columns alone.
    pub values: CubeTensor,
    /// What takes back the factor that the values were multiplied by, where they were.
    pub back: Option<CubeTensor>,
}

impl Side {
    /// As it is.
    pub fn single(values: CubeTensor) -> Self {
        Self { values, back: None }
    }

    /// In half precision.
    ///
    /// # Panics
    /// For values of other than 32 bits, or more than can be counted with 31.
    pub fn half(values: CubeTensor) -> Self {
        Self { values: rounded(into_contiguous(values), None), back: None }
    }

    /// In half precision, the largest value brought to between 2^14 and 2^15 by a power of two.
    ///
    /// # Panics
    /// As [`Side::half`].
    pub fn scaled_half(values: CubeTensor) -> Self {
        let values = into_contiguous(values);
        let [factor, back] = factors_of(&values);
        Self { values: rounded(values, Some(factor)), back: Some(back) }
    }

    /// Values as they are, but those of 16 bits in 32.
    pub fn widened(self) -> CubeTensor {
        let values = match self.values.dtype {
            DType::F16 => CubeBackend::float_cast(self.values, DType::F32.into()),
            _ => self.values,
        };
        match self.back {
            Some(back) => CubeBackend::float_mul(values, CubeBackend::float_reshape(back, [1; 4].into())),
            None => values,
        }
    }
}

/// Whether the device of `like` has 16-bit floats, and takes the kernels' workgroups.
pub(super) fn is_for(like: &CubeTensor) -> bool {
    let half = cubecl::ir::ElemType::Float(cubecl::ir::FloatKind::F16);
    like.client.properties().supports_type(half) && takes(like, UNITS, BINDINGS, 4 * UNITS)
}

/// The largest of the units' values, which all of them get.
#[cube]
fn largest_of_cube(mine: u32) -> u32 {
    let mut shared = Shared::<[u32]>::new_slice(UNITS);
    shared[UNIT_POS as usize] = mine;
    let mut half = comptime!(UNITS as u32 / 2).runtime();
    while half > 0 {
        sync_cube();
        if UNIT_POS < half {
            let other = shared[(UNIT_POS + half) as usize];
            shared[UNIT_POS as usize] = max(shared[UNIT_POS as usize], other);
        }
        half /= 2;
    }
    sync_cube();
    shared[0]
}

/// The bits without the sign of the value farthest from zero, of every cube's share of the values.
#[cube(launch_unchecked)]
fn peaks(values: &[f32], peaks: &mut [u32], count: u32) {
    let mut peak = 0u32;
    let mut at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while at < count {
        peak = max(peak, u32::reinterpret(values[at as usize]) & 0x7fff_ffff);
        at += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
    let peak = largest_of_cube(peak);
    if UNIT_POS == 0 {
        peaks[CUBE_POS_X as usize] = peak;
    }
}

/// The factor of these peaks, and its inverse: [`crate::kernels::half::factors`]. One cube.
#[cube(launch_unchecked)]
fn factors(peaks: &[u32], factor: &mut [f32], inverse: &mut [f32], count: u32) {
    let mut peak = 0u32;
    let mut at = UNIT_POS;
    while at < count {
        peak = max(peak, peaks[at as usize]);
        at += comptime!(UNITS as u32);
    }
    let peak = largest_of_cube(peak);
    if UNIT_POS == 0 {
        let exponent = min(268 - (peak >> 23), 253);
        factor[0] = f32::reinterpret(exponent << 23);
        inverse[0] = f32::reinterpret((254 - exponent) << 23);
    }
}

/// Values, multiplied by a factor where there is one, in half precision.
#[cube(launch_unchecked)]
fn halves(values: &[f32], factor: ComptimeOption<&[f32]>, halves: &mut [f16], count: u32) {
    let factor = given(factor);
    let mut at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while at < count {
        halves[at as usize] = f16::cast_from(values[at as usize] * factor);
        at += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
}

/// How many values there are for the kernels.
fn counted(values: &CubeTensor) -> usize {
    let count = values.shape().num_elements();
    assert!(values.dtype == DType::F32 && count <= i32::MAX as usize, "{count} values of {:?}", values.dtype);
    count
}

fn factors_of(values: &CubeTensor) -> [CubeTensor; 2] {
    let count = counted(values);
    let cubes = count.div_ceil(EACH * UNITS).clamp(1, BUSY);
    let (client, device) = (values.client.clone(), values.device.clone());
    let found = empty_device_contiguous_dtype(client.clone(), device, [cubes].into(), DType::U32);
    let [factor, inverse] = [empty(values, [1]), empty(values, [1])];
    // SAFETY: the kernels read as many values as they are told that there are, and write one for each cube, and one.
    #[allow(unsafe_code)]
    unsafe {
        peaks::launch_unchecked(
            &client,
            CubeCount::Static(cubes as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            values.clone().into_buffer_arg(),
            found.clone().into_buffer_arg(),
            count as u32,
        );
        factors::launch_unchecked(
            &client,
            CubeCount::Static(1, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            found.into_buffer_arg(),
            factor.clone().into_buffer_arg(),
            inverse.clone().into_buffer_arg(),
            cubes as u32,
        );
    }
    [factor, inverse]
}

/// Contiguous values in half precision.
fn rounded(values: CubeTensor, factor: Option<CubeTensor>) -> CubeTensor {
    let count = counted(&values);
    let (client, device) = (values.client.clone(), values.device.clone());
    let output = empty_device_contiguous_dtype(client.clone(), device, values.shape(), DType::F16);
    // SAFETY: both tensors have as many values as the kernel is told.
    #[allow(unsafe_code)]
    unsafe {
        halves::launch_unchecked(
            &client,
            CubeCount::Static(count.div_ceil(EACH * UNITS).clamp(1, 32 * BUSY) as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            values.into_buffer_arg(),
            factor.map(CubeTensor::into_buffer_arg).into(),
            output.clone().into_buffer_arg(),
            count as u32,
        );
    }
    output
}
