//! How rates stand beside the baseline by the runs that have ended so far, on a line.

use super::format::{percent, points};
use super::table::{Cell, CellVerdict, Section, Table};
use crate::experiment::settings::{RunSettings, join_rates};
use crate::results::rows::{Row, Rows};
use crate::support::count::count;

/// Says of a finished run what it scored, and how its rates stand: `stare 1-4 seed 0: mDice 79.41
/// %, +0.82 against 1-8 (2 seeds, undetermined)`. `margin` is the largest difference, a fraction,
/// that is called equal. `None` where the run has no row with a score.
pub fn of_run(rows: &Rows, run_id: &str, settings: &RunSettings, margin: f64) -> Option<String> {
    let of_experiment = |row: &&Row| row.settings().experiment == settings.experiment;
    let rows = Rows(rows.0.iter().filter(of_experiment).cloned().collect());
    let row = rows.0.iter().find(|row| row.run_id() == run_id && row.settings() == settings)?;
    let table = Table::new(&rows, margin);
    let section = table.sections.iter().find(|section| section.holds(row))?;
    let score = section.metric.of(&row.result()?.scores);
    let stands = match section.cells.iter().find(|cell| cell.rates == settings.rates)? {
        cell if cell.verdict == CellVerdict::Baseline => beside_the_baseline(section),
        cell => against_the_baseline(section, cell),
    };
    Some(format!("{}: {} {} %, {stands}", settings.run_name(), section.metric, percent(score)))
}

/// Says how each of a section's rates stand, a line each.
pub fn of_section(section: &Section) -> Vec<String> {
    let line = |cell: &Cell| {
        let score = cell.score(section.metric).map_or_else(|| "-".into(), |score| percent(score.mean));
        let name = format!("{} {}", section.settings.experiment, join_rates(&cell.rates));
        let stands = match cell.verdict {
            CellVerdict::Baseline => format!("the baseline ({})", count(cell.runs, "seed")),
            _ => against_the_baseline(section, cell),
        };
        format!("{name}: {} {score} %, {stands}", section.metric)
    };
    section.cells.iter().map(line).collect()
}

/// `+0.82 against 1-8 (2 seeds, undetermined)`
fn against_the_baseline(section: &Section, cell: &Cell) -> String {
    let baseline = join_rates(&section.baseline);
    match cell.difference {
        Some(difference) => format!("{} against {baseline} ({})", points(difference), basis(cell)),
        None => format!("{} with {baseline}", CellVerdict::NotCompared(crate::conclusions::analysis::Missing::Scores)),
    }
}

/// `the baseline; ahead of it most 1-4, +0.82 (2 seeds, undetermined)`
fn beside_the_baseline(section: &Section) -> String {
    let known = section.others().filter_map(|cell| Some((cell.difference?, cell)));
    match known.max_by(|(left, _), (right, _)| left.total_cmp(right)) {
        None => "the baseline".into(),
        Some((difference, cell)) => {
            format!(
                "the baseline; best of the others {}, {} ({})",
                join_rates(&cell.rates),
                points(difference),
                basis(cell)
            )
        }
    }
}

/// What a difference rests on: `2 seeds, fewer than 3 seeds`.
fn basis(cell: &Cell) -> String {
    format!("{}, {}", count(cell.compared_seeds, "seed"), cell.verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conclusions::table::MARGIN;
    use crate::experiment::settings::tests::example;
    use crate::results::rows::testing;

    /// The runs of two lists of rates, the first of which is the baseline; each with so many seeds.
    fn rows(seeds: [u64; 2]) -> Rows {
        let run = |arm: usize, seed: u64| {
            let rates = if arm == 0 { testing_baseline() } else { vec![1, 2] };
            let found =
                |image: u64| 500 + 40 * arm as u64 + 7 * (seed * image % 5) + 11 * (image * (arm as u64 + 2) % 3);
            let counts = (0..6).map(|image| [5_000, 80, 800 - found(image), found(image)]);
            testing::counted(RunSettings { rates, seed, ..example() }, "", counts)
        };
        let mut rows: Vec<Row> = (0..2).flat_map(|arm| (0..seeds[arm]).map(move |seed| run(arm, seed))).collect();
        rows.sort_by_key(|row| (row.settings().rates.clone(), row.settings().seed));
        Rows(rows)
    }

    fn testing_baseline() -> Vec<usize> {
        testing::finished(example(), [1; 4]).baseline
    }

    fn line(rows: &Rows, rates: &[usize], seed: u64) -> String {
        let settings = RunSettings { rates: rates.to_vec(), seed, ..example() };
        let row = rows.0.iter().find(|row| *row.settings() == settings).unwrap();
        of_run(rows, row.run_id(), &settings, MARGIN).unwrap()
    }

    #[test]
    fn numbers_are_those_of_the_table() {
        let rows = rows([4, 4]);
        let table = Table::new(&rows, MARGIN);
        let section = &table.sections[0];
        let cell = section.others().next().unwrap();
        let (name, verdict) = (section.metric, cell.verdict);
        assert!(matches!(verdict, CellVerdict::Better | CellVerdict::Worse | CellVerdict::Undetermined), "{verdict}");
        let score = percent(
            section.metric.of(&rows
                .0
                .iter()
                .find(|row| row.settings().rates == [1, 2])
                .unwrap()
                .result()
                .unwrap()
                .scores),
        );
        let difference = points(cell.contrast.unwrap().difference);
        let baseline = join_rates(&section.baseline);
        assert_eq!(
            line(&rows, &[1, 2], 0),
            format!("stare 1-2 seed 0: {name} {score} %, {difference} against {baseline} (4 seeds, {verdict})")
        );
        let of_baseline = line(&rows, &section.baseline.clone(), 0);
        assert!(
            of_baseline.ends_with(&format!("the baseline; best of the others 1-2, {difference} (4 seeds, {verdict})"))
        );
        let lines = of_section(section);
        assert!(lines.iter().any(|line| line.ends_with("the baseline (4 seeds)")), "{lines:?}");
        assert!(
            lines.iter().any(|line| line.ends_with(&format!("{difference} against {baseline} (4 seeds, {verdict})")))
        );
    }

    #[test]
    fn what_is_not_known_yet_is_said() {
        let alone = line(&rows([0, 1]), &[1, 2], 0);
        assert!(alone.contains(" %, no seed in common with "), "{alone}");
        let two = line(&rows([2, 3]), &[1, 2], 2);
        assert!(two.contains("(2 seeds, fewer than 3 seeds)"), "{two}");
        let baseline = testing_baseline();
        assert!(line(&rows([1, 0]), &baseline, 0).ends_with(" %, the baseline"));
    }
}
