//! Devices that fail in the midst of a run. The sweeps are of this process, which all of them hear
//! panic: one at a time.

use crate::place::Place;
use anyhow::Result;
use atrous_harness::experiment::spec::{Overrides, Spec};
use atrous_harness::run::context::{Executor, RunContext};
use atrous_harness::run::execute::execute as execute_run;
use atrous_harness::run::options::{DataOptions, MaskOptions, RunOptions};
use atrous_harness::support::progress::Progress;
use atrous_harness::support::stop::StopFlag;
use atrous_harness::sweep::{self, RunSelection, SweepEnd, SweepOptions};
use atrous_models::device::ComputeDevice;
use std::fs;
use std::sync::{Mutex, PoisonError};

static ALONE: Mutex<()> = Mutex::new(());

/// Two runs, the first with the rates 1, 2, 4, 8; again, those that have an error row.
fn sweep(place: &Place, device: &ComputeDevice, set: &str, execute: &Executor) -> Result<SweepEnd> {
    let overrides = Overrides { set: vec![set.into()], seeds: None, only: vec!["stare-ci".into()] };
    let spec = Spec::load("ci", &overrides)?;
    let options = SweepOptions {
        out: place.path("out"),
        data: DataOptions::at(place.path("datasets")),
        masks: MaskOptions::default(),
        run: RunOptions::default(),
        selection: RunSelection { retry_failed: true, ..RunSelection::ONE_BY_ONE },
        tensorboard: None,
        margin: 0.005,
    };
    sweep::sweep(&spec, &options, device, &Progress::hidden(), &StopFlag::new(), execute)
}

/// What the finished runs say of their convolutions.
#[cfg(feature = "wgpu")]
fn convolutions(place: &Place) -> Vec<Option<String>> {
    let read = |path: std::path::PathBuf| -> Option<String> {
        let result: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        result.get("convolutions").map(|value| value.as_str().unwrap().to_owned())
    };
    let mut found: Vec<_> = crate::outcome::named(&place.path("out"), "result.json").into_iter().map(read).collect();
    found.sort();
    found
}

fn results(place: &Place) -> String {
    fs::read_to_string(place.path("out/results.csv")).unwrap()
}

/// The runtime of a GPU keeps its thread alive after a panic in it, and may tell nobody: numbers
/// that come after it are not to be trusted.
#[test]
fn a_panic_in_a_thread_of_the_device_is_no_result() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::new();
    let execute = |context: &RunContext| {
        if context.settings.rates[1] == 12 {
            let thread = std::thread::Builder::new().name("DSD-0-0".into());
            let _ = thread.spawn(|| panic!("out of device memory")).unwrap().join();
        }
        execute_run(context)
    };
    let flex = ComputeDevice::select("flex").unwrap();
    let end = sweep(&place, &flex, "train.iterations=4", &execute).unwrap();
    assert_eq!((end.finished, end.failed, end.broken), (1, 1, 1));
    let results = results(&place);
    let failed = results.lines().filter(|line| line.contains(",failed,,"));
    let is_row = |line: &&str| line.contains(",,4,the program failed: out of device memory,");
    assert_eq!(failed.filter(is_row).count(), 1, "{results}");
}

/// A device of wgpu is destroyed while it trains, as far as its users can tell the same as one that
/// was taken away. On the software adapter, where there is one.
#[cfg(feature = "wgpu")]
#[test]
fn a_gpu_that_is_lost_is_opened_again_and_the_sweep_goes_on() {
    use std::sync::atomic::Ordering;

    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let gpu = match ComputeDevice::select("wgpu:cpu") {
        Ok(gpu) => gpu,
        Err(error) => return println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)"),
    };
    gpu.check().unwrap();
    let place = Place::new();
    let lose_the_first = |context: &RunContext| {
        if context.settings.rates[1] != 2 {
            return execute_run(context);
        }
        std::thread::scope(|scope| {
            let run = scope.spawn(|| execute_run(context));
            while !run.is_finished() && context.reached.load(Ordering::Relaxed) < 3 {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            gpu.destroy();
            run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    };
    let end = sweep(&place, &gpu, "train.iterations=20", &lose_the_first).unwrap();
    assert_eq!((end.finished, end.failed, end.broken, end.executed), (1, 1, 1, 2));
    assert!(gpu.check().unwrap_err().to_string().ends_with("Destroyed"));
    let rows = results(&place);
    assert_eq!(rows.matches("the device failed: ").count(), 1, "{rows}");
    let (lost, finished) = rows.trim_end().rsplit_once('\n').unwrap();
    assert!(lost.contains("the device failed: ") && finished.contains(",finished,"), "{rows}");
    assert!(finished.contains(",wgpu:cpu,"), "{rows}");
    let how = convolutions(&place).remove(0).expect("a GPU's run says how it computed convolutions");
    assert!(how.contains("3x3 maps by "), "{how}");

    // Elsewhere, for who asks.
    let flex = ComputeDevice::select("flex").unwrap();
    let went_on = |context: &RunContext| {
        assert_eq!(context.settings.rates[1], 2);
        assert!(context.dir.checkpoint().exists(), "it goes on from its checkpoint");
        execute_run(context)
    };
    let end = sweep(&place, &flex, "train.iterations=20", &went_on).unwrap();
    assert_eq!((end.finished, end.failed, end.executed), (2, 0, 1));
    assert_eq!(convolutions(&place), [None, Some(how)]);
}
