//! Memory that is on its way before it is read.

/// Rows that are asked for before they are read.
pub(crate) const ROWS_AHEAD: usize = 4;

/// Asks for memory that will be read soon. The rows of a small region of a large image lie far
/// apart, so that the processor does not foresee them.
#[inline(always)]
pub(crate) fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch has no effect but on speed, and the address is one of a slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}
