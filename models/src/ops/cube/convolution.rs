//! The three products of a convolution by the kernels of [`super::tiles`].

use std::ops::Range;

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Shape, Slice};
use burn_cubecl::cubecl::ir::{ElemType, FloatKind};
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim};
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::CubeBackend;

use super::half::Side;
use super::launch::{BUSY, MOST, element, empty, takes};
use super::tiles::{self, Block, DEPTH, Matrices, Plan, SizesLaunch};
use super::weights::Weights;
use crate::kernels::conv::{ConvGeometry, ConvShape};
use crate::ops::kernels::dims;

type Tensor = FloatTensor<CubeBackend>;

/// Bytes that partial gradients of weights may take.
const PART_BYTES: usize = 64 << 20;

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 5;

impl Block {
    /// For `products` of `rows` x `columns` each: large blocks copy less, small ones are enough to keep the device busy.
    fn of(rows: usize, columns: usize, products: usize) -> Self {
        let fits = |block: &&Self| {
            let [down, across] = block.counts(rows, columns);
            (block.rows <= 64 || rows > 64) && down * across * products >= BUSY / 2
        };
        *Self::ALL.iter().find(fits).unwrap_or(&Self::ALL[2])
    }

    fn counts(self, rows: usize, columns: usize) -> [usize; 2] {
        [rows.div_ceil(self.rows), columns.div_ceil(self.columns)]
    }
}

fn sizes(shape: &ConvShape) -> SizesLaunch {
    let [rows, columns] = [shape.live_taps(0), shape.live_taps(1)];
    let [height, width] = shape.output();
    let offset = |tap: usize| (tap * shape.geometry.dilation) as i32 - shape.geometry.padding as i32;
    SizesLaunch::new(
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

/// Whether indices, sizes and numbers of workgroups are within what the kernels count with.
pub(super) fn fits(shape: &ConvShape) -> bool {
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

/// Whether a workgroup of the largest block, of the kernel with the most shared memory, may be on the device of `like`.
pub(super) fn is_for(like: &Tensor) -> bool {
    let plan = Plan { block: Block::ALL[0], matrices: None };
    takes(like, plan.block.units(), BINDINGS, plan.shared_bytes(4))
}

/// The cooperative matrices of the device of `like` that multiply 16 bits to sums of 32, where it has some that its blocks can be made
/// of: square ones before others, large ones before small ones.
pub(super) fn matrices(like: &Tensor) -> Option<Matrices> {
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

/// Of weights, those of the taps in these rows and columns.
fn within([rows, columns]: [Range<usize>; 2]) -> [Slice; 4] {
    let along = |taps: Range<usize>| Slice::new(taps.start as isize, Some(taps.end as isize), 1);
    [Slice::full(), Slice::full(), along(rows), along(columns)]
}

/// Batch x channels out x output pixels.
pub(super) fn forward(input: Side, weights: Weights, geometry: ConvGeometry, matrices: Option<Matrices>) -> Tensor {
    let shape = ConvShape::new(dims(&input.values), weights.size(), geometry);
    let [height, width] = shape.output();
    let block = Block::of(shape.channels[1], shape.batch * height * width, 1);
    forward_in(Plan { block, matrices }, input, weights, geometry)
}

/// [`forward`] by a plan. The weights are rounded if the input is.
pub(super) fn forward_in(plan: Plan, input: Side, weights: Weights, geometry: ConvGeometry) -> Tensor {
    let Side { values: input, back } = input;
    let size = weights.size();
    let shape = ConvShape::new(dims(&input), size, geometry);
    assert_eq!(size[1], shape.channels[0], "channels of the weights and of the input");
    let weight = weights.by_taps([shape.live_taps(0), shape.live_taps(1)], &input);
    let input = into_contiguous(input);
    let [height, width] = shape.output();
    let output = empty(&input, [shape.batch, shape.channels[1], height, width]);
    let [down, across] = plan.block.counts(shape.channels[1], shape.batch * height * width);
    let (client, element) = (input.client.clone(), element(&input));
    // SAFETY: the kernel reads and writes where the sizes of the shape say, which are those of the three tensors, all contiguous.
    #[allow(unsafe_code)]
    unsafe {
        tiles::maps::launch_unchecked(
            &client,
            CubeCount::Static(across as u32, down as u32, 1),
            CubeDim::new_1d(plan.block.units() as u32),
            weight.into_buffer_arg(),
            input.into_buffer_arg(),
            back.map(Tensor::into_buffer_arg).into(),
            output.clone().into_buffer_arg(),
            sizes(&shape),
            plan,
            element,
        );
    }
    output
}

/// Gradient of the input of a convolution with a stride of 1: a convolution of the output's gradient with the kernel turned around.
/// `turned` is its geometry.
pub(super) fn input_gradient(
    weight: Tensor,
    output_grad: Side,
    turned: ConvGeometry,
    matrices: Option<Matrices>,
) -> Tensor {
    forward(output_grad, Weights::turned(weight), turned, matrices)
}

/// Gradient of the weights.
pub(super) fn weight_gradient(
    input: Side,
    weight: Tensor,
    output_grad: Side,
    geometry: ConvGeometry,
    matrices: Option<Matrices>,
) -> Tensor {
    let size = dims(&weight);
    let shape = ConvShape::new(dims(&input.values), size, geometry);
    let products = shape.live_taps(0).len() * shape.live_taps(1).len() * most_parts(&shape);
    let block = Block::of(shape.channels[1], shape.channels[0], products);
    weight_gradient_in(Plan { block, matrices }, input, size, output_grad, geometry)
}

/// The most parts that the sum over pixels is worth being split into.
fn most_parts(shape: &ConvShape) -> usize {
    let [height, width] = shape.output();
    (shape.batch * height * width).div_ceil(8 * DEPTH)
}

/// [`weight_gradient`], of weights of `size`, by a plan.
pub(super) fn weight_gradient_in(
    plan: Plan,
    input: Side,
    size: [usize; 4],
    output_grad: Side,
    geometry: ConvGeometry,
) -> Tensor {
    assert!(input.back.is_none(), "of the two sides, the gradient is scaled");
    let (input, Side { values: output_grad, back }) = (input.values, output_grad);
    assert_eq!(input.dtype, output_grad.dtype, "bits of both sides");
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
    let (input, grad) = (into_contiguous(input), into_contiguous(output_grad));
    let output = empty(&input, [parts, channels_out, channels_in, live[0].len(), live[1].len()]);
    let (client, element) = (input.client.clone(), element(&input));
    // SAFETY: as in `forward`.
    #[allow(unsafe_code)]
    unsafe {
        tiles::weights::launch_unchecked(
            &client,
            CubeCount::Static((across * taps) as u32, down as u32, parts as u32),
            CubeDim::new_1d(plan.block.units() as u32),
            grad.into_buffer_arg(),
            input.into_buffer_arg(),
            back.map(Tensor::into_buffer_arg).into(),
            output.clone().into_buffer_arg(),
            sizes(&shape),
            across as u32,
            parts as u32,
            plan,
            element,
        );
    }
    let sum = if parts == 1 { output } else { CubeBackend::float_sum_dim(output, 0) };
    let seen = CubeBackend::float_reshape(sum, Shape::from([channels_out, channels_in, live[0].len(), live[1].len()]));
    if taps == shape.kernel[0] * shape.kernel[1] {
        return seen;
    }
    let all = CubeBackend::float_zeros(Shape::from(size), &seen.device.clone(), DType::F32.into());
    CubeBackend::float_slice_assign(all, &within(live), seen)
}
