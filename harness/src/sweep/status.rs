//! How far a sweep has come, by what its folder holds: read, and nothing else.

use super::bulletin::{Bulletin, RunInWork};
use super::pace::makespan;
use crate::conclusions::standing;
use crate::conclusions::table::Table;
use crate::results::rows::{Row, Rows};
use crate::results::run_dir::RunDir;
use crate::results::sweep_plan::SweepPlan;
use crate::support::count::count;
use crate::support::progress::duration;
use anyhow::Result;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// How far the sweeps of a folder have come.
#[derive(Clone, Debug)]
pub struct SweepStatus {
    pub planned: usize,
    pub finished: usize,
    pub failed: usize,
    /// What runs there now: a sweep, or shards of one.
    running: Vec<Bulletin>,
    /// How long ago something was last heard of a sweep that has not come to its end.
    silent: Option<Duration>,
    /// Seconds that the runs which are left take, where something tells.
    seconds: Option<f64>,
    /// How the rates stand, a line each.
    standing: Vec<String>,
}

impl SweepStatus {
    /// Reads a folder of runs; `now` are seconds since 1970, and `margin` is the largest
    /// difference, a fraction, that is called equal.
    ///
    /// # Errors
    /// A file that cannot be read; names it.
    pub fn read(out: &Path, margin: f64, now: f64) -> Result<Self> {
        let rows = Rows::read(out)?;
        let plan = match SweepPlan::read(out)? {
            Some(plan) => plan.runs.into_iter().map(|run| (run.experiment, run.run_id)).collect(),
            None => Self::found(out)?,
        };
        let row = |(experiment, id): &(String, String)| {
            rows.0.iter().find(|row| row.run_id() == id && row.settings().experiment == *experiment)
        };
        let ended: Vec<&Row> = plan.iter().filter_map(row).collect();
        let finished = ended.iter().filter(|row| row.result().is_some()).count();
        let left: Vec<&(String, String)> = plan.iter().filter(|run| row(run).is_none()).collect();
        let bulletins = Bulletin::read_all(out)?;
        let (running, silent): (Vec<Bulletin>, Vec<Bulletin>) =
            bulletins.into_iter().partition(|bulletin| bulletin.runs(now));
        let last = silent.iter().min_by(|left, right| left.age(now).cmp(&right.age(now)));
        let told = |bulletins: &[Bulletin]| {
            let left = |bulletin: &Bulletin| {
                let passed = if bulletin.runs(now) { bulletin.age(now).as_secs_f64() } else { 0.0 };
                Some((bulletin.seconds_left? - passed).max(0.0))
            };
            bulletins.iter().filter_map(left).reduce(f64::max)
        };
        let seconds = match running.is_empty() {
            false => told(&running),
            true => by_finished(&rows, &left).or_else(|| told(&silent)),
        };
        Ok(SweepStatus {
            planned: plan.len(),
            finished,
            failed: ended.len() - finished,
            silent: last.map(|bulletin| bulletin.age(now)),
            running,
            seconds: seconds.filter(|_| !left.is_empty()),
            standing: Table::new(&rows, margin).sections.iter().flat_map(standing::of_section).collect(),
        })
    }

    /// The runs that have a directory: all that is known where no plan was written.
    fn found(out: &Path) -> Result<Vec<(String, String)>> {
        let named = |run: &RunDir| run.read_run_file().map(|file| (file.settings.experiment, file.run_id));
        RunDir::scan(out)?.iter().map(named).collect()
    }

    /// Runs that have neither a result nor an error.
    pub fn left(&self) -> usize {
        self.planned - self.finished - self.failed
    }
}

/// Seconds of the runs that are left, as long as the finished ones of their experiment took. `None`
/// unless each experiment has one.
fn by_finished(rows: &Rows, left: &[&(String, String)]) -> Option<f64> {
    let results: Vec<_> = rows.0.iter().filter_map(Row::result).collect();
    let mean = |experiment: &str| {
        let own = results.iter().filter(|result| result.settings.experiment == experiment);
        let took: Vec<f64> = own.map(|result| result.train_seconds + result.eval_seconds).collect();
        (!took.is_empty()).then(|| took.iter().sum::<f64>() / took.len() as f64)
    };
    let jobs = results.iter().map(|result| result.jobs).max().unwrap_or(1);
    let seconds: Option<Vec<f64>> = left.iter().map(|(experiment, _)| mean(experiment)).collect();
    Some(makespan(seconds?, jobs))
}

impl fmt::Display for SweepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { planned, finished, failed, .. } = *self;
        let left = self.left();
        writeln!(f, "{}: {finished} finished, {failed} failed, {left} left", count(planned, "run"))?;
        let about = |seconds: f64| duration(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        let time =
            self.seconds.map_or_else(|| "time unknown".into(), |seconds| format!("about {} left", about(seconds)));
        match (left, self.running.is_empty(), self.silent) {
            (0, true, _) => {}
            (_, false, _) => writeln!(f, "running; {time}")?,
            (_, true, Some(ago)) => {
                writeln!(f, "stopped, last heard of {} ago; {time}; the same command goes on", duration(ago))?
            }
            (_, true, None) => writeln!(f, "not running; {time}; the same command goes on")?,
        }
        for RunInWork { run, done } in self.running.iter().flat_map(|bulletin| &bulletin.running) {
            writeln!(f, "  {run}: {:.0} %", 100.0 * done)?;
        }
        self.standing.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
