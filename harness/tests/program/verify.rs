//! `atrous verify`: results that are as written, and results that are not.

use crate::place::{Place, file_with, files};
use crate::tamper::reseal;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Two runs of a few iterations on images that the program draws.
fn swept() -> Place {
    let place = Place::new();
    place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--out", "runs"]);
    place
}

/// Changes a result, whose checksum fits afterwards.
fn change(path: &Path, change: impl Fn(&mut Value)) {
    reseal(path, change);
}

/// What a verification prints that ends with exit code 1.
fn differs(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("# Verification: not as written"), "{text}");
    text
}

#[test]
fn a_sweep_is_as_written_and_gives_the_same_digits_again() {
    let place = swept();
    let text = place.succeed(&["verify", "runs", "--rerun", "again", "--json", "v.json"]);
    assert!(text.starts_with("# Verification: as written\n\n2 runs of runs."), "{text}");
    let json: Value = serde_json::from_slice(&fs::read(place.path("v.json")).unwrap()).unwrap();
    for run in json["runs"].as_array().unwrap() {
        assert_eq!(run["rerun"]["fits"], "the same, to the last digit");
        assert!(run["data"]["fits"].as_str().unwrap().starts_with("fingerprint "), "{run}");
        assert!(run["id"]["fits"].is_string() && run["scores"]["fits"].is_string(), "{run}");
    }

    // Another score that fits everything that is written: only the run itself can tell.
    let result = file_with(&place.path("runs"), "result.json");
    change(&result, |json| {
        let counts = json["confusion"]["counts"].as_array_mut().unwrap();
        counts[3] = (counts[3].as_u64().unwrap() + counts[2].as_u64().unwrap()).into();
        counts[2] = 0.into();
    });
    fs::remove_file(result.with_file_name("images.csv")).unwrap();
    change(&result, |json| drop(json["files"].as_object_mut().unwrap().remove("images.csv")));
    fs::remove_file(place.path("runs/results.csv")).unwrap();
    let text = differs(&place, &["verify", "runs"]);
    assert!(text.contains("scores **differs**"), "{text}");
    let counts: Value = serde_json::from_slice(&fs::read(&result).unwrap()).unwrap();
    let counts: Vec<f64> = serde_json::from_value(counts["confusion"]["counts"].clone()).unwrap();
    let [background, wrong, _, vessel] = counts[..] else { panic!() };
    let ratio = |part: f64, whole: f64| if whole == 0.0 { f64::NAN } else { part / whole };
    let iou = [ratio(background, background + wrong), ratio(vessel, vessel + wrong)];
    let dice = [ratio(2.0 * background, 2.0 * background + wrong), ratio(2.0 * vessel, 2.0 * vessel + wrong)];
    let accuracy = [iou[0], 1.0];
    change(&result, |json| {
        let scores = &mut json["scores"];
        (scores["iou"], scores["dice"], scores["accuracy"]) =
            (iou.to_vec().into(), dice.to_vec().into(), accuracy.to_vec().into());
        scores["miou"] = ((iou[0] + iou[1]) / 2.0).into();
        scores["mdice"] = ((dice[0] + dice[1]) / 2.0).into();
        scores["macc"] = ((accuracy[0] + accuracy[1]) / 2.0).into();
        scores["aacc"] = ((background + vessel) / (background + wrong + vessel)).into();
    });
    place.run(&["table", "--out", "runs"]);
    place.succeed(&["verify", "runs"]);
    let text = differs(&place, &["verify", "runs", "--rerun", "again"]);
    assert!(text.contains("rerun **differs**") && text.contains("the same to the last digit"), "{text}");
}

#[test]
fn a_changed_setting_is_found_and_a_table_alone_is_enough_for_it() {
    let place = swept();
    fs::create_dir(place.path("table")).unwrap();
    for name in ["results.csv", "classes.csv"] {
        fs::copy(place.path("runs").join(name), place.path("table").join(name)).unwrap();
    }
    let text = place.succeed(&["verify", "table"]);
    assert!(text.contains("2 runs of table") && text.contains("does not say how its images are drawn"), "{text}");

    let path = place.path("table/results.csv");
    let table = fs::read_to_string(&path).unwrap();
    let header = table.lines().next().unwrap();
    let lr = header.split(',').position(|column| column == "lr").unwrap();
    let mut lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    lines[1][lr] = "0.5";
    fs::write(&path, lines.iter().map(|line| line.join(",") + "\n").collect::<String>()).unwrap();
    let text = differs(&place, &["verify", "table"]);
    assert!(text.contains("id **differs**: settings and data give"), "{text}");

    change(&file_with(&place.path("runs"), "result.json"), |json| json["settings"]["train"]["lr"] = 0.5.into());
    assert!(differs(&place, &["verify", "runs"]).contains("id **differs**"));
}

#[test]
fn what_cannot_be_verified_is_refused() {
    let place = Place::new();
    assert!(place.refuse_untouched(&["verify", "absent"]).contains("absent: no such folder"));
    fs::create_dir(place.path("empty")).unwrap();
    assert!(place.refuse_untouched(&["verify", "empty"]).contains("neither runs nor a results.csv"));
    fs::write(place.path("empty/results.csv"), "run_id,status\na,finished\n").unwrap();
    let error = place.refuse_untouched(&["verify", "empty"]);
    assert!(
        error.contains("results.csv is not as a sweep writes it: line 2: there is no column experiment"),
        "{error}"
    );
    assert!(place.refuse_untouched(&["verify", "empty", "--limit", "1"]).contains("--rerun"));
    fs::write(place.path("empty/results.csv"), "run_id,status\n").unwrap();
    assert!(place.refuse_untouched(&["verify", "empty"]).contains("empty: its results.csv has no runs"));
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/retina-small");
    let error = place.refuse_untouched(&["verify", committed, "--json", "none/v.json"]);
    assert!(error.contains("--json none/v.json: there is no folder none"), "{error}");
    let error = place.refuse_untouched(&["verify", committed, "--rerun", "again"]);
    assert!(error.contains("--rerun again: the data of no run are at hand: datasets has no folder STARE"), "{error}");
}

