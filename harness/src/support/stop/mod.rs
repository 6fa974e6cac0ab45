//! Requests to stop: finish the iteration, write a checkpoint, leave.

mod flag;
mod request;
#[cfg(unix)]
mod signals;
#[cfg(not(unix))]
#[path = "console.rs"]
mod signals;

pub use flag::{StopFlag, exit_of_interruption};
pub use request::Request;
