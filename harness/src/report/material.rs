//! What a report was made of: everything that was read, before anything of it is drawn or written.

use super::picture::Picture;
use super::runs_left::RunsLeft;
use crate::conclusions::guideline::{Evidence, Pooled, Reach, SizeClaim};
use crate::conclusions::table::{Cell, CellVerdict, Section, Table};
use crate::conclusions::verdict::Verdicts;
use crate::measure::receptive_field::Numbers;
use crate::results::result::RunResult;
use crate::results::rows::{Row, Rows};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Powers of ten below the peak that pictures of receptive fields show.
pub(super) const DECADES: u32 = 2;

/// Everything that the page says.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the runs say, in a sentence.
    pub headline: String,
    pub experiments: Vec<ReportedExperiment>,
    pub evidence: Evidence,
    /// Verdicts on the experiments of which something is expected.
    pub verdicts: Verdicts,
    /// Runs that were planned and have not ended, of each sweep that lacks some.
    pub left: Vec<(Option<String>, RunsLeft)>,
}

/// The runs of one results directory.
#[derive(Clone, Debug)]
pub struct ReportedSweep {
    /// The directory.
    pub out: PathBuf,
    pub rows: Rows,
    pub left: RunsLeft,
}

/// One experiment with what was read of it: runs that differ in rates and seed alone.
#[derive(Clone, Debug)]
pub struct ReportedExperiment {
    /// The name of its headings and links: `e1`, `e2` ...
    pub id: String,
    /// The name of its files.
    pub slug: String,
    /// The sweep's name, where the page has several.
    pub sweep: Option<String>,
    /// The sweep's output directory.
    pub out: PathBuf,
    pub section: Section,
    pub rows: Vec<Row>,
    pub curves: Curves,
    pub images: ShownImages,
    pub fields: ShownFields,
}

/// The training curves of one experiment.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// One curve per rates.
    pub curves: Vec<Curve>,
    /// What could not be read, and why.
    pub missing: Vec<String>,
}

/// Means over the seeds of one rates setting.
#[derive(Clone, Debug)]
pub struct Curve {
    pub rates: Vec<usize>,
    pub seeds: usize,
    /// (iteration, loss), thinned.
    pub loss: Vec<(f64, f64)>,
    /// (iterations done, score) of the evaluations on the way, by the metric that decides; mostly
    /// empty.
    pub evaluations: Vec<(f64, f64)>,
}

/// The validation images of an experiment with their predictions.
#[derive(Clone, Debug, Default)]
pub struct ShownImages {
    pub shown: Vec<ShownImage>,
    /// What is missing, and why.
    pub missing: Vec<String>,
}

/// One validation image with its truth and its predictions.
#[derive(Clone, Debug)]
pub struct ShownImage {
    /// The image's name in the data set.
    pub name: String,
    pub image: Picture,
    pub truth: Picture,
    pub predictions: Vec<ShownPrediction>,
}

/// What one run makes of an image.
#[derive(Clone, Debug)]
pub struct ShownPrediction {
    pub role: ShownRole,
    pub rates: Vec<usize>,
    pub seed: u64,
    /// The score of this image, by the metric that decides; NaN where undefined.
    pub score: f64,
    /// Whether the counts are those that the run has kept of the image; `None` where it keeps none.
    pub as_recorded: Option<bool>,
    pub prediction: Picture,
    pub difference: Picture,
}

/// Why a rates setting is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownRole {
    Best,
    Worst,
    Baseline,
}

/// The effective receptive fields of one experiment.
#[derive(Clone, Debug, Default)]
pub struct ShownFields {
    pub shown: Vec<ShownField>,
    /// All of them with their rates and their scale, as a PNG file; `None` where there are none.
    pub grid: Option<Vec<u8>>,
    /// What is missing, and why.
    pub missing: Vec<String>,
}

/// The effective receptive field of one run.
#[derive(Clone, Debug)]
pub struct ShownField {
    pub rates: Vec<usize>,
    pub seed: u64,
    pub images: usize,
    /// Height and width of the input.
    pub size: [usize; 2],
    /// Row and column in the input that the target lies on.
    pub target: [usize; 2],
    pub numbers: Numbers,
    /// A pixel per pixel of the input.
    pub picture: Picture,
}

