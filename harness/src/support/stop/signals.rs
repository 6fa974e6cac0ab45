//! Signals of Unix.

use super::request::{Reaction, Request, Requests};
use crate::support::system_file;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use std::io::{self, Write};
use std::time::Instant;

/// Calls `stop` on the first signal, and ends the program on the second.
///
/// # Errors
/// When the system lets nobody listen.
pub(super) fn listen(stop: impl Fn(Request) + Send + 'static) -> io::Result<()> {
    // SIGXFSZ is listened to and not answered: otherwise a file that reaches the limit of `ulimit
    // -f` would end the program, instead of failing the write, which names the file.
    let mut wanted = vec![SIGINT, SIGTERM, SIGXFSZ];
    if !is_ignored(SIGHUP) {
        wanted.push(SIGHUP);
    }
    let mut signals = Signals::new(wanted)?;
    let answer = move || {
        let mut requests = Requests::default();
        for signal in &mut signals {
            let request = match signal {
                SIGINT | SIGHUP => Request::User,
                SIGTERM => Request::Scheduler,
                _ => continue,
            };
            match requests.receive(request, Instant::now()) {
                Reaction::Stop => {
                    stop(request);
                    // The terminal may be what went away.
                    let _ = writeln!(io::stderr(), "\n{}", request.notice());
                }
                Reaction::Echo => {}
                Reaction::Leave(exit) => std::process::exit(exit.code().into()),
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(answer)?;
    Ok(())
}

/// Whether the program was started with a signal ignored, as nohup(1) does with SIGHUP. Only Linux
/// tells (proc(5)).
fn is_ignored(signal: i32) -> bool {
    let status = system_file::read("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| (mask >> (signal - 1)) & 1 == 1)
}
