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

impl SimulationTable {
    /// The table as Markdown, of so many sections per cell, and how many cells keep what is promised.
    pub fn text(&self, rounds: u64) -> String {
        let mut text =
            format!("{}\n\n| |{}|\n|-|{}\n", self.title, self.columns.join("|"), "-|".repeat(self.columns.len()));
        let mut all = Vec::new();
        for (name, designs) in &self.lines {
            let values = self.values(designs, rounds);
            let cells: Vec<String> = values.iter().map(|value| format!("{:.1}", 100.0 * value)).collect();
            text += &format!("| {name} | {} |\n", cells.join(" | "));
            all.extend(values);
        }
        text + &self.promised.map_or_else(String::new, |promised| kept(promised, &all, rounds))
    }

    fn values(&self, designs: &[Design], rounds: u64) -> Vec<f64> {
        thread::scope(|scope| {
            let cells: Vec<_> = designs.iter().map(|design| scope.spawn(|| design.simulate(rounds))).collect();
            cells.into_iter().map(|cell| (self.shown)(&cell.join().expect("a simulation does not panic"))).collect()
        })
    }
}

/// A sentence on the cells that are where they should be, with and without an allowance for chance.
fn kept([low, high]: [f64; 2], values: &[f64], rounds: u64) -> String {
    let within = |errors: f64| {
        let error = |limit: f64| errors * (limit * (1.0 - limit) / rounds as f64).sqrt();
        values.iter().filter(|value| (low - error(low)..=high + error(high)).contains(*value)).count()
    };
    format!(
        "\nPromised: {:.1} to {:.1} %. {} of {} cells are there, {} within two standard errors.\n",
        100.0 * low,
        100.0 * high,
        within(0.0),
        values.len(),
        within(2.0)
    )
}
