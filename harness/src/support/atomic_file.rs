//! Files that are there whole or not at all.

use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes `bytes` to a temporary name beside `path`, syncs it and renames it to `path`.
///
/// # Errors
/// Names `path`; the temporary file is removed.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    write_with(path, |file| file.write_all(bytes.as_ref()).map_err(Into::into))
}

/// Writes a file as [`write()`] does, with contents that are too large to hold in memory: `fill`
/// writes them.
///
/// # Errors
/// Those of `fill` and of the file system, with `path` named; the temporary file is removed.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let temporary = temporary_name(path);
    let written = write_and_rename(&temporary, path, fill);
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn write_and_rename(temporary: &Path, path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let mut file = File::create(temporary)?;
    fill(&mut file)?;
    file.sync_all()?;
    drop(file);
    fs::rename(temporary, path)?;
    sync_folder(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")));
    Ok(())
}

/// `<directory>/.<name>.<process>-<count>.tmp`: hidden, and not shared by two writers.
pub fn temporary_name(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// The process that calls a file so until it is whole; `None` for any other name.
pub fn temporary_process(name: &str) -> Option<u32> {
    let (rest, count) = name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('-')?;
    let (name, process) = rest.rsplit_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (!name.is_empty() && is_number(process) && is_number(count)).then(|| process.parse().ok())?
}

/// Makes renames in a folder survive a power cut, where the system lets a folder be synced.
#[expect(clippy::disallowed_methods, reason = "it is a folder, and nothing of it is read")]
pub fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Removes a file that may be there.
///
/// # Errors
/// Names `path`.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_temporary_name_tells_its_process() {
        let name = temporary_name(Path::new("out/table-1.2.csv"));
        let name = name.file_name().unwrap().to_str().unwrap();
        assert_eq!(temporary_process(name), Some(std::process::id()));
        for other in ["a.1-2.tmp", ".a.1-2.tmp.csv", ".a.1-.tmp", ".a.-2.tmp", ".a.+1-2.tmp", "..1-2.tmp", ".1-2.tmp"] {
            assert_eq!(temporary_process(other), None, "{other}");
        }
    }

    #[test]
    fn failing_halfway_keeps_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, "old").unwrap();
        let error = write_with(&path, |file| {
            file.write_all(b"half")?;
            anyhow::bail!("disk full")
        });
        assert!(format!("{:#}", error.unwrap_err()).contains("a.txt"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
