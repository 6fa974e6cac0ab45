//! The commands that the pages show can be given: no option in them is out of date.

use atrous_harness::cmd::cli::Cli;
use clap::CommandFactory;
use std::path::{Path, PathBuf};

/// A command of a page: its words, without a comment behind it or a pipe. Words that a shell puts
/// together or makes up are left to the reader.
fn words(line: &str) -> Option<Vec<&str>> {
    let command = line.strip_prefix("    ")?;
    let command = command.split(" #").next()?.split(" 2>").next()?.split(['|', '>', '<', ';']).next()?;
    if command.contains("$(") || command.contains('\'') {
        return None;
    }
    let mut words = command.split_whitespace().skip_while(|word| {
        let variable =
            word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
        variable || *word == "time"
    });
    match words.next()? {
        "atrous" => Some(words.filter(|word| *word != "&").collect()),
        "cargo" => {
            let rest: Vec<&str> = words.collect();
            rest.strip_prefix(&["run", "--release", "--"]).map(<[&str]>::to_vec)
        }
        _ => None,
    }
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md"), root.join("CONTRIBUTING.md"), root.join("results/README.md")];
    for folder in ["docs", "docs/guide", "docs/reference", "docs/notes"] {
        let found = root.join(folder).read_dir().unwrap().map(|entry| entry.unwrap().path());
        pages.extend(found.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    pages
}

#[test]
fn commands_on_pages_are_understood() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for (number, line) in text.lines().enumerate() {
            let Some(words) = words(line) else { continue };
            // Not what the program prints of itself.
            if words.first().is_none_or(|first| !first.chars().all(|c| c.is_ascii_lowercase())) {
                continue;
            }
            tried += 1;
            if let Err(error) = Cli::command().try_get_matches_from(["atrous"].iter().chain(&words)) {
                let reason = error.to_string();
                // Descriptions of the reader's own data sets are not there.
                if error.exit_code() != 0 && !reason.contains(".toml: cannot be read") {
                    let first = reason.lines().next().unwrap_or_default().to_owned();
                    wrong.push(format!("{}:{}: {}: {first}", page.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 50, "{tried}");
}

#[test]
fn a_command_that_is_out_of_date_is_found() {
    let of = |line| Cli::command().try_get_matches_from(["atrous"].iter().chain(&words(line).unwrap())).is_ok();
    assert!(of("    atrous sweep quick --seeds 3    # a comment"));
    assert!(of("    cargo run --release -- sweep quick"));
    assert!(!of("    atrous sweep quick --sedes 3"));
    assert!(words("    python3 x.py").is_none() && words("atrous is a word here").is_none());
}
