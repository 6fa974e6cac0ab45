//! Runs that panic, devices that are lost, directories that go away, clocks that go back.

use super::*;
use crate::results::result::{Cause, RunFailure};
use crate::results::run_dir::RunState;
use atrous_models::device::DeviceError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The first of the four runs panics after seven iterations.
fn panic_in_the_first(context: &RunContext) -> Result<Outcome> {
    context.reached.store(7, Ordering::Relaxed);
    fs::write(context.dir.checkpoint(), "weights").unwrap();
    assert!((context.settings.rates[1], context.settings.seed) != (2, 0), "kernel {} is missing", "conv");
    finish(context)
}

fn failure(bench: &Bench) -> RunFailure {
    let runs = RunDir::scan(&bench.options.out).unwrap();
    let failures = runs.iter().filter_map(|run| match run.state().unwrap() {
        RunState::Failed(failure) => Some(*failure),
        _ => None,
    });
    failures.collect::<Vec<_>>().remove(0)
}

impl Bench {
    /// Sweeps with a device that is lost from the first panic on, and does not open again.
    fn sweep_losing(&self, execute: &Executor) -> Result<SweepEnd> {
        let check = |_: &ComputeDevice| Err(unplugged());
        let reopen = |_: &ComputeDevice| Err(unplugged());
        self.sweep_with(Recovery { check: &check, reopen: &reopen }, execute)
    }

    fn sweep_with(&self, recovery: Recovery, execute: &Executor) -> Result<SweepEnd> {
        let (device, stop) = (ComputeDevice::select("flex").unwrap(), StopFlag::new());
        sweep_recovering(&self.spec, &self.options, (&device, recovery), &Progress::hidden(), &stop, execute)
    }
}

#[test]
fn a_panic_is_a_row_and_the_sweep_goes_on() {
    let bench = bench();
    let end = bench.sweep(&panic_in_the_first).unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 3, failed: 1, broken: 1, executed: 4, stopped: false, whole: None }
    );
    let results = bench.file("results.csv");
    let is_row =
        |line: &&str| line.contains(",failed,,") && line.contains(",,7,the program failed: kernel conv is missing,");
    assert_eq!(results.lines().filter(is_row).count(), 1, "{results}");
    assert_eq!(failure(&bench).cause, Cause::Program);

    // It is left alone until somebody asks, and is known not to lie in the run.
    let end = bench.sweep(&|_: &RunContext| panic!("nothing is left to do")).unwrap();
    assert_eq!((end.failed, end.broken, end.executed), (1, 1, 0));
}

#[test]
fn a_run_that_panicked_goes_on_from_its_checkpoint_and_one_that_diverged_does_not() {
    for (first, kept) in [(None, true), (Some("the loss is NaN"), false)] {
        let mut bench = bench();
        bench
            .sweep(&|context: &RunContext| match first {
                Some(reason) if context.settings.seed == 0 => {
                    fs::write(context.dir.checkpoint(), "weights").unwrap();
                    Ok(Outcome::Failed { iteration: 7, reason: reason.into() })
                }
                Some(_) => finish(context),
                None => panic_in_the_first(context),
            })
            .unwrap();
        bench.options.selection.retry_failed = true;
        let end = bench
            .sweep(&|context: &RunContext| {
                assert_eq!(context.dir.checkpoint().exists(), kept, "{first:?}");
                assert!(!context.dir.error_json().exists(), "{first:?}");
                finish(context)
            })
            .unwrap();
        assert_eq!((end.finished, end.failed, end.broken), (4, 0, 0), "{first:?}");
    }
}

fn unplugged() -> DeviceError {
    DeviceError::Lost { name: "wgpu:0".into(), reason: "it was unplugged".into() }
}

/// Of the device that is opened anew; the one that was lost has another name.
const AGAIN: &str = "flex, again";

/// Lost is whatever is not opened anew; and how often that was done.
fn sweep_regaining(bench: &Bench, execute: &Executor) -> (SweepEnd, usize) {
    let opened = AtomicUsize::new(0);
    let check = |device: &ComputeDevice| if device.info.name == AGAIN { Ok(()) } else { Err(unplugged()) };
    let reopen = |device: &ComputeDevice| {
        opened.fetch_add(1, Ordering::SeqCst);
        let mut device = device.clone();
        device.info.name = AGAIN.into();
        Ok(device)
    };
    let end = bench.sweep_with(Recovery { check: &check, reopen: &reopen }, execute).unwrap();
    (end, opened.into_inner())
}

