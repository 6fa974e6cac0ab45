//! A scratch directory, and the program in it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A scratch directory in which the program runs.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    /// The scratch directory itself.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, about to run there.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atrous"));
        command.args(arguments).current_dir(self.root()).env_remove("ATROUS_DATA");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a successful call prints.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one line with which a call is refused, exit code 2.
    pub fn refuse(&self, arguments: &[&str]) -> String {
        self.refuse_with(2, arguments)
    }

    /// The one line with which a call is refused that may be tried again later, exit code 75.
    pub fn refuse_for_now(&self, arguments: &[&str]) -> String {
        self.refuse_with(75, arguments)
    }

    fn refuse_with(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?} printed {}", String::from_utf8_lossy(&output.stdout));
        let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(lines.len(), 1, "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().last(), lines.first().copied(), "{arguments:?}: {stderr}");
        lines[0].to_owned()
    }

    /// As [`Place::refuse`], of a call that must leave the directory as it was.
    pub fn refuse_untouched(&self, arguments: &[&str]) -> String {
        let before = files(self.0.path());
        let error = self.refuse(arguments);
        assert_eq!(files(self.0.path()), before, "{arguments:?} wrote something");
        error
    }

    /// Draws the images of the spec `ci` without training; the data root of STARE.
    pub fn drawn_stare(&self) -> PathBuf {
        self.succeed(&["sweep", "ci", "--device", "flex", "--limit", "0", "--out", "drawn"]);
        let roots = fs::read_dir(self.path("drawn/synthetic")).unwrap().map(|entry| entry.unwrap().path());
        roots.into_iter().find(|path| path.join("STARE").is_dir()).unwrap()
    }
}

/// All files below a directory. A program may be writing there: what vanishes during the walk, a
/// temporary file say, is no part of it.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(folder, &mut found).unwrap();
    found.sort();
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match walk(&path, found) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) if error.kind() != ErrorKind::NotADirectory => return Err(error),
            _ => found.push(path),
        }
    }
    Ok(())
}

/// The first file below a directory whose path contains `part`.
pub fn file_with(folder: &Path, part: &str) -> PathBuf {
    let all = files(folder);
    all.iter().find(|path| path.is_file() && path.to_string_lossy().contains(part)).unwrap().clone()
}
