//! The files of made-up rows, and of the program's committed results.

pub(crate) mod testing;

use super::*;
use crate::experiment::settings::{RunSettings, run_id, tests::example as settings};
use crate::results::image_counts::{self, ImageCounts};
use crate::results::result::tests::{example, failure};
use crate::results::run_dir::RunFile;
use crate::results::scores::Confusion;

fn write(out: &Path, seed: u64, result: bool) {
    let settings = RunSettings { seed, ..settings() };
    let id = run_id(&settings, "fingerprint");
    let run = RunDir::new(out, &settings, &id);
    run.create(&RunFile::new(&settings, &[1, 12, 24, 36], &id, "fingerprint")).unwrap();
    if result {
        run.finish(&example(settings, [3, 0, 0, 0])).unwrap();
    } else {
        run.fail(&failure(settings)).unwrap();
    }
}

#[test]
fn rows_and_columns() {
    let out = tempfile::tempdir().unwrap();
    write(out.path(), 1, true);
    write(out.path(), 0, false);
    Rows::read(out.path()).unwrap().write(out.path()).unwrap();

    let mut reader = csv::Reader::from_path(out.path().join("results.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(&lines[0][column("status")], "failed");
    assert_eq!(&lines[0][column("failed_at_iteration")], "37");
    assert_eq!(&lines[0][column("miou")], "");
    assert_eq!(&lines[1][column("seed")], "1");
    assert_eq!(&lines[1][column("miou")], "1.0");
    assert_eq!(&lines[1][column("infer_ratios")], "1x");
    assert_eq!(&lines[1][column("rates")], "1-12-24-36");
    assert_eq!(&lines[1][column("relative_rate")], "0.5625");
    assert_eq!(&lines[1][column("data")], "synthetic");
    assert_eq!(&lines[1][column("data_fingerprint")], "fingerprint");
    assert_eq!((&lines[0][column("jobs")], &lines[1][column("jobs")]), ("", "1"));
    assert_eq!(&lines[1][column("finished")], "2026-01-01T00:00:10Z");

    let classes = std::fs::read_to_string(out.path().join("classes.csv")).unwrap();
    assert_eq!(classes.lines().count(), 3);
    assert!(classes.lines().nth(2).unwrap().ends_with(",,,"), "an absent class has empty fields: {classes}");
}

/// The bytes of the files are what other programs and committed results rely on.
#[test]
fn files_are_pinned() {
    let out = tempfile::tempdir().unwrap();
    testing::pinned().write(out.path()).unwrap();
    let file = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    assert_eq!(file("results.csv"), include_str!("pinned/results.csv"));
    assert_eq!(file("classes.csv"), include_str!("pinned/classes.csv"));
    assert_eq!(file("image_scores.csv"), include_str!("pinned/image_scores.csv"));
}

#[test]
fn without_runs_there_are_headers() {
    let out = tempfile::tempdir().unwrap();
    Rows::default().write(out.path()).unwrap();
    for (name, pinned) in [
        ("results.csv", include_str!("pinned/results.csv")),
        ("classes.csv", include_str!("pinned/classes.csv")),
        ("image_scores.csv", include_str!("pinned/image_scores.csv")),
    ] {
        let header = std::fs::read_to_string(out.path().join(name)).unwrap();
        assert_eq!(header, format!("{}\n", pinned.lines().next().unwrap()));
    }
}

/// What programs of before have written comes back byte for byte, but for columns that are new.
#[test]
fn committed_files_come_back_as_they_were() {
    use testing::written_again;
    for folder in ["retina-small", "controls", "precision"] {
        let runs = written_again::<RunRecord>(folder, "results.csv");
        let since = |column: &String| {
            let detection = ["sensitivity", "specificity", "auc_roc", "auc_pr", "average_precision"];
            ["collapsed", "precision"].contains(&&column[..])
                || column.starts_with("fov_")
                || detection.contains(&column.as_str())
        };
        assert!(runs.iter().all(since), "{folder}: {runs:?}");
        assert!(written_again::<ClassRecord>(folder, "classes.csv").is_empty());
    }
    assert!(written_again::<ImageRecord>("retina-small", "image_scores.csv").is_empty());
}

#[test]
fn images_have_their_own_scores() {
    let out = tempfile::tempdir().unwrap();
    write(out.path(), 0, true);
    let run = RunDir::scan(out.path()).unwrap().remove(0);
    let image = |name: &str, counts: [u64; 4]| ImageCounts {
        image: name.into(),
        confusion: Confusion { classes: 2, counts: counts.to_vec() },
    };
    image_counts::write(&run.images_csv(), &[image("a", [2, 0, 0, 0]), image("b", [1, 0, 0, 0])]).unwrap();
    let rows = Rows::read(out.path()).unwrap();
    assert_eq!(rows.0[0].images.as_ref().unwrap()[1].image, "b");
    rows.write(out.path()).unwrap();
    let text = std::fs::read_to_string(out.path().join("image_scores.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "run_id,experiment,dataset,rates,seed,image,miou,mdice,aacc");
    assert_eq!(lines.len(), 3);
    assert!(lines[1].ends_with(",stare,stare,1-12-24-36,0,a,1.0,1.0,1.0"), "{text}");

    // Another pixel than the result has.
    image_counts::write(&run.images_csv(), &[image("a", [2, 0, 0, 0]), image("b", [1, 0, 0, 1])]).unwrap();
    let error = Rows::read(out.path()).unwrap_err().to_string();
    assert!(error.contains("images.csv does not add up") && error.contains("--discard"), "{error}");
}

/// A program that has read the rows and not yet written them must not be overtaken by one that
/// has read more.
#[test]
fn who_writes_has_read_since_the_last_one_wrote() {
    let out = tempfile::tempdir().unwrap();
    write(out.path(), 1, true);
    let turn = FileMutex::wait(out.path(), "tables").unwrap();
    std::thread::scope(|scope| {
        let (done, ended) = std::sync::mpsc::channel();
        let path = out.path();
        scope.spawn(move || done.send(Rows::update(path)));
        // Nobody writes during the turn of another one.
        assert!(ended.recv_timeout(std::time::Duration::from_millis(300)).is_err());
        assert!(!out.path().join("results.csv").exists());
        write(out.path(), 2, true);
        drop(turn);
        ended.recv().unwrap().unwrap();
    });
    let results = std::fs::read_to_string(out.path().join("results.csv")).unwrap();
    assert_eq!(results.lines().count(), 3, "{results}");
}

#[test]
fn the_order_does_not_depend_on_time() {
    let out = tempfile::tempdir().unwrap();
    for seed in [10, 2, 1] {
        write(out.path(), seed, true);
    }
    let seeds: Vec<u64> = Rows::read(out.path()).unwrap().0.iter().map(|r| r.settings().seed).collect();
    assert_eq!(seeds, [1, 2, 10]);
}
