//! Sweeps with an executor that computes nothing.

use super::*;
use crate::experiment::spec::Overrides;
use crate::results::result::tests::example;
use crate::results::rows::Row;
use crate::results::run_dir::RunDir;
use crate::run::context::{Outcome, RunContext};
use crate::run::options::{DataOptions, MaskOptions, RunOptions};
use std::fs;
use std::num::NonZeroUsize;
use std::sync::Mutex;

mod faults;
mod forecasts;
mod sharded;
mod side_by_side;

const SPEC: &str = r#"[[experiment]]
name     = "one"
dataset  = "stare"
model    = { base_channels = 4, aspp_channels = 4 }
crop     = [32, 32]
rates    = [[1, 2], [1, 4]]
baseline = [1, 4]
seeds    = [0, 1]
train    = { iterations = 10, batch = 2 }
infer    = { mode = "whole" }
data     = { synthetic = { seed = 1, train = 2, val = 1, size = [32, 32] } }
"#;

struct Bench {
    _folder: tempfile::TempDir,
    options: SweepOptions,
    spec: Spec,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let options = SweepOptions {
        out: folder.path().join("out"),
        data: DataOptions::at(folder.path().join("datasets")),
        masks: MaskOptions::default(),
        run: RunOptions::default(),
        selection: RunSelection::ONE_BY_ONE,
        tensorboard: None,
        margin: 0.005,
    };
    let spec = Spec::parse("spec", "spec.toml", SPEC, &Overrides::default()).unwrap();
    Bench { _folder: folder, options, spec }
}

impl Bench {
    fn sweep(&self, execute: &Executor) -> Result<SweepEnd> {
        self.sweep_until(&StopFlag::new(), execute)
    }

    fn sweep_until(&self, stop: &StopFlag, execute: &Executor) -> Result<SweepEnd> {
        let device = ComputeDevice::select("flex").unwrap();
        sweep(&self.spec, &self.options, &device, &Progress::hidden(), stop, execute)
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.options.out.join(name)).unwrap()
    }
}

/// Scores that depend on nothing but the rates.
fn finish(context: &RunContext) -> Result<Outcome> {
    let mut result = example(context.settings.clone(), [10 * context.settings.rates[1] as u64, 1, 2, 3]);
    result.run_id = context.run_id.into();
    result.data_fingerprint = context.data_fingerprint.into();
    Ok(Outcome::Finished(result))
}

#[test]
fn finished_runs_are_skipped() {
    let bench = bench();
    let end = bench.sweep(&finish).unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 4, failed: 0, broken: 0, executed: 4, stopped: false, whole: None }
    );
    let first = (bench.file("results.csv"), bench.file("classes.csv"));
    assert_eq!(first.0.lines().count(), 5);

    let end = bench.sweep(&|_: &RunContext| panic!("nothing is left to do")).unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 4, failed: 0, broken: 0, executed: 0, stopped: false, whole: None }
    );
    assert_eq!((bench.file("results.csv"), bench.file("classes.csv")), first);
}

#[test]
fn the_executor_finds_data_and_directory() {
    let bench = bench();
    let seen = Mutex::new(Vec::new());
    bench
        .sweep(&|context: &RunContext| {
            assert_eq!(context.dataset.samples(atrous_data::Split::Train).len(), 2);
            assert_eq!(context.data_fingerprint.len(), 64);
            assert_eq!(context.dir.read_run_file().unwrap().settings, *context.settings);
            seen.lock().unwrap().push((context.settings.rates.clone(), context.settings.seed));
            finish(context)
        })
        .unwrap();
    assert_eq!(seen.into_inner().unwrap(), [(vec![1, 2], 0), (vec![1, 4], 0), (vec![1, 2], 1), (vec![1, 4], 1)]);
}

#[test]
fn limit_and_resume_end_like_an_undisturbed_sweep() {
    let whole = bench();
    whole.sweep(&finish).unwrap();
    let mut parts = bench();
    parts.options.selection.limit = Some(1);
    for expected in 1..=4 {
        let end = parts.sweep(&finish).unwrap();
        assert_eq!((end.executed, end.finished, end.remaining()), (1, expected, 4 - expected));
    }
    assert_eq!(parts.sweep(&finish).unwrap().executed, 0);
    assert_eq!(parts.file("results.csv"), whole.file("results.csv"));
}

