//! Shards of a sweep: in one folder or several, one after the other or at once.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

impl Bench {
    /// The same sweep in the same folder, a shard of it.
    fn shard(&self, shard: &str) -> SweepOptions {
        let selection = RunSelection { shard: Some(shard.parse().unwrap()), ..self.options.selection };
        SweepOptions { selection, ..self.options.clone() }
    }

    fn sweep_shard(&self, shard: &str, execute: &Executor) -> Result<SweepEnd> {
        let device = ComputeDevice::select("flex").unwrap();
        sweep(&self.spec, &self.shard(shard), &device, &Progress::hidden(), &StopFlag::new(), execute)
    }

    /// Executes a shard; rates and seed of the runs that it executed.
    fn runs_of(&self, shard: &str) -> Vec<(usize, u64)> {
        let seen = Mutex::new(Vec::new());
        let end = self.sweep_shard(shard, &|context: &RunContext| {
            seen.lock().unwrap().push((context.settings.rates[1], context.settings.seed));
            finish(context)
        });
        let seen = seen.into_inner().unwrap();
        assert_eq!(end.unwrap().executed, seen.len());
        seen
    }
}

#[test]
fn shards_have_their_runs_whatever_is_finished() {
    let fresh = |shard: &str| bench().runs_of(shard);
    let [first, second, third] = ["0/3", "1/3", "2/3"].map(fresh);
    assert_eq!((&first[..], &second[..], &third[..]), (&[(2, 0), (4, 1)][..], &[(2, 1)][..], &[(4, 0)][..]));
    // The same where others were there before, and a part of its own.
    let mut bench = bench();
    assert_eq!(bench.runs_of("2/3"), third);
    bench.options.selection.limit = Some(1);
    assert_eq!(bench.runs_of("0/3"), first[..1]);
    bench.options.selection.limit = None;
    assert_eq!(bench.runs_of("0/3"), first[1..]);
    assert_eq!(bench.runs_of("0/3"), []);
    assert_eq!(bench.runs_of("1/3"), second);
}

#[test]
fn the_last_shard_in_a_folder_knows_that_all_is_there() {
    let bench = bench();
    let ends = ["1/2", "0/2"].map(|shard| bench.sweep_shard(shard, &finish).unwrap());
    let whole = |ended| Some(WholeSweep { planned: 4, ended });
    let end = SweepEnd { planned: 2, finished: 2, failed: 0, broken: 0, executed: 2, stopped: false, whole: whole(2) };
    assert_eq!(ends, [end, SweepEnd { whole: whole(4), ..end }]);
    assert!(ends[0].lacks_shards() && !ends[1].lacks_shards() && ends[0].remaining() == 0);
    let undisturbed = super::bench();
    undisturbed.sweep(&finish).unwrap();
    assert_eq!(bench.file("results.csv"), undisturbed.file("results.csv"));
    // And a whole sweep finds nothing to do.
    assert_eq!(bench.sweep(&|_: &RunContext| panic!("nothing is left to do")).unwrap().finished, 4);
}

#[test]
fn shards_at_once_in_one_folder_write_what_one_sweep_does() {
    let (whole, shards) = (bench(), bench());
    whole.sweep(&finish).unwrap();
    let (arrived, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    // All four are in work at once, and draw their images at once. One that fails is not waited
    // for.
    let meet_and_finish = |context: &RunContext| {
        arrived.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < 4 && !failed.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        finish(context)
    };
    std::thread::scope(|scope| {
        for shard in ["0/4", "1/4", "2/4", "3/4"] {
            let (shards, execute, failed) = (&shards, &meet_and_finish, &failed);
            scope.spawn(move || {
                let end = shards.sweep_shard(shard, execute);
                failed.fetch_or(end.is_err(), Ordering::SeqCst);
                end.unwrap();
            });
        }
    });
    for name in ["results.csv", "classes.csv", "image_scores.csv"] {
        assert_eq!(whole.file(name), shards.file(name), "{name}");
    }
}

#[test]
fn a_shard_and_a_whole_sweep_exclude_each_other() {
    let bench = bench();
    let refused = |error: Result<SweepEnd>| {
        let error = format!("{:#}", error.unwrap_err());
        assert!(error.contains("in use by") && error.contains("--out"), "{error}");
    };
    bench
        .sweep_shard("0/2", &|context: &RunContext| {
            refused(bench.sweep(&finish));
            refused(bench.sweep_shard("1/3", &finish));
            finish(context)
        })
        .unwrap();
    bench
        .sweep(&|context: &RunContext| {
            refused(bench.sweep_shard("1/2", &finish));
            finish(context)
        })
        .unwrap();
}

#[test]
fn more_shards_than_runs_leave_some_empty() {
    let bench = bench();
    let end = bench.sweep_shard("6/7", &|_: &RunContext| panic!("it has no run")).unwrap();
    assert_eq!((end.planned, end.executed, end.whole), (0, 0, Some(WholeSweep { planned: 4, ended: 0 })));
    assert!(end.lacks_shards());
}

#[test]
fn dry_runs_of_shards_add_up_to_that_of_the_sweep() {
    let bench = bench();
    let device = ComputeDevice::select("flex").unwrap();
    bench.sweep_shard("0/3", &finish).unwrap();
    let dry =
        |options: &SweepOptions| dry_run(&bench.spec, options, &device, &Progress::hidden(), &StopFlag::new()).unwrap();
    let parts = ["0/3", "1/3", "2/3"].map(|shard| dry(&bench.shard(shard)));
    assert_eq!(parts.each_ref().map(|dry| (dry.experiments[0].runs, dry.to_do())), [(2, 0), (1, 1), (1, 1)]);
    let text = parts[1].to_string();
    assert!(text.starts_with("shard 1/3: 1 of 4 runs of the whole sweep, 25.0 % of its cost, an estimate\n"), "{text}");
    assert!(text.contains("\n1 run: 0 finished, 0 failed, 1 to do now"), "{text}");
    let whole = dry(&bench.options);
    assert_eq!((whole.experiments[0].runs, whole.to_do()), (4, 2));
    assert!(!whole.to_string().contains("shard"), "{whole}");
}
