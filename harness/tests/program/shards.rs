//! Shards of a sweep, in one folder or several, and `merge`: together the same as one sweep.

use crate::outcome::{assert_same, named, rows};
use crate::place::{Place, files};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

/// Four runs, in three shards of two, one and one.
const SWEEP: [&str; 6] = ["sweep", "ci", "--device", "flex", "--jobs", "1"];
const SHARDS: [&str; 3] = ["0/3", "1/3", "2/3"];

fn undisturbed(place: &Place) {
    place.succeed(&[&SWEEP[..], &["--out", "undisturbed"]].concat());
}

/// Does each shard in a folder of its own; the folders.
fn apart(place: &Place) -> Vec<String> {
    let folder = |shard: &&str| format!("shard-{}", &shard[..1]);
    for shard in &SHARDS {
        let out = folder(shard);
        let table = place.succeed(&[&SWEEP[..], &["--shard", shard, "--out", &out]].concat());
        assert!(table.is_empty(), "a part of the runs answers no question: {table}");
    }
    SHARDS.iter().map(folder).collect()
}

fn merge(folders: &[String]) -> Vec<&str> {
    ["merge", "merged"].into_iter().chain(folders.iter().map(String::as_str)).collect()
}

/// What a person does who has no `merge`.
fn copy_by_hand(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_by_hand(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn shards_merged_are_one_sweep() {
    let place = Place::new();
    undisturbed(&place);
    let folders = apart(&place);
    let mut done: Vec<usize> = folders.iter().map(|folder| rows(&place.path(folder)).len()).collect();
    done.sort_unstable();
    assert_eq!(done, [1, 1, 2]);
    let text = place.succeed(&merge(&folders));
    assert_eq!(
        text,
        "merged: 4 runs copied: 4 finished, 0 failed, 0 unfinished with a checkpoint; 0 were there already\n"
    );
    let (whole, merged) = (place.path("undisturbed"), place.path("merged"));
    assert_same(&whole, &merged);
    // The images came along.
    let images = |out: &Path| named(&out.join("synthetic"), "im0001.ppm").len();
    assert_eq!(images(&merged), images(&whole));
    let again = place.run(&[&SWEEP[..], &["--out", "merged"]].concat());
    let stderr = String::from_utf8(again.stderr).unwrap();
    assert!(stderr.contains("nothing left to do: 4 runs finished; results in merged"), "{stderr}");

    for folder in &folders {
        copy_by_hand(&place.path(folder), &place.path("by-hand"));
    }
    let table = place.succeed(&["table", "--out", "by-hand"]);
    assert_same(&whole, &place.path("by-hand"));
    assert_eq!(table, fs::read_to_string(whole.join("table.md")).unwrap());
}

#[test]
fn shards_at_once_in_one_folder_are_one_sweep() {
    let place = Place::new();
    undisturbed(&place);
    let start = |shard: &&str| {
        let mut command = place.command(&SWEEP);
        command.args(["--shard", shard, "--out", "shared"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let children: Vec<Child> = SHARDS.iter().map(start).collect();
    let mut tables = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let [table, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{stderr}");
        let last = stderr.lines().last().unwrap();
        let whole = last.contains("; 4 of 4 runs of the whole sweep done; results in shared");
        assert_eq!(whole, table == fs::read_to_string(place.path("undisturbed/table.md")).unwrap(), "{last}");
        assert!(whole || table.is_empty(), "{table}");
        tables += usize::from(whole);
    }
    // Whoever was last has seen all.
    assert!(tables >= 1);
    assert_same(&place.path("undisturbed"), &place.path("shared"));
}

#[test]
fn a_shard_that_was_killed_goes_on_where_it_is_merged_into() {
    let place = Place::new();
    fn sweep<'a>(more: &[&'a str]) -> Vec<&'a str> {
        let longer = ["--set", "train.iterations=60", "--set", "train.checkpoint_every=2"];
        [&SWEEP[..], &longer, more].concat()
    }
    place.succeed(&sweep(&["--out", "undisturbed"]));
    place.succeed(&sweep(&["--shard", "1/2", "--out", "shard-1"]));
    let mut command = place.command(&sweep(&["--shard", "0/2", "--out", "shard-0"]));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while named(&place.path("shard-0"), "checkpoint.safetensors").is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the shard was too fast");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let all = |name: &str| [named(&place.path("shard-0"), name), named(&place.path("shard-1"), name)].concat();
    let finished = all("result.json").len();
    let unfinished = all("checkpoint.safetensors").len() - finished;
    assert!(finished < 4, "the kill came too late");
    let text = place.succeed(&["merge", "merged", "shard-0", "shard-1"]);
    assert!(
        text.contains(&format!("{finished} finished, 0 failed, {unfinished} unfinished with a checkpoint")),
        "{text}"
    );
    let output = place.run(&sweep(&["--out", "merged"]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same(&place.path("undisturbed"), &place.path("merged"));
}

#[test]
fn error_merging_runs_on_other_data() {
    let place = Place::new();
    let root = place.drawn_stare();
    let other = place.path("other");
    copy_by_hand(&root, &other);
    // Another picture under the same name.
    let images = named(&other, "im0001.ppm.gz").into_iter().chain(named(&other, "im0001.ppm")).collect::<Vec<_>>();
    let image = images.first().expect("an image of STARE");
    let another = image.with_file_name(image.file_name().unwrap().to_string_lossy().replace("im0001", "im0002"));
    fs::copy(another, image).unwrap();
    let data = ["--only", "stare-ci", "--set", "data=\"files\"", "--data-root"];
    for (shard, root, out) in [("0/2", &root, "shard-0"), ("1/2", &other, "shard-1")] {
        let more = [root.to_str().unwrap(), "--shard", shard, "--out", out];
        place.succeed(&[&SWEEP[..], &data, &more].concat());
    }
    let error = place.refuse_untouched(&["merge", "merged", "shard-0", "shard-1"]);
    assert!(
        ["shard-0/", "shard-1/", "run.toml", "other files of STARE"].iter().all(|part| error.contains(part)),
        "{error}"
    );
}

#[test]
fn error_a_shard_beside_a_whole_sweep_in_one_folder() {
    let place = Place::new();
    let mut command = place.command(&SWEEP);
    command.args(["--set", "train.iterations=100000", "--shard", "0/2", "--out", "out"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while named(&place.path("out"), "checkpoint.safetensors").is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the shard has ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    for shard in [&[][..], &["--shard", "0/2"], &["--shard", "1/3"]] {
        let error = place.refuse_for_now(&[&SWEEP[..], &["--out", "out"], shard].concat());
        assert!(error.contains("out") && error.contains("--out"), "{shard:?}: {error}");
    }
    let error = place.refuse_for_now(&["merge", "merged", "out"]);
    assert!(error.contains("out is in use by a sweep"), "{error}");
    assert!(!place.path("merged").exists());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_dry_run_shows_the_part() {
    let place = Place::new();
    let dry = |shard: &str| place.succeed(&["sweep", "quick", "--device", "flex", "--dry-run", "--shard", shard]);
    let parts = ["0/4", "1/4", "2/4", "3/4"].map(dry);
    let runs = |text: &String| -> usize {
        let words: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(words[3..5], ["of", "15"], "{text}");
        words[2].parse().unwrap()
    };
    assert_eq!(parts.iter().map(runs).sum::<usize>(), 15);
    assert!(parts[1].starts_with("shard 1/4: ") && parts[1].contains(" % of its cost"), "{}", parts[1]);
    assert!(files(place.root()).is_empty());
}
