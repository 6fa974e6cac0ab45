//! Ctrl-C and SIGTERM: finish the iteration, write a checkpoint, leave.

use anyhow::{Context, Result};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a program that was stopped by Ctrl-C.
pub const STOPPED_EXIT_CODE: u8 = 130;

/// Set once somebody has asked to stop; clones share it.
#[derive(Clone, Debug, Default)]
pub struct StopFlag {
    own: Arc<AtomicBool>,
    /// Those that stop this one as well.
    above: Vec<Arc<AtomicBool>>,
}

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
        let shared = flag.own.clone();
        ctrlc::set_handler(move || {
            if shared.swap(true, Ordering::SeqCst) {
                std::process::exit(STOPPED_EXIT_CODE.into());
            }
            // The terminal may be what went away.
            let _ = writeln!(std::io::stderr(), "\nstopping; press Ctrl-C again to leave at once");
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(flag)
    }

    /// A flag for a part of the program: set when this one is, and on its own.
    pub fn part(&self) -> Self {
        let above = self.above.iter().chain([&self.own]).cloned().collect();
        Self { own: Arc::default(), above }
    }

    pub fn requested(&self) -> bool {
        self.above.iter().chain([&self.own]).any(|flag| flag.load(Ordering::SeqCst))
    }

    pub fn request(&self) {
        self.own.store(true, Ordering::SeqCst);
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
}
