//! Convolution, batch norm, pooling, bilinear resizing, cross entropy, the optimiser's step and what puts maps together, on plain
//! slices, for the CPU backend.
//!
//! Every function splits its work by the shapes alone, never by the number of threads, and adds partial
//! sums in a fixed order: the result is the same bit for bit on one thread and on sixty-four.

#[allow(unsafe_code)]
mod buffer;
#[allow(unsafe_code)]
pub mod conv;
pub mod gather;
pub mod half;
#[allow(unsafe_code)]
pub mod join;
pub mod loss;
#[allow(unsafe_code)]
pub mod momentum;
#[allow(unsafe_code)]
pub mod norm;
pub mod pool;
#[allow(unsafe_code)]
pub mod residual;
#[allow(unsafe_code)]
pub mod resize;
#[allow(unsafe_code)]
mod tile;

#[cfg(test)]
mod tests {
    /// Without the right features of `pulp` everything is right and a hundred times slower.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn vectors_are_used_where_the_processor_has_them() {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            assert!(!matches!(pulp::Arch::new(), pulp::Arch::Scalar));
        }
    }
}
