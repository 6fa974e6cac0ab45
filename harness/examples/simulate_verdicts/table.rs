//! The tables of the simulation.

use crate::section::{Design, Found, Trouble};
use std::thread;

/// A table: designs by line and column, and what is shown of each.
pub struct SimulationTable {
    title: &'static str,
    columns: Vec<String>,
    lines: Vec<(String, Vec<Design>)>,
    shown: fn(&Found) -> f64,
    /// The lowest and the highest share that is promised.
    promised: Option<[f64; 2]>,
}

/// Sections without an effect that call a rate better or worse, or a rate equal that is not.
const FALSE_VERDICTS: Option<[f64; 2]> = Some([0.0, 0.055]);
const COVERAGE: Option<[f64; 2]> = Some([0.94, 0.965]);

const SEEDS: [usize; 3] = [3, 8, 20];
const SUBJECTS: [usize; 3] = [4, 10, 30];

/// All tables of the page.
pub fn all() -> Vec<SimulationTable> {
    let troubles = [
        ("No effect, equal variances: sections that call a rate better or worse, %", Trouble::None),
        ("No effect, one rate with twice the deviations: better or worse, %", Trouble::UnevenArm),
        ("No effect, one run in 40 collapsed: better or worse, %", Trouble::Collapse),
        ("No effect, the baseline with twice the deviations: better or worse, %", Trouble::UnevenBaseline),
    ];
    let grid = |design: Design| -> Vec<(String, Vec<Design>)> {
        let line = |seeds: usize| {
            let designs = SUBJECTS.map(|subjects| Design { seeds, subjects, ..design });
            (format!("{seeds} seeds"), designs.to_vec())
        };
        SEEDS.map(line).to_vec()
    };
    let columns = || SUBJECTS.map(|subjects| format!("{subjects} subjects")).to_vec();
    let mut tables = Vec::new();
    for (title, trouble) in troubles {
        let lines = [0.0, 0.8].iter().flat_map(|correlation| {
            let named =
                move |(seeds, designs): (String, Vec<Design>)| (format!("{seeds}, correlation {correlation}"), designs);
            grid(Design { trouble, correlation: *correlation, ..Design::default() }).into_iter().map(named)
        });
        tables.push(SimulationTable {
            title,
            columns: columns(),
            lines: lines.collect(),
            shown: |found| found.differs,
            promised: FALSE_VERDICTS,
        });
    }
    let spreads =
        [("seeds alone", 0.6, 0.0), ("images alone", 0.0, 1.0), ("seeds more", 1.2, 1.0), ("images more", 0.6, 4.0)];
    let lines = spreads.iter().flat_map(|&(name, seed_spread, image_spread)| {
        let named = move |(seeds, designs): (String, Vec<Design>)| (format!("{seeds}, {name}"), designs);
        grid(Design { seed_spread, image_spread, ..Design::default() }).into_iter().map(named)
    });
    let title = "No effect, by where the spread is: better or worse, %";
    tables.push(SimulationTable {
        title,
        columns: columns(),
        lines: lines.collect(),
        shown: |found| found.differs,
        promised: FALSE_VERDICTS,
    });
    let lines = [2, 6, 10].iter().flat_map(|&arms| {
        let named = move |(seeds, designs): (String, Vec<Design>)| (format!("{seeds}, {arms} rates"), designs);
        grid(Design { arms, ..Design::default() }).into_iter().map(named)
    });
    let title = "No effect, by the number of rates: better or worse, %";
    tables.push(SimulationTable {
        title,
        columns: columns(),
        lines: lines.collect(),
        shown: |found| found.differs,
        promised: FALSE_VERDICTS,
    });
    // A margin of half a point needs runs that vary less.
    let quiet = Design { seed_spread: 0.3, image_spread: 0.5, ..Design::default() };
    let with = |effect: f64, design: Design, title, shown, promised| SimulationTable {
        title,
        columns: columns(),
        lines: grid(Design { effect, ..design }),
        shown,
        promised,
    };
    let title = "One rate is one point better, equal variances: all intervals hold the truth, %";
    tables.push(with(1.0, Design::default(), title, |found| found.covered, COVERAGE));
    let title = "One rate is one point better: it is called better, %";
    tables.push(with(1.0, Design::default(), title, |found| found.better, None));
    let title = "One rate is better by the margin, half the deviations: it is called equal, %";
    tables.push(with(0.5, quiet, title, |found| found.equal, FALSE_VERDICTS));
    let title = "No effect, half the deviations: a rate is called equal, %";
    tables.push(with(0.0, quiet, title, |found| found.equal, None));
    tables
}

