//! `results.csv`, `classes.csv` and `image_scores.csv`: what the run directories hold, one row per run (and class, or image).

mod columns;
mod line;
mod read_back;
mod scores;

pub(crate) use line::Line;
pub use read_back::{WrittenRow, WrittenScores, read as read_written};

use crate::experiment::Expectation;
use crate::experiment::settings::RunSettings;
use crate::results::csv::csv_text;
use crate::results::image_counts::{self, ImageCounts};
use crate::results::result::{RunFailure, RunResult};
use crate::results::run_dir::{RunDir, RunFile, RunState};
use crate::results::scores::Confusion;
use crate::support::atomic_file;
use crate::support::turn::Turn;
use anyhow::{Context, Result, ensure};
use columns::{RUN_COLUMNS, run_fields};
use std::cmp::Ordering;
use std::path::Path;

/// One run that has ended, with the rates it is compared with.
#[derive(Clone, Debug)]
pub struct Row {
    /// The [`MODEL_VERSION`](crate::experiment::settings::MODEL_VERSION) of the program that ran it.
    pub model_version: u32,
    pub baseline: Vec<usize>,
    /// What its experiment is expected to show.
    pub expectation: Option<Expectation>,
    pub end: RowEnd,
    /// Pixel counts of each validation image, in the order of the data set; `None` where the run keeps none.
    pub images: Option<Vec<ImageCounts>>,
}

/// With scores, or with an error.
#[derive(Clone, Debug)]
pub enum RowEnd {
    Finished(Box<RunResult>),
    Failed(Box<RunFailure>),
}

/// All runs of an output directory that have ended, in an order that depends on nothing but them.
#[derive(Clone, Debug, Default)]
pub struct Rows(pub Vec<Row>);

impl Row {
    /// Reads a run directory; `None` where the run has not ended.
    ///
    /// # Errors
    /// A file that cannot be read, or counts of images that are not those of the result; names it.
    pub fn read(run: &RunDir) -> Result<Option<Self>> {
        let end = match run.state()? {
            RunState::Unfinished => return Ok(None),
            RunState::Finished(result) => RowEnd::Finished(result),
            RunState::Failed(failure) => RowEnd::Failed(failure),
        };
        let images = match &end {
            RowEnd::Finished(result) => read_images(&run.images_csv(), &result.confusion)?,
            RowEnd::Failed(_) => None,
        };
        let RunFile { model_version, baseline, expectation, .. } = run.read_run_file()?;
        Ok(Some(Row { model_version, baseline, expectation, end, images }))
    }

    pub fn settings(&self) -> &RunSettings {
        match &self.end {
            RowEnd::Finished(result) => &result.settings,
            RowEnd::Failed(failure) => &failure.settings,
        }
    }

    pub fn run_id(&self) -> &str {
        match &self.end {
            RowEnd::Finished(result) => &result.run_id,
            RowEnd::Failed(failure) => &failure.run_id,
        }
    }

    pub fn data_fingerprint(&self) -> &str {
        match &self.end {
            RowEnd::Finished(result) => &result.data_fingerprint,
            RowEnd::Failed(failure) => &failure.data_fingerprint,
        }
    }

    pub fn result(&self) -> Option<&RunResult> {
        match &self.end {
            RowEnd::Finished(result) => Some(result),
            RowEnd::Failed(_) => None,
        }
    }

    /// Whether two runs belong into one section: the same images, and the same settings but for rates and seed.
    pub fn same_protocol(&self, other: &Row) -> bool {
        self.data_fingerprint() == other.data_fingerprint() && self.settings().protocol() == other.settings().protocol()
    }