#[test]
fn a_failed_run_is_a_row_and_the_sweep_goes_on() {
    let mut bench = bench();
    let fail_one = |context: &RunContext| {
        if (context.settings.rates[1], context.settings.seed) == (2, 1) {
            return Ok(Outcome::Failed { iteration: 7, reason: "the loss is NaN".into() });
        }
        finish(context)
    };
    let end = bench.sweep(&fail_one).unwrap();
    assert_eq!((end.finished, end.failed, end.executed), (3, 1, 4));
    let results = bench.file("results.csv");
    assert_eq!(
        results.lines().filter(|line| line.contains(",failed,,") && line.contains(",,7,the loss is NaN,")).count(),
        1
    );

    // It would fail again, so it is left alone, unless somebody asks.
    let end = bench.sweep(&|_: &RunContext| panic!("nothing is left to do")).unwrap();
    assert_eq!((end.failed, end.executed), (1, 0));
    bench.options.selection.retry_failed = true;
    let end = bench.sweep(&finish).unwrap();
    assert_eq!((end.finished, end.failed, end.executed), (4, 0, 1));
    assert!(!bench.file("results.csv").contains("failed,,"));
}

#[test]
fn failed_runs_that_are_not_repeated_keep_their_rows() {
    let mut bench = bench();
    let fail = |_: &RunContext| Ok(Outcome::Failed { iteration: 7, reason: "the loss is NaN".into() });
    assert_eq!(bench.sweep(&fail).unwrap().failed, 4);
    bench.options.selection.retry_failed = true;
    bench.options.selection.limit = Some(1);
    let end = bench.sweep(&finish).unwrap();
    assert_eq!((end.finished, end.failed, end.executed, end.remaining()), (1, 3, 1, 0));
    assert_eq!(bench.file("results.csv").lines().filter(|line| line.contains(",failed,,")).count(), 3);
}

#[test]
fn stopping_leaves_the_run_unfinished() {
    let bench = bench();
    let stop = StopFlag::new();
    let end = bench
        .sweep_until(&stop, &|context: &RunContext| {
            if context.settings.seed == 1 {
                context.stop.request();
                return Ok(Outcome::Stopped { iteration: 5 });
            }
            finish(context)
        })
        .unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 2, failed: 0, broken: 0, executed: 3, stopped: true, whole: None }
    );
    assert_eq!(bench.sweep(&finish).unwrap().executed, 2);
}

#[test]
fn an_error_of_the_executor_names_the_run_and_leaves_it_unfinished() {
    let bench = bench();
    let error = bench.sweep(&|_: &RunContext| anyhow::bail!("image.png is damaged")).unwrap_err();
    assert_eq!(format!("{error:#}"), "one, rates 1-2, seed 0: image.png is damaged");
    assert_eq!(bench.sweep(&finish).unwrap().executed, 4);
}

#[test]
fn a_result_of_another_run_is_refused() {
    let bench = bench();
    bench.sweep(&finish).unwrap();
    let runs = RunDir::scan(&bench.options.out).unwrap();
    fs::copy(runs[0].result_json(), runs[1].result_json()).unwrap();
    let error = bench.sweep(&finish).unwrap_err().to_string();
    assert!(error.contains("result.json is of run") && error.contains("remove it"), "{error}");
}

#[test]
fn error_missing_data_comes_before_anything_is_written() {
    let mut bench = bench();
    bench.spec.experiments[0].data = crate::experiment::settings::DataSource::Files;
    let error = format!("{:#}", bench.sweep(&finish).unwrap_err());
    assert!(error.contains("datasets"), "{error}");
    assert!(!bench.options.out.exists());
}

