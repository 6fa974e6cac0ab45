//! Sweeps that are killed or stopped, and started again.

use crate::outcome::rows;
use crate::place::{Place, file_with, files};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

/// Two runs of forty iterations, one after the other, with a checkpoint after every other one.
const SWEEP: [&str; 12] = [
    "sweep",
    "ci",
    "--device",
    "flex",
    "--jobs",
    "1",
    "--only",
    "stare-ci",
    "--set",
    "train.iterations=40",
    "--set",
    "train.checkpoint_every=2",
];

fn start(place: &Place, out: &str) -> Child {
    let mut command = place.command(&SWEEP);
    command.args(["--out", out]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Every file below a folder that ends with `part`, and when it was written.
fn written(folder: &Path, part: &str) -> Vec<(PathBuf, SystemTime)> {
    let all = if folder.is_dir() { files(folder) } else { Vec::new() };
    let wanted = all.into_iter().filter(|path| path.to_string_lossy().ends_with(part));
    // A file may be renamed between being listed and being looked at.
    wanted.filter_map(|path| Some((path.clone(), fs::metadata(&path).ok()?.modified().ok()?))).collect()
}

/// Starts the sweep and waits until it has written a file that ends with `part`. False where it
/// ended before.
fn start_and_wait(place: &Place, out: &str, part: &str) -> (Child, bool) {
    let folder = place.path(out);
    let before = written(&folder, part);
    let mut child = start(place, out);
    while child.try_wait().unwrap().is_none() {
        if written(&folder, part) != before {
            return (child, true);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    (child, false)
}

#[test]
fn a_killed_sweep_ends_with_the_rows_of_an_undisturbed_one() {
    let place = Place::new();
    assert!(start(&place, "undisturbed").wait().unwrap().success());
    // In the first run after its first checkpoint, between the runs, and in the second.
    let first = "1-2-4-8";
    let mut killed = 0;
    for part in ["checkpoint.safetensors", "result.json", "checkpoint.safetensors"] {
        let (mut child, alive) = start_and_wait(&place, "killed", part);
        child.kill().unwrap();
        killed += usize::from(alive && !child.wait().unwrap().success());
    }
    assert!(killed >= 2, "the sweep was too fast: {killed} of 3 kills met it");
    assert!(start(&place, "killed").wait().unwrap().success());
    let rows = rows(&place.path("undisturbed"));
    assert_eq!(rows, crate::outcome::rows(&place.path("killed")));
    assert_eq!(rows.len(), 2);
    for name in ["log.csv", "checkpoint.safetensors"] {
        let read = |out: &str| {
            let folder = place.path(out).join("stare-ci").join(first);
            fs::read(file_with(&folder, name)).unwrap()
        };
        let (a, b) = (read("undisturbed"), read("killed"));
        // A checkpoint ends with the tensors; its header tells times.
        let tail = if name == "log.csv" { 0 } else { a.len() * 9 / 10 };
        assert!(a[tail..] == b[b.len() - (a.len() - tail)..], "{name} differs");
    }
}

#[test]
fn ctrl_c_leaves_a_checkpoint_and_the_next_call_goes_on() {
    let place = Place::new();
    let (mut child, _) = start_and_wait(&place, "out", "checkpoint.safetensors");
    // SIGINT, as Ctrl-C sends it.
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    // On a fast machine the sweep may have ended before the signal came.
    assert!(status.code() == Some(130) || status.success(), "{status}");
    let output = place.command(&SWEEP).args(["--out", "out"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(rows(&place.path("out")).len(), 2);
    assert!(files(&place.path("out")).iter().all(|path| !path.to_string_lossy().ends_with(".tmp")));
}

#[test]
fn a_run_that_diverges_is_a_row_and_the_sweep_goes_on() {
    let place = Place::new();
    // A rate of learning that no network survives, in the first experiment alone.
    let sweep = ["sweep", "ci", "--device", "flex", "--set", "stare-ci.train.lr=1e30", "--out", "out"];
    let output = place.run(&sweep);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let mut reader = csv::Reader::from_path(place.path("out/results.csv")).unwrap();
    let column = |name: &str, headers: &csv::StringRecord| headers.iter().position(|h| h == name).unwrap();
    let headers = reader.headers().unwrap().clone();
    let (experiment, status) = (column("experiment", &headers), column("status", &headers));
    let (at, why) = (column("failed_at_iteration", &headers), column("failure", &headers));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    for row in &rows {
        if &row[experiment] == "stare-ci" {
            assert_eq!(&row[status], "failed", "{row:?}");
            assert!(row[at].parse::<u64>().unwrap() >= 1, "{row:?}");
            assert!(row[why].contains("loss is NaN") || row[why].contains("loss is inf"), "{row:?}");
        } else {
            assert_eq!(&row[status], "finished", "{row:?}");
        }
    }
}

/// No later loss would tell: without a look at the weights this would score as all background.
#[test]
fn a_run_that_diverges_in_its_last_update_is_no_result() {
    let place = Place::new();
    let mut sweep = vec!["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--limit", "1", "--out", "out"];
    sweep.extend(["--set", "train.iterations=1", "--set", "train.lr=1e300"]);
    assert_eq!(place.run(&sweep).status.code(), Some(1));
    let results = fs::read_to_string(place.path("out/results.csv")).unwrap();
    assert_eq!(results.lines().filter(|line| line.contains(",failed,")).count(), 1, "{results}");
    assert!(files(&place.path("out")).iter().all(|path| !path.ends_with("result.json")));
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let place = Place::new();
    assert!(start(&place, "out").wait().unwrap().success());
    let checkpoints: Vec<_> =
        files(&place.path("out")).into_iter().filter(|path| path.ends_with("checkpoint.safetensors")).collect();
    let [first, second] = checkpoints.as_slice() else { panic!("{checkpoints:?}") };
    fs::copy(first, second).unwrap();
    fs::remove_file(second.with_file_name("result.json")).unwrap();
    let mut arguments = SWEEP.to_vec();
    arguments.extend(["--out", "out"]);
    let error = place.refuse(&arguments);
    assert!(error.contains("checkpoint.safetensors cannot be resumed from") && error.contains("of run"), "{error}");
}
