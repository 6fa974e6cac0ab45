//! Launches of the kernels: the three products of a convolution.

use std::ops::Range;

use burn::backend::ops::FloatTensorOps;
use burn::tensor::{DType, Shape, Slice};
use burn_cubecl::cubecl::ir::{ElemType, FloatKind};
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim};
use burn_wgpu::{CubeBackend, CubeTensor};

use super::block::ConvSizesLaunch;
use super::map_product::map_product;
use super::plan::{Block, DEPTH, Matrices, Plan};
use super::weight_product::weight_product;
use super::weights::GpuWeights;
use crate::ops::atrous_conv2d::geometry::{ConvGeometry, ConvShape};
use crate::ops::atrous_conv2d::gpu::operand::GpuOperand;
use crate::ops::dims::dims;
use crate::ops::gpu::launch::{BUSY, MOST, element, empty, input as read, output, takes};

/// Bytes that partial gradients of weights may take.
const PART_BYTES: usize = 64 << 20;

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 5;

fn sizes(shape: &ConvShape) -> ConvSizesLaunch {
    let [rows, columns] = [shape.live_taps(0), shape.live_taps(1)];
    let [height, width] = shape.output();
    let offset = |tap: usize| (tap * shape.geometry.dilation) as i32 - shape.geometry.padding as i32;
    ConvSizesLaunch::new(
        shape.batch as u32,
        shape.channels[0] as u32,
        shape.channels[1] as u32,
        shape.input[0] as u32,
        shape.input[1] as u32,
        height as u32,
        width as u32,
        rows.len() as u32,
        columns.len() as u32,
        offset(rows.start),
        offset(columns.start),
        shape.geometry.dilation as i32,
        shape.geometry.stride as i32,
    )
}

/// Returns whether indices, sizes and numbers of workgroups are within what the kernels count with.
pub fn fits(shape: &ConvShape) -> bool {
    let [height, width] = shape.output();
    let values = |channels: usize, pixels: usize| shape.batch * channels * pixels;
    let largest =
        values(shape.channels[0], shape.input[0] * shape.input[1]).max(values(shape.channels[1], height * width));
    let taps = shape.live_taps(0).len() * shape.live_taps(1).len();
    // The input's gradient has as many pixels as the input.
    let pixels = (height * width).max(shape.input[0] * shape.input[1]);
    let across =
        |channels: usize| Block::of(channels, shape.batch * pixels, 1).counts(channels, shape.batch * pixels)[1];
    let blocks = across(shape.channels[0]).max(across(shape.channels[1])).max(taps * shape.channels[0].div_ceil(64));
    taps > 0 && largest <= i32::MAX as usize && blocks <= MOST
}

/// Returns whether a workgroup of the largest block, of the kernel with the most shared memory, may
/// be on the device of `like`.
pub fn is_for(like: &CubeTensor) -> bool {
    let plan = Plan { block: Block::ALL[0], matrices: None };
    takes(like, plan.block.units(), BINDINGS, plan.shared_bytes(4))
}

/// Returns the cooperative matrices of the device of `like` that multiply 16 bits to sums of 32.
/// `None` where it has none that blocks can be made of. Square ones go before others, large ones
/// before small ones.
pub fn cooperative_matrices(like: &CubeTensor) -> Option<Matrices> {
    let properties = like.client.properties();
    let hardware = &properties.hardware;
    let (half, single) = (ElemType::Float(FloatKind::F16), ElemType::Float(FloatKind::F32));
    // Which planes a workgroup would have where their size is not fixed cannot be told.
    let plane = hardware.plane_size_max as usize;
    if hardware.plane_size_min != hardware.plane_size_max {
        return None;
    }
    let fits = |matrices: &Matrices| {
        let plan = Plan { block: Block::ALL[0], matrices: Some(*matrices) };
        matrices.fit() && takes(like, plan.block.units(), BINDINGS, plan.shared_bytes(2))
    };
    let configs = properties.features.matmul.cmma.iter();
    configs
        .filter(|config| [config.a_type, config.b_type, config.cd_type] == [half, half, single])
        .map(|config| Matrices { size: [config.m, config.n, config.k].map(|size| size as usize), plane })
        .filter(fits)
        .max_by_key(|Matrices { size: [m, n, k], .. }| (m == n, m * n * k))
}

/// Returns the slices of weights that are the taps in these rows and columns.
fn within([rows, columns]: [Range<usize>; 2]) -> [Slice; 4] {
    let along = |taps: Range<usize>| Slice::new(taps.start as isize, Some(taps.end as isize), 1);
    [Slice::full(), Slice::full(), along(rows), along(columns)]
}

