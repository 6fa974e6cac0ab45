use super::*;
use crate::experiment::spec::{Overrides, Spec};

fn options(what: What) -> SpeedOptions {
    let (run, data) = (RunOptions::default(), DataOptions::at("nowhere"));
    SpeedOptions { what, units: 3, warmup: 2, threads: 1, run, data }
}

fn settings() -> RunSettings {
    let spec = Spec::load("ci", &Overrides::default()).unwrap();
    spec.plan().swap_remove(0).settings
}

#[test]
fn as_many_units_are_timed_as_were_asked_for() {
    let device = ComputeDevice::flex();
    for (what, images) in [(What::Step, 2), (What::Inference, 1)] {
        let case = measure(&settings(), &options(what), &device, &Progress::hidden()).unwrap();
        assert_eq!((case.seconds.len(), case.images), (3, images));
        assert!(case.seconds.iter().all(|seconds| *seconds > 0.0), "{:?}", case.seconds);
        let report = Report::new(what, &device, vec![case]).to_string();
        assert!(report.contains("stare-ci 1-2-4-8, 32x32") && report.contains("images/s"), "{report}");
    }
}

#[test]
fn the_warm_up_is_run_and_not_timed() {
    let mut seen = Vec::new();
    let clock = Clock::new(&options(What::Step), Progress::hidden().bar(5, "units"));
    let seconds = clock.time(|number| {
        seen.push(number);
        Ok(())
    });
    assert_eq!((seen, seconds.unwrap().len()), (vec![0, 1, 2, 3, 4], 3));
}

#[test]
fn the_loader_wants_files() {
    let error = measure(&settings(), &options(What::Loader), &ComputeDevice::flex(), &Progress::hidden()).unwrap_err();
    assert!(error.to_string().contains("stare-ci: its images are drawn"), "{error}");
}

#[test]
fn the_median_is_between_the_middle_two() {
    let mut case = Case::planned(What::Step, &settings());
    assert_eq!(case.median(), None);
    case.seconds = vec![4.0, 1.0, 3.0];
    assert_eq!(case.median(), Some(3.0));
    case.seconds.push(2.0);
    assert_eq!(case.median(), Some(2.5));
}
