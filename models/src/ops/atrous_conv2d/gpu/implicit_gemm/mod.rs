//! Convolution as an implicit matrix product (implicit GEMM), whose right side is never written
//! down, as CubeCL kernels.
//!
//! A cube (a workgroup) makes a block of output channels x output pixels, or of the gradient's
//! output channels x input channels, of which each unit keeps 8 x 8 in registers, or 4 x 4 in small
//! blocks. Step by step it copies what is multiplied into shared memory, straight from the map that
//! a tap sees; the values of the next step are on their way while those of this one are multiplied.
//! Shared memory holds vectors of four values. Taps that see nothing but padding are left out, per
//! block. Long sums of small products are made in parts, which are added up in a fixed order.
//!
//! What a product costs by each block is estimated (`work`), and the cheapest one is taken.
//!
//! Values have 32 or 16 bits, sums always 32. Those of 16 may be multiplied by cooperative matrices
//! (`matrices`), for which a plane (a subgroup) keeps the sums that its units would.

mod block;
mod launch;
mod limits;
mod map_product;
mod matrices;
mod parts;
mod plan;
mod strided;
#[cfg(test)]
mod tests;
mod weight_product;
mod weights;
mod work;

pub use launch::{forward, forward_in, input_gradient, weight_gradient, weight_gradient_in};
pub use limits::{cooperative_matrices, fits, is_for};
pub use plan::{Matrices, Plan};
pub use strided::input_gradient as strided_input_gradient;
#[cfg(test)]
pub use tests::timed_networks;
pub use weights::GpuWeights;
#[cfg(test)]
pub use work::ProductSchedule;
pub use work::{of_maps_by, of_weights_by};
