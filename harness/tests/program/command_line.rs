//! What the command line says of itself: version, completions, manual pages, slips of the fingers.

use crate::place::Place;
use std::fs;

#[test]
fn the_version_says_commit_and_features() {
    let place = Place::new();
    for option in ["--version", "-V"] {
        let text = place.succeed(&[option]);
        let start = format!("atrous {} (commit ", env!("CARGO_PKG_VERSION"));
        assert!(text.starts_with(&start) && text.contains(", burn 0.") && text.contains(", features flex"), "{text}");
        assert_eq!(text.contains(" wgpu"), cfg!(feature = "wgpu"), "{text}");
    }
}

#[test]
fn shells_complete_commands_and_options() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.succeed(&["completions", shell]);
        assert!(["sweep", "retry-failed", "completions"].iter().all(|word| script.contains(word)), "{shell}");
    }
    let error = place.refuse_untouched(&["completions", "ksh"]);
    assert!(error.contains("ksh") && error.contains("bash"), "{error}");
}

#[test]
fn every_command_has_a_manual_page() {
    let place = Place::new();
    let text = place.succeed(&["man", "--out", "man1"]);
    let page = |name: &str| fs::read_to_string(place.path(&format!("man1/{name}.1"))).unwrap();
    let main = page("atrous");
    let pages = fs::read_dir(place.path("man1")).unwrap().count();
    assert_eq!(text, format!("{pages} pages in man1\n"));
    assert!(main.contains(".TH atrous 1") && main.contains("atrous\\-sweep(1)"), "{main}");
    let sweep = page("atrous-sweep");
    assert!(sweep.contains(".SH SYNOPSIS") && sweep.contains("\\-\\-retry\\-failed"), "{sweep}");
    let help = place.succeed(&["--help"]);
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let entries = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let named = entries.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    assert!(named.clone().count() > 15, "{commands}");
    for name in named {
        page(&format!("atrous-{name}"));
    }
}

#[test]
fn what_was_meant_is_said() {
    let place = Place::new();
    fs::write(place.path("my.toml"), include_str!("../../specs/ci.toml").replacen("batch = 2", "bacth = 2", 1))
        .unwrap();
    for (arguments, part) in [
        (
            &["sweep", "my.toml"][..],
            "my.toml:11: train.bacth: unknown key `bacth`, did you mean `batch`? Expected one of",
        ),
        (&["sweep", "retina-smal"], "retina-smal: no such spec, did you mean `retina-small`?; give a file"),
        (&["sweep", "ci", "--only", "stare-cy"], "has no such experiment, did you mean `stare-ci`?; it has"),
        (&["train", "ci", "--experiment", "isaid-cj"], "did you mean `isaid-ci`?"),
        (&["sweep", "ci", "--set", "train.itrations=3"], "unknown key `itrations`, did you mean `iterations`?"),
        (&["sweep", "ci", "--set", "trian.batch=3"], "did you mean `train`?"),
        (&["inspect", "stre"], "unknown data set `stre`, did you mean `stare`?; known are"),
        (&["sweep", "ci", "--set", "dataset=cityscape"], "unknown value `cityscape`, did you mean `cityscapes`?"),
    ] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}
