//! `status.json`: what a sweep tells of itself while it runs, for whoever asks from elsewhere.

use super::{Lock, Shard};
use crate::support::atomic_file;
use crate::support::clock;
use crate::support::input_file;
use crate::support::lookup;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the file's form.
const FORMAT: u32 = 1;

/// How often a sweep that runs writes it.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);

/// A sweep that was heard of so long ago does not run any more.
const SILENCE: Duration = Duration::from_secs(60);

/// What a sweep says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bulletin {
    /// Version of the form of this file.
    pub format: u32,
    /// When it was written, RFC 3339.
    pub written: String,
    /// When it was written, in seconds since 1970.
    pub seconds: f64,
    /// Runs at a time.
    pub jobs: usize,
    /// Runs that it has still to make, those in work included.
    pub left: usize,
    pub running: Vec<RunInWork>,
    /// Seconds until the last run has ended, an estimate; none where nothing is known yet.
    pub seconds_left: Option<f64>,
    /// Whether the sweep has ended.
    pub ended: bool,
}

/// A run in work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInWork {
    /// `stare 1-4 seed 0`
    pub run: String,
    /// How much of it is done, 0 to 1.
    pub done: f64,
}

impl Bulletin {
    /// A bulletin of now.
    pub fn new(jobs: usize, left: usize, running: Vec<RunInWork>, seconds_left: Option<f64>) -> Self {
        let (written, seconds) = (clock::now(), clock::seconds());
        Bulletin { format: FORMAT, written, seconds, jobs, left, running, seconds_left, ended: false }
    }

    /// The file of a sweep, or of a shard of one.
    pub fn path(out: &Path, shard: Option<Shard>) -> PathBuf {
        out.join(shard.map_or_else(|| "status.json".into(), |shard| format!("status-{}.json", shard.file_name())))
    }

    /// Writes it, unless the folder is another one by now.
    ///
    /// # Errors
    /// Names the folder or the file.
    pub fn write(&self, path: &Path, lock: &Lock) -> Result<()> {
        lock.check()?;
        atomic_file::write(path, serde_json::to_vec_pretty(self).context("status.json")?)
    }

    /// Reads those of a folder: of a sweep, and of shards.
    ///
    /// # Errors
    /// A file that cannot be read; names it.
    pub fn read_all(out: &Path) -> Result<Vec<Self>> {
        let is_one = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name == "status.json" || (name.starts_with("status-") && name.ends_with(".json"))
        };
        let paths = lookup::entries(out)?.unwrap_or_default().into_iter().filter(is_one);
        paths.filter_map(|path| Self::read(&path).transpose()).collect()
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        let shown = path.display();
        let bytes = input_file::read_if_present(path, input_file::RUN_FILE_BYTES);
        let Some(bytes) = bytes.with_context(|| format!("cannot read {shown}"))? else { return Ok(None) };
        let cannot = || format!("cannot understand {shown}: remove it, the sweep writes it anew");
        let bulletin: Self = serde_json::from_slice(&bytes).with_context(cannot)?;
        ensure!(bulletin.format == FORMAT, "{shown}: format {} is not known here", bulletin.format);
        Ok(Some(bulletin))
    }

    /// How long ago the sweep was heard of, by a clock that says so many seconds since 1970.
    pub fn age(&self, now: f64) -> Duration {
        // Clocks of two machines may differ.
        Duration::try_from_secs_f64((now - self.seconds).max(0.0)).unwrap_or(Duration::MAX)
    }

    /// Whether the sweep runs, as far as can be told.
    pub fn runs(&self, now: f64) -> bool {
        !self.ended && self.age(now) < SILENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_is_silent_or_has_ended_does_not_run() {
        let bulletin = Bulletin { seconds: 1000.0, ..Bulletin::new(1, 3, vec![], None) };
        assert!(bulletin.runs(1000.0) && bulletin.runs(1050.0) && bulletin.runs(990.0));
        assert!(!bulletin.runs(1061.0));
        assert!(!Bulletin { ended: true, ..bulletin }.runs(1000.0));
    }

    #[test]
    fn shards_have_their_own() {
        let out = tempfile::tempdir().unwrap();
        let lock = Lock::take(out.path()).unwrap();
        let written = Bulletin::new(2, 3, vec![RunInWork { run: "stare 1-4 seed 0".into(), done: 0.5 }], Some(7.0));
        for shard in [None, Some("1/3".parse().unwrap())] {
            written.write(&Bulletin::path(out.path(), shard), &lock).unwrap();
        }
        assert_eq!(Bulletin::read_all(out.path()).unwrap(), [written.clone(), written]);
        std::fs::write(Bulletin::path(out.path(), None), "{}").unwrap();
        let error = format!("{:#}", Bulletin::read_all(out.path()).unwrap_err());
        assert!(error.contains("status.json") && error.contains("remove it"), "{error}");
    }
}
