//! Panics of a run: caught with what they say, so that they end this run and not the others.

use std::any::Any;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

/// Characters of a panic's message that a row keeps.
const LONGEST_MESSAGE: usize = 300;

/// What was said by panics in the threads in which the runtime of a GPU does its work. It reports
/// most of them to the thread that waits for numbers; of the others it keeps the process alive and
/// tells nobody.
static DEVICE_PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Calls `run`. `Err` is what its panic said: one in its own thread, in those that it waits for, or
/// in a thread of the device meanwhile. Panics are printed as ever, with their backtrace where
/// `RUST_BACKTRACE` asks for it.
pub fn catch<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    listen();
    let before = device_panics(0).len();
    let outcome = catch_unwind(AssertUnwindSafe(run));
    let of_device = device_panics(before);
    match outcome {
        Ok(value) => of_device.into_iter().next().map_or(Ok(value), Err),
        Err(panic) => {
            let message = message(&*panic);
            // What came first is nearer to the cause.
            let first = of_device.into_iter().next().filter(|first| *first != message);
            Err(first.map_or_else(|| message.clone(), |first| format!("{message} (after: {first})")))
        }
    }
}

/// What a panic says, on a line.
pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    line(text.unwrap_or("it gave no reason"))
}

/// A message without the backtrace that the runtime puts into it, and of a length that fits a row.
fn line(text: &str) -> String {
    // Some messages quote another one.
    let text = text.replace("\\n", "\n");
    let text = text.split("\nBacktrace:").next().unwrap_or_default();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{} ...", &words[..end]),
        None => words,
    }
}

fn device_panics(from: usize) -> Vec<String> {
    let panics = DEVICE_PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    panics.get(from..).unwrap_or_default().to_vec()
}

/// Notes panics of the device's threads from now on, and lets the hook that was there print them.
fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let print = take_hook();
        set_hook(Box::new(move |info| {
            note(info);
            print(info);
        }));
    });
}

fn note(info: &PanicHookInfo) {
    if is_of_device(thread::current().name().unwrap_or_default()) {
        let text = line(info.payload_as_str().unwrap_or("a thread of the device gave no reason"));
        DEVICE_PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

/// Whether a thread has a name that CubeCL gives: `DSU-<type>-<index>` or `DSD-<type>-<index>`.
/// When CubeCL tunes, it tries out kernels that may panic.
fn is_of_device(thread: &str) -> bool {
    (thread.starts_with("DSU-") || thread.starts_with("DSD-")) && !cfg!(feature = "autotune")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_message() {
        assert_eq!(catch(|| 3), Ok(3));
        let number = 7;
        assert_eq!(catch(|| -> u8 { panic!("unlucky {number}") }), Err("unlucky 7".into()));
        assert_eq!(catch(|| -> u8 { std::panic::panic_any(1.5) }), Err("it gave no reason".into()));
    }

    #[test]
    fn a_panic_of_a_thread_that_is_waited_for_is_caught() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let caught = catch(|| pool.install(|| rayon::join(|| 1, || -> u8 { panic!("from below") })));
        assert_eq!(caught, Err("from below".into()));
    }

    #[test]
    fn messages_are_one_line_of_bounded_length() {
        assert_eq!(line("the device\n  is lost\nBacktrace:\n 0: main"), "the device is lost");
        assert_eq!(
            line(r#"no access: Read("lost\nCaused by:\n  x\nBacktrace:\nnone")"#),
            r#"no access: Read("lost Caused by: x"#
        );
        let long = line(&"ü".repeat(1000));
        assert_eq!(long.chars().count(), LONGEST_MESSAGE + " ...".len());
    }

    #[test]
    fn threads_of_the_device_are_known_by_name() {
        for (name, expected) in [("DSU-1-0", true), ("DSD-0-2", true), ("job-0-1", false), ("", false), ("DS", false)] {
            assert_eq!(is_of_device(name), expected && !cfg!(feature = "autotune"), "{name}");
        }
    }
}