/// Computes batch x channels out x output pixels.
pub fn forward(
    input: GpuOperand,
    weights: GpuWeights,
    geometry: ConvGeometry,
    matrices: Option<Matrices>,
) -> CubeTensor {
    let shape = ConvShape::new(dims(&input.values), weights.size(), geometry);
    let [height, width] = shape.output();
    let block = Block::of(shape.channels[1], shape.batch * height * width, 1);
    forward_in(Plan { block, matrices }, input, weights, geometry)
}

/// Computes [`forward`] by a plan. The weights are rounded if the input is.
pub fn forward_in(plan: Plan, input: GpuOperand, weights: GpuWeights, geometry: ConvGeometry) -> CubeTensor {
    let GpuOperand { values: input, back } = input;
    let size = weights.size();
    let shape = ConvShape::new(dims(&input), size, geometry);
    assert_eq!(size[1], shape.channels[0], "channels of the weights and of the input");
    let weight = weights.by_taps([shape.live_taps(0), shape.live_taps(1)], &input);
    let [height, width] = shape.output();
    let maps = empty(&input, [shape.batch, shape.channels[1], height, width]);
    let [down, across] = plan.block.counts(shape.channels[1], shape.batch * height * width);
    map_product::launch(
        &maps.client,
        CubeCount::Static(across as u32, down as u32, 1),
        CubeDim::new_1d(plan.block.units() as u32),
        read(&weight),
        read(&input),
        back.as_ref().map(read).into(),
        output(&maps),
        sizes(&shape),
        plan,
        element(&input),
    );
    maps
}

/// Computes the gradient of the input of a convolution with a stride of 1: a convolution of the
/// output's gradient with the kernel turned around. `turned` is its geometry.
pub fn input_gradient(
    weight: CubeTensor,
    output_grad: GpuOperand,
    turned: ConvGeometry,
    matrices: Option<Matrices>,
) -> CubeTensor {
    forward(output_grad, GpuWeights::turned(weight), turned, matrices)
}

/// Computes the gradient of the weights.
pub fn weight_gradient(
    input: GpuOperand,
    weight: CubeTensor,
    output_grad: GpuOperand,
    geometry: ConvGeometry,
    matrices: Option<Matrices>,
) -> CubeTensor {
    let size = dims(&weight);
    let shape = ConvShape::new(dims(&input.values), size, geometry);
    let products = shape.live_taps(0).len() * shape.live_taps(1).len() * most_parts(&shape);
    let block = Block::of(shape.channels[1], shape.channels[0], products);
    weight_gradient_in(Plan { block, matrices }, input, size, output_grad, geometry)
}

/// Returns the most parts that the sum over pixels is worth being split into.
fn most_parts(shape: &ConvShape) -> usize {
    let [height, width] = shape.output();
    (shape.batch * height * width).div_ceil(8 * DEPTH)
}

/// Computes [`weight_gradient`], of weights of `size`, by a plan.
pub fn weight_gradient_in(
    plan: Plan,
    input: GpuOperand,
    size: [usize; 4],
    output_grad: GpuOperand,
    geometry: ConvGeometry,
) -> CubeTensor {
    assert!(input.back.is_none(), "of the two operands, the gradient is scaled");
    let (input, GpuOperand { values: output_grad, back }) = (input.values, output_grad);
    assert_eq!(input.dtype, output_grad.dtype, "bits of both operands");
    let shape = ConvShape::new(dims(&input), size, geometry);
    let live = [shape.live_taps(0), shape.live_taps(1)];
    let [channels_in, channels_out] = shape.channels;
    let [height, width] = shape.output();
    assert_eq!(dims(&output_grad), [shape.batch, channels_out, height, width], "the output's gradient");
    assert_eq!(size[1], channels_in, "channels of the weights and of the input");
    let taps = live[0].len() * live[1].len();
    let [down, across] = plan.block.counts(channels_out, channels_in);
    let most = (PART_BYTES / (4 * channels_in * channels_out * taps)).min(most_parts(&shape));
    let parts = BUSY.div_ceil(down * across * taps).min(most).max(1);
    let found = empty(&input, [parts, channels_out, channels_in, live[0].len(), live[1].len()]);
    weight_product::launch(
        &found.client,
        CubeCount::Static((across * taps) as u32, down as u32, parts as u32),
        CubeDim::new_1d(plan.block.units() as u32),
        read(&output_grad),
        read(&input),
        back.as_ref().map(read).into(),
        output(&found),
        sizes(&shape),
        across as u32,
        parts as u32,
        plan,
        element(&input),
    );
    let sum = if parts == 1 { found } else { CubeBackend::float_sum_dim(found, 0) };
    let seen = CubeBackend::float_reshape(sum, Shape::from([channels_out, channels_in, live[0].len(), live[1].len()]));
    if taps == shape.kernel[0] * shape.kernel[1] {
        return seen;
    }
    let all = CubeBackend::float_zeros(Shape::from(size), &seen.device.clone(), DType::F32.into());
    CubeBackend::float_slice_assign(all, &within(live), seen)
}
