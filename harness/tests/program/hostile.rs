//! Every file of the corpus of specs, checkpoints and results that cannot be used, given to the
//! program: exit code 2 and one line that names it, within a few gigabytes of memory, and nothing
//! in it executed.

use crate::place::{Place, files};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Names of corpus files that are not whole, with their paths.
fn broken(target: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let named = files(&folder).into_iter().map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    named.filter(|(name, _)| !name.starts_with("valid")).collect()
}

/// The program, where it can be told to, with no more than 8 GB of address space: asking for much
/// more memory than a file has bytes ends it.
fn run(place: &Place, arguments: &[&str]) -> Output {
    if !cfg!(target_os = "linux") {
        return place.run(arguments);
    }
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -v 8000000; exec "$0" "$@""#, env!("CARGO_BIN_EXE_atrous")]).args(arguments);
    command.current_dir(place.root()).env_remove("ATROUS_DATA").output().unwrap()
}

/// The line with which a call is refused.
fn refused(place: &Place, arguments: &[&str], name: &str) -> String {
    let output = run(place, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    let last = stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: ") && last.contains(name), "{arguments:?}: {stderr}");
    last.to_owned()
}

#[test]
fn weights() {
    let place = Place::new();
    for target in ["checkpoint_pth", "checkpoint_safetensors", "checkpoint_own"] {
        for (name, path) in broken(target) {
            fs::copy(&path, place.path(&name)).unwrap();
            refused(&place, &["eval", "--weights", &name, "--dataset", "stare", "--device", "flex"], &name);
        }
    }
    // Only the corpus lies there: an archive whose entries are called `../x` has written nothing,
    // nor has a pickle that calls a shell.
    let outside = "valid-outside.pth";
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/checkpoint_pth");
    fs::copy(corpus.join(outside), place.path(outside)).unwrap();
    refused(&place, &["eval", "--weights", outside, "--dataset", "stare", "--device", "flex"], outside);
    let allowed =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "pth" || extension == "safetensors");
    assert!(files(place.root()).iter().all(allowed), "{:?}", files(place.root()));
    let error = refused(&place, &["export", "wide.safetensors", "--out", "w.safetensors"], "wide.safetensors");
    assert!(error.contains("model with these channels the network has"), "{error}");
}

#[test]
fn specs() {
    let place = Place::new();
    for (name, path) in broken("spec") {
        fs::copy(&path, place.path(&name)).unwrap();
        refused(&place, &["sweep", &name, "--device", "flex", "--dry-run"], &name);
    }
}

#[test]
fn results() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/results");
    for (name, path) in broken("results") {
        let place = Place::new();
        let run = place.path("out/stare/1-2/seed-0-id");
        fs::create_dir_all(&run).unwrap();
        for (to, from) in [("run.toml", "valid-run.toml"), ("result.json", "valid-result.json")] {
            fs::copy(corpus.join(from), run.join(to)).unwrap();
        }
        // Numbers that cannot be, but that nothing depends on, are shown as they are.
        if name == "times.json" {
            continue;
        }
        let (to, _) = [("run.toml", "toml"), ("result.json", "json"), ("images.csv", "csv")]
            .into_iter()
            .find(|(_, extension)| path.extension().unwrap() == *extension)
            .unwrap();
        fs::copy(&path, run.join(to)).unwrap();
        refused(&place, &["table", "--out", "out"], to);
        let before = files(place.root());
        refused(&place, &["report", "out", "--no-images", "--figures", "figures"], to);
        assert_eq!(files(place.root()), before, "{name}");
        fs::copy(&path, place.path("reference.json")).unwrap();
        refused(&place, &["check", "out", "--reference", "reference.json"], "");
    }
}