    /// What it has to say in each column of `results.csv`.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, String)> {
        RUN_COLUMNS.into_iter().zip(run_fields(self))
    }

    /// `flex (CPU)`: device and adapter.
    pub fn device(&self) -> String {
        let (device, adapter) = match &self.end {
            RowEnd::Finished(result) => (&result.device, &result.adapter),
            RowEnd::Failed(failure) => (&failure.device, &failure.adapter),
        };
        format!("{device} ({adapter})")
    }

    /// Data set, experiment, rates, seed, id.
    fn compare(&self, other: &Row) -> Ordering {
        let key = |row: &Row| {
            let settings = row.settings();
            (settings.dataset as usize, settings.experiment.clone(), settings.rates.clone(), settings.seed)
        };
        key(self).cmp(&key(other)).then_with(|| self.run_id().cmp(other.run_id()))
    }
}

impl Rows {
    /// Reads the run directories.
    ///
    /// # Errors
    /// A file that cannot be read; names it.
    pub fn read(out: &Path) -> Result<Self> {
        let runs = RunDir::scan(out)?;
        let mut rows = runs.iter().filter_map(|run| Row::read(run).transpose()).collect::<Result<Vec<_>>>()?;
        rows.sort_by(Row::compare);
        Ok(Rows(rows))
    }

    /// Reads the run directories and writes `results.csv`, `classes.csv` and `image_scores.csv`, as the only one to do so: of
    /// several shards that write to one folder, the last to write has seen what all others had finished when they wrote.
    ///
    /// # Errors
    /// A file that cannot be read or written; names it.
    pub fn update(out: &Path) -> Result<()> {
        let _turn = Turn::wait(out, "tables")?;
        Rows::read(out)?.write(out)
    }

    /// Writes `results.csv`, `classes.csv` and `image_scores.csv`.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, out: &Path) -> Result<()> {
        let files = [
            ("results.csv", self.runs()),
            ("classes.csv", scores::classes(&self.0)),
            ("image_scores.csv", scores::images(&self.0)),
        ];
        for (name, lines) in files {
            atomic_file::write(&out.join(name), csv_text(&lines).context(name)?)?;
        }
        Ok(())
    }

    /// The text of `results.csv`.
    ///
    /// # Errors
    /// None that rows can cause.
    pub fn csv(&self) -> Result<Vec<u8>> {
        csv_text(&self.runs())
    }

    fn runs(&self) -> Vec<Vec<String>> {
        let header = RUN_COLUMNS.iter().map(|column| column.to_string()).collect();
        std::iter::once(header).chain(self.0.iter().map(run_fields)).collect()
    }
}

