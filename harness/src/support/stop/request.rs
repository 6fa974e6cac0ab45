//! Who asks to stop, and how often he has to.

use crate::support::exit::Exit;
use std::time::{Duration, Instant};

/// timeout(1) and schedulers send one request to the process and again to its group: what comes so soon after the first is
/// no second request. A person takes longer to decide.
const ECHO: Duration = Duration::from_millis(300);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Ctrl-C, or a terminal that went away.
    User,
    /// SIGTERM: a time limit, or a machine that is needed for something else.
    Scheduler,
}

impl Request {
    /// The exit code of a program that stops because of this request.
    pub fn exit_code(self) -> u8 {
        match self {
            Request::User => Exit::StoppedByUser.code(),
            Request::Scheduler => Exit::StoppedByScheduler.code(),
        }
    }

    /// What is said of the first request.
    pub(super) fn notice(self) -> &'static str {
        match self {
            Request::User => "stopping; press Ctrl-C again to leave at once",
            Request::Scheduler => "stopping, as SIGTERM asks; a second one ends the program at once",
        }
    }
}

/// What has been asked so far.
#[derive(Debug, Default)]
pub(super) struct Requests {
    first: Option<(Request, Instant)>,
}

/// What a request leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Stop,
    /// Nothing: it is the first one, once more.
    Echo,
    /// Leave at once, with this exit code.
    Leave(u8),
}

impl Requests {
    pub fn receive(&mut self, request: Request, now: Instant) -> Answer {
        match self.first {
            None => {
                self.first = Some((request, now));
                Answer::Stop
            }
            Some((_, first)) if now.saturating_duration_since(first) < ECHO => Answer::Echo,
            Some((first, _)) => Answer::Leave(first.exit_code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_request_leaves_with_the_code_of_the_first() {
        let begin = Instant::now();
        for (first, second, code) in [(Request::Scheduler, Request::User, 75), (Request::User, Request::Scheduler, 130)]
        {
            let mut requests = Requests::default();
            assert_eq!(requests.receive(first, begin), Answer::Stop);
            assert_eq!(requests.receive(second, begin + ECHO), Answer::Leave(code));
        }
    }

    #[test]
    fn a_request_that_comes_twice_at_once_is_one() {
        let begin = Instant::now();
        let mut requests = Requests::default();
        assert_eq!(requests.receive(Request::Scheduler, begin), Answer::Stop);
        assert_eq!(requests.receive(Request::Scheduler, begin), Answer::Echo);
        assert_eq!(requests.receive(Request::Scheduler, begin + ECHO / 2), Answer::Echo);
        assert_eq!(requests.receive(Request::Scheduler, begin + 2 * ECHO), Answer::Leave(75));
    }
}
