//! `atrous status`: how far a sweep has come, without a lock and without a trace.

use crate::outcome::named;
use crate::place::{Place, files};
use std::fs;
use std::process::Stdio;

const SWEEP: [&str; 8] =
    ["sweep", "ci", "--device", "flex", "--set", "train.iterations=60", "--set", "train.checkpoint_every=2"];

#[test]
fn a_sweep_that_runs_was_killed_and_is_done() {
    let place = Place::new();
    let mut command = place.command(&SWEEP);
    command.args(["--out", "out", "--jobs", "1"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while named(&place.path("out"), "result.json").is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the sweep came to its end");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let running = place.run(&["status", "out"]);
    child.kill().unwrap();
    child.wait().unwrap();
    let text = String::from_utf8(running.stdout).unwrap();
    assert_eq!(running.status.code(), Some(75), "{text}");
    assert!(text.starts_with("4 runs: ") && text.contains("\nrunning; about "), "{text}");

    // What it heard of last is told to be old, as it will be in a while.
    let bulletin = place.path("out/status.json");
    let mut written: serde_json::Value = serde_json::from_slice(&fs::read(&bulletin).unwrap()).unwrap();
    written["seconds"] = (written["seconds"].as_f64().unwrap() - 7200.0).into();
    fs::write(&bulletin, written.to_string()).unwrap();
    let before = files(place.root());
    let stopped = place.run(&["status", "out"]);
    let text = String::from_utf8(stopped.stdout).unwrap();
    assert_eq!(stopped.status.code(), Some(75), "{text}");
    assert!(text.contains("stopped, last heard of 2 h 00 min ago; about "), "{text}");
    assert!(text.contains("the same command goes on"), "{text}");
    assert_eq!(files(place.root()), before);

    place.succeed(&[&SWEEP[..], &["--out", "out"]].concat());
    let text = place.succeed(&["status", "out"]);
    assert!(text.starts_with("4 runs: 4 finished, 0 failed, 0 left\nstare-ci 1-2-4-8: mDice "), "{text}");
    assert!(text.contains(" against 1-12-24-36 (1 seed, fewer than 3 seeds)\n"), "{text}");
    assert!(!bulletin.exists());
}

#[test]
fn runs_that_are_left_and_runs_that_failed() {
    let place = Place::new();
    place.succeed(&["sweep", "ci", "--device", "flex", "--out", "out", "--limit", "1"]);
    let output = place.run(&["status", "out"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(75), "{text}");
    assert!(text.contains("4 runs: 1 finished, 0 failed, 3 left\nnot running; time unknown; "), "{text}");
    let diverging =
        ["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--set", "train.lr=1e30", "--out", "failed"];
    assert_eq!(place.run(&diverging).status.code(), Some(1));
    let output = place.run(&["status", "failed"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("2 runs: 0 finished, 2 failed, 0 left\n"), "{text}");
}

#[test]
fn folders_that_hold_no_sweep_are_named() {
    let place = Place::new();
    let error = place.refuse_untouched(&["status", "none"]);
    assert!(error.contains("none: no such folder"), "{error}");
    fs::create_dir(place.path("empty")).unwrap();
    let error = place.refuse_untouched(&["status", "empty"]);
    assert!(error.contains("empty: holds no runs"), "{error}");
    fs::write(place.path("empty/status.json"), "{}").unwrap();
    let error = place.refuse_untouched(&["status", "empty"]);
    assert!(error.contains("empty/status.json"), "{error}");
}
