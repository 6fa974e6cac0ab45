//! Where a result comes from: program, commit, libraries, time, memory.

use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// The program that computed a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of this program.
    pub version: String,
    /// Commit it was built from, with `-dirty` where files differed from it; `unknown` outside of git.
    pub git_commit: String,
    pub burn_version: String,
}

impl Provenance {
    /// That of this binary, as `build.rs` found it.
    pub fn current() -> Self {
        Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            git_commit: option_env!("ATROUS_GIT_COMMIT").unwrap_or("unknown").into(),
            burn_version: option_env!("ATROUS_BURN_VERSION").unwrap_or("unknown").into(),
        }
    }
}

/// Now, in UTC: `2026-11-22T13:33:14Z` (RFC 3339). For people to read: the clock may be set back, so nothing is computed from it,
/// and durations are of [`std::time::Instant`].
#[expect(clippy::disallowed_methods, reason = "the one place where the clock is looked at")]
pub fn now() -> String {
    stamp(SystemTime::now())
}

/// A time before 1970 is a clock that was never set.
fn stamp(time: SystemTime) -> String {
    rfc3339(time.duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs()))
}

/// Seconds since 1970 as a date and time in UTC, by Howard Hinnant's `civil_from_days`.
fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days are counted from 0000-03-01, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
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
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(entry))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Starts the measurement of [`peak_memory_bytes`] anew, where the system allows it.
pub fn reset_peak_memory() {
    // "5" resets the high-water mark (proc(5)). Without the right to do so, the peak of the process stands.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(rfc3339(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(rfc3339(4_102_444_800), "2100-01-01T00:00:00Z");
    }

    #[test]
    fn a_clock_that_was_never_set_is_no_error() {
        assert_eq!(stamp(UNIX_EPOCH - std::time::Duration::from_secs(1)), "1970-01-01T00:00:00Z");
        assert_eq!(stamp(UNIX_EPOCH + std::time::Duration::from_secs(59)), "1970-01-01T00:00:59Z");
    }

    #[test]
    fn peak_memory_is_plausible_where_known() {
        if let Some(bytes) = peak_memory_bytes() {
            assert!(bytes > 100_000, "{bytes}");
        }
    }
}
