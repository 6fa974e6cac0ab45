//! The time of day, for stamps.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in UTC: `2026-11-22T13:33:14Z` (RFC 3339). For people to read: the clock may be set back,
/// so nothing is computed from it, and durations are of [`std::time::Instant`].
#[expect(clippy::disallowed_methods, reason = "a stamp that people read: nothing is computed from it")]
pub fn now() -> String {
    stamp(SystemTime::now())
}

/// Seconds since 1970, for files that ask for them.
#[expect(clippy::disallowed_methods, reason = "a stamp for files that ask for it")]
pub fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Writes a time down to the second. One before 1970 is a clock that was never set.
fn stamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time.max(UNIX_EPOCH)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates() {
        let after = |seconds| stamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(after(0), "1970-01-01T00:00:00Z");
        assert_eq!(after(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(after(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(after(4_102_444_800), "2100-01-01T00:00:00Z");
    }

    #[test]
    fn a_clock_that_was_never_set_is_no_error() {
        assert_eq!(stamp(UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00Z");
        assert_eq!(stamp(UNIX_EPOCH + Duration::from_millis(59_900)), "1970-01-01T00:00:59Z");
    }
}
