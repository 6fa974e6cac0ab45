//! Memory that a training step frees is needed again by the next one.

/// Tells the system's allocator to keep freed memory instead of handing it back after every tensor: with glibc's
/// defaults a fifth of a training step on the CPU goes into page faults.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_freed() {
    // SAFETY: mallopt has no preconditions; it is called before the program starts a thread.
    unsafe {
        if libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30) == 0 {
            // The most that older versions take.
            libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        }
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}

/// Hands freed memory back after all, so that the peak of the next run is its own.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn release() {
    // SAFETY: malloc_trim has no preconditions.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Nothing is known to be gained here.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_freed() {}

/// Nothing was kept.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn release() {}
