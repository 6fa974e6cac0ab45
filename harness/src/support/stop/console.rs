//! Ctrl-C and its like where there are no signals of Unix.

use super::request::{Reaction, Request, Requests};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Calls `stop` on the first Ctrl-C, and ends the program on the second.
///
/// # Errors
/// When the process has a handler already.
pub(super) fn listen(stop: impl Fn(Request) + Send + 'static) -> Result<(), ctrlc::Error> {
    let requests = Mutex::new(Requests::default());
    ctrlc::set_handler(move || {
        let request = Request::User;
        match requests.lock().unwrap_or_else(PoisonError::into_inner).receive(request, Instant::now()) {
            Reaction::Stop => {
                stop(request);
                let _ = writeln!(io::stderr(), "\n{}", request.notice());
            }
            Reaction::Echo => {}
            Reaction::Leave(exit) => std::process::exit(exit.code().into()),
        }
    })
}
