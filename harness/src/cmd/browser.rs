//! Shows a page to the person at the machine.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Programs that open a file with what the desktop has for it.
#[cfg(target_os = "macos")]
const OPENERS: [&[&str]; 1] = [&["open"]];
#[cfg(windows)]
const OPENERS: [&[&str]; 1] = [&["cmd", "/C", "start", ""]];
#[cfg(not(any(target_os = "macos", windows)))]
const OPENERS: [&[&str]; 2] = [&["xdg-open"], &["gio", "open"]];

/// Opens a file in the browser. Where nothing here can, that is said on stderr: the page is there
/// all the same.
pub(super) fn open(page: &Path) {
    if !OPENERS.iter().any(|opener| opened(opener, page)) {
        // Where stderr is closed, stdout has the path.
        let _ = writeln!(std::io::stderr(), "nothing here opens pages: open {} yourself", page.display());
    }
}

/// Whether a program was found and has taken the page.
fn opened(opener: &[&str], page: &Path) -> bool {
    let mut command = Command::new(opener[0]);
    command.args(&opener[1..]).arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
