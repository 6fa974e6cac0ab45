//! The commands of README.md do what it says of them, one after the other, on images that are drawn
//! and with so few steps that they end.

use crate::place::{Place, files};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

/// A sweep of one run of one step.
const SHORT: [&str; 6] = ["--device", "flex", "--limit", "1", "--set", "train.iterations=1"];

/// README's commands of this program, each once, without comments: those of its blocks, its tables and
/// its sentences. What stands in capitals is the reader's own.
fn commands(readme: &str) -> Vec<Vec<String>> {
    let blocks = readme.lines().filter_map(|line| line.strip_prefix("    "));
    let spans = readme.split('`').skip(1).step_by(2);
    let texts = spans.chain(blocks).map(|text| text.split(" #").next().unwrap());
    let mut seen = BTreeSet::new();
    texts
        .filter_map(|text| text.strip_prefix("atrous ").or_else(|| text.strip_prefix("cargo run --release -- ")))
        .filter(|text| text.contains(' ') && !text.contains("SPEC") && !text.contains("OUT"))
        .filter(|text| seen.insert(text.trim().to_owned()))
        .map(|text| text.split_whitespace().map(str::to_owned).collect())
        .collect()
}

/// A data root with the eyes of STARE and CHASE_DB1, and a folder of somebody's own.
fn draw(place: &Place) {
    place.succeed(&["sweep", "quick", "--device", "flex", "--limit", "0", "--out", "drawn"]);
    fs::create_dir_all(place.path("DIR")).unwrap();
    for root in fs::read_dir(place.path("drawn/synthetic")).unwrap().map(|entry| entry.unwrap().path()) {
        for set in ["STARE", "CHASE_DB1"].into_iter().filter(|set| root.join(set).is_dir()) {
            fs::rename(root.join(set), place.path("DIR").join(set)).unwrap();
        }
    }
    for (folder, ending) in [("stare-images", ".ppm.gz"), ("labels-ah", ".ah.ppm.gz")] {
        let own = place.path("FOLDER").join(folder);
        fs::create_dir_all(&own).unwrap();
        for file in files(&place.path("DIR/STARE").join(folder)) {
            let name = file.file_name().unwrap().to_str().unwrap();
            if name.ends_with(ending) {
                fs::copy(&file, own.join(name)).unwrap();
            }
        }
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let place = Place::new();
    draw(&place);
    let spec = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    fs::write(place.path("my-retina.toml"), spec).unwrap();
    let commands = commands(&readme);
    let mut ran = BTreeSet::new();
    for words in commands.iter().map(|words| words.iter().map(String::as_str).collect::<Vec<_>>()) {
        let mut command = words.clone();
        if words[0] == "sweep" && !words.contains(&"--dry-run") {
            command.extend(SHORT);
        }
        if words == ["sweep", "paper"] {
            // Pretrained backbones and five downloads: what it would be is told without them.
            command = vec!["spec", "paper"];
        }
        let output = place.run(&command);
        let (printed, stderr) = (stdout(&output), String::from_utf8_lossy(&output.stderr));
        let code = output.status.code();
        let well = match words[..] {
            ["describe", ..] => code == Some(0) && place.path("my-set.toml").is_file(),
            ["inspect", "my-set.toml"] => code == Some(0) && printed.contains("train: "),
            // These eyes are not the publisher's: each file is named, with exit code 1.
            ["inspect", "stare", ..] => code == Some(1) && printed.contains("STARE"),
            ["sweep", "my-retina.toml", .., "--dry-run"] => code == Some(0) && printed.contains("9 runs"),
            ["sweep", "controls"] => matches!(code, Some(0 | 1)) && place.path("runs/controls/results.csv").is_file(),
            ["sweep", "paper"] => code == Some(0) && printed.contains("iterations = 80000"),
            ["sweep", name, ..] => {
                let out = place.path("runs").join(name.trim_end_matches(".toml"));
                code == Some(0) && out.join("results.csv").is_file() && printed.contains("| rates")
            }
            // Unfinished: the same command goes on.
            ["status", ..] => code == Some(75) && printed.contains("9 runs: 1 finished"),
            _ => panic!("README has a command that is not run: {words:?}"),
        };
        assert!(well, "{command:?}: {code:?}\n{printed}\n{stderr}");
        ran.insert(words[0]);
    }
    assert_eq!(ran, BTreeSet::from(["describe", "inspect", "status", "sweep"]), "{commands:?}");
    assert!(commands.len() >= 9, "{commands:?}");
}
