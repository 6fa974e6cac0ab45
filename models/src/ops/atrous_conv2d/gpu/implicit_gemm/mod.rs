//! Convolution as an implicit matrix product (implicit GEMM), whose right side is never written
//! down, as CubeCL kernels.
//!
//! A cube (a workgroup) makes a block of output channels x output pixels, or of the gradient's
//! output channels x input channels, of which each unit keeps 8 x 8 in registers. Step by step it
//! copies what is multiplied into shared memory, straight from the map that a tap sees; the values
//! of the next step are on their way while those of this one are multiplied. Taps that see nothing
//! but padding are left out, per block.
//!
//! Values have 32 or 16 bits, sums always 32. Those of 16 may be multiplied by cooperative matrices
//! (`matrices`), for which a plane (a subgroup) keeps the sums that its units would.

mod block;
mod launch;
mod map_product;
mod matrices;
mod plan;
mod weight_product;
mod weights;

pub use launch::{
    cooperative_matrices, fits, forward, forward_in, input_gradient, is_for, weight_gradient, weight_gradient_in,
};
pub use plan::{Block, Matrices, Plan};
pub use weights::GpuWeights;
