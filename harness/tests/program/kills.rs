//! Sweeps that are killed at random moments, again and again: nothing is lost, nothing is there by
//! half.

use crate::outcome::assert_same;
use crate::place::Place;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

const KILLS: usize = 50;
/// Decides the moments, as far as they do not depend on how fast the machine is.
const SEED: u64 = 50;

const TABLES: [&str; 3] = ["results.csv", "classes.csv", "image_scores.csv"];

const SPEC: &str = r#"
[[experiment]]
name     = "kills"
dataset  = "stare"
model    = { base_channels = 4, aspp_channels = 4 }
crop     = [32, 32]
rates    = [[1, 2], [1, 4]]
baseline = [1, 4]
seeds    = [0, 1]
train    = { iterations = 30, batch = 2, checkpoint_every = 2, eval_every = 10 }
infer    = { mode = "whole" }
data     = { synthetic = { seed = 1, train = 3, val = 2, size = [48, 64] } }
"#;

/// When a sweep is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after its start.
    After(Duration),
    /// As soon as so many changes of its files have been seen: while it writes.
    Change(u64),
}

/// Numbers from a seed: SplitMix64.
struct Numbers(u64);

impl Numbers {
    /// From 0 to `end`, which is left out.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn start(place: &Place, out: &str, jobs: &str) -> Child {
    let mut command = place.command(&["sweep", "kills.toml", "--device", "flex", "--jobs", jobs, "--out", out]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits for the moment, or for the end of the sweep.
fn wait(child: &mut Child, moment: Moment, out: &Path) {
    let (began, mut seen, mut changes) = (Instant::now(), snapshot(out), 0);
    while child.try_wait().unwrap().is_none() {
        match moment {
            Moment::After(time) if began.elapsed() >= time => return,
            Moment::After(_) => {}
            Moment::Change(wanted) => {
                let now = snapshot(out);
                changes += u64::from(now != seen);
                if changes == wanted {
                    return;
                }
                seen = now;
            }
        }
        thread::sleep(Duration::from_micros(200));
    }
}

/// Files below a folder and when they were written, as far as they stay long enough to be looked
/// at.
fn snapshot(folder: &Path) -> BTreeSet<(PathBuf, Option<SystemTime>)> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(snapshot(&path));
        } else {
            let written = entry.metadata().and_then(|data| data.modified()).ok();
            found.insert((path, written));
        }
    }
    found
}

/// Files below a sweep's output under the names that they have until they are whole.
fn half_written(out: &Path) -> Vec<PathBuf> {
    let is_half = |path: &Path| {
        let path = path.strip_prefix(out).unwrap().to_string_lossy();
        path.contains(".tmp") || path.contains(".partial-")
    };
    snapshot(out).into_iter().map(|(path, _)| path).filter(|path| is_half(path)).collect()
}

/// What somebody sees who reads the tables all the time.
struct Reader<'a> {
    /// The output directory of the sweep that is in work.
    out: &'a Mutex<PathBuf>,
    ended: &'a AtomicBool,
    headers: HashMap<&'static str, String>,
}

impl Reader<'_> {
    /// The number of tables that were read.
    fn read_all_the_time(&self) -> u64 {
        let (mut reads, mut most) = (0, HashMap::new());
        while !self.ended.load(Ordering::SeqCst) {
            let out = self.out.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for name in TABLES {
                let path = out.join(name);
                let Ok(text) = fs::read_to_string(&path) else { continue };
                let rows = self.check(name, &text);
                let most = most.entry(path).or_insert(0);
                assert!(rows >= *most, "{name} had {most} rows and then {rows}");
                *most = rows;
                reads += 1;
            }
            thread::sleep(Duration::from_micros(200));
        }
        reads
    }

    /// The number of rows of a table that is whole.
    fn check(&self, name: &str, text: &str) -> usize {
        assert!(text.ends_with('\n'), "{name} ends within a line: {text}");
        assert_eq!(text.lines().next(), Some(self.headers[name].as_str()), "{name}");
        // It refuses records that have not as many fields as the header.
        let records = csv::Reader::from_reader(text.as_bytes()).into_records();
        let records: Result<Vec<_>, _> = records.collect();
        records.unwrap_or_else(|error| panic!("{name}: {error}: {text}")).len()
    }
}

/// Ends the reader, also where the test fails.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// After which a file or folder was there by half.
    with_leftovers: usize,
    finished: usize,
}

/// Kills sweeps and starts them again, each until it has come to its end; a new one in a new place
/// then.
fn kill_again_and_again(
    place: &Place,
    undisturbed: Duration,
    current: &Mutex<PathBuf>,
    broken: &dyn Fn() -> bool,
) -> Tally {
    let (mut tally, mut numbers) = (Tally::default(), Numbers(SEED));
    let mut in_work = true;
    while (tally.kills < KILLS || in_work) && !broken() {
        let name = format!("out-{}", tally.finished);
        let out = place.path(&name);
        *current.lock().unwrap() = out.clone();
        let jobs = ["1", "2"][numbers.below(2) as usize];
        let mut child = start(place, &name, jobs);
        let time = Duration::from_micros(numbers.below(undisturbed.as_micros() as u64));
        let changes = 1 + numbers.below(80);
        if tally.kills < KILLS {
            let moment = if numbers.below(2) == 0 { Moment::After(time) } else { Moment::Change(changes) };
            wait(&mut child, moment, &out);
            // In vain where it has just ended.
            let _ = child.kill();
        }
        let status = child.wait().unwrap();
        in_work = !status.success();
        if in_work {
            assert_eq!(status.code(), None, "{name} ended by itself: {status}");
            tally.kills += 1;
            tally.with_leftovers += usize::from(!half_written(&out).is_empty());
        } else {
            assert_same(&place.path("undisturbed"), &out);
            assert_eq!(half_written(&out), Vec::<PathBuf>::new());
            tally.finished += 1;
        }
    }
    tally
}

#[test]
fn fifty_kills_change_no_digit_and_leave_nothing_behind() {
    let place = Place::new();
    fs::write(place.path("kills.toml"), SPEC).unwrap();
    let began = Instant::now();
    assert!(start(&place, "undisturbed", "1").wait().unwrap().success());
    let undisturbed = began.elapsed();
    let header = |name: &'static str| {
        let text = fs::read_to_string(place.path("undisturbed").join(name)).unwrap();
        (name, text.lines().next().unwrap().to_owned())
    };
    let (current, ended) = (Mutex::new(PathBuf::new()), AtomicBool::new(false));
    let reader = Reader { out: &current, ended: &ended, headers: TABLES.map(header).into() };
    thread::scope(|scope| {
        let ending = Ending(&ended);
        let reading = scope.spawn(|| reader.read_all_the_time());
        let tally = kill_again_and_again(&place, undisturbed, &current, &|| reading.is_finished());
        drop(ending);
        let reads = reading.join().unwrap();
        println!(
            "{} kills, {} of them with something half written; {} sweeps finished like the undisturbed one ({:.1} s); \
             {reads} reads of tables",
            tally.kills,
            tally.with_leftovers,
            tally.finished,
            undisturbed.as_secs_f64(),
        );
        assert!(tally.kills == KILLS && tally.finished > 0 && reads > 0, "{tally:?}");
    });
}
