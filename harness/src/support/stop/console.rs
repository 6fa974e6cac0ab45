//! Ctrl-C and its like where there are no signals of Unix.

use super::StopFlag;
use super::request::{Answer, Request, Requests};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Sets `flag` on the first Ctrl-C, and ends the program on the second.
///
/// # Errors
/// When the process has a handler already.
pub(super) fn listen(flag: StopFlag) -> Result<(), ctrlc::Error> {
    let requests = Mutex::new(Requests::default());
    ctrlc::set_handler(move || {
        let request = Request::User;
        match requests.lock().unwrap_or_else(PoisonError::into_inner).receive(request, Instant::now()) {
            Answer::Stop => {
                flag.request_by(request);
                let _ = writeln!(io::stderr(), "\n{}", request.notice());
            }
            Answer::Echo => {}
            Answer::Leave(code) => std::process::exit(code.into()),
        }
    })
}
