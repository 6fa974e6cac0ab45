//! Measured sweeps, as scores against the relative rate.

use crate::experiment::settings::RunSettings;
use crate::results::reference;
use crate::results::rows::{Rows, RunRecord};
use crate::results::scores::Metric;
use anyhow::{Result, ensure};
use atrous_data::DatasetKind;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};

/// One finished run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesPoint {
    pub rates: String,
    pub seed: u64,
    /// Largest rate over feature size.
    pub relative_rate: f64,
    /// The metric that the data set is judged by, as a fraction.
    pub score: f64,
}

/// Runs of one experiment: they differ in rates and seed alone.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    pub experiment: String,
    pub dataset: DatasetKind,
    /// What two series share whose sizes can be compared: data set, scale of the images, network.
    pub images: String,
    /// F: shorter side of the ASPP's map.
    pub feature_size: usize,
    pub metric: Metric,
    /// Whether the images were drawn by the program.
    pub synthetic: bool,
    pub points: Vec<SeriesPoint>,
    /// Number of runs without a score.
    pub failed: usize,
}

/// All series of some `results.csv` files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    pub series: Vec<Series>,
    /// A line for what was read and does not count.
    #[serde(skip)]
    pub left_out: Vec<String>,
}

impl Evidence {
    /// Collects the runs that rows are of.
    ///
    /// # Errors
    /// None that rows of this program can cause.
    pub fn of(rows: &Rows) -> Result<Self> {
        let mut collected = Collected::default();
        rows.0.iter().try_for_each(|row| collected.add(&RunRecord::of(row)))?;
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

    /// Runs of which a 3x3 branch at least sees more than its centre.
    pub fn live(&self) -> impl Iterator<Item = &SeriesPoint> {
        self.points.iter().filter(|point| !point.is_dead(self.feature_size))
    }

    /// Relative rates of live runs that differ, ascending.
    pub fn relative_rates(&self) -> Vec<f64> {
        let mut rates: Vec<f64> = self.live().map(|point| point.relative_rate).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        rates
    }
}

impl SeriesPoint {
    /// Whether all its 3x3 branches lie beyond the map: it sees no context, whatever its rates.
    fn is_dead(&self, feature_size: usize) -> bool {
        let rates = self.rates.split('-').filter_map(|rate| rate.parse::<usize>().ok());
        rates.filter(|rate| *rate > 1).min().is_some_and(|least| least >= feature_size)
    }
}

/// Series, and what the runs of each have in common.
#[derive(Default)]
pub(super) struct Collected {
    pub evidence: Evidence,
    /// The protocols of the series, in their order.
    protocols: Vec<SeriesProtocol>,
}

/// What is equal within a series: the settings but for rates and seed, and the images.
#[derive(PartialEq)]
pub(super) struct SeriesProtocol {
    settings: RunSettings,
    synthetic: bool,
    data_fingerprint: String,
}

impl SeriesProtocol {
    pub fn of(run: &RunRecord) -> Result<Self> {
        let (settings, synthetic) = (run.settings()?.protocol(), run.is_synthetic());
        Ok(SeriesProtocol { settings, synthetic, data_fingerprint: run.data_fingerprint.clone() })
    }
}

impl Collected {
    pub fn add(&mut self, run: &RunRecord) -> Result<()> {
        let series = self.series(run)?;
        match checked_score(run, series.metric)? {
            None => series.failed += 1,
            Some(score) => {
                let (rates, relative_rate) = (run.rates.clone(), run.relative_rate);
                series.points.push(SeriesPoint { rates, seed: run.seed, relative_rate, score });
            }
        }
        Ok(())
    }