/// Tables that were committed without their runs: a score that no run gives is found, in the table
/// of sensitivities too.
#[test]
fn scores_of_tables_alone_follow_from_the_rows() {
    let place = Place::new();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/controls");
    fs::create_dir(place.path("alone")).unwrap();
    for name in ["results.csv", "classes.csv", "image_scores.csv", "table.md", "table.csv"] {
        fs::copy(committed.join(name), place.path("alone").join(name)).unwrap();
    }
    let text = place.succeed(&["verify", "alone"]);
    assert!(text.starts_with("# Verification: as written as far as it could be checked"), "{text}");
    let table = fs::read_to_string(place.path("alone/table.md")).unwrap();
    let line = table.lines().find(|line| line.contains("| all    |")).unwrap();
    let mean = line.split('|').nth(3).unwrap().split(" ± ").next().unwrap().trim();
    let other = format!("{:.2}", mean.parse::<f64>().unwrap() + 1.0);
    fs::write(place.path("alone/table.md"), table.replacen(line, &line.replacen(mean, &other, 1), 1)).unwrap();
    let text = differs(&place, &["verify", "alone"]);
    assert!(text.contains("is no score of it in table.csv or results.csv"), "{text}");
}

/// Logs are most of a folder's bytes: results that are published without can still be verified.
#[test]
fn results_without_their_logs_are_verified_and_the_missing_logs_are_said() {
    let place = swept();
    for log in files(&place.path("runs")).iter().filter(|file| file.ends_with("log.csv")) {
        fs::remove_file(log).unwrap();
    }
    let text = place.succeed(&["verify", "runs"]);
    assert!(text.starts_with("# Verification: as written as far as it could be checked"), "{text}");
    assert!(text.contains("without log.csv; the rest fits by its checksums (2)"), "{text}");
    assert_eq!(place.run(&["verify", "runs", "--strict"]).status.code(), Some(1));
    // What scores follow from may not be left out.
    fs::remove_file(file_with(&place.path("runs"), "images.csv")).unwrap();
    let text = differs(&place, &["verify", "runs"]);
    assert!(text.contains("images.csv is missing"), "{text}");
}

/// A folder in which no run has ended: its checkpoints are looked at all the same.
#[test]
fn an_unfinished_run_is_verified_by_its_checkpoint() {
    let place = Place::new();
    let stopped =
        ["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--limit", "1", "--set", "train.iterations=4"];
    place.succeed(&[&stopped[..], &["--out", "runs"]].concat());
    let run = file_with(&place.path("runs"), "result.json").parent().unwrap().to_owned();
    for name in ["result.json", "images.csv"] {
        fs::remove_file(run.join(name)).unwrap();
    }
    for name in ["results.csv", "classes.csv", "image_scores.csv", "table.md", "table.csv"] {
        fs::remove_file(place.path("runs").join(name)).unwrap();
    }
    let text = place.succeed(&["verify", "runs", "--strict"]);
    assert!(text.starts_with("# Verification: as written\n\n0 runs of runs."), "{text}");
    assert!(text.contains("unfinished, by the checksum of its checkpoint (1)"), "{text}");
    let checkpoint = run.join("checkpoint.safetensors");
    let mut bytes = fs::read(&checkpoint).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&checkpoint, bytes).unwrap();
    let text = differs(&place, &["verify", "runs"]);
    assert!(text.contains("checkpoint.safetensors"), "{text}");
}

#[test]
fn the_page_is_made_anew_and_compared() {
    let place = swept();
    let report = ["report", "runs", "--no-images"];
    place.succeed(&report);
    let text = place.succeed(&["verify", "runs", "--strict"]);
    assert!(text.starts_with("# Verification: as written\n"), "{text}");
    let path = place.path("runs/report.html");
    let page = fs::read_to_string(&path).unwrap();
    // A margin of its own is that of the table, if any.
    place.succeed(&["table", "--out", "runs", "--margin", "2"]);
    place.succeed(&[&report[..], &["--margin", "2"]].concat());
    place.succeed(&["verify", "runs", "--strict"]);
    place.succeed(&["table", "--out", "runs"]);
    for (from, to) in [("not determined", "determined"), ("</table>", "<tr><td>99.9</td></tr></table>")] {
        let changed = page.replacen(from, to, 1);
        if changed == page {
            continue;
        }
        fs::write(&path, changed).unwrap();
        let text = differs(&place, &["verify", "runs"]);
        assert!(text.contains("report.html: **differs**: its part "), "{text}");
    }
    // A page of other runs.
    let other = place.path("runs/stare-ci");
    let last = files(&other).into_iter().rfind(|path| path.ends_with("run.toml")).unwrap();
    fs::remove_dir_all(last.parent().unwrap()).unwrap();
    place.succeed(&["table", "--out", "runs"]);
    fs::write(&path, page).unwrap();
    let text = differs(&place, &["verify", "runs"]);
    assert!(text.contains("report.html: **differs**"), "{text}");
}
