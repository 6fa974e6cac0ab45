//! Sweeps with several runs at a time: the same as with one.

use crate::outcome::{assert_same, column, named};
use crate::place::{Place, files};
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::Duration;

/// Four runs of sixty iterations, with a checkpoint after every other one.
const SWEEP: [&str; 8] =
    ["sweep", "ci", "--device", "flex", "--set", "train.iterations=60", "--set", "train.checkpoint_every=2"];

fn sweep(place: &Place, out: &str, jobs: &str) -> Output {
    let output = place.command(&SWEEP).args(["--out", out, "--jobs", jobs]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Runs that have a checkpoint and no result.
fn in_work(out: &Path) -> usize {
    named(out, "checkpoint.safetensors").iter().filter(|path| !path.with_file_name("result.json").exists()).count()
}

/// Starts a sweep with two jobs and waits until both have written a checkpoint.
fn start_and_wait(place: &Place, out: &str) -> Child {
    let mut command = place.command(&SWEEP);
    command.args(["--out", out, "--jobs", "2"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while in_work(&place.path(out)) < 2 {
        assert!(child.try_wait().unwrap().is_none(), "two runs were never in work at once");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn two_jobs_end_with_the_bits_of_one() {
    let place = Place::new();
    let one = sweep(&place, "one", "1");
    let two = sweep(&place, "two", "2");
    assert_eq!(one.stdout, two.stdout);
    assert_same(&place.path("one"), &place.path("two"));
    let (alone, shared) = (String::from_utf8(one.stderr).unwrap(), String::from_utf8(two.stderr).unwrap());
    assert!(!alone.contains("side by side"), "{alone}");
    assert!(shared.contains("2 runs side by side, "), "{shared}");
    // What a run took beside another one is not to be mistaken for what it takes.
    assert_eq!(column(&place.path("one"), "jobs"), ["1"; 4]);
    assert_eq!(column(&place.path("two"), "jobs"), ["2"; 4]);
    assert_eq!(column(&place.path("two"), "peak_memory_bytes"), [""; 4]);
    assert!(
        column(&place.path("one"), "peak_memory_bytes")
            .iter()
            .all(|bytes| cfg!(not(target_os = "linux")) || !bytes.is_empty())
    );
}

#[test]
fn a_sweep_that_was_killed_in_two_runs_ends_like_an_undisturbed_one() {
    let place = Place::new();
    sweep(&place, "undisturbed", "1");
    let mut child = start_and_wait(&place, "killed");
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let killed = place.path("killed");
    assert!(in_work(&killed) >= 1, "the kill came too late");
    sweep(&place, "killed", "2");
    assert_same(&place.path("undisturbed"), &killed);
}

#[test]
fn ctrl_c_stops_both_runs_and_one_job_goes_on_with_them() {
    let place = Place::new();
    sweep(&place, "undisturbed", "1");
    let child = start_and_wait(&place, "stopped");
    // SIGINT, as Ctrl-C sends it.
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let stopped = place.path("stopped");
    assert!(files(&stopped).iter().all(|path| !path.to_string_lossy().ends_with(".tmp")));
    // Each of the two has either stopped with a checkpoint or come to its end.
    let (lines, results) = (stderr.matches("stopped: ").count(), named(&stopped, "result.json").len());
    assert!(lines >= 2 && results < 4, "{stderr}");
    sweep(&place, "stopped", "1");
    assert_same(&place.path("undisturbed"), &stopped);
    let jobs = column(&stopped, "jobs");
    // Training that went on alone was shared before.
    assert!(jobs.contains(&"1".to_owned()) && jobs.contains(&"2".to_owned()), "{jobs:?}");
}

#[test]
fn error_of_one_run_stops_the_other() {
    let place = Place::new();
    let mut child = start_and_wait(&place, "out");
    child.kill().unwrap();
    child.wait().unwrap();
    let out = place.path("out");
    let checkpoints = named(&out, "checkpoint.safetensors");
    let unfinished: Vec<_> = checkpoints.iter().filter(|path| !path.with_file_name("result.json").exists()).collect();
    std::fs::write(unfinished[0], "nonsense").unwrap();
    let output = place.command(&SWEEP).args(["--out", "out", "--jobs", "2"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let error = stderr.lines().last().unwrap();
    assert!(error.starts_with("error: ") && error.contains("checkpoint.safetensors is no checkpoint"), "{stderr}");
    assert!(named(&out, "result.json").len() < 4);
    std::fs::remove_file(unfinished[0]).unwrap();
    sweep(&place, "out", "2");
    assert_eq!(named(&out, "result.json").len(), 4);
}

#[test]
fn a_dry_run_says_how_many_at_a_time() {
    let place = Place::new();
    let text = place.succeed(&["sweep", "quick", "--device", "flex", "--dry-run", "--jobs", "3"]);
    assert!(text.contains("15 to do now; about ") && text.contains("3 runs side by side, "), "{text}");
}
