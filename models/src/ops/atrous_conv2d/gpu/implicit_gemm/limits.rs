//! What shapes and devices the kernels are for.

use burn_cubecl::cubecl::ir::{ElemType, FloatKind};
use burn_wgpu::CubeTensor;

use super::plan::{Block, Matrices, Plan};
use crate::ops::atrous_conv2d::geometry::ConvShape;
use crate::ops::gpu::launch::{MOST, takes};

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 5;

/// Returns whether indices, sizes and numbers of workgroups are within what the kernels count with.
pub fn fits(shape: &ConvShape) -> bool {
    let [height, width] = shape.output();
    let values = |channels: usize, pixels: usize| shape.batch * channels * pixels;
    let input = values(shape.channels[0], shape.input[0] * shape.input[1]);
    let output = values(shape.channels[1], height * width);
    let taps = shape.live_taps(0).len() * shape.live_taps(1).len();
    let weights = taps * shape.channels[0] * shape.channels[1];
    // Blocks of pixels go on along another axis; those of channels do not.
    let narrowest = Block::ALL.map(|block| [block.rows, block.columns]);
    let narrowest = narrowest.iter().flatten().min().copied().unwrap_or(1);
    let channels = shape.channels[0].max(shape.channels[1]).div_ceil(narrowest);
    taps > 0 && [input, output, weights].iter().all(|count| *count <= i32::MAX as usize) && taps * channels <= MOST
}

/// Returns whether a workgroup of the largest block, of the kernel with the most shared memory, may
/// be on the device of `like`.
pub fn is_for(like: &CubeTensor) -> bool {
    Plan::by_units().all(|plan| takes(like, plan.block.units(), BINDINGS, plan.shared_bytes(4)))
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
        matrices.fit()
            && Plan::by_matrices(*matrices).all(|plan| takes(like, plan.block.units(), BINDINGS, plan.shared_bytes(2)))
    };
    let configs = properties.features.matmul.cmma.iter();
    configs
        .filter(|config| [config.a_type, config.b_type, config.cd_type] == [half, half, single])
        .map(|config| Matrices { size: [config.m, config.n, config.k].map(|size| size as usize), plane })
        .filter(fits)
        .max_by_key(|Matrices { size: [m, n, k], .. }| (m == n, m * n * k))
}
