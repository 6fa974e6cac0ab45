//! Files of a run that are changed between two calls: named, with what to do, and never gone on
//! from.

use crate::outcome::{assert_same, named};
use crate::place::{Place, files};
use crate::tamper::copy;
use std::fs;
use std::path::Path;

const SWEEP: [&str; 9] =
    ["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--set", "train.iterations=40", "--jobs=1"];

fn sweep<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&SWEEP[..], &["--set", "train.checkpoint_every=5", "--out", out], more].concat()
}

/// A sweep whose first run was stopped on the way, by an error of the disk.
fn interrupted() -> Place {
    let place = Place::new();
    place.succeed(&sweep("full", &[]));
    copy(&place.path("full"), &place.path("part"));
    for result in named(&place.path("part"), "result.json") {
        fs::remove_file(&result).unwrap();
        fs::remove_file(result.with_file_name("images.csv")).unwrap();
    }
    place
}

fn flip(path: &Path, at: impl Fn(usize) -> usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

fn zero(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let length = bytes.len();
    bytes[length - 4096..].fill(0);
    fs::write(path, bytes).unwrap();
}

fn iteration(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(13).position(|window| window == b"\"iteration\":\"").unwrap() + 13;
    bytes[at] = b'1';
    fs::write(path, bytes).unwrap();
}

/// What it is called, the file, and what is done to it.
type Damage = (&'static str, &'static str, fn(&Path));

/// The table, what becomes of it, and the table that is found to differ.
type TableChange = (&'static str, fn(&str) -> String, &'static str);

#[test]
fn a_damaged_checkpoint_or_log_is_refused_and_discarded_on_request() {
    let place = interrupted();
    let damages: [Damage; 5] = [
        ("bit", "checkpoint.safetensors", |path| flip(path, |length| length / 2)),
        ("header", "checkpoint.safetensors", |path| flip(path, |_| 60)),
        ("zeroed", "checkpoint.safetensors", zero),
        ("iteration", "checkpoint.safetensors", iteration),
        ("log", "log.csv", |path| flip(path, |length| length - 3)),
    ];
    for (name, file, damage) in damages {
        copy(&place.path("part"), &place.path(name));
        damage(&named(&place.path(name), file)[0]);
        let error = place.refuse(&sweep(name, &[]));
        assert!(error.contains(file) && error.contains("--discard"), "{name}: {error}");
        let output = place.run(&sweep(name, &["--discard"]));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stderr.contains("discarded, and started anew: "), "{name}: {stderr}");
        assert_same(&place.path("full"), &place.path(name));
    }
    // Undamaged, it goes on, also with the option.
    place.succeed(&sweep("part", &["--discard"]));
    assert_same(&place.path("full"), &place.path("part"));
}

#[test]
fn a_changed_result_is_refused_by_every_reader() {
    let place = Place::new();
    place.succeed(&sweep("out", &[]));
    let whole = |name: &str| {
        copy(&place.path("out"), &place.path(name));
        place.path(name)
    };
    for file in ["result.json", "images.csv", "run.toml"] {
        let out = whole(&format!("changed-{file}"));
        flip(&named(&out, file)[0], |length| length / 2);
        let name = out.file_name().unwrap().to_str().unwrap();
        for command in
            [&["table", "--out", name][..], &["record", name, "--reference", "r.json"], &["merge", "m", name]]
        {
            let error = place.refuse(command);
            assert!(error.contains(file), "{command:?}: {error}");
        }
        let output = place.run(&["verify", name]);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.code() > Some(0) && text.contains(file), "{text}");
        if file != "run.toml" {
            assert!(place.refuse(&sweep(name, &[])).contains("--discard"));
        }
        place.succeed(&sweep(name, &["--discard"]));
        assert_same(&place.path("out"), &out);
    }
    assert!(!place.path("r.json").exists() && !place.path("m").exists());
}

#[test]
fn a_copy_counts_once_and_is_named() {
    let place = Place::new();
    place.succeed(&sweep("out", &[]));
    let table = place.succeed(&["table", "--out", "out"]);
    let result = named(&place.path("out"), "result.json").remove(0);
    let run = result.parent().unwrap();
    copy(run, &run.with_extension("bak"));
    let output = place.run(&["table", "--out", "out"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), table);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.starts_with("left out: out/stare-ci/") && stderr.contains(".bak: a copy of "), "{stderr}");
    let output = place.run(&["verify", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("a copy of "));
}

