//! What the program's exit codes mean.

use std::process::ExitCode;

/// How the program ends, as its exit code tells whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked for is done.
    Done = 0,
    /// A run failed, or a check found something.
    Found = 1,
    /// Input, settings, files or a device cannot be used.
    Unusable = 2,
    /// SIGTERM stopped it: `EX_TEMPFAIL` of sysexits(3), the same command may be tried again.
    StoppedByScheduler = 75,
    /// Ctrl-C or SIGHUP stopped it, as shells report Ctrl-C.
    StoppedByUser = 130,
}

impl Exit {
    /// The number that the system is given.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
