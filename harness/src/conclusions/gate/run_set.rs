//! Whether a set of runs can be judged: it is that of its plan, each run is there once, in its own
//! place, whole, and of the program that is asked about.

use super::ReferenceRuns;
use crate::experiment::settings::{join_rates, run_id_of_version};
use crate::results::rows::{Row, RowEnd};
use crate::results::run_dir::{RunDir, RunFile};
use crate::results::sweep_plan::SweepPlan;
use crate::support::input_file;
use anyhow::{Context, Result};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The programs of which runs are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedCommit {
    /// Any, and also those that wrote no checksums.
    Any,
    /// The program of this commit, or of one that begins so.
    Only(String),
}

/// What is known of a set of runs beside its scores.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RunSet {
    /// Why it cannot be judged; empty where it can.
    pub obstacles: Vec<String>,
    /// Commits of the programs that computed the runs, each once.
    pub commits: Vec<String>,
    /// Commits of the programs that computed the recorded runs.
    pub reference_commits: Vec<String>,
}

/// A run directory with what was found in it.
struct Found {
    dir: RunDir,
    file: RunFile,
    row: Option<Row>,
}

impl RunSet {
    /// Examines the runs of experiments that are among `only`, or of all where that is empty.
    ///
    /// # Errors
    /// A file that cannot be read or was changed; names it.
    pub fn examine(results: &Path, reference: &ReferenceRuns, only: &[String], wanted: &WantedCommit) -> Result<Self> {
        let is_asked = |experiment: &str| only.is_empty() || only.iter().any(|only| only == experiment);
        let mut obstacles = Obstacles::default();
        let mut found = Vec::new();
        for dir in RunDir::scan(results)? {
            let file = dir.read_run_file()?;
            if is_asked(&file.settings.experiment) {
                let row = Row::read(&dir)?;
                if let Some(RowEnd::Finished(result)) = row.as_ref().map(|row| &row.end) {
                    // The losses of the first steps are compared too.
                    let log = input_file::read_if_present(&dir.log_csv(), input_file::LOG_BYTES);
                    let log = log.with_context(|| format!("cannot read {}", dir.log_csv().display()))?;
                    result.seal.check_file(&dir.log_csv(), log.as_deref())?;
                }
                found.push(Found { dir, file, row });
            }
        }
        links(results, &found, &mut obstacles)?;
        for run in &found {
            examine(results, run, &mut obstacles);
        }
        copies(&found, &mut obstacles);
        plan(results, &found, is_asked, &mut obstacles)?;
        programs(&found, wanted, &mut obstacles);
        contradictions(reference, &mut obstacles);
        let rows = found.iter().filter_map(|run| run.row.as_ref());
        let commits: BTreeSet<String> = rows.map(|row| row.provenance().git_commit.clone()).collect();
        let recorded = reference.cells.iter().filter(|cell| is_asked(&cell.settings.experiment));
        let recorded: BTreeSet<String> =
            recorded.flat_map(|cell| &cell.runs).map(|run| run.provenance.git_commit.clone()).collect();
        Ok(RunSet {
            obstacles: obstacles.lines(),
            commits: commits.into_iter().collect(),
            reference_commits: recorded.into_iter().collect(),
        })
    }

    /// A set that cannot be judged for one reason.
    pub fn not_judged(reason: String) -> Self {
        RunSet { obstacles: vec![reason], ..RunSet::default() }
    }
}

/// Reasons, each with the runs that it holds for.
#[derive(Default)]
struct Obstacles(BTreeMap<String, Vec<String>>);

impl Obstacles {
    fn add(&mut self, reason: impl Into<String>, run: impl Into<String>) {
        self.0.entry(reason.into()).or_default().push(run.into());
    }

    /// `2 runs are not in their own place, the first out/stare/...`
    fn lines(self) -> Vec<String> {
        let line = |(reason, runs): (String, Vec<String>)| match &runs[..] {
            [one] => format!("{one}: {reason}"),
            [first, ..] => format!("{first} and {} more: {reason}", runs.len() - 1),
            [] => reason,
        };
        self.0.into_iter().map(line).collect()
    }
}

/// Finds links: what they point to may be anybody's runs.
fn links(results: &Path, found: &[Found], obstacles: &mut Obstacles) -> Result<()> {
    let mut paths = BTreeSet::new();
    for run in found {
        let folders = run.dir.path().ancestors().take_while(|folder| *folder != results);
        paths.extend(folders.map(Path::to_owned));
        let listed = fs::read_dir(run.dir.path())
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>());
        paths.extend(listed.with_context(|| format!("cannot list {}", run.dir.path().display()))?);
    }
    for path in paths {
        let kind = fs::symlink_metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if kind.is_symlink() {
            obstacles.add("a link: runs are judged where a sweep wrote them", path.display().to_string());
        }
    }
    Ok(())
}

