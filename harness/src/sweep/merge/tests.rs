//! Merging runs that were never trained.

use super::*;
use crate::experiment::settings::{DataSource, RunSettings, run_id, run_id_of_version, tests::example as settings};
use crate::results::result::tests::{example, failure};
use crate::results::result::{RunResult, write_json};
use crate::results::rows::Rows;
use crate::results::run_dir::{RunDir, RunFile};
use crate::run::train::example_checkpoint;
use std::collections::BTreeMap;

const BASELINE: [usize; 4] = [1, 12, 24, 36];

struct Place(tempfile::TempDir);

fn place() -> Place {
    Place(tempfile::tempdir().unwrap())
}

fn of_seed(seed: u64) -> RunSettings {
    RunSettings { seed, ..settings() }
}

impl Place {
    fn path(&self, folder: &str) -> PathBuf {
        self.0.path().join(folder)
    }

    fn begin_as(&self, folder: &str, change: impl Fn(&mut RunFile)) -> RunDir {
        let mut file = RunFile::new(&settings(), &BASELINE, "", "fingerprint");
        change(&mut file);
        file.run_id = run_id_of_version(file.model_version, &file.settings, &file.data_fingerprint);
        let run = RunDir::new(&self.path(folder), &file.settings, &file.run_id);
        run.create(&file).unwrap();
        run
    }

    fn begin(&self, folder: &str, seed: u64) -> RunDir {
        self.begin_as(folder, |file| file.settings.seed = seed)
    }

    fn checkpoint(&self, folder: &str, seed: u64, iteration: u64) -> RunDir {
        let run = self.begin(folder, seed);
        let mut checkpoint = example_checkpoint(of_seed(seed));
        (checkpoint.run_id, checkpoint.iteration) = (run_id(&of_seed(seed), "fingerprint"), iteration);
        checkpoint.write(&run.checkpoint()).unwrap();
        run
    }

    fn finish(&self, folder: &str, seed: u64) -> RunDir {
        let run = self.begin(folder, seed);
        run.finish(&finished(seed, 3)).unwrap();
        run
    }

    fn fail(&self, folder: &str, seed: u64) -> RunDir {
        let run = self.begin(folder, seed);
        run.fail(&failure(of_seed(seed))).unwrap();
        run
    }

    fn merge(&self, folders: &[&str]) -> Result<Merged> {
        let folders: Vec<PathBuf> = folders.iter().map(|folder| self.path(folder)).collect();
        merge(&self.path("out"), &folders)
    }

    /// The one error, which names these, of a merge that leaves all as it was.
    fn refuse(&self, folders: &[&str], parts: &[&str]) {
        let before = contents(self.0.path());
        let error = format!("{:#}", self.merge(folders).unwrap_err());
        assert!(parts.iter().all(|part| error.contains(part)), "{error}: {parts:?}");
        assert!(contents(self.0.path()) == before, "{error}: something was written");
    }

    fn seeds(&self) -> Vec<u64> {
        Rows::read(&self.path("out")).unwrap().0.iter().map(|row| row.settings().seed).collect()
    }
}

fn finished(seed: u64, right: u64) -> RunResult {
    example(of_seed(seed), [right, 1, 1, 3])
}

/// Every file below a folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

#[test]
fn what_has_come_to_something_is_copied() {
    let place = place();
    place.finish("a", 0);
    place.fail("b", 1);
    let kept = place.checkpoint("b", 2, 40);
    place.begin("b", 3);
    fs::write(kept.path().join(".log.csv.1-2.tmp"), "half a line").unwrap();
    let merged = place.merge(&["a", "b"]).unwrap();
    let expected = Merged { finished: 1, failed: 1, unfinished: 1, present: 0, without_checkpoint: 1 };
    assert_eq!(merged, expected);
    assert_eq!(place.seeds(), [0, 1]);
    let out = place.path("out");
    let results = fs::read_to_string(out.join("results.csv")).unwrap();
    assert_eq!(results.lines().count(), 3);
    assert!(out.join("table.md").is_file());
    let names: Vec<_> = RunDir::scan(&out).unwrap().iter().map(|run| run.path().to_owned()).collect();
    assert_eq!(names.len(), 3);
    let copy = out.join(kept.path().strip_prefix(place.path("b")).unwrap());
    assert!(names.contains(&copy));
    let files = contents(&copy).into_keys().map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(files, ["checkpoint.safetensors", "run.toml"]);
    assert!(!out.join(".merge.tmp").exists());
}

