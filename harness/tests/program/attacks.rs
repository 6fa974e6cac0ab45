//! Attempts to get a worse set of runs past `atrous check`: each is refused, and says why.

use crate::gate::{SPEC, recorded};
use crate::outcome::named;
use crate::place::Place;
use crate::tamper::{copy, make_worse, reseal};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A set of which two seeds of three are worse.
fn worse() -> Place {
    let place = recorded();
    assert!(fs::read_to_string(place.path("mini.toml")).unwrap() == SPEC);
    place.succeed(&["sweep", "mini.toml", "--device", "flex", "--out", "worse"]);
    place.succeed(&["check", "worse", "--reference", "reference.json"]);
    for seed in [0, 1] {
        make_worse(&run(&place.path("worse"), seed), 0.5);
    }
    // As it would be called if it were as bad throughout.
    copy(&place.path("worse"), &place.path("worst"));
    make_worse(&run(&place.path("worst"), 2), 0.5);
    let output = place.run(&["check", "worst", "--reference", "reference.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    place
}

/// The directory of a seed's run.
fn run(out: &Path, seed: u64) -> PathBuf {
    let runs = fs::read_dir(out.join("mark/1-12")).unwrap().map(|entry| entry.unwrap().path());
    let start = format!("seed-{seed}-");
    runs.into_iter().find(|run| run.file_name().unwrap().to_string_lossy().starts_with(&start)).unwrap()
}

/// What the attempt ends with: the report, and the error.
fn refused(place: &Place, name: &str) -> String {
    let output = place.run(&["check", name, "--reference", "reference.json"]);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{name}: {text}");
    text
}

/// Replaces the bad seeds by what `change` makes of the folder.
type Attack = fn(&Place, &Path);

const ATTACKS: [(&str, Attack, &str); 20] = [
    ("unfinished", |_, out| bad(out, |run| fs::remove_file(run.join("result.json")).unwrap()), "unfinished"),
    ("removed", |_, out| bad(out, |run| fs::remove_dir_all(run).unwrap()), "planned (plan.json) and missing"),
    ("copied", copied, "one run is one seed"),
    ("typed", |_, out| bad(out, |run| typed(&run.join("result.json"))), "its checksum does not fit"),
    (
        "typed-and-sealed",
        |_, out| bad(out, |run| reseal(&run.join("result.json"), |json| json["scores"]["miou"] = 0.99.into())),
        "does not follow from its counts",
    ),
    ("cell-linked", cell_linked, "a link"),
    ("run-linked", run_linked, "a link"),
    ("result-linked", result_linked, "a link"),
    ("another-seed", another_seed, "its result is of another run"),
    ("relabelled", relabelled, "its id does not follow from its settings"),
    ("no-plan", no_plan, "there is no plan.json"),
    ("plan-edited", plan_edited, "plan.json"),
    ("other-seeds", other_seeds, "in no plan of a sweep of this folder"),
    (
        "yesterday",
        |_, out| {
            bad(out, |run| {
                reseal(&run.join("result.json"), |json| json["provenance"]["git_commit"] = "0123456789ab".into())
            })
        },
        "of another program, commit 0123456789ab",
    ),
    ("as-of-before", |_, out| bad(out, |run| as_of_before(&run.join("result.json"))), "has no checksum"),
    (
        "counts-removed",
        |_, out| bad(out, |run| fs::remove_file(run.join("images.csv")).unwrap()),
        "images.csv is missing",
    ),
    ("renamed", renamed, "not in its own place"),
    ("lower-reference", lower_reference, "reference.json cannot be used"),
    ("doubled-reference", doubled_reference, "twice"),
    ("still-running", still_running, "in use by a sweep"),
];

fn bad(out: &Path, change: impl Fn(&Path)) {
    [0, 1].iter().for_each(|seed| change(&run(out, *seed)));
}

fn copied(_: &Place, out: &Path) {
    bad(out, |bad| fs::remove_dir_all(bad).unwrap());
    ["a", "b"].iter().for_each(|name| copy(&run(out, 2), &out.join("mark/1-12").join(name)));
}

fn typed(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let at = text.find("\"miou\": 0.").unwrap() + "\"miou\": 0.".len();
    let mut bytes = text.into_bytes();
    bytes[at] = b'9';
    fs::write(path, bytes).unwrap();
}

fn cell_linked(place: &Place, out: &Path) {
    fs::remove_dir_all(out.join("mark/1-12")).unwrap();
    symlink(place.path("before/mark/1-12"), out.join("mark/1-12")).unwrap();
}

fn run_linked(place: &Place, out: &Path) {
    for seed in [0, 1] {
        let (own, good) = (run(out, seed), run(&place.path("before"), seed));
        fs::remove_dir_all(&own).unwrap();
        symlink(good, own).unwrap();
    }
}

fn result_linked(place: &Place, out: &Path) {
    for seed in [0, 1] {
        let (own, good) = (run(out, seed), run(&place.path("before"), seed));
        for name in ["result.json", "images.csv"] {
            fs::remove_file(own.join(name)).unwrap();
            symlink(good.join(name), own.join(name)).unwrap();
        }
    }
}

/// The good seed's result, in the place of the bad ones.
fn another_seed(_: &Place, out: &Path) {
    for seed in [0, 1] {
        for name in ["result.json", "images.csv", "log.csv"] {
            fs::copy(run(out, 2).join(name), run(out, seed).join(name)).unwrap();
        }
    }
}

/// The same, called those of the bad ones.
fn relabelled(place: &Place, out: &Path) {
    another_seed(place, out);
    for seed in [0, 1] {
        let own = run(out, seed);
        let name = own.file_name().unwrap().to_string_lossy().into_owned();
        let id = name.rsplit('-').next().unwrap().to_owned();
        reseal(&own.join("result.json"), |json| {
            json["run_id"] = id.clone().into();
        });
    }
}

fn no_plan(_: &Place, out: &Path) {
    bad(out, |bad| fs::remove_dir_all(bad).unwrap());
    fs::remove_file(out.join("plan.json")).unwrap();
}

fn plan_edited(_: &Place, out: &Path) {
    bad(out, |bad| fs::remove_dir_all(bad).unwrap());
    let text = fs::read_to_string(out.join("plan.json")).unwrap();
    fs::write(out.join("plan.json"), text.replace("\"seed\": 0", "\"seed\": 2")).unwrap();
}

fn other_seeds(place: &Place, out: &Path) {
    for (seed, other) in [(0, 4), (1, 5)] {
        let good = run(&place.path("before"), other);
        fs::remove_dir_all(run(out, seed)).unwrap();
        copy(&good, &out.join("mark/1-12").join(good.file_name().unwrap()));
    }
}

fn as_of_before(path: &Path) {
    reseal(path, |json| {
        let json = json.as_object_mut().unwrap();
        ["checksum", "model_version", "files"].iter().for_each(|key| drop(json.remove(*key)));
    });
}

fn renamed(_: &Place, out: &Path) {
    bad(out, |bad| fs::remove_dir_all(bad).unwrap());
    let good = run(out, 2);
    fs::rename(&good, good.with_file_name("seed-0-0123456789abcdef")).unwrap();
}

fn lower_reference(place: &Place, _: &Path) {
    let path = place.path("reference.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("\"miou\": 0.9", "\"miou\": 0.4").replace("\"miou\": 0.8", "\"miou\": 0.4")).unwrap();
}

fn doubled_reference(place: &Place, _: &Path) {
    reseal(&place.path("reference.json"), |json| {
        let runs = json["cells"][0]["runs"].as_array_mut().unwrap();
        let mut low = runs[0].clone();
        low["miou"] = 0.1.into();
        runs.push(low);
    });
}

fn still_running(_: &Place, out: &Path) {
    // As a sweep holds it, until the test ends.
    let file = fs::OpenOptions::new().read(true).write(true).open(out.join(".lock")).unwrap();
    file.lock().unwrap();
    std::mem::forget(file);
}

#[test]
fn a_worse_set_does_not_get_past_the_check() {
    let place = worse();
    let reference = fs::read(place.path("reference.json")).unwrap();
    for (name, attack, why) in ATTACKS {
        let out = place.path(name);
        copy(&place.path("worse"), &out);
        attack(&place, &out);
        let text = refused(&place, name);
        assert!(text.contains(why), "{name}: {text}");
        fs::write(place.path("reference.json"), &reference).unwrap();
    }
    // Of another program, on request.
    let output = place.run(&["check", "yesterday", "--reference", "reference.json", "--commit", "any"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_ne!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("0123456789ab") && text.contains("The runs are of different programs."), "{text}");
}

#[test]
fn what_a_set_is_stands_in_every_form_of_the_check() {
    let place = recorded();
    place.succeed(&["sweep", "mini.toml", "--device", "flex", "--out", "set"]);
    fs::remove_file(run(&place.path("set"), 0).join("result.json")).unwrap();
    assert_eq!(named(&place.path("set"), "result.json").len(), 2);
    let files = ["--json", "c.json", "--junit", "c.xml"];
    let output = place.run(&[&["check", "set", "--reference", "reference.json"][..], &files].concat());
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("# Check: not judged") && text.contains("Runs of commit "), "{text}");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(place.path("c.json")).unwrap()).unwrap();
    assert_eq!(json["status"], "not-judged");
    assert!(json["set"]["obstacles"][0].as_str().unwrap().contains("unfinished"), "{json}");
    assert_eq!(json["set"]["commits"], json["set"]["reference_commits"]);
    let xml = fs::read_to_string(place.path("c.xml")).unwrap();
    assert!(xml.contains("<error type=\"not judged\"") && xml.contains("unfinished"), "{xml}");
}
