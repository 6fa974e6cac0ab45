//! What a sweep says: before its first run, while it runs, after each run, and where it is kept.

use crate::outcome::{assert_same, column};
use crate::place::Place;
use std::fs;
use std::process::Output;

/// Two rates and two seeds of images of which the answer is known, in a few steps.
const SWEEP: [&str; 10] = [
    "sweep",
    "controls",
    "--device",
    "flex",
    "--only",
    "mark-32-at-8",
    "--set",
    "train.iterations=3",
    "--set",
    "rates=[[1,8],[1,16]]",
];

fn sweep(place: &Place, out: &str, seeds: &str, more: &[&str]) -> (Output, String) {
    let mut command = place.command(&SWEEP);
    command.args(["--set", "expect=\"no-winner\"", "--seeds", seeds, "--out", out]).args(more);
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{stderr}");
    (output, stderr)
}

/// The names of the runs in the order in which they were finished.
fn finished(stderr: &str) -> Vec<&str> {
    stderr.lines().filter_map(|line| line.split_once(": mIoU ").map(|(name, _)| name)).collect()
}

#[test]
fn runs_are_told_before_and_after_and_seeds_come_first() {
    let place = Place::new();
    let (_, stderr) = sweep(&place, "out", "2", &["--jobs", "1"]);
    assert!(stderr.contains("controls: 4 runs to do, of 1 experiment, on flex; about "), "{stderr}");
    let before = stderr.find(": about ").unwrap();
    assert!(stderr.contains("\n4 runs, "), "{stderr}");
    let first = stderr.find("mark-32-at-8 1-8 seed 0: mIoU ").unwrap();
    assert!(before < first, "{stderr}");
    let expected = ["1-8 seed 0", "1-16 seed 0", "1-8 seed 1", "1-16 seed 1"].map(|run| format!("mark-32-at-8 {run}"));
    assert_eq!(finished(&stderr), expected);
    // The first has nothing to be compared with, and the third the first seed of the other.
    let lines: Vec<&str> = stderr.lines().filter(|line| line.contains(": mIoU ")).collect();
    assert!(lines[0].ends_with(" %, no seed in common with 1-16"), "{stderr}");
    assert!(lines[1].contains(" %, the baseline; best of the others 1-8, "), "{stderr}");
    assert!(lines[2].ends_with(" against 1-16 (1 seed, fewer than 3 seeds)"), "{stderr}");
    assert!(lines[3].ends_with(" (2 seeds, fewer than 3 seeds)"), "{stderr}");
    // Neither their folders nor their rows are in that order.
    assert_eq!(column(&place.path("out"), "seed"), ["0", "1", "0", "1"]);
    assert!(!stderr.contains("run 1 of 4"), "{stderr}");
}

#[test]
fn quiet_verbose_and_the_log() {
    let place = Place::new();
    let (quiet, stderr) = sweep(&place, "quiet", "2", &["--quiet", "--log", "sweep.log"]);
    assert_eq!((String::from_utf8(quiet.stdout).unwrap().as_str(), stderr.as_str()), ("quiet\n", ""));
    let log = fs::read_to_string(place.path("sweep.log")).unwrap();
    for part in
        ["controls: 4 runs to do", "run 1 of 4: ", "seed 0: mIoU ", "4 runs finished; results in quiet", "| rates"]
    {
        assert!(log.contains(part), "no {part}: {log}");
    }
    assert!(log.lines().all(|line| line.split_once("Z ").is_some_and(|(time, _)| time.len() == 19)), "{log}");

    let (verbose, stderr) = sweep(&place, "verbose", "2", &["--verbose", "--log", "sweep.log"]);
    assert!(String::from_utf8(verbose.stdout).unwrap().contains("| rates"));
    let title = "run 1 of 4: mark-32-at-8, rates 1-8, seed 0";
    assert!(stderr.contains(title) && stderr.contains("seed 0: mIoU "), "{stderr}");
    // Appended.
    let grown = fs::read_to_string(place.path("sweep.log")).unwrap();
    assert!(grown.starts_with(&log) && grown[log.len()..].contains("results in verbose"), "{grown}");
    assert_same(&place.path("quiet"), &place.path("verbose"));

    let error = place.refuse(&["sweep", "retina-small", "--device", "flex", "--quiet", "--log", "sweep.log"]);
    let log = fs::read_to_string(place.path("sweep.log")).unwrap();
    assert!(log.lines().last().unwrap().ends_with(&error), "{log}");
    let error = place.refuse(&["sweep", "ci", "--log", "none/sweep.log"]);
    assert!(error.contains("--log none/sweep.log"), "{error}");
    let both = place.refuse(&["sweep", "ci", "--quiet", "--verbose"]);
    assert!(both.contains("--verbose"), "{both}");
}

#[test]
fn what_fails_is_said_also_quietly() {
    let place = Place::new();
    let (output, stderr) = sweep(&place, "out", "0,", &["--quiet", "--set", "train.lr=1e30"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "out\n");
    assert!(!stderr.is_empty() && stderr.lines().all(|line| line.starts_with("failed: mark-32-at-8")), "{stderr}");
}

#[test]
fn a_budget_fits_seeds_and_drops_no_rates() {
    let place = Place::new();
    let (_, stderr) = sweep(&place, "all", "2", &["--budget", "2h"]);
    assert!(stderr.contains("2 h 00 min are time for all 2 seeds of every rates: about "), "{stderr}");
    assert!(stderr.contains("no difference is judged with fewer than 3 seeds"), "{stderr}");
    assert_eq!(column(&place.path("all"), "seed").len(), 4);

    let long = ["--set", "train.iterations=1000000", "--set", "expect=\"no-winner\"", "--budget", "1s"];
    let error = place.refuse(&[&SWEEP[..], &long].concat());
    assert!(error.contains("one seed of every rates takes about ") && error.contains("--budget 1 s"), "{error}");
    let text = place.refuse(&["sweep", "ci", "--budget", "soon"]);
    assert!(text.contains("2h, 90min"), "{text}");
}
