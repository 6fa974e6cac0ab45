//! Signals: what the program ends with, and what it leaves.

use crate::outcome::{assert_same, named};
use crate::place::{Place, files};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// One run that takes long enough to be met on its way.
const TRAIN: [&str; 10] = [
    "train",
    "ci",
    "--experiment",
    "stare-ci",
    "--device",
    "flex",
    "--set",
    "train.iterations=400",
    "--set",
    "train.checkpoint_every=2",
];

/// The run, called through `sh` after `before`, once it has a checkpoint.
fn start_and_wait(place: &Place, out: &str, before: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{before} exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_atrous")]);
    command.args(TRAIN).args(["--out", out]).current_dir(place.root());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while named(&place.path(out), "checkpoint.safetensors").is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it had a checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// Sends a signal, once for each of `times`, and waits for the end.
fn signal(child: Child, name: &str, times: usize) -> (Output, String) {
    let process = child.id().to_string();
    let all = vec![process.as_str(); times];
    assert!(Command::new("kill").arg(format!("-{name}")).args(all).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, stderr)
}

#[test]
fn sigterm_leaves_a_checkpoint_and_the_same_command_ends_like_an_undisturbed_run() {
    let place = Place::new();
    place.succeed(&[&TRAIN[..], &["--out", "undisturbed"]].concat());
    let (output, stderr) = signal(start_and_wait(&place, "stopped", ""), "TERM", 1);
    assert_eq!(output.status.code(), Some(75), "{stderr}");
    assert!(stderr.contains("as SIGTERM asks") && stderr.contains("stopped: stare-ci"), "{stderr}");
    let stopped = place.path("stopped");
    assert_eq!(named(&stopped, "checkpoint.safetensors").len(), 1);
    assert!(named(&stopped, "result.json").is_empty());
    assert!(files(&stopped).iter().all(|path| !path.to_string_lossy().ends_with(".tmp")));
    place.succeed(&[&TRAIN[..], &["--out", "stopped"]].concat());
    assert_same(&place.path("undisturbed"), &stopped);
}

/// timeout(1) sends its signal to the process and to its group.
#[test]
fn sigterm_that_comes_twice_at_once_leaves_a_checkpoint_all_the_same() {
    let place = Place::new();
    let (output, stderr) = signal(start_and_wait(&place, "out", ""), "TERM", 2);
    assert_eq!(output.status.code(), Some(75), "{stderr}");
    assert!(stderr.contains("stopped: stare-ci"), "{stderr}");
}

#[test]
fn a_terminal_that_goes_away_stops_the_run_unless_nohup_was_asked_for() {
    let place = Place::new();
    if hangups_are_ignored() {
        println!("skipped: the tests run behind nohup themselves");
    } else {
        let (output, stderr) = signal(start_and_wait(&place, "stopped", ""), "HUP", 1);
        assert_eq!(output.status.code(), Some(130), "{stderr}");
        assert!(stderr.contains("stopped: stare-ci"), "{stderr}");
    }
    if cfg!(target_os = "linux") {
        let (output, stderr) = signal(start_and_wait(&place, "goes-on", "trap '' HUP;"), "HUP", 1);
        assert!(output.status.success(), "{stderr}");
        assert_eq!(named(&place.path("goes-on"), "result.json").len(), 1);
    }
}

/// Whether this process ignores SIGHUP, and so its children do (proc(5): the lowest bit is the
/// first signal).
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}

#[test]
fn help_says_what_exit_codes_mean() {
    let place = Place::new();
    for command in ["sweep", "train"] {
        let help = place.succeed(&[command, "--help"]);
        let codes = help.split_once("Exit codes:").unwrap_or_else(|| panic!("{help}")).1;
        for code in ["  0 ", "  1 ", "  2 ", "  75 ", "  130 "] {
            assert!(codes.contains(code), "{code}: {help}");
        }
        assert!(help.contains("Examples:"), "{help}");
    }
}
