//! Launches of the kernels: the three products of a convolution.

use burn::backend::ops::FloatTensorOps;
use burn::tensor::Shape;
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim};
use burn_wgpu::{CubeBackend, CubeTensor};

use super::block::ConvSizesLaunch;
use super::map_product::{PixelGridLaunch, map_product};
use super::parts::{PartLayoutLaunch, VALUES, sum_of_parts};
use super::plan::Matrices;
use super::weight_product::weight_product;
use super::weights::GpuWeights;
use super::work::{self, MatrixProduct, ProductSchedule};
use crate::ops::atrous_conv2d::geometry::{ConvGeometry, ConvShape};
use crate::ops::atrous_conv2d::gpu::operand::GpuOperand;
use crate::ops::dims::dims;
use crate::ops::gpu::launch::{MOST, cubes, element, empty, input as read, output, units};

pub(super) fn sizes(shape: &ConvShape) -> ConvSizesLaunch {
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

/// Computes batch x channels out x output pixels.
pub fn forward(
    input: GpuOperand,
    weights: GpuWeights,
    geometry: ConvGeometry,
    matrices: Option<Matrices>,
) -> CubeTensor {
    let shape = ConvShape::new(dims(&input.values), weights.size(), geometry);
    forward_in(work::of_maps(&shape, matrices), input, weights, geometry)
}

/// Computes [`forward`] by a schedule. The weights are rounded if the input is.
pub fn forward_in(
    schedule: ProductSchedule,
    input: GpuOperand,
    weights: GpuWeights,
    geometry: ConvGeometry,
) -> CubeTensor {
    let size = weights.size();
    let shape = ConvShape::new(dims(&input.values), size, geometry);
    assert_eq!(size[1], shape.channels[0], "channels of the weights and of the input");
    let weight = weights.by_taps([shape.live_taps(0), shape.live_taps(1)], 1, &input.values);
    let [height, width] = shape.output();
    let maps = [shape.batch, shape.channels[1], height, width];
    let parts = schedule.parts;
    let found = empty(&input.values, [parts * maps[0], maps[1], maps[2], maps[3]]);
    let product = MatrixProduct::of_maps(&shape);
    launch_maps(schedule, &product, &weight, &input, &found, OutputPixels::All(shape));
    if parts == 1 {
        return found;
    }
    let sum = empty(&found, maps);
    let values = maps.iter().product::<usize>();
    add_up(&found, &sum, PartLayoutLaunch::new(parts as u32, values as u32, 1, 1, 0, 0, 1, 1), values);
    sum
}

/// The output pixels that a product of maps makes: all of a convolution's, or those of a grid.
pub(super) enum OutputPixels {
    All(ConvShape),
    Grid(ConvSizesLaunch, PixelGridLaunch),
}

/// Launches the product of maps.
pub(super) fn launch_maps(
    ProductSchedule { plan, parts }: ProductSchedule,
    product: &MatrixProduct,
    weight: &CubeTensor,
    input: &GpuOperand,
    found: &CubeTensor,
    pixels: OutputPixels,
) {
    let GpuOperand { values: input, back } = input;
    let [down, across] = plan.block.counts(product.rows, product.columns);
    let turns = across.div_ceil(MOST);
    assert!(parts == 1 || turns == 1, "{parts} parts of {across} blocks");
    let (sizes, grid, at_once) = match pixels {
        OutputPixels::All(shape) => {
            let seen = shape.in_one_row();
            (sizes(&seen), None, seen.pixels_at_once())
        }
        OutputPixels::Grid(sizes, grid) => (sizes, Some(grid), 1),
    };
    // Cooperative matrices are written value by value.
    let at_once_out = if plan.matrices.is_some() { 1 } else { at_once };
    map_product::launch(
        &found.client,
        CubeCount::Static(across.div_ceil(turns) as u32, down as u32, (parts * turns) as u32),
        CubeDim::new_1d(plan.block.units() as u32),
        at_once,
        at_once_out,
        read(weight),
        read(input),
        back.as_ref().map(read).into(),
        output(found),
        sizes,
        parts as u32,
        grid.into(),
        plan,
        element(input),
    );
}

fn add_up(parts: &CubeTensor, sum: &CubeTensor, layout: PartLayoutLaunch, count: usize) {
    let workgroups = cubes(count.div_ceil(VALUES).min(MOST));
    sum_of_parts::launch(&parts.client, workgroups, units(), read(parts), output(sum), layout);
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
    weight_gradient_in(work::of_weights(&shape, matrices), input, size, output_grad, geometry)
}

/// Computes [`weight_gradient`], of weights of `size`, by a schedule.
pub fn weight_gradient_in(
    ProductSchedule { plan, parts }: ProductSchedule,
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
    let (columns, products) = if plan.is_folded { (channels_in * taps, 1) } else { (channels_in, taps) };
    let [down, across] = plan.block.counts(channels_out, columns);
    let found = empty(&input, [parts, taps, channels_out, channels_in]);
    let seen = shape.in_one_row();
    weight_product::launch(
        &found.client,
        CubeCount::Static((across * products) as u32, down as u32, parts as u32),
        CubeDim::new_1d(plan.block.units() as u32),
        if plan.is_folded { 1 } else { seen.pixels_at_once() },
        read(&output_grad),
        read(&input),
        back.as_ref().map(read).into(),
        output(&found),
        sizes(&seen),
        across as u32,
        parts as u32,
        plan,
        element(&input),
    );
    if parts == 1 && shape.taps() == 1 {
        return CubeBackend::float_reshape(found, Shape::from(size));
    }
    let sum = empty(&found, size);
    let layout = PartLayoutLaunch::new(
        parts as u32,
        (channels_out * channels_in) as u32,
        live[0].len() as u32,
        live[1].len() as u32,
        live[0].start as u32,
        live[1].start as u32,
        size[2] as u32,
        size[3] as u32,
    );
    add_up(&found, &sum, layout, size.iter().product());
    sum
}