/// The counts of each image of a run with these counts in all.
fn read_images(path: &Path, whole: &Confusion) -> Result<Option<Vec<ImageCounts>>> {
    let Some(images) = image_counts::read(path, whole.classes)? else { return Ok(None) };
    let mut sum = Confusion::new(whole.classes);
    images.iter().for_each(|image| sum.merge(&image.confusion));
    ensure!(
        sum == *whole,
        "{} does not add up to the counts of result.json: remove the run's directory to have it repeated",
        path.display()
    );
    Ok(Some(images))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{run_id, tests::example as settings};
    use crate::results::result::tests::{example, failure};
    use crate::results::run_dir::RunFile;

    fn write(out: &Path, seed: u64, result: bool) {
        let settings = RunSettings { seed, ..settings() };
        let id = run_id(&settings, "fingerprint");
        let run = RunDir::new(out, &settings, &id);
        run.create(&RunFile::new(&settings, &[1, 12, 24, 36], &id, "fingerprint")).unwrap();
        if result {
            run.finish(&example(settings, [3, 0, 0, 0])).unwrap();
        } else {
            run.fail(&failure(settings)).unwrap();
        }
    }

    #[test]
    fn rows_and_columns() {
        let out = tempfile::tempdir().unwrap();
        write(out.path(), 1, true);
        write(out.path(), 0, false);
        Rows::read(out.path()).unwrap().write(out.path()).unwrap();

        let mut reader = csv::Reader::from_path(out.path().join("results.csv")).unwrap();
        let header = reader.headers().unwrap().clone();
        let column = |name: &str| header.iter().position(|column| column == name).unwrap();
        let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(&lines[0][column("status")], "failed");
        assert_eq!(&lines[0][column("failed_at_iteration")], "37");
        assert_eq!(&lines[0][column("miou")], "");
        assert_eq!(&lines[1][column("seed")], "1");
        assert_eq!(&lines[1][column("miou")], "1.0");
        assert_eq!(&lines[1][column("infer_ratios")], "1x");
        assert_eq!(&lines[1][column("rates")], "1-12-24-36");
        assert_eq!(&lines[1][column("relative_rate")], "0.5625");
        assert_eq!(&lines[1][column("data")], "synthetic");
        assert_eq!(&lines[1][column("data_fingerprint")], "fingerprint");
        assert_eq!((&lines[0][column("jobs")], &lines[1][column("jobs")]), ("", "1"));
        assert_eq!(&lines[1][column("finished")], "2026-01-01T00:00:10Z");

        let classes = std::fs::read_to_string(out.path().join("classes.csv")).unwrap();
        assert_eq!(classes.lines().count(), 3);
        assert!(classes.lines().nth(2).unwrap().ends_with(",,,"), "an absent class has empty fields: {classes}");
    }

    #[test]
    fn images_have_their_own_scores() {
        let out = tempfile::tempdir().unwrap();
        write(out.path(), 0, true);
        let run = RunDir::scan(out.path()).unwrap().remove(0);
        let image = |name: &str, counts: [u64; 4]| ImageCounts {
            image: name.into(),
            confusion: Confusion { classes: 2, counts: counts.to_vec() },
        };
        image_counts::write(&run.images_csv(), &[image("a", [2, 0, 0, 0]), image("b", [1, 0, 0, 0])]).unwrap();
        let rows = Rows::read(out.path()).unwrap();
        assert_eq!(rows.0[0].images.as_ref().unwrap()[1].image, "b");
        rows.write(out.path()).unwrap();
        let text = std::fs::read_to_string(out.path().join("image_scores.csv")).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "run_id,experiment,dataset,rates,seed,image,miou,mdice,aacc");
        assert_eq!(lines.len(), 3);
        assert!(lines[1].ends_with(",stare,stare,1-12-24-36,0,a,1.0,1.0,1.0"), "{text}");

        // Another pixel than the result has.
        image_counts::write(&run.images_csv(), &[image("a", [2, 0, 0, 0]), image("b", [1, 0, 0, 1])]).unwrap();
        let error = Rows::read(out.path()).unwrap_err().to_string();
        assert!(error.contains("images.csv does not add up") && error.contains("remove"), "{error}");
    }

    /// A program that has read the rows and not yet written them must not be overtaken by one that has read more.
    #[test]
    fn who_writes_has_read_since_the_last_one_wrote() {
        let out = tempfile::tempdir().unwrap();
        write(out.path(), 1, true);
        let turn = Turn::wait(out.path(), "tables").unwrap();
        std::thread::scope(|scope| {
            let (done, ended) = std::sync::mpsc::channel();
            let path = out.path();
            scope.spawn(move || done.send(Rows::update(path)));
            // Nobody writes during the turn of another one.
            assert!(ended.recv_timeout(std::time::Duration::from_millis(300)).is_err());
            assert!(!out.path().join("results.csv").exists());
            write(out.path(), 2, true);
            drop(turn);
            ended.recv().unwrap().unwrap();
        });
        let results = std::fs::read_to_string(out.path().join("results.csv")).unwrap();
        assert_eq!(results.lines().count(), 3, "{results}");
    }

    #[test]
    fn the_order_does_not_depend_on_time() {
        let out = tempfile::tempdir().unwrap();
        for seed in [10, 2, 1] {
            write(out.path(), seed, true);
        }
        let seeds: Vec<u64> = Rows::read(out.path()).unwrap().0.iter().map(|r| r.settings().seed).collect();
        assert_eq!(seeds, [1, 2, 10]);
    }
}
