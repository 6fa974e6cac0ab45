//! The system's memory: how much is left, and that what a training step frees is needed again by
//! the next one.

use std::path::{Path, PathBuf};

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
/// does not say (it does on Linux). Limits of the container and of the shell (`ulimit -v`), where
/// there are any, count.
pub fn available() -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{name}")).ok();
    let machine = meminfo(&read("meminfo")?)?;
    let groups = read("self/cgroup").unwrap_or_default();
    let containers = control_groups(Path::new("/sys/fs/cgroup"), &groups).filter_map(|folder| container(&folder));
    let shell =
        read("self/limits").zip(read("self/status")).and_then(|(limits, status)| address_space(&limits, &status));
    containers.chain(shell).chain([machine]).min()
}

/// The folders of the control group of a process (version 2) and of those that it is in; the root's
/// stands for all of them inside a container.
fn control_groups(root: &Path, groups: &str) -> impl Iterator<Item = PathBuf> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    root.join(own)
        .ancestors()
        .take_while(|folder| folder.starts_with(root))
        .map(Path::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

/// What the limit of a process's addresses leaves, by proc(5)'s `limits` and `status`, in bytes.
fn address_space(limits: &str, status: &str) -> Option<u64> {
    let most = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let most: u64 = most.split_whitespace().next()?.parse().ok()?;
    let taken = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let taken: u64 = taken.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(most.saturating_sub(taken * 1024))
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
    fn a_limit_of_the_shell_counts_by_what_is_taken_of_it() {
        let limits = |most: &str| {
            format!("Limit   Soft Limit  Hard Limit  Units\nMax address space  {most}  unlimited  bytes\n")
        };
        let status = "Name:\tatrous\nVmSize:\t    1024 kB\n";
        assert_eq!(address_space(&limits("3145728"), status), Some(2 << 20));
        assert_eq!(address_space(&limits("1024"), status), Some(0));
        assert_eq!(address_space(&limits("unlimited"), status), None);
    }

    #[test]
    fn every_group_around_a_process_counts() {
        let folders = |groups| control_groups(Path::new("/sys/fs/cgroup"), groups).collect::<Vec<_>>();
        let root = PathBuf::from("/sys/fs/cgroup");
        assert_eq!(folders("0::/user/job\n"), [root.join("user/job"), root.join("user"), root.clone()]);
        assert_eq!(folders("0::/\n"), std::slice::from_ref(&root));
        assert_eq!(folders("12:memory:/old\n"), [root]);
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
