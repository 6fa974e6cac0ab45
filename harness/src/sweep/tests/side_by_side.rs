//! Several runs at a time. A barrier that two runs have to reach holds a sweep up for ever that
//! does one after the other.

use super::*;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

fn two_at_a_time() -> Bench {
    let mut bench = bench();
    bench.options.selection.jobs = Jobs::Fixed(NonZeroUsize::new(2).unwrap());
    bench
}

/// Rates and seed of the first two of the four runs.
fn is_first_two(context: &RunContext) -> bool {
    context.settings.seed == 0
}

#[test]
fn two_runs_are_in_work_at_once_and_never_three() {
    let bench = two_at_a_time();
    let (barrier, running) = (Barrier::new(2), AtomicUsize::new(0));
    let end = bench
        .sweep(&|context: &RunContext| {
            assert!(running.fetch_add(1, Ordering::SeqCst) < 2);
            assert_eq!(context.jobs, 2);
            barrier.wait();
            // Nobody is let go on before both have been counted out.
            running.fetch_sub(1, Ordering::SeqCst);
            barrier.wait();
            finish(context)
        })
        .unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 4, failed: 0, broken: 0, executed: 4, stopped: false, whole: None }
    );
}

#[test]
fn tables_are_those_of_one_at_a_time() {
    let (one, two) = (bench(), two_at_a_time());
    one.sweep(&finish).unwrap();
    let barrier = Barrier::new(2);
    let wait_and_finish = |context: &RunContext| {
        barrier.wait();
        finish(context)
    };
    two.sweep(&wait_and_finish).unwrap();
    for name in ["results.csv", "classes.csv"] {
        assert_eq!(one.file(name), two.file(name), "{name}");
    }
}

#[test]
fn threads_are_divided() {
    let mut bench = bench();
    bench.options.selection.jobs = Jobs::Fixed(NonZeroUsize::new(3).unwrap());
    let barrier = Barrier::new(3);
    let seen = Mutex::new(Vec::new());
    // The first three of the four runs.
    bench.options.selection.limit = Some(3);
    let four = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    four.install(|| {
        bench.sweep(&|context: &RunContext| {
            seen.lock().unwrap().push(rayon::current_num_threads());
            barrier.wait();
            finish(context)
        })
    })
    .unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [1, 1, 2]);
}

#[test]
fn runs_are_started_in_their_order_and_the_limit_counts_them() {
    let mut bench = two_at_a_time();
    bench.options.selection.limit = Some(3);
    let barrier = Barrier::new(2);
    let seen = Mutex::new(Vec::new());
    let end = bench
        .sweep(&|context: &RunContext| {
            seen.lock().unwrap().push((context.settings.rates[1], context.settings.seed));
            if is_first_two(context) {
                barrier.wait();
            }
            finish(context)
        })
        .unwrap();
    assert_eq!((end.executed, end.finished, end.remaining(), end.stopped), (3, 3, 1, false));
    let mut seen = seen.into_inner().unwrap();
    seen[..2].sort_unstable();
    assert_eq!(seen, [(2, 0), (4, 0), (2, 1)]);
}

#[test]
fn a_request_to_stop_reaches_every_run_in_work() {
    let bench = two_at_a_time();
    let (stop, barrier) = (StopFlag::new(), Barrier::new(2));
    let end = bench
        .sweep_until(&stop, &|context: &RunContext| {
            barrier.wait();
            stop.request();
            assert!(context.stop.requested());
            Ok(Outcome::Stopped { iteration: 5 })
        })
        .unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 0, failed: 0, broken: 0, executed: 2, stopped: true, whole: None }
    );
    assert_eq!(bench.sweep(&finish).unwrap().executed, 4);
}

