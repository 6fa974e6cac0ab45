//! Convolution, batch norm, bilinear resizing, cross entropy and the optimiser's step on plain slices, for the CPU backend.
//!
//! Every function splits its work by the shapes alone, never by the number of threads, and adds partial
//! sums in a fixed order: the result is the same bit for bit on one thread and on sixty-four.

mod buffer;
pub mod conv;
pub mod gather;
pub mod loss;
pub mod momentum;
pub mod norm;
pub mod resize;
mod tile;
