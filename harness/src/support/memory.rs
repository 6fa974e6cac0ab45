//! The system's memory: how much is left, and that what a training step frees is needed again by
//! the next one.

use crate::support::system_file;
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
/// does not say (it does on Linux). Limits of control groups, of Slurm and of the shell
/// (`ulimit -v`) count, the lowest of all.
pub fn available() -> Option<u64> {
    let machine = meminfo(&system_file::read("/proc/meminfo")?)?;
    let groups = system_file::read("/proc/self/cgroup").unwrap_or_default();
    let groups = control_groups(Path::new("/sys/fs/cgroup"), &groups);
    let slurm = slurm(|name| std::env::var(name).ok()?.trim().parse().ok());
    let own = |name: &str| system_file::read(format!("/proc/self/{name}"));
    let shell = own("limits").zip(own("status")).and_then(|(limits, status)| address_space(&limits, &status));
    Some([groups, slurm, shell].into_iter().flatten().fold(machine, u64::min))
}

/// Whether there is memory to begin with: a program that runs out of it later has no chance to say
/// so.
///
/// # Errors
/// Too little of it.
pub fn check_there_is_some() -> anyhow::Result<()> {
    const LEAST: usize = 64 << 20;
    let reserved = Vec::<u8>::new().try_reserve_exact(LEAST);
    anyhow::ensure!(
        reserved.is_ok(),
        "there is no memory to start with: {} MiB are needed, see ulimit -v",
        LEAST >> 20
    );
    Ok(())
}

/// What the limit of a process's addresses leaves, by proc(5)'s `limits` and `status`, in bytes.
fn address_space(limits: &str, status: &str) -> Option<u64> {
    let most = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let most: u64 = most.split_whitespace().next()?.parse().ok()?;
    let taken = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let taken: u64 = taken.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(most.saturating_sub(taken * 1024))
}

/// What Slurm has given to the job on this node.
fn slurm(variable: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let per_cpu = || Some(variable("SLURM_MEM_PER_CPU")? * variable("SLURM_CPUS_ON_NODE")?);
    // 0 is all of the node.
    let megabytes = variable("SLURM_MEM_PER_NODE").or_else(per_cpu).filter(|megabytes| *megabytes > 0)?;
    Some(megabytes.saturating_mul(1 << 20))
}

/// What the control groups of a process leave, by its entry in proc(5)'s `cgroup`: its own and all
/// that are above it, of version 2 and of version 1.
fn control_groups(root: &Path, entry: &str) -> Option<u64> {
    let group = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let of_memory = controllers.split(',').any(|controller| controller == "memory");
        let mount = if of_memory { root.join("memory") } else { root.to_owned() };
        (controllers.is_empty() || of_memory).then(|| (mount, path.trim_matches('/').to_owned()))
    };
    let mut found: Option<u64> = None;
    for (mount, path) in entry.lines().filter_map(group).chain([(root.to_owned(), String::new())]) {
        for folder in Path::new(&path).ancestors().map(|part| mount.join(part)) {
            let left = container(&folder).into_iter().chain(container_of_version_1(&folder));
            found = left.chain(found).min();
        }
    }
    found
}

/// `MemAvailable` of proc(5)'s `meminfo`, in bytes.
fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// What a control group (version 2) leaves. What it holds for files can be given up.
fn container(folder: &Path) -> Option<u64> {
    let read = |name: &str| system_file::read(folder.join(name));
    let most: u64 = read("memory.max")?.trim().parse().ok()?;
    let taken: u64 = read("memory.current")?.trim().parse().ok()?;
    let statistics = read("memory.stat").unwrap_or_default();
    let entry = |name: &str| statistics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let files = entry("inactive_file ").unwrap_or(0) + entry("active_file ").unwrap_or(0);
    Some(most.saturating_sub(taken.saturating_sub(files)))
}

/// What a control group of version 1 leaves. One without a limit says a number beyond any machine.
fn container_of_version_1(folder: &Path) -> Option<u64> {
    let read = |name: &str| system_file::read(folder.join(name));
    let most: u64 = read("memory.limit_in_bytes")?.trim().parse().ok()?;
    let taken: u64 = read("memory.usage_in_bytes")?.trim().parse().ok()?;
    let statistics = read("memory.stat").unwrap_or_default();
    let entry = |name: &str| statistics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let files = entry("total_inactive_file ").unwrap_or(0) + entry("total_active_file ").unwrap_or(0);
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

    #[test]
    fn the_tightest_of_nested_groups_counts() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (group, most, taken) in [("", "max", 0), ("a", "1000", 400), ("a/b", "5000", 100), ("a/b/c", "max", 100)] {
            write(format!("{group}/memory.max").trim_start_matches('/'), most);
            write(format!("{group}/memory.current").trim_start_matches('/'), &taken.to_string());
        }
        let of = |entry: &str| control_groups(folder.path(), entry);
        assert_eq!((of("0::/a/b/c\n"), of("0::/\n"), of("0::/elsewhere\n"), of("")), (Some(600), None, None, None));
        for (group, most, taken) in [("memory", "9223372036854771712", 9), ("memory/job", "800", 300)] {
            write(&format!("{group}/memory.limit_in_bytes"), most);
            write(&format!("{group}/memory.usage_in_bytes"), &format!("{taken}"));
            write(&format!("{group}/memory.stat"), "total_inactive_file 40\ntotal_active_file 10\n");
        }
        assert_eq!(of("3:cpu:/job\n5:hugetlb,memory:/job/step\n"), Some(550));
        assert_eq!(of("5:memory:/job\n0::/a\n"), Some(550));
    }

    #[test]
    fn a_job_of_slurm_has_what_it_was_given() {
        let of = |given: &'static [(&str, u64)]| {
            slurm(move |name| given.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        };
        assert_eq!(of(&[("SLURM_MEM_PER_NODE", 3)]), Some(3 << 20));
        assert_eq!(of(&[("SLURM_MEM_PER_CPU", 5), ("SLURM_CPUS_ON_NODE", 2)]), Some(10 << 20));
        assert_eq!((of(&[("SLURM_MEM_PER_NODE", 0)]), of(&[])), (None, None));
    }
}
