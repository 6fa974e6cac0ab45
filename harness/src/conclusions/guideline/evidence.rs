//! Measured sweeps, as scores against the relative rate.

use crate::results::reference;
use crate::results::rows::{Line, Rows};
use crate::results::scores::Metric;
use crate::support::input_file;
use anyhow::{Context, Result, ensure};
use atrous_data::DatasetKind;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

/// One finished run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    pub rates: String,
    pub seed: u64,
    /// Largest rate over feature size.
    pub relative_rate: f64,
    /// As a fraction; of the metric that the data set is judged by.
    pub score: f64,
}

/// Runs of one experiment: they differ in rates and seed alone.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    pub experiment: String,
    pub dataset: DatasetKind,
    pub metric: Metric,
    /// Whether the images were drawn by the program.
    pub synthetic: bool,
    pub points: Vec<Point>,
    /// Runs without a score.
    pub failed: usize,
}

/// All series of some `results.csv` files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    pub series: Vec<Series>,
}

/// Columns that may differ within a series. All others, but for those that tell of a run's end, have to be equal.
const FREE: [&str; 24] = [
    "run_id",
    "rates",
    "seed",
    "status",
    "miou",
    "mdice",
    "macc",
    "aacc",
    "final_loss",
    "failed_at_iteration",
    "failure",
    "baseline",
    "relative_rate",
    "train_seconds",
    "eval_seconds",
    "images_per_second",
    "jobs",
    "peak_memory_bytes",
    "device",
    "adapter",
    "version",
    "git_commit",
    "burn_version",
    "finished",
];

impl Evidence {
    /// Reads the `results.csv` of each directory: that of a sweep, or a committed one.
    ///
    /// # Errors
    /// Names the file that is missing or cannot be understood.
    pub fn read(directories: &[impl AsRef<Path>]) -> Result<Self> {
        let mut collected = Collected::default();
        for directory in directories {
            let path = directory.as_ref().join("results.csv");
            let text = input_file::read(&path, input_file::RESULTS_BYTES)
                .with_context(|| format!("cannot read {}: name the folder of a sweep", path.display()))?;
            collected.add(&text).with_context(|| format!("cannot understand {}", path.display()))?;
        }
        Ok(collected.evidence)
    }

    /// That of runs in memory.
    ///
    /// # Errors
    /// None that rows of this program can cause.
    pub fn of(rows: &Rows) -> Result<Self> {
        let mut collected = Collected::default();
        collected.add(&rows.csv()?)?;
        Ok(collected.evidence)
    }

    /// Finished runs of all series.
    pub fn runs(&self) -> usize {
        self.series.iter().map(|series| series.points.len()).sum()
    }

    /// Data sets, each once.
    pub fn datasets(&self) -> usize {
        self.series.iter().map(|series| series.dataset).collect::<HashSet<_>>().len()
    }
}

impl Series {
    /// Seeds, each once.
    pub fn seeds(&self) -> usize {
        self.points.iter().map(|point| point.seed).collect::<BTreeSet<_>>().len()
    }

    /// (relative rate, score) of each run.
    pub fn pairs(&self) -> Vec<(f64, f64)> {
        self.points.iter().map(|point| (point.relative_rate, point.score)).collect()
    }

    /// Relative rates that differ, ascending.
    pub fn relative_rates(&self) -> Vec<f64> {
        let mut rates: Vec<f64> = self.points.iter().map(|point| point.relative_rate).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        rates
    }
}

/// Series, by what their runs have in common.
#[derive(Default)]
struct Collected {
    evidence: Evidence,
    index: HashMap<Vec<(String, String)>, usize>,
    /// A run that is in two files counts once.
    seen: HashSet<String>,
}

