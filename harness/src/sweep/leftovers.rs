//! What sweeps that were killed have left half written.

use crate::results::run_dir::subdirectories;
use crate::support::atomic_file;
use crate::support::lookup;
use anyhow::{Context, Result};
use atrous_data::DatasetKind;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Temporary files of an output directory, of its run directories and of its drawn sets, and image
/// sets that were being drawn. Nobody writes them any more: whoever calls this holds the lock of
/// the directory. Commands that write a table or a report there take no lock, so files of a process
/// that lives on this machine are not among them.
///
/// # Errors
/// Names the directory that cannot be listed.
pub(super) fn leftovers(out: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![out.to_owned()];
    for experiment in subdirectories(out)? {
        for rates in subdirectories(&experiment)? {
            // Also those that were killed before they had a run.toml.
            folders.extend(subdirectories(&rates)?);
        }
    }
    let mut found = Vec::new();
    let drawn = out.join("synthetic");
    if lookup::is_dir(&drawn)? {
        found.extend(listed(&drawn)?.filter(|(path, kind)| kind.is_dir() && is_half_drawn(path)).map(|(path, _)| path));
        // The list of a drawn set's files stands beside it.
        folders.push(drawn);
    }
    for folder in folders {
        found
            .extend(listed(&folder)?.filter(|(path, kind)| kind.is_file() && is_abandoned(path)).map(|(path, _)| path));
    }
    found.sort();
    Ok(found)
}

/// Removes the [`leftovers`] of an output directory whose lock is held.
///
/// # Errors
/// Names the file or directory that cannot be listed or removed.
pub(super) fn remove_leftovers(out: &Path) -> Result<()> {
    for path in leftovers(out)? {
        let removed = if lookup::is_dir(&path)? { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The entries of a directory, links as themselves.
fn listed(folder: &Path) -> Result<impl Iterator<Item = (PathBuf, fs::FileType)> + use<>> {
    let list = || fs::read_dir(folder)?.map(|entry| entry.and_then(kinded)).collect::<Result<Vec<_>, Error>>();
    Ok(list().with_context(|| format!("cannot list {}", folder.display()))?.into_iter())
}

fn kinded(entry: fs::DirEntry) -> Result<(PathBuf, fs::FileType), Error> {
    Ok((entry.path(), entry.file_type()?))
}

fn is_abandoned(path: &Path) -> bool {
    let process = path.file_name().and_then(|name| atomic_file::temporary_process(name.to_str()?));
    // This process has not begun to write: what bears its number is of an earlier one, as in
    // containers.
    process.is_some_and(|process| process == std::process::id() || !is_alive(process))
}

/// `<data set>-<hash>.tmp`, as [`super::data`] calls a set until it is whole.
fn is_half_drawn(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".tmp")?.rsplit_once('-'));
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.is_some_and(|(set, hash)| is_hash(hash) && DatasetKind::all().any(|kind| kind.name() == set))
}

/// Whether a process runs, as far as Linux tells (proc(5)). Elsewhere none is taken to run: there,
/// a table or report that is written in the same moment fails, and says so.
fn is_alive(process: u32) -> bool {
    // One that has ended and was not waited for has no program any more. Programs of other users
    // may not be looked at.
    !fs::read_link(format!("/proc/{process}/exe")).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Lock;

    /// A number that no process has: that of one that has ended and was waited for.
    fn dead() -> u32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    fn write(out: &Path, name: &str) -> PathBuf {
        let path = out.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "half").unwrap();
        path
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_killed_sweep_left_goes_and_nothing_else() {
        let out = tempfile::tempdir().unwrap();
        let (out, dead) = (out.path(), dead());
        let mut left = vec![
            write(out, &format!(".results.csv.{dead}-12.tmp")),
            write(out, &format!(".table.md.{}-0.tmp", std::process::id())),
            write(out, &format!("stare/1-2/seed-0-abc/.checkpoint.safetensors.{dead}-3.tmp")),
            // Killed before its run.toml was there.
            write(out, &format!("stare/1-2/seed-1-abc/.run.toml.{dead}-4.tmp")),
            // Killed between the drawing of a set and its list.
            write(out, &format!("synthetic/.stare-0123456789abcdef.json.{dead}-1.tmp")),
        ];
        for kind in DatasetKind::all() {
            let drawing = write(out, &format!("synthetic/{kind}-0123456789abcdef.tmp/X/.im1.png.partial-1-2"));
            left.push(drawing.ancestors().nth(2).unwrap().to_owned());
        }
        left.sort();
        let child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let mut child = Ended(child);
        let kept = [
            write(out, &format!(".report.html.{}-0.tmp", child.0.id())),
            write(out, &format!("results.csv.{dead}-12.tmp")),
            write(out, &format!(".results.csv.{dead}-12.tmp.txt")),
            write(out, &format!(".results.csv.{dead}.tmp")),
            write(out, ".notes.x-1.tmp"),
            write(out, "mine.tmp"),
            write(out, &format!(".folder.{dead}-1.tmp/file")),
            // Too deep, and too high up.
            write(out, &format!("stare/.log.csv.{dead}-3.tmp")),
            write(out, &format!("stare/1-2/seed-0-abc/mine/.log.csv.{dead}-3.tmp")),
            write(out, "synthetic/stare-0123456789abcdef/STARE/a.png"),
            write(out, "synthetic/mine.tmp/a.png"),
            write(out, "synthetic/stare-mine.tmp/a.png"),
        ];
        assert_eq!(leftovers(out).unwrap(), left);
        let lock = Lock::take(out).unwrap();
        assert!(left.iter().all(|path| !path.exists()), "{left:?}");
        assert!(kept.iter().all(|path| path.exists()), "{kept:?}");
        assert_eq!(leftovers(out).unwrap(), Vec::<PathBuf>::new());
        drop(lock);
        // Once its process has ended, waited for or not, a file is left over.
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        assert_eq!(leftovers(out).unwrap(), [kept[0].clone()]);
    }

    /// Ends a process that the test has started, however the test ends.
    struct Ended(std::process::Child);

    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_lock_that_is_not_had_removes_nothing() {
        let out = tempfile::tempdir().unwrap();
        let _first = Lock::take(out.path()).unwrap();
        let left = write(out.path(), &format!(".results.csv.{}-1.tmp", dead()));
        assert!(Lock::take(out.path()).is_err());
        assert!(left.exists());
    }
}
