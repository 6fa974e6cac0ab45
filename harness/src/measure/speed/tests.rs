use super::*;
use crate::experiment::spec::{Overrides, Spec};
use crate::run::options::{DataOptions, RunOptions};
use std::time::{Duration, Instant};

fn options(what: What) -> SpeedOptions {
    let (run, data) = (RunOptions::default(), DataOptions::at("nowhere"));
    SpeedOptions { what, units: 3, warmup: 2, within: None, threads: 1, run, data }
}

pub(super) fn settings() -> RunSettings {
    let spec = Spec::load("ci", &Overrides::default()).unwrap();
    spec.plan().swap_remove(0).settings
}

#[test]
fn as_many_units_are_timed_as_were_asked_for() {
    let device = ComputeDevice::flex();
    for (what, images) in [(What::Step, 2), (What::Inference, 1)] {
        let case = measure(&settings(), &options(what), &device, &Progress::hidden()).unwrap();
        assert_eq!((case.warmup, case.seconds.len(), case.images), (2, 3, images));
        assert!(case.seconds.iter().all(|seconds| *seconds > 0.0), "{:?}", case.seconds);
        let report = SpeedReport::new(what, &device, Instant::now(), vec![case]).to_string();
        assert!(report.contains("stare-ci 1-2-4-8, 32x32") && report.contains("images/s"), "{report}");
    }
}

#[test]
fn the_warm_up_is_run_and_not_timed() {
    let mut seen = Vec::new();
    let clock = Clock::new(&options(What::Step), Progress::hidden().bar(5, "units"));
    let times = clock.time(|number| {
        seen.push(number);
        Ok(())
    });
    let Times { warmup, seconds } = times.unwrap();
    assert_eq!((seen, warmup, seconds.len()), (vec![0, 1, 2, 3, 4], 2, 3));
}

#[test]
fn units_become_fewer_where_the_time_is_up() {
    let count = |within| {
        let options = SpeedOptions { units: 1000, warmup: 1000, within: Some(within), ..options(What::Step) };
        let clock = Clock::new(&options, Progress::hidden().bar(2000, "units"));
        let pause = |_| {
            std::thread::sleep(Duration::from_millis(1));
            Ok(())
        };
        let Times { warmup, seconds } = clock.time(pause).unwrap();
        (warmup, seconds.len())
    };
    assert_eq!(count(Duration::ZERO), (0, 3));
    let (warmup, timed) = count(Duration::from_millis(100));
    assert!((1..=50).contains(&warmup) && (3..=100).contains(&timed), "{warmup}, {timed}");
}

#[test]
fn the_loader_wants_files() {
    let error = measure(&settings(), &options(What::Loader), &ComputeDevice::flex(), &Progress::hidden()).unwrap_err();
    assert!(error.to_string().contains("stare-ci: its images are drawn"), "{error}");
}

#[test]
fn the_median_is_between_the_middle_two() {
    let mut case = TimedCase::planned(What::Step, &settings());
    assert_eq!(case.median(), None);
    case.seconds = vec![4.0, 1.0, 3.0];
    assert_eq!(case.median(), Some(3.0));
    case.seconds.push(2.0);
    assert_eq!(case.median(), Some(2.5));
}
