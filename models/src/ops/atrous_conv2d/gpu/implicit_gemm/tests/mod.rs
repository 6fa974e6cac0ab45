//! Tests of what is compiled, and the networks that products are counted for.

mod emitted;
mod networks;
mod spirv_module;

pub use networks::timed_networks;
