//! The operations that networks are made of: one folder for each.
//!
//! A folder holds all that there is to say about its operation:
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what it computes, its shapes, the function on tensors, and its two traits |
//! | `composed.rs` | the operation and its gradient, composed of burn's: for any backend and type |
//! | `cpu.rs` | the kernels of the CPU backend, for floats of 32 bits |
//! | `gpu.rs` | the kernels of the GPU backend, as CubeCL |
//! | `backward.rs` | how it is recorded, and how its gradient goes back |
//!
//! A call goes through the layers in this order, `add_relu` for example:
//!
//! 1. [`add_relu()`] takes tensors, and calls burn's dispatch by the device.
//! 2. [`AddReluOp`](add_relu::AddReluOp) is what dispatch calls. A tensor that tracks gradients
//!    goes through the implementation in `backward.rs`, all others straight to the next layer.
//! 3. `add_relu::forward` asks the backend for a kernel of its own, and composes the operation of
//!    burn's where there is none for these tensors.
//! 4. [`AddReluKernels`](add_relu::AddReluKernels) is what a backend offers: `cpu.rs` and `gpu.rs`
//!    implement it.
//!
//! What several operations need is in `cpu`, `gpu`, `backward` and `dims`. A new operation is
//! a folder and two lines in this file.

mod backward;
#[allow(unsafe_code)]
mod cpu;
mod dims;
#[cfg(feature = "wgpu")]
mod gpu;
#[cfg(test)]
mod tests;

pub mod add_relu;
pub mod atrous_conv2d;
pub mod batch_norm;
pub mod broadcast;
pub mod channel_affine;
pub mod concat;
pub mod cross_entropy;
pub mod global_average_pool;
pub mod max_pool;
pub mod momentum_step;
pub mod resize_bilinear;

pub use add_relu::add_relu;
pub use atrous_conv2d::atrous_conv2d;
pub use batch_norm::batch_norm;
pub use channel_affine::channel_affine;
pub use concat::concat;
pub use cross_entropy::cross_entropy;
pub use global_average_pool::global_average_pool;
pub use max_pool::max_pool;
pub use momentum_step::momentum_step;
pub use resize_bilinear::resize_bilinear;
