//! What the kernels of the CPU backend have in common.
//!
//! The kernels are functions on plain slices. Each of them splits its work by the shapes alone,
//! never by the number of threads, and adds partial sums in a fixed order: the result is the same
//! bit for bit on one thread and on sixty-four.
//!
//! Longer loops are structs with `WithSimd`, whose method is always inlined, and no closures: the
//! compiler may leave those out of line, and then they are compiled for narrow vectors.

pub(super) mod buffer;
pub(super) mod planes;
pub(super) mod values;

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