#[test]
fn a_lost_device_is_opened_again_and_the_sweep_goes_on() {
    let bench = bench();
    let (end, opened) = sweep_regaining(&bench, &|context: &RunContext| {
        let first = (context.settings.rates[1], context.settings.seed) == (2, 0);
        assert_eq!(context.device.info.name == AGAIN, !first, "later runs are on the device that computes");
        panic_in_the_first(context)
    });
    assert_eq!((end.finished, end.failed, end.broken, end.executed, opened), (3, 1, 1, 4, 1));
    let results = bench.file("results.csv");
    assert_eq!(results.matches("the device failed: kernel conv is missing").count(), 1, "{results}");
    assert_eq!(failure(&bench).cause, Cause::Device);
}

#[test]
fn a_device_that_two_runs_lose_together_is_opened_again_once() {
    let mut bench = bench();
    bench.options.selection.jobs = Jobs::Fixed(NonZeroUsize::new(2).unwrap());
    let barrier = std::sync::Barrier::new(2);
    let (end, opened) = sweep_regaining(&bench, &|context: &RunContext| {
        if context.device.info.name == AGAIN {
            return finish(context);
        }
        barrier.wait();
        panic!("the device is gone")
    });
    assert_eq!((end.finished, end.failed, end.broken, end.executed, opened), (2, 2, 2, 4, 1));
}

#[test]
fn a_lost_device_that_does_not_open_again_ends_the_sweep_and_its_run_has_a_row() {
    let mut bench = bench();
    let error = format!("{:#}", bench.sweep_losing(&panic_in_the_first).unwrap_err());
    for part in ["flex was lost in one, rates 1-2, seed 0", "--retry-failed", "it was unplugged"] {
        assert!(error.contains(part), "{error}");
    }
    let results = bench.file("results.csv");
    assert_eq!(results.lines().count(), 2, "{results}");
    assert!(results.contains("the device failed: kernel conv is missing"), "{results}");
    let failure = failure(&bench);
    assert_eq!((failure.cause, failure.iteration), (Cause::Device, 7));

    // With a device that is back: the runs that were not started, and the lost one for who asks.
    assert_eq!(bench.sweep(&finish).unwrap().executed, 3);
    bench.options.selection.retry_failed = true;
    let end = bench.sweep(&finish).unwrap();
    assert_eq!((end.finished, end.failed, end.executed), (4, 0, 1));
}

#[test]
fn a_lost_device_ends_both_runs_that_are_on_it() {
    let mut bench = bench();
    bench.options.selection.jobs = Jobs::Fixed(NonZeroUsize::new(2).unwrap());
    let barrier = std::sync::Barrier::new(2);
    let error = bench.sweep_losing(&|_: &RunContext| {
        barrier.wait();
        panic!("the device is gone")
    });
    // The one that is told of first is named.
    let error = format!("{:#}", error.unwrap_err());
    assert!(error.contains("flex was lost in one, rates 1-"), "{error}");
    assert_eq!(bench.file("results.csv").matches("the device failed: the device is gone").count(), 2);
}

#[test]
fn error_output_that_goes_away_between_two_runs() {
    let bench = bench();
    let (out, executed) = (bench.options.out.clone(), AtomicUsize::new(0));
    let error = bench.sweep(&|context: &RunContext| {
        executed.fetch_add(1, Ordering::SeqCst);
        let outcome = finish(context);
        fs::remove_dir_all(&out).unwrap();
        // Somebody makes a new one: what is written to it would look like all of the sweep.
        fs::create_dir_all(context.dir.path()).unwrap();
        outcome
    });
    let error = format!("{:#}", error.unwrap_err());
    assert!(error.contains("out was removed or replaced while a sweep was writing to it"), "{error}");
    assert_eq!(executed.load(Ordering::SeqCst), 1);
    assert!(!out.join("results.csv").exists());
}

/// What is finished and in which order is not told by clocks, which may be set back.
#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let (steady, back) = (bench(), bench());
    let hour = AtomicUsize::new(23);
    steady.sweep(&finish).unwrap();
    back.sweep(&|context: &RunContext| {
        let Outcome::Finished(mut result) = finish(context)? else { unreachable!("it finishes") };
        let hour = hour.fetch_sub(5, Ordering::SeqCst);
        result.started = format!("2026-01-01T{hour:02}:00:00Z");
        result.finished = format!("1970-01-01T{:02}:00:00Z", hour - 5);
        Ok(Outcome::Finished(result))
    })
    .unwrap();
    let rows = |bench: &Bench| -> Vec<String> {
        let without_time = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
        bench.file("results.csv").lines().map(without_time).collect()
    };
    assert_eq!(rows(&steady), rows(&back));
    let end = back.sweep(&|_: &RunContext| panic!("nothing is left to do")).unwrap();
    assert_eq!((end.finished, end.executed), (4, 0));
}
