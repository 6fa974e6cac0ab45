//! Who asks to stop, and how often he has to.

use crate::support::exit::Exit;
use std::time::{Duration, Instant};

/// timeout(1) and schedulers send one request to the process and again to its group: what comes so
/// soon after the first is no second request. A person takes longer to decide.
const ECHO: Duration = Duration::from_millis(300);

/// Who asks the program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Ctrl-C, or a terminal that went away.
    User,
    /// SIGTERM: a time limit, or a machine that is needed for something else.
    Scheduler,
}

impl Request {
    /// How a program ends that stops because of this request.
    pub fn exit(self) -> Exit {
        match self {
            Request::User => Exit::StoppedByUser,
            Request::Scheduler => Exit::TryLater,
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

/// The requests that have come so far.
#[derive(Debug, Default)]
pub(super) struct Requests {
    first: Option<(Request, Instant)>,
}

/// What a request leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    Stop,
    /// Nothing: it is the first one, once more.
    Echo,
    /// Leave at once, and end so.
    Leave(Exit),
}

impl Requests {
    pub fn receive(&mut self, request: Request, now: Instant) -> Reaction {
        match self.first {
            None => {
                self.first = Some((request, now));
                Reaction::Stop
            }
            Some((_, first)) if now.saturating_duration_since(first) < ECHO => Reaction::Echo,
            Some((first, _)) => Reaction::Leave(first.exit()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_request_leaves_with_the_code_of_the_first() {
        let begin = Instant::now();
        for (first, second, exit) in [
            (Request::Scheduler, Request::User, Exit::TryLater),
            (Request::User, Request::Scheduler, Exit::StoppedByUser),
        ] {
            let mut requests = Requests::default();
            assert_eq!(requests.receive(first, begin), Reaction::Stop);
            assert_eq!(requests.receive(second, begin + ECHO), Reaction::Leave(exit));
        }
    }

    #[test]
    fn a_request_that_comes_twice_at_once_is_one() {
        let begin = Instant::now();
        let mut requests = Requests::default();
        assert_eq!(requests.receive(Request::Scheduler, begin), Reaction::Stop);
        assert_eq!(requests.receive(Request::Scheduler, begin), Reaction::Echo);
        assert_eq!(requests.receive(Request::Scheduler, begin + ECHO / 2), Reaction::Echo);
        assert_eq!(requests.receive(Request::Scheduler, begin + 2 * ECHO), Reaction::Leave(Exit::TryLater));
    }
}