#[test]
fn merging_again_adds_what_has_come_since() {
    let place = place();
    place.finish("a", 0);
    place.checkpoint("a", 1, 40);
    place.checkpoint("b", 2, 40);
    place.merge(&["a", "b"]).unwrap();
    // One went on to its end, one to another checkpoint, one to a copy that has come less far.
    place.finish("a", 1);
    place.checkpoint("b", 2, 60);
    place.checkpoint("c", 2, 20);
    // A merge that was killed.
    fs::create_dir_all(place.path("out/.merge.tmp/1")).unwrap();
    let merged = place.merge(&["c", "a", "b"]).unwrap();
    assert_eq!(merged, Merged { finished: 1, failed: 0, unfinished: 1, present: 1, without_checkpoint: 0 });
    assert_eq!(place.seeds(), [0, 1]);
    let run = RunDir::new(&place.path("out"), &of_seed(2), &run_id(&of_seed(2), "fingerprint"));
    assert_eq!(crate::run::train::Checkpoint::read(&run.checkpoint()).unwrap().iteration, 60);
    let before = contents(&place.path("out"));
    assert_eq!(place.merge(&["a", "b"]).unwrap().present, 3);
    assert!(contents(&place.path("out")) == before);
}

#[test]
fn a_run_that_is_there_twice_is_one_run() {
    let place = place();
    for folder in ["a", "b"] {
        place.finish(folder, 0);
        place.fail(folder, 1);
    }
    // The time that it took is the machine's.
    let mut slower = finished(2, 3);
    place.finish("a", 2);
    slower.train_seconds = 1000.0;
    write_json(&place.begin("b", 2).result_json(), &slower).unwrap();
    let merged = place.merge(&["a", "b"]).unwrap();
    assert_eq!((merged.finished, merged.failed), (2, 1));
    assert_eq!(place.seeds(), [0, 1, 2]);
}

/// What broke a run on one machine is no result.
#[test]
fn a_run_that_the_program_failed_in_gives_way_to_one_that_has_ended() {
    let place = place();
    let broken = |folder: &str| {
        let run = place.checkpoint(folder, 0, 40);
        let cause = crate::results::result::Cause::Device;
        run.fail(&crate::results::result::RunFailure { cause, iteration: 47, ..failure(of_seed(0)) }).unwrap();
    };
    broken("a");
    // Its row is kept until there is a better one.
    assert_eq!(place.merge(&["a"]).unwrap().failed, 1);
    let results = || fs::read_to_string(place.path("out/results.csv")).unwrap();
    assert!(results().contains(",failed,"), "{}", results());
    place.checkpoint("b", 0, 39);
    assert_eq!(place.merge(&["b"]).unwrap().present, 1);
    place.checkpoint("b", 0, 41);
    assert_eq!(place.merge(&["b"]).unwrap().unfinished, 1);
    assert!(!results().contains(",failed,"), "{}", results());
    place.finish("c", 0);
    assert_eq!(place.merge(&["a", "b", "c"]).unwrap().finished, 1);
    assert!(!results().contains(",failed,"), "{}", results());
    // And never the other way round.
    assert_eq!(place.merge(&["a"]).unwrap().present, 1);
    assert!(!results().contains(",failed,"), "{}", results());
}

#[test]
fn error_runs_that_ended_differently() {
    let place = place();
    place.finish("a", 0);
    let other = place.begin("b", 0);
    other.finish(&finished(0, 4)).unwrap();
    place.refuse(&["a", "b"], &["/a/stare/", "/b/stare/", "result.json", "mIoU 0.6", "move"]);
    // Also where one is in the folder that the others are merged into.
    place.merge(&["a"]).unwrap();
    place.refuse(&["b"], &["/out/stare/", "/b/stare/"]);
    let last_loss = RunResult { final_loss: 0.26, ..finished(0, 3) };
    other.finish(&last_loss).unwrap();
    place.refuse(&["b"], &["/out/stare/", "/b/stare/"]);
    fs::remove_file(other.result_json()).unwrap();
    other.fail(&failure(of_seed(0))).unwrap();
    place.refuse(&["b"], &["result.json and ", "error.json", "one finished and the other failed"]);
}

/// What differs, and what the error names.
type Case = (fn(&mut RunFile), &'static [&'static str]);

