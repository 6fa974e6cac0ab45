//! Tests of what is compiled, and the networks that products are counted for.

mod emitted;
mod networks;

pub use networks::timed_networks;
