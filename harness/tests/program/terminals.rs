//! Tables on a terminal: as wide as it is, coloured unless that is not wanted.
#![cfg(target_os = "linux")]

use crate::place::Place;
use std::process::Command;

/// What `atrous table` prints to a terminal with these variables; util-linux's `script` is the
/// terminal.
fn on_a_terminal(place: &Place, variables: &[(&str, &str)]) -> String {
    let table = format!("'{}' table ci", env!("CARGO_BIN_EXE_atrous"));
    let mut command = Command::new("script");
    command.args(["-qec", &table, "/dev/null"]).current_dir(place.root());
    command.env_remove("NO_COLOR").env("TERM", "xterm").envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

#[test]
fn tables_fit_the_terminal_and_pipes_get_markdown() {
    let place = Place::new();
    let piped = place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci"]);
    assert!(piped.contains("| rates ") && !piped.contains('\u{1b}'));
    assert_eq!(place.succeed(&["table", "ci", "--format", "terminal"]), piped, "a pipe is no terminal");
    for columns in ["44", "80", "132"] {
        let width: usize = columns.parse().unwrap();
        let text = on_a_terminal(&place, &[("COLUMNS", columns), ("NO_COLOR", "1")]);
        assert!(text.lines().all(|line| line.chars().count() <= width), "{columns}:\n{text}");
        assert!(!text.contains('\u{1b}') && text.contains("(baseline)"), "{columns}:\n{text}");
    }
    let wide = on_a_terminal(&place, &[("COLUMNS", "160")]);
    assert!(wide.contains('─') && wide.contains("\u{1b}[1mrates\u{1b}[0m"), "{wide:?}");
    let dumb = on_a_terminal(&place, &[("COLUMNS", "160"), ("TERM", "dumb")]);
    assert!(dumb.contains('─') && !dumb.contains('\u{1b}'), "{dumb:?}");
}
