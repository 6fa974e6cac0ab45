//! What the program's exit codes mean, in the program and in its help.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::process::ExitCode;

/// How the program ends, as its exit code tells whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked for is done.
    Done = 0,
    /// A run failed, or a check found something.
    Failed = 1,
    /// Input, settings, files or a device cannot be used.
    Unusable = 2,
    /// SIGTERM stopped it, or something was busy or full: `EX_TEMPFAIL` of sysexits(3), the same
    /// command may be tried again.
    TryLater = 75,
    /// Ctrl-C or SIGHUP stopped it, as shells report Ctrl-C.
    StoppedByUser = 130,
}

impl Exit {
    /// Every way in which the program ends, by its number.
    pub const ALL: [Exit; 5] = [Exit::Done, Exit::Failed, Exit::Unusable, Exit::TryLater, Exit::StoppedByUser];

    /// The number that the system is given.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// How the program ends with an error: what is busy, full or stale now need not be so later.
    pub fn of(error: &anyhow::Error) -> Self {
        let later = |cause: &(dyn Error + 'static)| {
            cause.is::<Busy>() || cause.downcast_ref::<io::Error>().is_some_and(|error| is_temporary(error.kind()))
        };
        if error.chain().any(later) { Exit::TryLater } else { Exit::Unusable }
    }

    /// Success where `good` holds, and otherwise a failure.
    pub fn done_if(good: bool) -> Self {
        if good { Exit::Done } else { Exit::Failed }
    }

    /// What the code means for a command that trains, on a line of its help.
    fn of_training(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => "a run failed, or the runs do not show what the spec expects of them",
            Exit::Unusable => "input, files or a device that cannot be used; the last line says which",
            Exit::TryLater => {
                "stopped by SIGTERM, as clusters send it before a time limit, or a lock is busy, a disk full: try again later"
            }
            Exit::StoppedByUser => "stopped by Ctrl-C or SIGHUP",
        }
    }

    /// The section on exit codes in `--help` of commands that train.
    pub fn help_of_training() -> String {
        let lines = Exit::ALL.map(|exit| format!("  {:<5}{}", exit.code(), exit.of_training()));
        format!(
            "Exit codes:\n{}\nAfter 75 and 130, or a kill, the same command goes on from the last checkpoint (docs/reference/faults.md).",
            lines.join("\n")
        )
    }
}

/// Whether an error of the system may be gone when the same is tried again.
fn is_temporary(kind: ErrorKind) -> bool {
    use ErrorKind::{QuotaExceeded, ResourceBusy, StaleNetworkFileHandle, StorageFull, TimedOut};
    matches!(kind, QuotaExceeded | ResourceBusy | StaleNetworkFileHandle | StorageFull | TimedOut)
}

/// Something that another program uses now, and will not for ever.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Busy(pub String);

/// `2 input that cannot be used`: the code with its meaning for any command.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self {
            Exit::Done => "done",
            Exit::Failed => "a run failed or a check found something",
            Exit::Unusable => "input that cannot be used",
            Exit::TryLater => "stopped by SIGTERM, busy or full: try again later",
            Exit::StoppedByUser => "stopped by Ctrl-C",
        };
        write!(f, "{} {meaning}", self.code())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_that_scripts_rely_on() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 75, 130]);
        assert_eq!([true, false].map(Exit::done_if), [Exit::Done, Exit::Failed]);
    }

    #[test]
    fn what_is_busy_or_full_now_is_told_from_what_is_wrong() {
        use anyhow::Context;
        let of = |kind: ErrorKind| Exit::of(&anyhow::Error::new(io::Error::from(kind)).context("cannot write a"));
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::StaleNetworkFileHandle] {
            assert_eq!(of(kind), Exit::TryLater);
        }
        for kind in [ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::InvalidData, ErrorKind::Other] {
            assert_eq!(of(kind), Exit::Unusable);
        }
        let busy = Err::<(), _>(Busy("out is in use".into())).context("a sweep").unwrap_err();
        assert_eq!(Exit::of(&busy), Exit::TryLater);
    }

    #[test]
    fn help_has_a_line_per_code() {
        let help = Exit::help_of_training();
        for exit in Exit::ALL {
            let start = format!("\n  {:<5}", exit.code());
            assert_eq!(help.matches(&start).count(), 1, "{exit}: {help}");
        }
        assert_eq!(help.lines().count(), 1 + Exit::ALL.len() + 1, "{help}");
    }
}