#[test]
fn eight_records_at_once_lose_nothing() {
    let place = Place::new();
    let seeds: Vec<String> = (0..8).map(|seed| format!("{seed},")).collect();
    for seed in &seeds {
        place.succeed(
            &[&SWEEP[..6], &["--set", "train.iterations=2", "--seeds", seed, "--out", &format!("r{seed}")]].concat(),
        );
    }
    let children: Vec<_> = seeds
        .iter()
        .map(|seed| {
            let mut command = place.command(&["record", &format!("r{seed}"), "--reference", "reference.json"]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    children.into_iter().for_each(|mut child| assert!(child.wait().unwrap().success()));
    let json: serde_json::Value = serde_json::from_slice(&fs::read(place.path("reference.json")).unwrap()).unwrap();
    let runs: usize = json["cells"].as_array().unwrap().iter().map(|cell| cell["runs"].as_array().unwrap().len()).sum();
    assert_eq!(runs, 16);
    assert!(!files(place.root()).iter().any(|path| path.ends_with(".reference.json.lock")));
}

#[cfg(unix)]
#[test]
fn a_merge_of_what_is_no_plain_file_writes_nothing() {
    let place = Place::new();
    place.succeed(&sweep("out", &[]));
    let run = named(&place.path("out"), "result.json")[0].parent().unwrap().to_owned();
    let link = run.join("x");
    for (target, name) in [(Path::new("/etc/passwd"), "file"), (Path::new("."), "loop")] {
        std::os::unix::fs::symlink(target, &link).unwrap();
        let error = place.refuse(&["merge", "merged", "out"]);
        assert!(error.contains("/x is a link"), "{name}: {error}");
        fs::remove_file(&link).unwrap();
    }
    assert!(std::process::Command::new("mkfifo").arg(&link).status().unwrap().success());
    let error = place.refuse(&["merge", "merged", "out"]);
    assert!(error.contains("/x is a pipe"), "{error}");
    assert!(!place.path("merged").exists());
    fs::remove_file(&link).unwrap();
    // A pipe in the place of a result, which nobody writes to.
    let result = run.join("result.json");
    fs::remove_file(&result).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&result).status().unwrap().success());
    let error = place.refuse(&["table", "--out", "out"]);
    assert!(error.contains("result.json") && error.contains("it is no plain file"), "{error}");
}

#[test]
fn verify_finds_what_was_changed_in_tables() {
    let place = Place::new();
    place.succeed(&sweep("out", &[]));
    let text = place.succeed(&["verify", "out", "--strict"]);
    assert!(text.starts_with("# Verification: as written\n"), "{text}");
    for (name, from, to) in [
        ("table.md", "| 1, ", "| 2, "),
        ("table.csv", "stare-ci", "stare-cj"),
        ("classes.csv", "vessel", "bessel"),
        ("image_scores.csv", "stare-ci", "stare-cj"),
        ("results.csv", ",flex,", ",wgpu,"),
    ] {
        let path = place.path("out").join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name}: {text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let output = place.run(&["verify", "out"]);
        let found = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(1) && found.contains(name), "{name}: {found}");
        fs::write(&path, text).unwrap();
    }
    // A run that the table lacks.
    let path = place.path("out/results.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.lines().take(2).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let output = place.run(&["verify", "out"]);
    assert!(output.status.code() == Some(1), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn verify_holds_committed_tables_against_each_other() {
    let place = Place::new();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/retina-small");
    let text = place.succeed(&["verify", committed.to_str().unwrap()]);
    assert!(text.starts_with("# Verification: as written as far as it could be checked"), "{text}");
    assert_eq!(place.run(&["verify", committed.to_str().unwrap(), "--strict"]).status.code(), Some(1));
    let changes: [TableChange; 4] = [
        ("table.md", |text| text.replace("undetermined", "better"), "table.md"),
        ("results.csv", |text| without(text, 1), "classes.csv"),
        ("classes.csv", |text| without(text, 1), "classes.csv"),
        ("table.csv", |text| text.replacen(",3,0,0,0.7", ",3,0,0,0.8", 1), "table.csv"),
    ];
    for (name, change, found) in changes {
        copy(&committed, &place.path("pub"));
        let path = place.path("pub").join(name);
        let text = fs::read_to_string(&path).unwrap();
        let changed = change(&text);
        assert_ne!(text, changed, "{name}");
        fs::write(&path, changed).unwrap();
        let output = place.run(&["verify", "pub"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(1) && text.contains(&format!("- {found}: **differs**")), "{name}: {text}");
        fs::remove_dir_all(place.path("pub")).unwrap();
    }
}

/// A text without one of its lines.
fn without(text: &str, line: usize) -> String {
    text.lines().enumerate().filter(|(at, _)| *at != line).map(|(_, line)| format!("{line}\n")).collect()
}