#[test]
fn error_unwritable_output() {
    let mut bench = bench();
    let file = bench.options.out.with_file_name("file");
    fs::write(&file, "").unwrap();
    bench.options.out = file.join("out");
    let error = format!("{:#}", bench.sweep(&finish).unwrap_err());
    assert!(error.contains("file/out") && error.contains("--out"), "{error}");
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let mut bench = bench();
    let device = ComputeDevice::select("flex").unwrap();
    let dry =
        |bench: &Bench| dry_run(&bench.spec, &bench.options, &device, &Progress::hidden(), &StopFlag::new()).unwrap();
    let before = dry(&bench);
    assert!(before.forecast.seconds.is_some(), "{before}");
    let long = SPEC.replace("iterations = 10,", "iterations = 1000000,");
    let short =
        std::mem::replace(&mut bench.spec, Spec::parse("spec", "spec.toml", &long, &Overrides::default()).unwrap());
    let before = dry(&bench);
    bench.spec = short;
    assert_eq!((before.experiments[0].runs, before.to_do()), (4, 4));
    // Timed on images that are drawn elsewhere.
    assert_eq!((before.forecast.basis, before.forecast.kinds), (Some(ForecastBasis::Steps), 1));
    assert!(before.forecast.seconds.unwrap() > 0.0, "{before}");
    assert!(!bench.options.out.exists());

    bench.options.selection.limit = Some(1);
    bench.sweep(&finish).unwrap();
    bench.options.selection.limit = None;
    let after = dry(&bench);
    assert_eq!((after.experiments[0].finished, after.to_do()), (1, 3));
    // 10 s of training and 1.5 s of scoring each.
    assert_eq!(after.experiments[0].forecast.unwrap().seconds, Some(3.0 * 11.5));
    let text = after.to_string();
    assert!(text.contains("4 runs: 1 finished, 0 failed, 3 to do now; about 35 s, from finished runs\n"), "{text}");

    bench.options.selection.jobs = "2".parse().unwrap();
    let two = dry(&bench);
    // What finished alone says nothing of runs side by side.
    assert_ne!(two.forecast.basis, Some(ForecastBasis::Finished), "{two}");
    assert!(two.to_string().contains("2 runs side by side, "), "{two}");
}

#[test]
fn a_budget_takes_the_seeds_that_fit_of_every_rates() {
    let mut bench = bench();
    let text = SPEC.replace("seeds    = [0, 1]", "seeds    = [0, 1, 2, 3, 4, 5]");
    bench.spec = Spec::parse("spec", "spec.toml", &text, &Overrides::default()).unwrap();
    bench.options.selection.limit = Some(1);
    bench.sweep(&finish).unwrap();
    bench.options.selection.limit = None;
    // Each of the others takes 11.5 s as well: five are 57.5 s, and seven 80.5 s.
    bench.options.selection.budget = Some("60s".parse().unwrap());
    let end = bench.sweep(&finish).unwrap();
    assert_eq!((end.planned, end.finished, end.executed, end.remaining()), (6, 6, 5, 0));
    let runs = SweepPlan::read(&bench.options.out).unwrap().unwrap().runs;
    let of = |rates: &str| runs.iter().filter(|run| run.rates == rates).map(|run| run.seed).collect::<Vec<_>>();
    // The first sweep was to make all of them.
    assert_eq!((of("1-2").len(), of("1-4").len()), (6, 6));
    let rows = Rows::read(&bench.options.out).unwrap().0;
    let seeds = |rates: usize| {
        let own = rows.iter().map(Row::settings).filter(|settings| settings.rates[1] == rates);
        own.map(|settings| settings.seed).collect::<Vec<_>>()
    };
    assert_eq!((seeds(2), seeds(4)), (vec![0, 1, 2], vec![0, 1, 2]));
    // What has finished takes no time: the same command goes on.
    assert_eq!(bench.sweep(&finish).unwrap().executed, 4);
    bench.options.selection.budget = Some("1s".parse().unwrap());
    let end = bench.sweep(&finish).unwrap();
    assert_eq!((end.planned, end.executed), (10, 0));

    let mut other = self::bench();
    other.options.selection.budget = Some("1h".parse().unwrap());
    other.sweep(&finish).unwrap();
    let planned = SweepPlan::read(&other.options.out).unwrap().unwrap().runs.len();
    assert_eq!(planned, 4);
}
