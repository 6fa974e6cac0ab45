//! The program as a user calls it: what it prints, what it writes, how it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A scratch directory in which the program runs.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_atrous"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("ATROUS_DATA")
            .output()
            .unwrap()
    }

    /// What a successful call prints.
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one line with which a call is refused, exit code 2.
    fn refuse(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?} printed {}", String::from_utf8_lossy(&output.stdout));
        let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(lines.len(), 1, "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().last(), lines.first().copied(), "{arguments:?}: {stderr}");
        lines[0].to_owned()
    }

    /// As [`Place::refuse`], of a call that must leave the directory as it was.
    fn refuse_untouched(&self, arguments: &[&str]) -> String {
        let before = files(self.0.path());
        let error = self.refuse(arguments);
        assert_eq!(files(self.0.path()), before, "{arguments:?} wrote something");
        error
    }

    /// Draws the images of the spec `ci` without training; the data root of STARE.
    fn drawn_stare(&self) -> PathBuf {
        self.succeed(&["sweep", "ci", "--device", "flex", "--limit", "0", "--out", "drawn"]);
        let roots = fs::read_dir(self.path("drawn/synthetic")).unwrap().map(|entry| entry.unwrap().path());
        roots.into_iter().find(|path| path.join("STARE").is_dir()).unwrap()
    }
}

/// All files below a directory.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

/// The first file below a directory whose path contains `part`.
fn file_with(folder: &Path, part: &str) -> PathBuf {
    let all = files(folder);
    all.iter().find(|path| path.is_file() && path.to_string_lossy().contains(part)).unwrap().clone()
}