/// A cell beyond what is promised is simulated again, with so many times as many sections.
const AGAIN: u64 = 10;

/// The share of a cell, in all its sections and in the first ones.
struct Cell {
    share: f64,
    rounds: u64,
    first: f64,
}

impl SimulationTable {
    /// The table as Markdown, and how many cells keep what is promised.
    ///
    /// A cell has so many sections. Of many cells some are beyond the promise by chance. So those
    /// are simulated again, with [`AGAIN`] times as many sections, none of which was among the
    /// first: these alone count.
    pub fn text(&self, rounds: u64) -> String {
        let mut text =
            format!("{}\n\n| |{}|\n|-|{}\n", self.title, self.columns.join("|"), "-|".repeat(self.columns.len()));
        let mut all = Vec::new();
        for (name, designs) in &self.lines {
            let cells = self.cells(designs, rounds);
            let texts: Vec<String> = cells.iter().map(|cell| cell.text(rounds)).collect();
            text += &format!("| {name} | {} |\n", texts.join(" | "));
            all.extend(cells);
        }
        text + &self.promised.map_or_else(String::new, |promised| kept(promised, &all, rounds))
    }

    fn cells(&self, designs: &[Design], rounds: u64) -> Vec<Cell> {
        thread::scope(|scope| {
            let cells: Vec<_> = designs.iter().map(|design| scope.spawn(|| self.cell(design, rounds))).collect();
            cells.into_iter().map(|cell| cell.join().expect("a simulation does not panic")).collect()
        })
    }

    fn cell(&self, design: &Design, rounds: u64) -> Cell {
        let first = (self.shown)(&design.simulate(0..rounds));
        match self.promised {
            Some([low, high]) if !(low..=high).contains(&first) => {
                let again = AGAIN * rounds;
                let share = (self.shown)(&design.simulate(rounds..rounds + again));
                Cell { share, rounds: again, first }
            }
            _ => Cell { share: first, rounds, first },
        }
    }
}

impl Cell {
    /// In percent: `5.2`, or `5.2 (6.0 at first)`.
    fn text(&self, rounds: u64) -> String {
        let share = format!("{:.1}", 100.0 * self.share);
        if self.rounds == rounds { share } else { format!("{share} ({:.1} at first)", 100.0 * self.first) }
    }
}

/// A sentence on the cells that are where they should be, with and without an allowance for chance.
fn kept([low, high]: [f64; 2], cells: &[Cell], rounds: u64) -> String {
    let within = |errors: f64| {
        let is_within = |cell: &&Cell| {
            let error = |limit: f64| errors * (limit * (1.0 - limit) / cell.rounds as f64).sqrt();
            (low - error(low)..=high + error(high)).contains(&cell.share)
        };
        cells.iter().filter(is_within).count()
    };
    let again = cells.iter().filter(|cell| cell.rounds > rounds).count();
    let again = match again {
        0 => String::new(),
        _ => format!(" Simulated again, {AGAIN} times as long: {again}."),
    };
    format!(
        "\nPromised: {:.1} to {:.1} %. {} of {} cells are there, {} within two standard errors.{again}\n",
        100.0 * low,
        100.0 * high,
        within(0.0),
        cells.len(),
        within(2.0)
    )
}
