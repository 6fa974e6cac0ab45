//! Weights of a convolution, laid out as the kernels read them.

use std::ops::Range;

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::plan::VECTOR;
use crate::ops::dims::dims;
use crate::ops::gpu::launch::{UNITS, element, empty_of, input, output, over, units};

/// The order of weights in memory, by which each value is found.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
struct WeightLayout {
    channels_in: u32,
    channels_out: u32,
    /// Channels out, filled up to whole vectors.
    row: u32,
    /// Live columns of the kernel.
    tap_columns: u32,
    /// Columns of the kernel.
    columns: u32,
    /// The place of the first live tap.
    first: i32,
    /// The distance of the next tap: below zero where it lies before it.
    direction: i32,
    /// Distances of neighbouring channels.
    stride_in: i32,
    stride_out: i32,
    count: u32,
}

/// Copies weights to taps x channels in x channels out: neighbouring units of a product read
/// neighbouring vectors. What fills these up is zero.
///
/// Cubes: values, in turns.
#[cube(launch)]
fn by_taps<E: Float>(weight: &[f32], output: &mut [E], layout: WeightLayout, #[define(E)] _element: ElemType) {
    let mut at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while at < layout.count {
        let (rest, channel_out) = (at / layout.row, at % layout.row);
        let (tap, channel_in) = (rest / layout.channels_in, rest % layout.channels_in);
        let place = tap / layout.tap_columns * layout.columns + tap % layout.tap_columns;
        let place = layout.first + layout.direction * place as i32;
        let from = channel_out as i32 * layout.stride_out + channel_in as i32 * layout.stride_in + place;
        let mut value = 0.0f32;
        if channel_out < layout.channels_out {
            value = weight[from as usize];
        }
        output[at as usize] = E::cast_from(value);
        at += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
}

/// The weights of a product of maps.
pub struct GpuWeights {
    /// Channels out x channels in x kernel.
    values: CubeTensor,
    /// Whether they are those of the convolution that is meant turned around: channels swapped, and
    /// the kernel's end first.
    is_turned: bool,
}

impl GpuWeights {
    /// Takes weights of channels out x channels in x kernel.
    pub fn new(values: CubeTensor) -> Self {
        Self { values, is_turned: false }
    }

    /// Takes weights, turned around: what makes a convolution with a stride of 1 into that of its
    /// input's gradient.
    pub fn turned(values: CubeTensor) -> Self {
        Self { values, is_turned: true }
    }

    /// Returns channels out x channels in x kernel of the convolution that is meant.
    pub fn size(&self) -> [usize; 4] {
        let [a, b, rows, columns] = dims(&self.values);
        if self.is_turned { [b, a, rows, columns] } else { [a, b, rows, columns] }
    }

    /// Returns taps x channels in x channels out, these filled up to whole vectors, of every
    /// `step`-th tap in these rows and columns, of the type of `like`.
    pub fn by_taps(self, [rows, columns]: [Range<usize>; 2], step: usize, like: &CubeTensor) -> CubeTensor {
        let [channels_out, channels_in, kernel_rows, kernel_columns] = self.size();
        let taps = kernel_rows * kernel_columns;
        let first = rows.start * kernel_columns + columns.start;
        let apart = [taps as i32, (taps * if self.is_turned { channels_out } else { channels_in }) as i32];
        let (first, direction, [stride_out, stride_in]) = match self.is_turned {
            true => (taps - 1 - first, -1, apart),
            false => (first, 1, [apart[1], apart[0]]),
        };
        let row = channels_out.next_multiple_of(VECTOR);
        let [rows, columns] = [rows, columns].map(|taps| taps.len().div_ceil(step));
        let shape = [rows * columns, channels_in, row];
        if self.is_turned && taps == 1 && row == channels_out && like.dtype == self.values.dtype {
            // Of a single tap, that is what they are.
            return CubeBackend::float_reshape(into_contiguous(self.values), shape.into());
        }
        let count: usize = shape.iter().product();
        assert!(self.values.dtype == DType::F32 && self.values.shape().num_elements() <= i32::MAX as usize);
        let taps = empty_of(&self.values, shape, like.dtype);
        let layout = WeightLayoutLaunch::new(
            channels_in as u32,
            channels_out as u32,
            row as u32,
            columns as u32,
            kernel_columns as u32,
            first as i32,
            direction * step as i32,
            stride_in,
            stride_out,
            count as u32,
        );
        let (from, to) = (input(&self.values), output(&taps));
        by_taps::launch(&self.values.client, over(count), units(), from, to, layout, element(like));
        taps
    }
}
