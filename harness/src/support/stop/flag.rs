//! The flag that a request to stop sets, and that whoever works looks at.

use super::request::Request;
use super::signals;
use crate::support::exit::Exit;
use anyhow::{Context, Result};
use atrous_data::DataError;
use std::sync::{Arc, OnceLock};

/// The first signal that this program was sent.
static SIGNALLED: OnceLock<Request> = OnceLock::new();

/// How a program ends with an error that says that it was stopped while it read a file of images;
/// `None` for any other one.
pub fn exit_of_interruption(error: &anyhow::Error) -> Option<Exit> {
    let is_one = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref::<DataError>(), Some(DataError::Interrupted { .. }))
    };
    error.chain().any(is_one).then(|| SIGNALLED.get().unwrap_or(&Request::User).exit())
}

/// A flag that is set once somebody has asked to stop; clones share it.
#[derive(Clone, Debug, Default)]
pub struct StopFlag {
    /// The first request, once there is one.
    own: Arc<OnceLock<Request>>,
    /// The flags that stop this one as well.
    above: Vec<Arc<OnceLock<Request>>>,
}

impl StopFlag {
    /// A flag that nothing but [`StopFlag::request`] sets.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag that Ctrl-C, SIGTERM and SIGHUP set; they end the reading of images as well. The
    /// second signal ends the program at once, with the code of the first: files are renamed into
    /// place, so that loses only what was done since the last checkpoint.
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn install() -> Result<Self> {
        let flag = Self::new();
        let set = flag.clone();
        let answer = move |request| {
            set.request_by(request);
            let _ = SIGNALLED.set(request);
            atrous_data::interrupt();
        };
        signals::listen(answer).context("cannot listen for Ctrl-C")?;
        Ok(flag)
    }

    /// A flag for a part of the program: set when this one is, and on its own.
    pub fn part(&self) -> Self {
        let above = self.above.iter().chain([&self.own]).cloned().collect();
        Self { own: Arc::default(), above }
    }

    /// Whether somebody has asked to stop.
    pub fn requested(&self) -> bool {
        self.first().is_some()
    }

    /// Stops as Ctrl-C does.
    pub fn request(&self) {
        self.request_by(Request::User);
    }

    /// Stops for a reason. The first request decides the exit code.
    pub fn request_by(&self, request: Request) {
        // Where there has been one, it stays.
        let _ = self.own.set(request);
    }

    /// What a program ends with that has stopped because of this flag: whoever started it is to
    /// know why.
    pub fn exit(&self) -> Exit {
        self.first().unwrap_or(Request::User).exit()
    }

    fn first(&self) -> Option<Request> {
        self.above.iter().chain([&self.own]).find_map(|flag| flag.get().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_is_told_from_an_error() {
        let of = |error: DataError| exit_of_interruption(&anyhow::Error::new(error).context("stare"));
        assert_eq!(of(DataError::Interrupted { path: "a.png".into() }), Some(Exit::StoppedByUser));
        assert_eq!(of(DataError::OutputExists { path: "a".into() }), None);
    }

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
        assert_eq!((flag.exit().code(), flag.part().exit().code()), (75, 75));
        let other = StopFlag::new();
        other.request();
        other.request_by(Request::Scheduler);
        assert_eq!(other.exit().code(), 130);
    }
}
