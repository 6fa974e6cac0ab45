use super::repeat::compare;
use super::*;
use crate::experiment::settings::{RunSettings, run_id, tests::example};
use crate::results::result::RunResult;
use crate::results::run_dir::{RunDir, RunFile};
use crate::run::context::{Outcome, RunContext};
use crate::run::options::{DataOptions, RunOptions};
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use atrous_models::device::ComputeDevice;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

fn verify(results: &Path) -> Verification {
    let claims = read_claims(results).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut data = DataAtHand::new(&DataOptions::at("absent"), scratch.path(), &Progress::hidden());
    Verification {
        runs: claims.iter().map(|claim| VerifiedRun::of(claim, &mut data).unwrap()).collect(),
        files: verify_files(results, scratch.path()).unwrap(),
    }
}

/// One finished run, written as `change` leaves it.
fn written(change: fn(&mut RunResult)) -> (tempfile::TempDir, RunDir) {
    let out = tempfile::tempdir().unwrap();
    let settings = RunSettings { data: Default::default(), ..example() };
    let id = run_id(&settings, "fingerprint");
    let dir = RunDir::new(out.path(), &settings, &id);
    dir.create(&RunFile::new(&settings, &[1, 2], &id, "fingerprint")).unwrap();
    let mut result = crate::results::result::tests::example(settings, [3, 1, 1, 3]);
    change(&mut result);
    dir.finish(&result).unwrap();
    (out, dir)
}

fn of(change: fn(&mut RunResult)) -> VerifiedRun {
    let (out, _) = written(change);
    verify(out.path()).runs.remove(0)
}

