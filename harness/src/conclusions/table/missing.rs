//! What an experiment lacks before more can be said of its rates.

use super::cell::Cell;
use super::cell_verdict::CellVerdict;
use super::section::Section;
use crate::conclusions::analysis::{LEAST_SEEDS, LEAST_SUBJECTS, Missing};
use crate::conclusions::format::{count, rates};

impl Section {
    /// Sentences on what is missing, each with what to do; empty where nothing is.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.cells.len() == 1 {
            missing.push("One list of rates: a comparison needs a second one in the spec's rates.".to_owned());
        } else if self.baseline_cell().is_none_or(|cell| cell.runs == 0) {
            missing.push(format!(
                "The baseline {} has no finished run: nothing can be held against it.",
                rates(&self.baseline)
            ));
        }
        missing.extend(REASONS.iter().filter_map(|reason| self.not_compared(*reason)));
        missing
    }

    /// Says how many lists of rates are not compared for a reason; `None` where none are.
    fn not_compared(&self, reason: Missing) -> Option<String> {
        let cells: Vec<&Cell> = self.others().filter(|cell| cell.verdict == CellVerdict::NotCompared(reason)).collect();
        if cells.is_empty() {
            return None;
        }
        let lists = count(cells.len(), "list of rates is", "lists of rates are");
        let why = match reason {
            Missing::Scores => "no seed has a score there and in the baseline".to_owned(),
            Missing::Images => "the runs have kept no counts per image".to_owned(),
            Missing::Seeds => format!("a verdict takes {LEAST_SEEDS} seeds at least"),
            Missing::Subjects => format!("a verdict takes {LEAST_SUBJECTS} subjects at least"),
        };
        Some(format!("{lists} not judged: {why}."))
    }
}

const REASONS: [Missing; 4] = [Missing::Scores, Missing::Images, Missing::Seeds, Missing::Subjects];
