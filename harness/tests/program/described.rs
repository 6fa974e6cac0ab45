//! A data set of somebody's own, from its description to the page.

use crate::place::{Place, file_with};
use std::fs;

/// Draws the images of STARE for the spec `ci`, and describes them as a data set of its own.
fn described() -> Place {
    let place = Place::new();
    let root = place.drawn_stare();
    fs::create_dir_all(place.path("sets")).unwrap();
    fs::rename(root.join("STARE"), place.path("sets/eyes")).unwrap();
    fs::write(place.path("sets/eyes.toml"), DESCRIPTION).unwrap();
    let spec = include_str!("../../specs/ci.toml").split("[[experiment]]").next().unwrap().replace("data   ", "#");
    let experiment = "[[experiment]]\nname = \"eyes\"\ndataset = \"sets/eyes.toml\"\n";
    fs::write(place.path("mine.toml"), format!("{spec}{experiment}")).unwrap();
    fs::remove_dir_all(place.path("drawn")).unwrap();
    place
}

const DESCRIPTION: &str = "\
name = \"eyes\"
title = \"Eyes of mine\"
folder = \"eyes\"
size = [48, 64]
metric = \"mdice\"
classes = [\"background\", { name = \"vessel\", value = 255 }]
all = { images = \"stare-images/*.ppm.gz\", masks = \"labels-ah/{name}.ah.ppm.gz\" }
split = { train_share = 0.6 }
";

#[test]
fn a_described_set_goes_from_inspect_to_the_page() {
    let place = described();
    let text = place.succeed(&["inspect", "sets/eyes.toml", "--samples", "2"]);
    assert!(text.contains("Eyes of mine in ") && text.contains("train: 3 images") && text.contains("val: 2 images"));
    assert!(place.path("inspect-eyes.png").is_file());
    place.succeed(&["prepare", "sets/eyes.toml", "--out", "copy"]);
    assert!(place.path("copy/eyes-prepared.toml").is_file());

    let table = place.succeed(&["sweep", "mine.toml", "--device", "flex", "--out", "out"]);
    assert!(table.contains("## eyes: Eyes of mine") && table.contains("mDice"), "{table}");
    let again = place.run(&["sweep", "mine.toml", "--device", "flex", "--out", "out"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing left to do: 2 runs finished"));

    // Colours and titles are for people: the runs stay.
    let description =
        DESCRIPTION.replace("Eyes of mine", "Eyes").replace("value = 255", "value = 255, colour = [9, 9, 9]");
    fs::write(place.path("sets/eyes.toml"), description).unwrap();
    let again = place.run(&["sweep", "mine.toml", "--device", "flex", "--out", "out"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing left to do: 2 runs finished"));

    // Results carry the description: from here on the file is not needed.
    fs::remove_file(place.path("sets/eyes.toml")).unwrap();
    assert!(place.succeed(&["table", "--out", "out"]).contains("Eyes of mine"));
    place.succeed(&["report", "out", "--device", "flex", "--images", "1", "--out", "page.html"]);
    let page = fs::read_to_string(place.path("page.html")).unwrap();
    assert!(page.contains("Eyes of mine") && page.contains("vessel") && !page.contains("Missing"));
    let text = place.succeed(&["rates", "--size", "32x32", "--output-stride", "1", "--evidence", "out"]);
    assert!(text.contains("eyes"), "{text}");
    let weights = file_with(&place.path("out"), "checkpoint.safetensors");
    let image = file_with(&place.path("sets/eyes"), "im0001.ppm.gz");
    place.succeed(&["predict", "--weights", weights.to_str().unwrap(), "--device", "flex", image.to_str().unwrap()]);
    assert!(place.path("predictions/im0001-overlay.png").is_file());
    let text = place.succeed(&["eval", "--weights", weights.to_str().unwrap(), "--device", "flex"]);
    assert!(text.contains("vessel"), "{text}");
}

#[test]
fn a_folder_is_described() {
    let place = described();
    let text = place.succeed(&["describe", "sets/eyes", "--out", "found.toml"]);
    assert!(text.contains("5 images stare-images/*.ppm.gz with masks labels-ah/{name}.ah.ppm.gz"), "{text}");
    assert!(text.contains("values 0, 255") && text.ends_with("Next: atrous inspect found.toml\n"), "{text}");
    let text = place.succeed(&["inspect", "found.toml", "--samples", "0"]);
    assert!(text.contains("train: 4 images") && text.contains("class 255"), "{text}");
    let error = place.refuse_untouched(&["describe", "sets/eyes", "--out", "found.toml"]);
    assert!(error.contains("found.toml exists"), "{error}");
    let error = place.refuse_untouched(&["describe", "none"]);
    assert!(error.contains("none: no such folder"), "{error}");
}

#[test]
fn a_described_set_is_refused_in_one_line() {
    let place = described();
    let error = place.refuse_untouched(&["inspect", "none.toml"]);
    assert!(error.contains("none.toml: cannot be read"), "{error}");
    fs::write(place.path("sets/eyes.toml"), DESCRIPTION.replace("value = 255", "value = 255, valeu = 1")).unwrap();
    for arguments in [
        &["sweep", "mine.toml", "--device", "flex"][..],
        &["inspect", "sets/eyes.toml"],
        &["sweep", "ci", "--device", "flex", "--set", "dataset=sets/eyes.toml"],
    ] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains("sets/eyes.toml:6: classes[1]") && error.contains("valeu"), "{error}");
    }
    let error = place.refuse_untouched(&["sweep", "mine.toml", "--device", "flex"]);
    assert!(error.starts_with("error: mine.toml:16: dataset: "), "{error}");
    let other = format!("{}masks = {{ ignore = [] }}\n", DESCRIPTION.replace("value = 255", "value = 1"));
    fs::write(place.path("sets/eyes.toml"), other).unwrap();
    let error = place.run(&["inspect", "sets/eyes.toml"]);
    let error = String::from_utf8_lossy(&error.stderr).into_owned();
    assert!(error.contains("label value 255 at row") && error.contains("labels-ah/im000"), "{error}");
}

#[test]
fn camvid_is_known_by_name() {
    let place = Place::new();
    let error = place.refuse_untouched(&["inspect", "camvid", "--data-root", "."]);
    assert!(error.contains("CamVid") && error.contains("no such folder"), "{error}");
    let error = place.refuse_untouched(&["inspect", "camvit"]);
    assert!(error.contains("camvid") && error.contains("my-set.toml"), "{error}");
}