#[test]
fn an_error_stops_the_other_run_and_is_reported() {
    let bench = two_at_a_time();
    let (stop, barrier) = (StopFlag::new(), Barrier::new(2));
    let error = bench
        .sweep_until(&stop, &|context: &RunContext| {
            barrier.wait();
            if context.settings.rates[1] == 2 {
                anyhow::bail!("image.png is damaged");
            }
            while !context.stop.requested() {
                std::thread::yield_now();
            }
            Ok(Outcome::Stopped { iteration: 5 })
        })
        .unwrap_err();
    assert_eq!(format!("{error:#}"), "one, rates 1-2, seed 0: image.png is damaged");
    assert!(!stop.requested(), "nobody has pressed Ctrl-C");
    assert_eq!(bench.sweep(&finish).unwrap().executed, 4);
}

#[test]
fn what_ends_beside_an_error_is_kept() {
    let bench = two_at_a_time();
    let barrier = Barrier::new(2);
    let one_errs = |context: &RunContext| {
        barrier.wait();
        if context.settings.rates[1] == 2 {
            anyhow::bail!("image.png is damaged");
        }
        while !context.stop.requested() {
            std::thread::yield_now();
        }
        finish(context)
    };
    assert!(bench.sweep(&one_errs).is_err());
    assert_eq!(bench.file("results.csv").lines().count(), 2);
    let end = bench.sweep(&finish).unwrap();
    assert_eq!((end.executed, end.finished), (3, 4));
}

#[test]
fn of_two_errors_the_first_is_reported() {
    let bench = two_at_a_time();
    let barrier = Barrier::new(2);
    let error = bench
        .sweep(&|context: &RunContext| {
            barrier.wait();
            while context.settings.rates[1] == 4 && !context.stop.requested() {
                std::thread::yield_now();
            }
            anyhow::bail!("error {}", context.settings.rates[1])
        })
        .unwrap_err();
    assert_eq!(error.root_cause().to_string(), "error 2");
}

#[test]
fn a_run_that_diverges_does_not_disturb_the_others() {
    let bench = two_at_a_time();
    let barrier = Barrier::new(2);
    let end = bench
        .sweep(&|context: &RunContext| {
            barrier.wait();
            if (context.settings.rates[1], context.settings.seed) == (2, 1) {
                return Ok(Outcome::Failed { iteration: 7, reason: "the loss is NaN".into() });
            }
            finish(context)
        })
        .unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 3, failed: 1, broken: 0, executed: 4, stopped: false, whole: None }
    );
    assert_eq!(bench.file("results.csv").lines().filter(|line| line.contains(",failed,")).count(), 1);
}

#[test]
fn a_panic_of_one_run_does_not_disturb_the_other() {
    let bench = two_at_a_time();
    let barrier = Barrier::new(2);
    let end = bench
        .sweep(&|context: &RunContext| {
            barrier.wait();
            assert!((context.settings.rates[1], context.settings.seed) != (2, 1), "unlucky");
            assert!(!context.stop.requested());
            finish(context)
        })
        .unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 3, failed: 1, broken: 1, executed: 4, stopped: false, whole: None }
    );
    assert_eq!(bench.file("results.csv").matches("the program failed: unlucky").count(), 1);
}

#[test]
fn repeated_runs_lose_their_errors_when_they_start() {
    let mut bench = two_at_a_time();
    let fail = |_: &RunContext| Ok(Outcome::Failed { iteration: 7, reason: "the loss is NaN".into() });
    assert_eq!(bench.sweep(&fail).unwrap().failed, 4);
    bench.options.selection.retry_failed = true;
    let (stop, barrier) = (StopFlag::new(), Barrier::new(2));
    let end = bench
        .sweep_until(&stop, &|context: &RunContext| {
            barrier.wait();
            stop.request();
            finish(context)
        })
        .unwrap();
    assert_eq!(
        end,
        SweepEnd { planned: 4, finished: 2, failed: 2, broken: 0, executed: 2, stopped: true, whole: None }
    );
    assert_eq!(bench.file("results.csv").lines().filter(|line| line.contains(",failed,")).count(), 2);
}