impl Collected {
    fn add(&mut self, text: &[u8]) -> Result<()> {
        let mut reader = csv::Reader::from_reader(text);
        let header = reader.headers()?.clone();
        for name in ["run_id", "experiment", "dataset", "rates", "seed", "status", "relative_rate", "data"] {
            ensure!(header.iter().any(|column| column == name), "it has no column {name}");
        }
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, |position| position.line());
            self.add_run(Line { header: &header, record: &record }).with_context(|| format!("line {line}"))?;
        }
        Ok(())
    }

    fn add_run(&mut self, line: Line) -> Result<()> {
        if !self.seen.insert(line.text("run_id")?.to_owned()) {
            return Ok(());
        }
        let dataset: DatasetKind = line.text("dataset")?.parse()?;
        let metric = reference::metric(dataset);
        let next = self.evidence.series.len();
        let index = *self.index.entry(protocol(line)).or_insert(next);
        if index == next {
            let synthetic = line.text("data")? == "synthetic";
            let experiment = line.text("experiment")?.to_owned();
            self.evidence.series.push(Series { experiment, dataset, metric, synthetic, points: vec![], failed: 0 });
        }
        let series = &mut self.evidence.series[index];
        let column = match metric {
            Metric::Miou => "miou",
            Metric::Mdice => "mdice",
        };
        if line.text("status")? != "finished" || line.text(column)?.is_empty() {
            series.failed += 1;
            return Ok(());
        }
        let point = Point {
            rates: line.text("rates")?.to_owned(),
            seed: line.parse("seed")?,
            relative_rate: line.parse("relative_rate")?,
            score: line.parse(column)?,
        };
        ensure!(point.relative_rate > 0.0 && point.relative_rate.is_finite(), "relative_rate must be larger than 0");
        ensure!((0.0..=1.0).contains(&point.score), "{column} must be in 0..=1, is {}", point.score);
        series.points.push(point);
        Ok(())
    }
}

/// What has to be equal within a series.
fn protocol(line: Line) -> Vec<(String, String)> {
    let fields = line.header.iter().zip(line.record);
    let mut fixed: Vec<_> = fields
        .filter(|(name, value)| !FREE.contains(name) && !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // Programs of different age order their columns differently.
    fixed.sort();
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn committed() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../results/retina-small"))
    }

    #[test]
    fn committed_results_are_read() {
        let evidence = Evidence::read(&[committed(), committed()]).unwrap();
        let [stare, chase] = &evidence.series[..] else { panic!("{evidence:?}") };
        assert_eq!([stare.dataset, chase.dataset], [DatasetKind::Stare, DatasetKind::ChaseDb1]);
        // A file that is named twice counts once.
        assert_eq!((evidence.runs(), evidence.datasets()), (stare.points.len() + chase.points.len(), 2));
        assert!(!stare.synthetic && stare.metric == Metric::Mdice);
        assert!(stare.points.len() >= 3 && stare.relative_rates().len() >= 3);
        let text = fs::read_to_string(committed().join("results.csv")).unwrap();
        let point = &stare.points[0];
        assert!(text.lines().any(|line| line.contains(&point.score.to_string()) && line.contains(&point.rates)));
    }

    #[test]
    fn another_protocol_is_another_series_and_failed_runs_have_no_point() {
        let header = "run_id,experiment,dataset,rates,seed,status,miou,mdice,relative_rate,iterations,data,adapter\n";
        let rows = "a,x,isaid,1-6,0,finished,0.5,0.6,0.25,100,files,A\nb,x,isaid,1-6,1,failed,,,0.25,100,files,B\n\
                    c,x,isaid,1-6,0,finished,0.4,0.6,0.25,200,files,A\n";
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("results.csv"), format!("{header}{rows}")).unwrap();
        let evidence = Evidence::read(&[folder.path()]).unwrap();
        let shape: Vec<_> = evidence.series.iter().map(|s| (s.points.len(), s.failed, s.points[0].score)).collect();
        // mIoU is what iSAID is judged by.
        assert_eq!(shape, [(1, 1, 0.5), (1, 0, 0.4)]);
    }

    #[test]
    fn error_evidence_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.csv");
        let error = |text: Option<&str>| {
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            format!("{:#}", Evidence::read(&[folder.path()]).unwrap_err())
        };
        assert!(error(None).contains("results.csv: name the folder of a sweep"));
        assert!(error(Some("a,b\n1,2\n")).contains("results.csv: it has no column run_id"));
        let header = "run_id,experiment,dataset,rates,seed,status,miou,mdice,relative_rate,data\n";
        let row = |seed, rate| format!("{header}a,x,stare,1-6,{seed},finished,0.5,0.6,{rate},files\n");
        assert!(error(Some(&row("none", "0.1"))).contains("line 2: seed: `none`"));
        assert!(error(Some(&row("0", "0"))).contains("line 2: relative_rate must be"));
    }
}
