//! The table of what reports on vessels and lesions state: of sets of two classes.

use crate::conclusions::format::{rates_beside, score};
use crate::conclusions::grid::grid;
use crate::conclusions::table::{DetectionCell, Section};

/// A line per rates; a second one for the pixels inside the field of view where they are known.
/// Empty where no run has such scores.
pub(super) fn text(section: &Section) -> String {
    let cells = || section.cells.iter().filter_map(|cell| Some((cell, cell.detection.as_ref()?)));
    let Some((_, DetectionCell { whole, .. })) = cells().next() else { return String::new() };
    let header: Vec<&str> = ["rates", "pixels"].into_iter().chain(whole.iter().map(|(name, _)| *name)).collect();
    let mut lines = Vec::new();
    for (cell, DetectionCell { whole, fov }) in cells() {
        for (pixels, scores) in [("all", whole), ("field of view", fov)] {
            if !scores.is_empty() {
                let names = [rates_beside(&cell.rates, &section.baseline), pixels.to_owned()];
                lines.push(names.into_iter().chain(scores.iter().map(|(_, value)| score(*value))).collect());
            }
        }
    }
    let class = section.settings.dataset.class_names()[1];
    format!("How well `{class}` is told from the rest, in percent:\n\n{}\n", grid(&header, &lines))
}
