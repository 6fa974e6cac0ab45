//! Tests that mount file systems of their own, where the system lets them.

use std::path::Path;
use std::process::Command;

/// Says to a test that it runs in a namespace of its own.
const INSIDE: &str = "ATROUS_TEST_MOUNTS";

const UNSHARE: [&str; 3] = ["--user", "--map-root-user", "--mount"];

/// Whether the caller, the test called `name`, may go on and mount what it likes: it is in a
/// namespace of its own, and nobody else sees it. Outside of one the test is run again in a new
/// one, and the caller has nothing left to do.
pub fn are_own(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let possible = Command::new("unshare").args(UNSHARE).args(["mount", "-t", "tmpfs", "none", "/tmp"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        println!("skipped: {name} mounts file systems, which takes user namespaces (unshare, mount of Linux)");
        return false;
    }
    let mut again = Command::new("unshare");
    again.args(UNSHARE).arg(std::env::current_exe().unwrap()).args(["--exact", name, "--nocapture"]);
    let output = again.env(INSIDE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

pub fn mount(arguments: &[&str], on: &Path) {
    let output = Command::new("mount").args(arguments).arg(on).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub fn unmount(on: &Path) {
    assert!(Command::new("umount").arg(on).status().unwrap().success());
}
