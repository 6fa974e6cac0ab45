//! `atrous report`: the page of a sweep.

use crate::outcome::named;
use crate::place::Place;
use std::fs;

#[test]
fn a_sweep_becomes_one_page_with_its_images() {
    let place = Place::new();
    place.succeed(&["sweep", "ci", "--device", "flex", "--seeds", "2", "--out", "out"]);
    let printed = place.succeed(&["report", "out", "--device", "flex", "--images", "2", "--figures", "figures"]);
    assert_eq!(printed, "out/report.html\n");
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    // Two data sets, two images each: image and truth, prediction and difference of two rates.
    assert_eq!(page.matches("<img ").count(), 2 * 2 * (2 + 2 * 2));
    // A receptive field per rates, unmarked and marked.
    assert_eq!(page.matches(" href=\"data:image/png;base64,").count(), 2 * 2);
    assert_eq!(page.matches("<use href=\"#e").count(), 2 * 2);
    assert!(page.contains(">taps marked<") && page.contains("target: row ") && page.contains("% of the mass"));
    assert!(page.contains("Contrast at the taps of rate ") && page.contains("no tap inside"));
    assert!(!page.contains("Missing") && !page.contains("other data, or another device"));
    assert!(page.matches("<svg ").count() == page.matches("</svg>").count() && page.contains("training loss"));
    for name in ["scores-1-stare-ci", "scores-2-isaid-ci", "all-experiments", "loss-1-stare-ci"] {
        for kind in ["svg", "png"] {
            assert!(place.path(&format!("figures/{name}.{kind}")).is_file(), "{name}.{kind}");
        }
    }
    for name in ["receptive-fields-1-stare-ci", "receptive-fields-2-isaid-ci"] {
        let grid = image::open(place.path(&format!("figures/{name}.png"))).unwrap();
        assert!(grid.width() > 300, "two maps beside each other");
    }
    // The same runs make the same page.
    place.succeed(&["report", "out", "--device", "flex", "--images", "2", "--out", "again.html"]);
    assert!(fs::read_to_string(place.path("again.html")).unwrap() == page);
}

#[test]
fn sweeps_share_a_page_that_a_browser_opens() {
    let place = Place::new();
    for out in ["first", "second"] {
        place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--limit", "1", "--out", out]);
    }
    let error = place.refuse_untouched(&["report", "first", "second", "--no-images"]);
    assert!(error.contains("--out"), "{error}");
    let error = place.refuse_untouched(&["report", "first", "first", "--no-images", "--out", "both.html"]);
    assert!(error.contains("named twice"), "{error}");
    let both = ["report", "first", "second", "--no-images", "--open", "--out", "both.html"];
    let output = place.command(&both).env("PATH", place.path("nothing")).output().unwrap();
    assert!(output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("nothing here opens pages: open both.html yourself"), "{stderr}");
    let page = fs::read_to_string(place.path("both.html")).unwrap();
    assert!(page.contains("sweep first") && page.contains("sweep second"));
    assert!(page.contains("1 of 2 planned runs is left") || page.contains("1 of 2 planned runs are left"), "--limit");
}

#[cfg(target_os = "linux")]
#[test]
fn the_desktops_opener_gets_the_page() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--limit", "1", "--out", "out"]);
    let opener = place.path("xdg-open");
    fs::write(&opener, "#!/bin/sh\necho \"$1\" > opened\n").unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let report = ["report", "out", "--no-images", "--open"];
    let output = place.command(&report).env("PATH", place.root()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(fs::read_to_string(place.path("opened")).unwrap(), "out/report.html\n");
}

#[test]
fn missing_data_and_checkpoints_are_said_in_their_place() {
    let place = Place::new();
    place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--out", "out"]);
    for checkpoint in named(&place.path("out"), "checkpoint.safetensors").iter().take(1) {
        fs::remove_file(checkpoint).unwrap();
    }
    place.succeed(&["report", "out", "--device", "flex"]);
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("there is no checkpoint stare-ci/") && page.contains("<img "));
    fs::remove_dir_all(place.path("out/synthetic")).unwrap();
    place.succeed(&["report", "out", "--device", "flex"]);
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("Missing: ") && page.contains("out/synthetic/") && !page.contains("<img "));
    place.succeed(&["report", "out", "--no-images", "--device", "abacus"]);
}

#[test]
fn error_report() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    let error = place.refuse_untouched(&["report", "nowhere"]);
    assert!(error.contains("nowhere: no such folder"), "{error}");
    let error = place.refuse_untouched(&["report", "empty"]);
    assert!(error.contains("empty: holds no finished run"), "{error}");
    place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--limit", "1", "--out", "out"]);
    for (arguments, part) in [
        (&["report", "out", "--out", "none/a.html"][..], "there is no folder none"),
        (&["report", "out", "--out", "empty"], "is a folder"),
        (&["report", "out", "--images", "0"], "--images"),
        (&["report", "out", "--device", "abacus"], "abacus"),
    ] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}