impl Report {
    /// The report on the runs of these sweeps. `margin` is the largest difference, a fraction, that
    /// is called equal. Training curves and pictures are not read yet, and said to be missing.
    ///
    /// # Errors
    /// None that rows of this program can cause.
    pub fn new(sweeps: &[ReportedSweep], margin: f64) -> Result<Self> {
        let several = sweeps.len() > 1;
        let (mut experiments, mut left, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
        for sweep in sweeps {
            let name = several.then(|| sweep.name());
            for section in Table::new(&sweep.rows, margin).sections {
                let own = sweep.rows.0.iter().filter(|row| section.holds(row)).cloned().collect();
                experiments.push(ReportedExperiment::new(experiments.len(), section, own, &sweep.out, name.clone()));
            }
            left.push((name, sweep.left));
            verdicts.extend(Verdicts::new(&sweep.rows).0);
        }
        let sections = experiments.iter().map(|experiment: &ReportedExperiment| experiment.section.clone());
        let table = Table { sections: sections.collect() };
        let headline = if several { table.tally() } else { table.headline() };
        let evidence = Evidence::of(&together(sweeps))?;
        Ok(Report { headline, experiments, evidence, verdicts: Verdicts(verdicts), left })
    }

    /// The effective receptive fields of each experiment, one picture each: its name without
    /// extension, and its PNG file.
    pub fn pictures(&self) -> impl Iterator<Item = (String, &[u8])> {
        self.experiments.iter().filter_map(|experiment| {
            let grid = experiment.fields.grid.as_deref()?;
            Some((format!("receptive-fields-{}", experiment.slug), grid))
        })
    }

    /// The best relative rate that the runs determine, if they determine one that is the same for
    /// all sizes that were measured.
    pub(super) fn measured_rate(&self) -> Option<Pooled> {
        let claim = SizeClaim::of(&self.evidence);
        let size = *claim.sizes.first()?;
        let found = Pooled::at(size, &self.evidence, &claim).ok()?;
        (found.reach == Reach::BySize || claim.sizes.len() == 1).then_some(found)
    }
}

/// All runs, each once.
fn together(sweeps: &[ReportedSweep]) -> Rows {
    let mut rows: Vec<Row> = Vec::new();
    for row in sweeps.iter().flat_map(|sweep| &sweep.rows.0) {
        if rows.iter().all(|known| known.run_id() != row.run_id()) {
            rows.push(row.clone());
        }
    }
    Rows(rows)
}

impl ReportedSweep {
    /// The name of the directory.
    fn name(&self) -> String {
        let name = self.out.file_name().unwrap_or(self.out.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

impl ReportedExperiment {
    fn new(index: usize, section: Section, rows: Vec<Row>, out: &Path, sweep: Option<String>) -> Self {
        let id = format!("e{}", index + 1);
        let letters = section.settings.experiment.chars();
        let name: String = letters.map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
        // Two protocols may share a name.
        let slug = format!("{}-{name}", index + 1);
        let (curves, images, fields) = (Curves::default(), ShownImages::default(), ShownFields::default());
        ReportedExperiment { id, slug, sweep, out: out.to_owned(), section, rows, curves, images, fields }
    }

    pub(super) fn name(&self) -> &str {
        &self.section.settings.experiment
    }

    /// `stare (STARE)`, and the sweep where there are several.
    pub(super) fn title(&self) -> String {
        let title = format!("{} ({})", self.name(), self.section.settings.dataset.title());
        self.sweep.as_ref().map_or_else(|| title.clone(), |sweep| format!("{title}, sweep {sweep}"))
    }

    /// The runs of a cell, with their results.
    pub(super) fn finished<'a>(&'a self, rates: &'a [usize]) -> impl Iterator<Item = (&'a Row, &'a RunResult)> {
        let runs = self.rows.iter().filter(move |row| row.settings().rates == rates);
        runs.filter_map(|row| Some((row, row.result()?)))
    }

    /// The scores of a cell's runs, by the metric that decides.
    pub(super) fn scores(&self, rates: &[usize]) -> Vec<f64> {
        let metric = self.section.metric;
        self.finished(rates).map(|(_, result)| metric.of(&result.scores)).filter(|score| !score.is_nan()).collect()
    }

    pub(super) fn mean(&self, cell: &Cell) -> Option<f64> {
        cell.score(self.section.metric).map(|statistic| statistic.mean)
    }

    /// The cells whose images are shown, each once.
    pub(super) fn roles(&self) -> Vec<(ShownRole, &Cell)> {
        let baseline = self.section.cells.iter().find(|cell| cell.verdict == CellVerdict::Baseline && cell.runs > 0);
        let candidates = [
            (ShownRole::Best, self.section.best().next()),
            (ShownRole::Baseline, baseline),
            (ShownRole::Worst, self.worst()),
        ];
        let mut roles: Vec<(ShownRole, &Cell)> = Vec::new();
        for (role, cell) in candidates {
            if let Some(cell) = cell.filter(|cell| roles.iter().all(|(_, other)| other.rates != cell.rates)) {
                roles.push((role, cell));
            }
        }
        roles
    }

    /// The cell with the lowest mean.
    fn worst(&self) -> Option<&Cell> {
        let scored = self.section.cells.iter().filter(|cell| self.mean(cell).is_some());
        scored.min_by(|a, b| self.mean(a).unwrap_or(0.0).total_cmp(&self.mean(b).unwrap_or(0.0)))
    }
}

impl ShownRole {
    pub(super) fn name(self) -> &'static str {
        match self {
            ShownRole::Best => "highest score",
            ShownRole::Worst => "lowest score",
            ShownRole::Baseline => "baseline",
        }
    }
}