#[test]
fn committed_results_are_as_written() {
    for name in ["retina-small", "controls"] {
        let verification = verify(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../results")).join(name).as_path());
        assert!(verification.runs.len() >= 24, "{name}");
        for run in &verification.runs {
            assert!(matches!(run.id, Agreement::Fits(_)) && matches!(run.scores, Agreement::Fits(_)), "{run:?}");
            assert!(matches!(run.data, Agreement::NotChecked(_)), "{run:?}");
        }
    }
}

#[test]
fn a_run_as_it_was_made_fits() {
    let run = of(|_| {});
    assert_eq!(run.id, Agreement::Fits(format!("model version {MODEL_VERSION}")));
    assert!(matches!(&run.scores, Agreement::Fits(how) if how.contains("confusion matrix")), "{run:?}");
    assert!(matches!(&run.data, Agreement::NotChecked(why) if why.contains("absent has no folder STARE")), "{run:?}");
}

#[test]
fn changed_settings_data_scores_and_counts_are_found() {
    assert!(matches!(of(|result| result.settings.train.lr *= 2.0).id, Agreement::Differs(_)));
    assert!(matches!(of(|result| result.data_fingerprint = "another".into()).id, Agreement::Differs(_)));
    for change in [
        |result: &mut RunResult| result.scores.miou += 0.01,
        |result: &mut RunResult| result.scores.dice[1] += 0.01,
        |result: &mut RunResult| result.confusion.counts[0] += 1,
    ] {
        assert!(matches!(of(change).scores, Agreement::Differs(_)));
    }
}

#[test]
fn a_run_file_of_another_run_is_found() {
    for (change, why) in [
        ((|file| file.run_id = "0123456789abcdef".into()) as fn(&mut RunFile), "run.toml is of 0123456789abcdef"),
        (|file| file.settings.train.lr *= 2.0, "settings and data in run.toml give "),
        (|file| file.data_fingerprint = "another".into(), "settings and data in run.toml give "),
        (|file| file.model_version -= 1, "settings and data in run.toml give "),
    ] {
        let (out, dir) = written(|_| {});
        let mut file = dir.read_run_file().unwrap();
        change(&mut file);
        dir.create(&file).unwrap();
        let run = verify(out.path()).runs.remove(0);
        assert!(matches!(&run.id, Agreement::Differs(found) if found.starts_with(why)), "{run:?}");
    }
}

/// A run of images that the program draws, of which somebody claims this; and how often it was
/// executed.
fn repeated(change: fn(&mut RunSettings), execute: fn(&RunContext) -> Outcome) -> (Agreement, usize) {
    let (out, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (progress, stop, executed) = (Progress::hidden(), StopFlag::default(), AtomicUsize::new(0));
    let mut settings = example();
    change(&mut settings);
    let mut claim = Claim {
        run_id: String::new(),
        settings,
        drawn_somehow: false,
        data_fingerprint: String::new(),
        misfiled: None,
        model_version: Some(MODEL_VERSION),
        baseline: vec![1, 2],
        cause: None,
        measured: None,
        scores: Agreement::NotChecked(String::new()),
    };
    let now = crate::results::result::tests::example(example(), [3, 1, 1, 3]);
    claim.measured = Some(ClaimedResult {
        miou: now.scores.miou,
        mdice: now.scores.mdice,
        final_loss: now.final_loss,
        confusion: None,
        device: now.device,
        api: now.api,
    });
    let mut data = DataAtHand::new(&DataOptions::at("absent"), scratch.path(), &progress);
    claim.data_fingerprint = data.fingerprint(&claim).unwrap().unwrap();
    let repeat = Repeat {
        out: out.path().into(),
        device: &ComputeDevice::select("flex").unwrap(),
        tolerance: 0.0,
        options: RunOptions::default(),
        progress: &progress,
        stop: &stop,
        execute: &|context| {
            executed.fetch_add(1, Ordering::Relaxed);
            Ok(execute(context))
        },
    };
    match repeat.run(&claim, &mut data).unwrap() {
        Repeated::Compared(finding) => (finding, executed.into_inner()),
        Repeated::Stopped => panic!("nobody stopped it"),
    }
}

fn as_claimed(context: &RunContext) -> Outcome {
    Outcome::Finished(crate::results::result::tests::example(context.settings.clone(), [3, 1, 1, 3]))
}

#[test]
fn settings_that_cannot_be_are_not_run() {
    assert_eq!(repeated(|_| {}, as_claimed), (Agreement::Fits("the same, to the last digit".into()), 1));
    for change in [
        (|settings| settings.train.batch = 1 << 40) as fn(&mut RunSettings),
        |settings| settings.model.base_channels = 1 << 30,
        |settings| settings.crop = [0, 0],
    ] {
        let (finding, executed) = repeated(change, as_claimed);
        assert!(
            matches!(&finding, Agreement::NotChecked(why) if why.starts_with("its settings cannot be: ")),
            "{finding:?}"
        );
        assert_eq!(executed, 0);
    }
}

#[test]
fn a_run_that_panics_is_found_and_ends_nothing_else() {
    let (finding, executed) = repeated(|_| {}, |_| panic!("out of luck"));
    assert_eq!(finding, Agreement::Differs("it ended with an error now: out of luck".into()));
    assert_eq!(executed, 1);
}

#[test]
fn a_changed_line_of_the_table_is_found() {
    let (out, _) = written(|_| {});
    crate::results::rows::Rows::read(out.path()).unwrap().write(out.path()).unwrap();
    assert!(!verify(out.path()).differs());
    let path = out.path().join("results.csv");
    let table = fs::read_to_string(&path).unwrap();
    let found = |table: &str| {
        fs::write(&path, table).unwrap();
        let verification = verify(out.path());
        assert!(verification.differs(), "{table}");
        verification.markdown("out")
    };
    for (from, to, why) in [
        (",finished,0.6,", ",finished,0.7,", "miou is 0.7 in results.csv and 0.6 in the run's directory"),
        (",0.25,,,", ",0.5,,,", "final_loss is 0.5 in results.csv and 0.25 in the run's directory"),
        (",flex,CPU,", ",flex,GPU,", "adapter is GPU in results.csv and CPU in the run's directory"),
    ] {
        assert!(table.contains(from), "{table}");
        let text = found(&table.replace(from, to));
        assert!(text.contains(why), "{text}");
    }
    // A run that nobody has made.
    let line = table.lines().nth(1).unwrap();
    let invented = line.replacen(line.split(',').next().unwrap(), "0123456789abcdef", 1);
    let text = found(&format!("{table}{invented}\n"));
    assert!(text.contains("(0123456789abcdef): scores **differs**: results.csv has a line of it"), "{text}");
    fs::write(&path, table.replace(",finished,0.6,", ",finished,0.7,")).unwrap();

    // The table alone: what stands above its classes does not follow from them.
    let alone = tempfile::tempdir().unwrap();
    for name in ["results.csv", "classes.csv"] {
        fs::copy(out.path().join(name), alone.path().join(name)).unwrap();
    }
    let text = verify(alone.path()).markdown("alone");
    assert!(text.contains("mIoU is 0.7 in results.csv, and by classes.csv 0.6"), "{text}");
}

#[test]
fn counts_of_images_have_to_add_up() {
    let (out, dir) = written(|_| {});
    fs::write(dir.images_csv(), "image,truth,prediction,pixels\na,0,0,3\na,0,1,1\na,1,0,1\na,1,1,2\n").unwrap();
    let run = verify(out.path()).runs.remove(0);
    assert!(matches!(&run.scores, Agreement::Differs(why) if why.contains("images.csv does not add up")), "{run:?}");
}

#[test]
fn bits_are_asked_for_where_they_are_due() {
    let now = crate::results::result::tests::example(example(), [3, 1, 1, 3]);
    let before = |change: fn(&mut ClaimedResult)| {
        let mut before = ClaimedResult {
            miou: now.scores.miou,
            mdice: now.scores.mdice,
            final_loss: now.final_loss,
            confusion: Some(now.confusion.clone()),
            device: now.device.clone(),
            api: now.api.clone(),
        };
        change(&mut before);
        compare(&before, &now, 0.01)
    };
    assert!(matches!(before(|_| {}), Agreement::Fits(_)));
    // One bit of the loss, one pixel.
    assert!(matches!(before(|m| m.final_loss += 1e-9), Agreement::Differs(_)));
    assert!(matches!(before(|m| m.confusion.as_mut().unwrap().counts[1] += 1), Agreement::Differs(_)));
    // Not due: other vectors, another device, or nobody knows.
    for change in [
        |m: &mut ClaimedResult| (m.api, m.miou) = ("AVX-512".into(), m.miou - 0.005),
        |m: &mut ClaimedResult| (m.api, m.miou) = (String::new(), m.miou - 0.005),
        |m: &mut ClaimedResult| (m.device, m.miou) = ("vulkan:0".into(), m.miou + 0.005),
    ] {
        assert!(matches!(before(change), Agreement::Fits(_)));
    }
    assert!(matches!(before(|m| (m.api, m.miou) = ("AVX-512".into(), m.miou - 0.02)), Agreement::Differs(_)));
}
