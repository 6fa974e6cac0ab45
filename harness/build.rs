//! Stamps the binary with the commit it is built from and with burn's version. Neither is needed: without
//! git, or from an archive, both read `unknown`.

#![allow(clippy::disallowed_methods, reason = "it reads the files of the project alone")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    // At run time: a compiled build script may be shared by several checkouts.
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
    println!("cargo::rerun-if-changed=build.rs");
    let lock = root.join("Cargo.lock");
    if let Some(version) = std::fs::read_to_string(&lock).ok().and_then(|text| locked_version(&text, "burn")) {
        println!("cargo::rerun-if-changed={}", lock.display());
        println!("cargo::rustc-env=ATROUS_BURN_VERSION={version}");
    }
    if let Some(commit) = commit(&root) {
        println!("cargo::rustc-env=ATROUS_GIT_COMMIT={commit}");
    }
}

/// The version of a package in a `Cargo.lock`.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    let version = lines.nth(1)?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

/// `3f2a9c01d4e5`, or `3f2a9c01d4e5-dirty`; `None` unless `root` itself is the top of a git checkout, so that
/// an archive unpacked inside somebody else's repository does not take over that one's commit.
fn commit(root: &Path) -> Option<String> {
    let top = PathBuf::from(git(root, &["rev-parse", "--show-toplevel"])?);
    if top.canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    for name in ["HEAD", "logs/HEAD", "index"] {
        let path = root.join(git(root, &["rev-parse", "--git-path", name])?);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    for folder in ["data/src", "models/src", "harness/src"] {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
    }
    let hash = git(root, &["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(root, &["--no-optional-locks", "status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { hash } else { format!("{hash}-dirty") })
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