#[test]
fn a_second_sweep_has_nothing_to_do_and_prints_the_same_table() {
    let place = Place::new();
    let sweep = ["sweep", "ci", "--device", "flex", "--only", "stare-ci"];
    let first = place.succeed(&sweep);
    assert!(first.contains("| rates ") && first.contains("1, 12, 24, 36 (baseline)"), "{first}");
    let second = place.run(&sweep);
    assert_eq!(String::from_utf8(second.stdout).unwrap(), first);
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert!(stderr.contains("nothing left to do: 2 runs finished"), "{stderr}");
    assert_eq!(fs::read_to_string(place.path("runs/ci/table.md")).unwrap(), first);
    for name in ["results.csv", "classes.csv", "table.csv"] {
        assert!(place.path("runs/ci").join(name).is_file(), "{name}");
    }
    assert_eq!(place.succeed(&["table", "ci"]), first);
    assert!(place.succeed(&["table", "ci", "--format", "csv"]).starts_with("experiment,dataset,"));
    assert!(files(&place.path("runs")).iter().all(|path| !path.to_string_lossy().ends_with(".tmp")));
    let dry = place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--dry-run"]);
    assert!(dry.contains("2 runs: 2 finished, 0 failed, 0 to do now"), "{dry}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::new();
    let text = place.succeed(&["sweep", "quick", "--device", "flex", "--dry-run"]);
    assert!(text.contains("15 runs: 0 finished, 0 failed, 15 to do now; about "), "{text}");
    assert!(files(place.0.path()).is_empty());
}

#[test]
fn help_teaches() {
    let place = Place::new();
    for command in ["sweep", "table", "inspect", "prepare"] {
        let text = place.succeed(&[command, "--help"]);
        assert!(text.contains("Examples:") && text.contains(&format!("atrous {command}")), "{text}");
    }
    let list = place.succeed(&["sweep", "--list"]);
    assert!(["quick", "retina-small", "paper", "ci"].iter().all(|name| list.contains(name)), "{list}");
}

#[test]
fn inspect_prints_numbers_and_writes_a_picture() {
    let place = Place::new();
    let root = place.drawn_stare();
    let root = root.to_str().unwrap();
    let text = place.succeed(&["inspect", "stare", "--data-root", root, "--samples", "2", "--crop", "32x48"]);
    assert!(text.contains("train: 3 images") && text.contains("3 of 48x64") && text.contains("vessel"), "{text}");
    let picture = image::open(place.path("inspect-stare.png")).unwrap();
    assert!(picture.width() > 48 && picture.height() >= 32);
    let files = files(place.0.path()).len();
    place.succeed(&["inspect", "stare", "--data-root", root, "--samples", "0"]);
    assert_eq!(self::files(place.0.path()).len(), files);
}

#[test]
fn prepare_converts_what_inspect_then_reads() {
    let place = Place::new();
    let source = place.drawn_stare().join("STARE");
    let out = place.path("converted/STARE");
    let text = place.succeed(&["prepare", "stare", "--from", source.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(text.contains("train: 3 images read, 3 written"), "{text}");
    let text = place.succeed(&["inspect", "stare", "--data-root", "converted", "--samples", "0"]);
    assert!(text.contains("val: 2 images"), "{text}");
    let error = place.refuse_untouched(&["prepare", "stare", "--from", source.to_str().unwrap(), "--out", "converted"]);
    assert!(error.contains("converted") && error.contains("exists"), "{error}");
}

#[test]
fn error_spec() {
    let place = Place::new();
    let spec = |change: &str| {
        let text = include_str!("../specs/ci.toml").replacen("batch = 2", change, 1);
        fs::write(place.path("my.toml"), text).unwrap();
        place.refuse_untouched(&["sweep", "my.toml", "--device", "flex"])
    };
    let error = spec("batch = 2, bacth = 3");
    assert!(error.starts_with("error: my.toml:13: train.bacth: unknown key"), "{error}");
    let error = spec("batch = 1");
    assert!(error.starts_with("error: my.toml:13: train.batch: must be at least 2"), "{error}");
    let error = spec("batch = two");
    assert!(error.starts_with("error: my.toml:13: "), "{error}");
    let error = place.refuse_untouched(&["sweep", "ci", "--set", "train.batch=1"]);
    assert!(error.starts_with("error: --set train.batch=1: train.batch: "), "{error}");
    let error = place.refuse_untouched(&["sweep", "nope"]);
    assert!(error.contains("nope") && error.contains("retina-small"), "{error}");
}

#[test]
fn error_missing_or_empty_root() {
    let place = Place::new();
    let error = place.refuse_untouched(&["sweep", "retina-small", "--device", "flex"]);
    assert!(error.contains("datasets") && error.contains("--data-root"), "{error}");
    fs::create_dir_all(place.path("data/STARE")).unwrap();
    for command in [&["sweep", "retina-small", "--device", "flex"][..], &["inspect", "stare"]] {
        let error = place.refuse_untouched(&[command, &["--data-root", "data"]].concat());
        assert!(error.contains("data/STARE"), "{error}");
    }
}

#[test]
fn error_unwritable_output() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    let error = place.refuse_untouched(&["sweep", "ci", "--device", "flex", "--out", "file/out"]);
    assert!(error.contains("file/out") && error.contains("--out"), "{error}");
    let root = place.drawn_stare();
    let arguments = ["inspect", "stare", "--data-root", root.to_str().unwrap(), "--sheet", "none/a.png"];
    let output = place.run(&arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains("none/a.png"), "{stderr}");
}

#[test]
fn error_unknown_device() {
    let place = Place::new();
    let error = place.refuse_untouched(&["sweep", "ci", "--device", "abacus"]);
    assert!(error.contains("abacus"), "{error}");
}

#[test]
fn error_command_line() {
    let place = Place::new();
    for (arguments, part) in [
        (&["sweep"][..], "SPEC"),
        (&["sweep", "ci", "--limit", "x"], "--limit"),
        (&["sweep", "ci", "--nope"], "--nope"),
        (&["sweep", "ci", "--seeds", "x"], "--seeds x"),
        (&["sweep", "ci", "--only", "x"], "--only x"),
        (&["inspect", "pascal"], "pascal"),
        (&["inspect", "stare", "--crop", "32"], "--crop"),
        (&["prepare", "stare"], "--from"),
        (&["prepare", "stare", "--from", "nowhere", "--tile", "64"], "--tile"),
        (&["prepare", "stare", "--from", "nowhere"], "nowhere"),
        (&["table", "--out", "nowhere"], "nowhere"),
    ] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn error_image_without_mask() {
    let place = Place::new();
    let root = place.drawn_stare();
    fs::remove_file(file_with(&root, "labels-ah/im0002")).unwrap();
    let error = place.refuse_untouched(&["inspect", "stare", "--data-root", root.to_str().unwrap()]);
    assert!(error.contains("im0002") && error.contains("mask"), "{error}");
}

/// Everything that only shows when files are decoded: named by `inspect`, and by `prepare`, which then writes
/// nothing.
fn decoding_is_refused(damage: impl Fn(&Path) -> &'static [&'static str]) {
    let place = Place::new();
    let root = place.drawn_stare();
    let parts = damage(&root);
    let inspected = place.run(&["inspect", "stare", "--data-root", root.to_str().unwrap()]);
    let stderr = String::from_utf8_lossy(&inspected.stderr).into_owned();
    assert_eq!(inspected.status.code(), Some(2), "{stderr}");
    assert!(!place.path("inspect-stare.png").exists());
    let source = root.join("STARE");
    let prepared = place.refuse_untouched(&["prepare", "stare", "--from", source.to_str().unwrap(), "--out", "out"]);
    for error in [stderr.lines().last().unwrap(), &prepared] {
        assert!(error.starts_with("error: ") && parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn error_truncated_image() {
    decoding_is_refused(|root| {
        let image = file_with(root, "stare-images/im0001");
        let bytes = fs::read(&image).unwrap();
        fs::write(&image, &bytes[..bytes.len() / 2]).unwrap();
        &["im0001", "decoded"]
    });
}

#[test]
fn error_not_an_image() {
    decoding_is_refused(|root| {
        fs::write(file_with(root, "stare-images/im0001"), "<html>not found</html>").unwrap();
        &["im0001", "decoded"]
    });
}

#[test]
fn error_size_mismatch() {
    decoding_is_refused(|root| {
        let mask = file_with(root, "labels-ah/im0001");
        write_ppm(&mask, 16, 16, 0);
        &["im0001", "16x16", "48x64"]
    });
}

#[test]
fn error_label_value() {
    decoding_is_refused(|root| {
        let mask = file_with(root, "labels-ah/im0001");
        write_ppm(&mask, 64, 48, 7);
        &["im0001", "7"]
    });
}

/// A grey image of one value, in the format that the mask's name says.
fn write_ppm(path: &Path, width: usize, height: usize, value: u8) {
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    bytes.resize(bytes.len() + 3 * width * height, value);
    fs::write(path, bytes).unwrap();
}