/// Looks at a run by itself.
fn examine(results: &Path, Found { dir, file, row }: &Found, obstacles: &mut Obstacles) {
    let name = dir.path().display().to_string();
    let id = |version, settings, fingerprint: &str| run_id_of_version(version, settings, fingerprint);
    if id(file.model_version, &file.settings, &file.data_fingerprint) != file.run_id {
        obstacles.add("run.toml is not as it was written: its id does not follow from its settings", &*name);
    }
    if *dir != RunDir::new(results, &file.settings, &file.run_id) {
        obstacles.add("not in its own place: a run that was copied or renamed", &*name);
    }
    let Some(row) = row else {
        obstacles.add("unfinished: the same sweep goes on with it", &*name);
        return;
    };
    if row.run_id() != file.run_id
        || id(row.model_version, row.settings(), row.data_fingerprint()) != row.run_id()
        || row.settings().experiment != file.settings.experiment
    {
        obstacles.add("its result is of another run, or was changed: its id does not follow from its settings", &*name);
    }
    if let RowEnd::Finished(result) = &row.end
        && let Some(score) = result.confusion.scores().disagreement(&result.scores)
    {
        obstacles.add(format!("{score} in result.json does not follow from its counts"), &*name);
    }
}

/// Finds runs that are there more than once, as the same run or as the same seed.
fn copies(found: &[Found], obstacles: &mut Obstacles) {
    let mut seeds: BTreeMap<(String, String, u64), Vec<&Found>> = BTreeMap::new();
    for run in found {
        let settings = &run.file.settings;
        let cell = (settings.experiment.clone(), settings.rates_name(), settings.seed);
        seeds.entry(cell).or_default().push(run);
    }
    for ((experiment, rates, seed), runs) in seeds.iter().filter(|(_, runs)| runs.len() > 1) {
        let text = format!("{experiment} {rates} seed {seed}");
        obstacles.add(format!("there {} times, and one run is one seed", runs.len()), text);
    }
    let mut cells: BTreeMap<&str, BTreeMap<String, BTreeSet<u64>>> = BTreeMap::new();
    for Found { file, .. } in found {
        let cells = cells.entry(&file.settings.experiment).or_default();
        cells.entry(file.settings.rates_name()).or_default().insert(file.settings.seed);
    }
    for (experiment, cells) in cells {
        if cells.values().any(|seeds| Some(seeds) != cells.values().next()) {
            obstacles.add("its rates have other seeds each: the sweep of all of them is judged", experiment);
        }
    }
}

/// Holds the runs against those that were planned.
fn plan(results: &Path, found: &[Found], is_asked: impl Fn(&str) -> bool, obstacles: &mut Obstacles) -> Result<()> {
    let Some(plan) = SweepPlan::read(results)? else {
        let advice = "there is no plan.json that tells whether runs are missing: the same sweep writes it, also with \
                      --limit 0";
        obstacles.add(advice, results.display().to_string());
        return Ok(());
    };
    let planned: Vec<_> = plan.runs.iter().filter(|run| is_asked(&run.experiment)).collect();
    let is_there = |id: &str, experiment: &str| {
        found.iter().any(|run| run.file.run_id == id && run.file.settings.experiment == experiment)
    };
    for run in &planned {
        if !is_there(&run.run_id, &run.experiment) {
            let name = format!("{} {} seed {}", run.experiment, run.rates, run.seed);
            obstacles.add("planned (plan.json) and missing: the same sweep makes it", name);
        }
    }
    for Found { dir, file, .. } in found {
        if !planned.iter().any(|run| run.run_id == file.run_id && run.experiment == file.settings.experiment) {
            obstacles.add("in no plan of a sweep of this folder (plan.json)", dir.path().display().to_string());
        }
    }
    Ok(())
}

/// Holds the programs of the runs against the one that is asked about.
fn programs(found: &[Found], wanted: &WantedCommit, obstacles: &mut Obstacles) {
    for (dir, row) in found.iter().filter_map(|run| Some((&run.dir, run.row.as_ref()?))) {
        let WantedCommit::Only(wanted) = wanted else { continue };
        let (name, commit) = (dir.path().display().to_string(), &row.provenance().git_commit);
        let (seal, file) = match &row.end {
            RowEnd::Finished(result) => (&result.seal, "result.json"),
            RowEnd::Failed(failure) => (&failure.seal, "error.json"),
        };
        let shortest = wanted.len().min(commit.len());
        if commit != wanted && (shortest < 7 || !commit.starts_with(wanted) && !wanted.starts_with(commit.as_str())) {
            obstacles.add(
                format!("of another program, commit {commit}, and not of {wanted}: --commit says whose runs are meant"),
                name,
            );
        } else if seal.checksum.is_none() {
            obstacles.add(format!("{file} has no checksum, as this program writes it"), name);
        }
    }
}

/// Finds what a reference says twice, or of runs that cannot be.
fn contradictions(reference: &ReferenceRuns, obstacles: &mut Obstacles) {
    let mut ids = BTreeSet::new();
    let mut cells = BTreeSet::new();
    for cell in &reference.cells {
        let settings = &cell.settings;
        if !cells.insert((settings.experiment.clone(), join_rates(&settings.rates))) {
            obstacles.add("the reference has this cell twice", cell.title());
        }
        let mut seeds = BTreeSet::new();
        for run in &cell.runs {
            let name = format!("{}, seed {}", cell.title(), run.seed);
            let mut own = settings.clone();
            own.seed = run.seed;
            if !seeds.insert(run.seed) || !ids.insert((settings.experiment.clone(), run.run_id.clone())) {
                obstacles.add("the reference has this run or seed twice", &*name);
            }
            if run_id_of_version(reference.model_version, &own, &cell.data_fingerprint) != run.run_id {
                obstacles.add("in the reference, and its id does not follow from its settings", &*name);
            }
        }
    }
}
