//! A check for people.

use super::{CellCheck, Check, RunSet, SeedScores, Status, Tested};
use crate::conclusions::format::{p_value, percent, points, range, spread};
use crate::conclusions::grid::grid;
use crate::support::printable::printable;
use std::collections::BTreeSet;
use std::fmt;

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::InLine => "in line",
            Status::NotJudged => "not judged",
            Status::Changed => "changed",
            Status::Worse => "worse",
        })
    }
}

impl Check {
    /// A table of all cells, what it rests on, and the reasons of those that are not in line.
    /// `reference` and `results` name what was compared.
    pub fn markdown(&self, reference: &str, results: &str) -> String {
        let options = &self.options;
        let recorded: usize = self.cells.iter().map(|cell| cell.reference.seeds.len()).sum();
        let comparisons = self.cells.iter().filter(|cell| cell.tested.is_some()).count() + self.overall.iter().len();
        let metric = options.metric;
        let mut text = format!("# Check: {}\n\n", self.status);
        text += &format!(
            "{} runs of {results} against {recorded} recorded ones of {reference}, {metric} in percent. Two-sided t-tests at {}, paired \
             by seed where the seeds are recorded; p is corrected for {comparisons} comparisons (Holm).{} The bounds err with a \
             chance of {}.\n",
            self.runs(),
            options.alpha,
            match options.margin {
                0.0 => String::new(),
                margin => format!(" A change of {} points is allowed.", percent(margin)),
            },
            options.alpha,
        );
        if let Some(version) = self.model_versions.iter().find(|version| **version != self.reference_model_version) {
            text += &format!(
                "\nThe reference is of model version {} and the runs of {version}: results are meant to differ.\n",
                self.reference_model_version
            );
        }
        text += &self.set.as_ref().map_or_else(String::new, RunSet::markdown);
        let header = [
            "experiment",
            "rates",
            "reference",
            "now",
            "difference",
            "bounds",
            "p",
            "finds",
            "first losses",
            "same bits",
            "verdict",
        ];
        let lines: Vec<_> = self.cells.iter().map(line).chain(self.overall_line()).collect();
        text += &format!(
            "\n{}\n`finds` is the smallest true change that four of five such checks find, in points. The mean over all cells weights each \
             by one over the variance of its recorded scores.\n",
            grid(&header, &lines)
        );
        text += &self.bits();
        let reasons = self.reasons();
        if !reasons.is_empty() {
            let list: Vec<String> = reasons
                .iter()
                .map(|(name, status, reason)| format!("- {name}: **{status}**: {}\n", printable(reason)))
                .collect();
            text += &format!("\n{}", list.concat());
        }
        text
    }

    /// What keeps bits from being judged, where something does; else empty.
    fn bits(&self) -> String {
        let all = |of: fn(&CellCheck) -> &BTreeSet<String>| {
            self.cells.iter().flat_map(of).cloned().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
        };
        let now = all(|cell| &cell.exact.unrecorded);
        if now.is_empty() {
            return String::new();
        }
        let recorded = all(|cell| &cell.exact.recorded);
        format!(
            "\nBits of {now} are not judged: the reference holds those of {recorded} alone. atrous record adds the runs of this \
             processor.\n"
        )
    }

    /// Name, verdict and reason of everything that is not in line.
    fn reasons(&self) -> Vec<(String, Status, &str)> {
        let cells = self.cells.iter().map(|cell| (cell.name(), cell.status, cell.reason.as_deref()));
        let overall = self.overall.iter().map(|all| ("all cells".into(), all.status, all.reason.as_deref()));
        cells.chain(overall).filter_map(|(name, status, reason)| Some((name, status, reason?))).collect()
    }

    fn overall_line(&self) -> Option<Vec<String>> {
        let overall = self.overall.as_ref()?;
        let [difference, bounds, p, finds] = numbers(Some(&overall.tested));
        let (comparable, equal) = self
            .cells
            .iter()
            .fold((0, 0), |(comparable, equal), cell| (comparable + cell.exact.comparable, equal + cell.exact.equal));
        let losses = self.cells.iter().map(|cell| &cell.first_losses);
        let (began, changed) =
            losses.fold((0, 0), |(all, changed), cell| (all + cell.comparable, changed + cell.changed.len()));
        let none = String::new;
        Some(vec![
            "all cells".into(),
            none(),
            none(),
            none(),
            difference,
            bounds,
            p,
            finds,
            same(began - changed, began),
            same(equal, comparable),
            overall.status.to_string(),
        ])
    }
}

impl RunSet {
    /// The programs of both sides, and why the set cannot be judged.
    fn markdown(&self) -> String {
        let list = |commits: &[String]| if commits.is_empty() { "none".to_owned() } else { commits.join(", ") };
        let mut text = format!("\nRuns of commit {}; ", list(&self.commits));
        text += &format!("the reference of commit {}.", list(&self.reference_commits));
        if self.commits.len() > 1 {
            text += " The runs are of different programs.";
        }
        text.push('\n');
        if !self.obstacles.is_empty() {
            text += "\nThe runs cannot be judged as a set:\n\n";
            text.extend(self.obstacles.iter().map(|why| format!("- {}\n", printable(why))));
        }
        text
    }
}

impl CellCheck {
    /// `stare 1-12-24-36`
    pub fn name(&self) -> String {
        format!("{} {}", self.experiment, self.rates)
    }
}

fn line(cell: &CellCheck) -> Vec<String> {
    let [difference, bounds, p, finds] = numbers(cell.tested.as_ref());
    vec![
        cell.experiment.clone(),
        cell.rates.clone(),
        seed_scores(&cell.reference),
        seed_scores(&cell.new),
        difference,
        bounds,
        p,
        finds,
        same(cell.first_losses.comparable - cell.first_losses.changed.len(), cell.first_losses.comparable),
        same(cell.exact.equal, cell.exact.comparable),
        cell.status.to_string(),
    ]
}

/// Difference, bounds, p and the drop that it finds.
fn numbers(tested: Option<&Tested>) -> [String; 4] {
    let Some(tested) = tested else { return [const { String::new() }; 4].map(|_| "-".into()) };
    [
        points(tested.difference),
        range(tested.low, tested.high, points),
        p_value(Some(tested.p_corrected)),
        percent(tested.detectable_drop),
    ]
}

/// `78.12 ± 0.80 (12)`: mean, standard deviation, runs.
fn seed_scores(scores: &SeedScores) -> String {
    let runs = scores.seeds.len();
    scores.mean.map_or_else(|| "-".into(), |mean| format!("{} ({runs})", spread(mean, scores.deviation)))
}

fn same(equal: usize, comparable: usize) -> String {
    if comparable == 0 { "-".into() } else { format!("{equal} of {comparable}") }
}
