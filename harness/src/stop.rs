//! Ctrl-C and SIGTERM: finish the iteration, write a checkpoint, leave.

use anyhow::{Context, Result};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a program that was stopped by Ctrl-C.
pub const STOPPED_EXIT_CODE: u8 = 130;

/// Set once somebody has asked the program to stop; clones share it.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that nothing but [`StopFlag::request`] sets.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag that Ctrl-C, SIGTERM and SIGHUP set. The second signal ends the program at once: files are
    /// renamed into place, so that loses only what was done since the last checkpoint.
    ///
    /// # Errors
    /// When the process has a handler already.
    pub fn install() -> Result<Self> {
        let flag = Self::new();
        let shared = flag.clone();
        ctrlc::set_handler(move || {
            if shared.0.swap(true, Ordering::SeqCst) {
                std::process::exit(STOPPED_EXIT_CODE.into());
            }
            // The terminal may be what went away.
            let _ = writeln!(std::io::stderr(), "\nstopping; press Ctrl-C again to leave at once");
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(flag)
    }

    pub fn requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
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
}