    /// The series that a run belongs to; a new one where its protocol is new.
    fn series(&mut self, run: &RunRecord) -> Result<&mut Series> {
        let protocol = SeriesProtocol::of(run)?;
        let (settings, synthetic) = (&protocol.settings, protocol.synthetic);
        let (experiment, dataset) = (settings.experiment.clone(), settings.dataset);
        let (images, feature_size) = (images(settings, synthetic), run.feature_size);
        let known = self.protocols.iter().position(|known| *known == protocol);
        let index = known.unwrap_or_else(|| {
            let metric = reference::metric(dataset);
            let (points, failed) = (Vec::new(), 0);
            self.evidence.series.push(Series {
                experiment,
                dataset,
                images,
                feature_size,
                metric,
                synthetic,
                points,
                failed,
            });
            self.protocols.push(protocol);
            self.protocols.len() - 1
        });
        Ok(&mut self.evidence.series[index])
    }
}

/// The score of a run, and `None` where it has none.
///
/// # Errors
/// A score or a rate that cannot be.
pub(super) fn checked_score(run: &RunRecord, metric: Metric) -> Result<Option<f64>> {
    let score = metric.of(run);
    if !run.is_finished() || score.is_nan() {
        return Ok(None);
    }
    let relative_rate = run.relative_rate;
    ensure!(relative_rate > 0.0 && relative_rate.is_finite(), "relative_rate must be larger than 0");
    ensure!((0.0..=1.0).contains(&score), "{} must be in 0..=1, is {score}", metric.name());
    Ok(Some(score))
}

/// What series share whose sizes can be compared.
fn images(settings: &RunSettings, synthetic: bool) -> String {
    let RunSettings { dataset, resize: [height, width], model, .. } = settings;
    let drawn = if synthetic { ", drawn" } else { "" };
    format!("{}{drawn}, {height}x{width}, {}", dataset.title(), serde_json::to_string(model).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{run_id, tests::example};
    use crate::results::result::RunResult;
    use crate::results::rows::{Row, RowEnd, testing};
    use std::fs;
    use std::path::Path;

    fn committed() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../results/retina-small"))
    }

    #[test]
    fn committed_results_are_read() {
        let evidence = Evidence::read(&[committed(), committed()]).unwrap();
        let [stare, chase] = &evidence.series[..] else { panic!("{evidence:?}") };
        assert_eq!([stare.dataset, chase.dataset], [DatasetKind::STARE, DatasetKind::CHASE_DB1]);
        // A file that is named twice counts once.
        assert_eq!((evidence.runs(), evidence.datasets()), (stare.points.len() + chase.points.len(), 2));
        assert!(!stare.synthetic && stare.metric == Metric::Mdice);
        assert!(stare.points.len() >= 3 && stare.relative_rates().len() >= 3);
        let text = fs::read_to_string(committed().join("results.csv")).unwrap();
        let point = &stare.points[0];
        assert!(text.lines().any(|line| line.contains(&point.score.to_string()) && line.contains(&point.rates)));
    }

    /// The text of a `results.csv` of runs that these settings become by a change each.
    fn written(base: RunSettings, changes: &[fn(&mut Row)]) -> String {
        let rows = changes.iter().enumerate().map(|(seed, change)| {
            let mut row = testing::finished(RunSettings { seed: seed as u64, ..base.clone() }, [5, 5, 0, 10]);
            change(&mut row);
            let RowEnd::Finished(result) = &mut row.end else { return row };
            result.run_id = run_id(&result.settings, &result.data_fingerprint);
            row
        });
        String::from_utf8(Rows(rows.collect()).csv().unwrap()).unwrap()
    }

    fn result(row: &mut Row) -> &mut RunResult {
        match &mut row.end {
            RowEnd::Finished(result) => result,
            RowEnd::Failed(_) => panic!(),
        }
    }

    #[test]
    fn another_protocol_is_another_series_and_failed_runs_have_no_point() {
        let isaid = RunSettings { dataset: DatasetKind::ISAID, ..example() };
        let text = written(
            isaid,
            &[
                |_| {},
                |row| *row = testing::failed(RunSettings { seed: 1, ..row.settings().clone() }),
                |row| result(row).settings.train.iterations = 200,
                |row| result(row).scores.miou = f64::NAN,
                |row| result(row).settings.rates = vec![1, 2],
                |row| (result(row).adapter, result(row).jobs) = ("another".into(), 3),
                |row| result(row).data_fingerprint = "another".into(),
            ],
        );
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("results.csv"), text).unwrap();
        let evidence = Evidence::read(&[folder.path()]).unwrap();
        let shape: Vec<_> = evidence.series.iter().map(|s| (s.points.len(), s.failed, s.points[0].score)).collect();
        // mIoU is what iSAID is judged by: 5 of 10 pixels, and 10 of 15.
        let miou = (0.5 + 10.0 / 15.0) / 2.0;
        assert_eq!(shape, [(3, 2, miou), (1, 0, miou), (1, 0, miou)]);
    }

    /// A column that programs of before did not write makes no series of its own.
    #[test]
    fn files_of_older_programs_continue_a_series() {
        let text = written(example(), &[|_| {}, |_| {}]);
        let mut lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        let precision = lines[0].iter().position(|column| *column == "precision").unwrap();
        let new = format!("{}\n{}\n", lines[0].join(","), lines[1].join(","));
        for line in &mut lines {
            line.remove(precision);
        }
        let old = format!("{}\n{}\n", lines[0].join(","), lines[2].join(","));
        let folders = [new, old].map(|text| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("results.csv"), text).unwrap();
            folder
        });
        let evidence = Evidence::read(&folders.each_ref().map(|folder| folder.path())).unwrap();
        assert_eq!((evidence.series.len(), evidence.runs()), (1, 2));
    }

    #[test]
    fn rows_and_their_file_are_the_same_evidence() {
        let rows =
            Rows([0, 1, 2].map(|seed| testing::finished(RunSettings { seed, ..example() }, [5, 5, 0, 10])).into());
        let folder = tempfile::tempdir().unwrap();
        rows.write(folder.path()).unwrap();
        let [of, read] = [Evidence::of(&rows), Evidence::read(&[folder.path()])].map(Result::unwrap);
        assert_eq!(serde_json::to_value(&of).unwrap(), serde_json::to_value(&read).unwrap());
        assert!(of.series[0].synthetic && of.runs() == 3);
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
        assert!(error(Some("a,b\n1,2\n")).contains("results.csv: line 2: there is no column run_id"));
        let text = written(example(), &[|_| {}]);
        let change = |from: &str, to: &str| {
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1)
        };
        assert!(error(Some(&change(",1-12-24-36,0,", ",1-12-24-36,none,"))).contains("line 2: seed: `none`"));
        assert!(error(Some(&change(",0.5625,", ",0,"))).contains("line 2: relative_rate must be"));
        // STARE is judged by mDice, the second score.
        let outside = change(",finished,0.5833333333333333,0.", ",finished,0.5833333333333333,7.");
        assert!(error(Some(&outside)).contains("line 2: mdice must be in 0..=1, is 7."));
    }
}
