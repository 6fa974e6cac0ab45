//! The operands of a convolution's products: in single precision, or in half as `cpu/half.rs` has
//! them.

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;
use half::f16;

use crate::ops::gpu::launch::{BUSY, UNITS, cubes, empty, empty_of, factor as given, input, output, takes, units};
use crate::precision::Precision;

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 4;
/// Values that a unit rounds, at least.
const EACH: usize = 4;

/// An operand of a convolution's products.
#[derive(Clone)]
pub struct GpuOperand {
    /// Floats of 32 bits or of 16; of 64 for im2col alone.
    pub values: CubeTensor,
    /// The factor that takes back what the values were multiplied by, where they were.
    pub back: Option<CubeTensor>,
}

impl GpuOperand {
    /// Takes a map or weights.
    ///
    /// # Panics
    /// In mixed precision, for values of other than 32 bits, or more than can be counted with 31.
    pub fn of(values: CubeTensor, precision: Precision) -> Self {
        match precision {
            Precision::Single => Self { values, back: None },
            Precision::Mixed => Self::half(values),
        }
    }

    /// Takes the gradient of a map.
    ///
    /// # Panics
    /// As [`GpuOperand::of`] does.
    pub fn scaled(values: CubeTensor, precision: Precision) -> Self {
        match precision {
            Precision::Single => Self { values, back: None },
            Precision::Mixed => Self::scaled_half(values),
        }
    }

    /// Rounds values to half precision.
    fn half(values: CubeTensor) -> Self {
        Self { values: rounded(&into_contiguous(values), None), back: None }
    }

    /// Rounds values to half precision, the largest one brought to between 2^14 and 2^15 by a power
    /// of two.
    fn scaled_half(values: CubeTensor) -> Self {
        let values = into_contiguous(values);
        let [factor, back] = factors_of(&values);
        Self { values: rounded(&values, Some(factor)), back: Some(back) }
    }

    /// Returns the values as they are, but those of 16 bits in 32.
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

/// Returns whether the device of `like` has 16-bit floats, and takes the kernels' workgroups.
pub fn has_half(like: &CubeTensor) -> bool {
    let half = cubecl::ir::ElemType::Float(cubecl::ir::FloatKind::F16);
    like.client.properties().supports_type(half) && takes(like, UNITS, BINDINGS, 4 * UNITS)
}

/// Returns the largest of the units' values, to all of them.
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

/// Finds the bits, without the sign, of the value farthest from zero among the values of each cube.
#[cube(launch)]
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

/// Computes the factor of these peaks, and its inverse, as
/// [`factors`](crate::ops::atrous_conv2d::cpu::half::factors) does. One cube.
#[cube(launch)]
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

/// Rounds values, multiplied by a factor where there is one, to half precision.
#[cube(launch)]
fn halves(values: &[f32], factor: ComptimeOption<&[f32]>, halves: &mut [f16], count: u32) {
    let factor = given(factor);
    let mut at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while at < count {
        halves[at as usize] = f16::cast_from(values[at as usize] * factor);
        at += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
}

/// Returns how many values there are for the kernels.
fn counted(values: &CubeTensor) -> usize {
    let count = values.shape().num_elements();
    assert!(values.dtype == DType::F32 && count <= i32::MAX as usize, "{count} values of {:?}", values.dtype);
    count
}

fn factors_of(values: &CubeTensor) -> [CubeTensor; 2] {
    let (count, client) = (counted(values), &values.client);
    let workgroups = count.div_ceil(EACH * UNITS).clamp(1, BUSY);
    let found = empty_of(values, [workgroups], DType::U32);
    let [factor, inverse] = [empty(values, [1]), empty(values, [1])];
    peaks::launch(client, cubes(workgroups), units(), input(values), output(&found), count as u32);
    let (found, count) = (input(&found), workgroups as u32);
    factors::launch(client, cubes(1), units(), found, output(&factor), output(&inverse), count);
    [factor, inverse]
}

/// Rounds contiguous values to half precision.
fn rounded(values: &CubeTensor, factor: Option<CubeTensor>) -> CubeTensor {
    let count = counted(values);
    let rounded = empty_of(values, values.shape(), DType::F16);
    let workgroups = count.div_ceil(EACH * UNITS).clamp(1, 32 * BUSY);
    let (factor, to) = (factor.as_ref().map(input).into(), output(&rounded));
    halves::launch(&values.client, cubes(workgroups), units(), input(values), factor, to, count as u32);
    rounded
}
