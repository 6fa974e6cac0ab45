//! The origin of a result: program, commit, libraries, time, memory.

pub use crate::support::clock::{now, seconds};

use crate::support::system_file;
use serde::{Deserialize, Serialize};

/// What stands for a commit that nobody knows.
pub const UNKNOWN_COMMIT: &str = "unknown";

/// The program that computed a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of this program.
    pub version: String,
    /// Commit it was built from, with `-dirty` where files differed from it; `unknown` outside of
    /// git. Of a run that several programs computed, those of all, joined by ` + `.
    pub git_commit: String,
    pub burn_version: String,
}

impl Provenance {
    /// Tells the origin of what this binary computes, as `build.rs` found it.
    pub fn current() -> Self {
        Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            git_commit: option_env!("ATROUS_GIT_COMMIT").unwrap_or(UNKNOWN_COMMIT).into(),
            burn_version: option_env!("ATROUS_BURN_VERSION").unwrap_or("unknown").into(),
        }
    }
}

/// Largest resident memory of this process in bytes since the start or the last
/// [`reset_peak_memory`]; `None` where the system does not say (it does on Linux).
pub fn peak_memory_bytes() -> Option<u64> {
    memory_bytes("VmHWM:")
}

/// Resident memory of this process in bytes, now; `None` where the system does not say.
pub fn resident_memory_bytes() -> Option<u64> {
    memory_bytes("VmRSS:")
}

/// An entry of proc(5)'s `status`.
fn memory_bytes(entry: &str) -> Option<u64> {
    let status = system_file::read("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(entry))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Starts the measurement of [`peak_memory_bytes`] anew, where the system allows it.
pub fn reset_peak_memory() {
    // "5" resets the high-water mark (proc(5)). Without the right to do so, the peak of the process
    // stands.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_plausible_where_known() {
        if let Some(bytes) = peak_memory_bytes() {
            assert!(bytes > 100_000, "{bytes}");
        }
    }
}
