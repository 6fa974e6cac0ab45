//! Disks that are full, directories that cannot be written or go away, two sweeps in one place: one
//! clear error, exit code 2, and the same command goes on once it is put right.

use crate::mounts::{self, mount, unmount};
use crate::outcome::{assert_same, named};
use crate::place::{Place, files};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Two runs, one after the other, with a checkpoint after every other iteration.
fn two_runs<'a>(out: &'a str, iterations: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let arguments = ["sweep", "ci", "--device", "flex", "--jobs", "1", "--only", "stare-ci", "--out", out];
    let settings = ["--set", iterations, "--set", "train.checkpoint_every=2"];
    [&arguments[..], &settings, more].concat()
}

const SHORT: &str = "train.iterations=8";
/// Long enough to be met on its way.
const LONG: &str = "train.iterations=200";

/// Starts a long sweep and waits until it has a checkpoint.
fn start_and_wait(place: &Place, out: &str) -> Child {
    let mut command = place.command(&two_runs(out, LONG, &[]));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !has(&place.path(out), "checkpoint.safetensors") {
        assert!(child.try_wait().unwrap().is_none(), "the sweep ended before it had a checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// Whether there is a file of this name in a run directory; others come and go meanwhile.
fn has(out: &Path, name: &str) -> bool {
    let list = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let runs = list(out.join("stare-ci")).flat_map(list);
    runs.into_iter().any(|run| run.join(name).exists())
}

/// The error of a sweep that ended with 2 and without a panic: its last line.
fn error_of(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{stderr}");
    stderr.lines().last().unwrap().to_owned()
}

fn assert_no_temporary_files(out: &Path) {
    let left: Vec<_> = files(out).into_iter().filter(|path| path.to_string_lossy().ends_with(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The bytes of a finished run's checkpoint.
fn checkpoint_bytes(out: &Path) -> u64 {
    fs::metadata(&named(out, "checkpoint.safetensors")[0]).unwrap().len()
}

/// Fills a file system until so many bytes are free.
fn fill(folder: &Path, free: u64) -> PathBuf {
    let path = folder.join("ballast");
    let mut file = File::create(&path).unwrap();
    let error = loop {
        if let Err(error) = file.write_all(&[0; 4096]) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    file.set_len(file.metadata().unwrap().len() - free).unwrap();
    path
}

#[test]
fn a_full_disk_loses_nothing_and_the_same_command_goes_on() {
    if !mounts::are_own("faults::a_full_disk_loses_nothing_and_the_same_command_goes_on") {
        return;
    }
    let place = Place::new();
    place.succeed(&two_runs("undisturbed", SHORT, &[]));
    fs::create_dir(place.path("small")).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=16m", "none"], &place.path("small"));
    let out = place.path("small/out");
    place.succeed(&two_runs("small/out", SHORT, &["--limit", "1"]));
    let results = fs::read(out.join("results.csv")).unwrap();
    // Room for nothing; for all small files of the second run, and not for its checkpoint.
    for (free, file) in [(0, "small/out/"), (checkpoint_bytes(&out) / 2, "checkpoint.safetensors")] {
        let ballast = fill(&place.path("small"), free);
        let error = place.refuse_for_now(&two_runs("small/out", SHORT, &[]));
        assert!(error.contains(file) && error.contains("No space left on device"), "{free} bytes: {error}");
        assert_eq!(fs::read(out.join("results.csv")).unwrap(), results);
        assert_no_temporary_files(&out);
        fs::remove_file(ballast).unwrap();
    }
    place.succeed(&two_runs("small/out", SHORT, &[]));
    assert_same(&place.path("undisturbed"), &out);
}

/// As `ulimit -f` sets it, or a quota: without care the system would end the program by a signal.
#[test]
fn a_file_that_may_not_grow_is_named_and_the_same_command_goes_on() {
    let place = Place::new();
    place.succeed(&two_runs("undisturbed", SHORT, &[]));
    // Blocks are of 512 bytes or of 1024, by the shell.
    let blocks = checkpoint_bytes(&place.path("undisturbed")) / 2 / 1024;
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -f {blocks}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_atrous")]);
    let output = command.args(two_runs("out", SHORT, &[])).current_dir(place.root()).output().unwrap();
    let error = error_of(&output);
    assert!(error.contains("checkpoint.safetensors") && error.contains("File too large"), "{error}");
    assert_no_temporary_files(&place.path("out"));
    place.succeed(&two_runs("out", SHORT, &[]));
    assert_same(&place.path("undisturbed"), &place.path("out"));
}

#[test]
fn error_output_on_a_disk_that_is_read_only() {
    if !mounts::are_own("faults::error_output_on_a_disk_that_is_read_only") {
        return;
    }
    let place = Place::new();
    fs::create_dir(place.path("disc")).unwrap();
    mount(&["-t", "tmpfs", "-o", "ro", "none"], &place.path("disc"));
    let error = place.refuse_untouched(&two_runs("disc/out", SHORT, &[]));
    let parts = ["disc/out", "--out", "Read-only file system"];
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
}

/// As a file system does that has met an error of its disk.
#[test]
fn a_disk_that_becomes_read_only_ends_the_sweep_and_the_same_command_goes_on() {
    if !mounts::are_own("faults::a_disk_that_becomes_read_only_ends_the_sweep_and_the_same_command_goes_on") {
        return;
    }
    let place = Place::new();
    place.succeed(&two_runs("undisturbed", LONG, &[]));
    fs::create_dir(place.path("disc")).unwrap();
    mount(&["-t", "tmpfs", "none"], &place.path("disc"));
    let out = place.path("disc/out");
    fs::create_dir(&out).unwrap();
    let child = start_and_wait(&place, "disc/out");
    // In two steps it would be seen half done.
    mount(&["-o", "bind,ro", out.to_str().unwrap()], &out);
    let error = error_of(&child.wait_with_output().unwrap());
    assert!(error.contains("disc/out/") && error.contains("Read-only file system"), "{error}");
    unmount(&out);
    place.succeed(&two_runs("disc/out", LONG, &[]));
    assert_same(&place.path("undisturbed"), &out);
    assert_no_temporary_files(&out);
}

#[test]
fn error_output_that_is_removed_under_way() {
    let place = Place::new();
    let child = start_and_wait(&place, "out");
    // What is written meanwhile is not removed at the first go.
    while fs::remove_dir_all(place.path("out")).is_err_and(|error| error.kind() != ErrorKind::NotFound) {}
    let error = error_of(&child.wait_with_output().unwrap());
    // A file may be missed while the directory itself is still there.
    let missed = error.contains("cannot write out/") && error.ends_with("No such file or directory (os error 2)");
    assert!(missed || error.contains("out was removed or replaced while a sweep was writing to it"), "{error}");
    assert!(!place.path("out").exists());
}

#[test]
fn error_output_that_is_moved_under_way() {
    let place = Place::new();
    let child = start_and_wait(&place, "out");
    fs::rename(place.path("out"), place.path("elsewhere")).unwrap();
    let error = error_of(&child.wait_with_output().unwrap());
    assert!(error.contains("out was removed or replaced while a sweep was writing to it"), "{error}");
    assert!(!place.path("out").exists());
    // What it had written goes on where it is now.
    place.succeed(&two_runs("undisturbed", LONG, &[]));
    place.succeed(&two_runs("elsewhere", LONG, &[]));
    assert_same(&place.path("undisturbed"), &place.path("elsewhere"));
}

#[test]
fn a_second_sweep_on_one_output_is_refused_and_the_first_is_unharmed() {
    let place = Place::new();
    place.succeed(&two_runs("undisturbed", LONG, &[]));
    let mut child = start_and_wait(&place, "out");
    let error = place.refuse_for_now(&two_runs("out", LONG, &[]));
    assert!(child.try_wait().unwrap().is_none(), "the first sweep ended too soon");
    assert!(error.contains("out is in use by another sweep") && error.contains("--out"), "{error}");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same(&place.path("undisturbed"), &place.path("out"));
}
