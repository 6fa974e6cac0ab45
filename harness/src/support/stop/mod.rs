//! Requests to stop: finish the iteration, write a checkpoint, leave.

mod request;
#[cfg(unix)]
mod signals;
#[cfg(not(unix))]
#[path = "console.rs"]
mod signals;

pub use request::Request;

use anyhow::{Context, Result};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What `--help` of commands that train says of their exit codes.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a run failed, or the runs do not show what the spec expects of them
  2    input, files or a device that cannot be used; the last line says which
  75   stopped by SIGTERM, as clusters send it before a time limit: put the job into the queue again
  130  stopped by Ctrl-C or SIGHUP
After 75 and 130, or a kill, the same command goes on from the last checkpoint (docs/reference/faults.md).";

/// Set once somebody has asked to stop; clones share it.
#[derive(Clone, Debug, Default)]
pub struct StopFlag {
    /// The exit code of the first request; 0 before there is one.
    own: Arc<AtomicU8>,
    /// Those that stop this one as well.
    above: Vec<Arc<AtomicU8>>,
}

impl StopFlag {
    /// A flag that nothing but [`StopFlag::request`] sets.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag that Ctrl-C, SIGTERM and SIGHUP set. The second signal ends the program at once, with the code of the first:
    /// files are renamed into place, so that loses only what was done since the last checkpoint.
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn install() -> Result<Self> {
        let flag = Self::new();
        signals::listen(flag.clone()).context("cannot listen for Ctrl-C")?;
        Ok(flag)
    }

    /// A flag for a part of the program: set when this one is, and on its own.
    pub fn part(&self) -> Self {
        let above = self.above.iter().chain([&self.own]).cloned().collect();
        Self { own: Arc::default(), above }
    }

    pub fn requested(&self) -> bool {
        self.code().is_some()
    }

    /// Stops as Ctrl-C does.
    pub fn request(&self) {
        self.request_by(Request::User);
    }

    /// The first request decides the exit code.
    pub fn request_by(&self, request: Request) {
        // Where there has been one, it stays.
        let _ = self.own.compare_exchange(0, request.exit_code(), Ordering::SeqCst, Ordering::SeqCst);
    }

    /// What a program ends with that has stopped because of this flag: whoever started it is to know why.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code().unwrap_or(Request::User.exit_code()))
    }

    fn code(&self) -> Option<u8> {
        self.above.iter().chain([&self.own]).map(|flag| flag.load(Ordering::SeqCst)).find(|code| *code != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_request() {
        let flag = StopFlag::new();
        let other = flag.clone();
        assert!(!other.requested());
        flag.request();
        assert!(other.requested());
    }

    #[test]
    fn a_part_stops_alone_or_with_the_whole() {
        let whole = StopFlag::new();
        let (one, two) = (whole.part(), whole.part());
        one.request();
        assert!(one.requested() && one.part().requested() && !two.requested() && !whole.requested());
        whole.request();
        assert!(two.requested() && two.part().requested());
    }

    #[test]
    fn the_first_request_decides_the_exit_code() {
        let flag = StopFlag::new();
        flag.request_by(Request::Scheduler);
        flag.request();
        assert_eq!((flag.code(), flag.part().code()), (Some(75), Some(75)));
        let other = StopFlag::new();
        other.request();
        other.request_by(Request::Scheduler);
        assert_eq!(other.code(), Some(130));
    }
}
