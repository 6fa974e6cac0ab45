//! The system's memory: how much is left, and that what a training step frees is needed again by
//! the next one.

use std::path::Path;

/// Tells the system's allocator to keep freed memory instead of handing it back after every tensor:
/// with glibc's defaults a seventh of a training step on the CPU goes into page faults.
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

/// Bytes that this process can still take without others being pushed out; `None` where the system
/// does not say (it does on Linux). A limit of the container, where there is one, counts.
pub fn available() -> Option<u64> {
    let machine = meminfo(&std::fs::read_to_string("/proc/meminfo").ok()?)?;
    Some(container(Path::new("/sys/fs/cgroup")).map_or(machine, |container| machine.min(container)))
}

/// `MemAvailable` of proc(5)'s `meminfo`, in bytes.
fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// What a control group (version 2) leaves. What it holds for files can be given up.
fn container(folder: &Path) -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let most: u64 = read("memory.max")?.trim().parse().ok()?;
    let taken: u64 = read("memory.current")?.trim().parse().ok()?;
    let statistics = read("memory.stat").unwrap_or_default();
    let entry = |name: &str| statistics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let files = entry("inactive_file ").unwrap_or(0) + entry("active_file ").unwrap_or(0);
    Some(most.saturating_sub(taken.saturating_sub(files)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(meminfo("MemTotal:  9 kB\nMemFree:  1 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(meminfo("MemTotal:  9 kB\n"), None);
        if let Some(bytes) = available() {
            assert!(bytes > 1 << 20, "{bytes}");
        }
    }

    #[test]
    fn a_container_counts_without_the_files_that_it_caches() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(container(folder.path()), None);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("memory.max", "max\n");
        write("memory.current", "700\n");
        assert_eq!(container(folder.path()), None);
        write("memory.max", "1000\n");
        assert_eq!(container(folder.path()), Some(300));
        write("memory.stat", "anon 100\ninactive_file 400\nactive_file 200\n");
        assert_eq!(container(folder.path()), Some(900));
    }
}