#[test]
fn error_runs_of_two_sweeps() {
    let cases: [Case; 4] = [
        (
            |file| file.data_fingerprint = "other".into(),
            &["other files of STARE", "fingerprint...", "other...", "inspect stare"],
        ),
        (|file| file.model_version -= 1, &["is of model version ", "merge runs of one version"]),
        (|file| file.baseline = vec![1, 2], &["differ in baseline", "--limit 0"]),
        (
            |file| {
                let answer = crate::experiment::Answer::NoWinner;
                file.expectation = Some(crate::experiment::Expectation { answer, rates: vec![], seeds: vec![] });
            },
            &["differ in expectation"],
        ),
    ];
    for (change, parts) in cases {
        let place = place();
        place.finish("a", 0);
        place.begin_as("b", |file| {
            file.settings.seed = 1;
            change(file);
        });
        let files = ["/a/stare/", "/b/stare/", "run.toml"];
        place.refuse(&["a", "b"], &[&files[..], parts].concat());
    }
}

#[test]
fn other_data_are_no_obstacle() {
    let place = place();
    place.finish("a", 0);
    // Drawn otherwise: another data set.
    place.begin_as("b", |file| {
        let DataSource::Synthetic(drawing) = &mut file.settings.data else { panic!("not drawn") };
        drawing.seed += 1;
        (file.settings.seed, file.data_fingerprint) = (1, "other".into());
    });
    place.merge(&["a", "b"]).unwrap();
}

#[test]
fn error_files_that_cannot_be() {
    let place = place();
    place.finish("a", 0);
    let run = place.begin("b", 1);
    let (run_toml, result) = (run.run_toml(), run.result_json());
    let good = fs::read_to_string(&run_toml).unwrap();
    fs::write(&run_toml, good.replace("lr = 0.01", "lr = 0.02")).unwrap();
    place.refuse(&["a", "b"], &["/b/stare/", "run.toml", "its checksum does not fit"]);
    fs::write(&run_toml, "nonsense").unwrap();
    place.refuse(&["a", "b"], &["cannot understand ", "run.toml"]);
    fs::write(&run_toml, good).unwrap();
    fs::write(&result, "{").unwrap();
    place.refuse(&["a", "b"], &["cannot use ", "result.json", "remove it"]);
    write_json(&result, &finished(2, 3)).unwrap();
    place.refuse(&["a", "b"], &["result.json is of another run", "remove it"]);
    fs::remove_file(&result).unwrap();
    fs::write(run.checkpoint(), "nonsense").unwrap();
    place.refuse(&["a", "b"], &["checkpoint.safetensors", "remove it"]);
}

#[test]
fn error_folders() {
    let place = place();
    place.finish("a", 0);
    fs::create_dir(place.path("empty")).unwrap();
    fs::write(place.path("file"), "").unwrap();
    place.refuse(&["a", "absent"], &["absent", "no such folder"]);
    place.refuse(&["a", "file"], &["file", "no such folder"]);
    place.refuse(&["a", "empty"], &["empty", "holds no runs"]);
    place.refuse(&["a", "a"], &["/a and ", "the same folder"]);
    place.refuse(&["a", "a/stare"], &["a/stare", "one in the other"]);
    place.finish("out", 1);
    place.refuse(&["a", "out"], &["out and ", "the same folder"]);
    place.refuse(&["a", "."], &["one in the other"]);
    let error = merge(&place.path("a/new/out"), &[place.path("a")]).unwrap_err().to_string();
    assert!(error.contains("a/new/out and ") && !place.path("a/new").exists(), "{error}");
    let blocked = RunDir::new(&place.path("out"), &of_seed(0), &run_id(&of_seed(0), "fingerprint"));
    fs::create_dir_all(blocked.path()).unwrap();
    place.refuse(&["a"], &["/out/stare/", "is no run directory"]);
}

#[test]
fn error_folders_in_use() {
    let place = place();
    place.finish("a", 0);
    place.finish("out", 1);
    for folder in ["a", "out"] {
        let _lock = Lock::take(&place.path(folder)).unwrap();
        place.refuse(&["a"], &[folder, "is in use by"]);
    }
    let _shard = Lock::take_shard(&place.path("a"), "0/2".parse().unwrap(), "plan").unwrap();
    place.refuse(&["a"], &["/a is in use by"]);
}
