//! A disk that does not answer, injected by strace where it is at hand: the path and the error, and
//! never "nothing there".

use crate::outcome::{named, rows};
use crate::place::Place;
use std::path::Path;
use std::process::{Command, Output};

const CALLS: [&str; 3] = ["statx,newfstatat,stat,lstat", "openat,open", "read,pread64"];

/// Whether strace can be used here: it is not in every container.
pub fn can_inject() -> bool {
    let mut probe = Command::new("strace");
    probe.args(["-f", "-qqq", "-o", "/dev/null", "-e", "inject=getppid:error=EIO", "true"]);
    probe.output().is_ok_and(|output| output.status.success())
}

/// The program, with calls of this kind on this path failing.
pub fn with_error(place: &Place, arguments: &[&str], calls: &str, error: &str, path: &Path) -> Output {
    let mut command = Command::new("strace");
    command.args(["-f", "-qqq", "-o", "/dev/null", "-P", path.to_str().unwrap()]);
    command.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:error={error}")]);
    command.arg(env!("CARGO_BIN_EXE_atrous")).args(arguments);
    command.current_dir(place.root()).env_remove("ATROUS_DATA").env("RAYON_NUM_THREADS", "1").output().unwrap()
}

#[test]
fn an_error_of_the_disk_is_named_and_never_absence() {
    if !can_inject() {
        eprintln!("strace is not here: not tested");
        return;
    }
    let place = Place::new();
    let sweep = ["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--jobs", "1", "--out", "out"];
    place.succeed(&sweep);
    place.succeed(&["record", "out", "--reference", "reference.json"]);
    let before = rows(&place.path("out"));
    let relative = |path: &Path| path.strip_prefix(place.root()).unwrap().to_owned();
    let result = relative(&named(&place.path("out"), "result.json")[0]);
    let run = result.parent().unwrap();
    let commands: [&[&str]; 6] = [
        &sweep,
        &["table", "--out", "out"],
        &["check", "out", "--reference", "reference.json"],
        &["verify", "out"],
        &["merge", "merged", "out"],
        &["report", "out", "--no-images", "--out", "page.html"],
    ];
    let paths = [run.join("run.toml"), result.clone(), run.join("images.csv")];
    for (number, arguments) in commands.iter().enumerate() {
        for (at, path) in paths.iter().enumerate() {
            // Each command meets each error and each call somewhere.
            let error = ["ESTALE", "EIO", "EACCES"][(number + at) % 3];
            let output = with_error(&place, arguments, CALLS[(number + at / 2) % 3], error, path);
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let name = path.file_name().unwrap().to_str().unwrap();
            let code = if error == "ESTALE" { 75 } else { 2 };
            assert_eq!(output.status.code(), Some(code), "{arguments:?}, {error} on {}: {text}", path.display());
            assert!(text.contains(name), "{arguments:?}, {error} on {}: {text}", path.display());
        }
    }
    for (arguments, error) in commands.iter().zip(["EIO", "EACCES", "EIO", "EACCES", "EIO", "EACCES"]) {
        let output = with_error(&place, arguments, "getdents64", error, run.parent().unwrap());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains("cannot list out/"), "{arguments:?}: {text}");
    }
    assert_eq!(rows(&place.path("out")), before);
    assert!(!place.path("merged").exists() && !place.path("page.html").exists());
}
