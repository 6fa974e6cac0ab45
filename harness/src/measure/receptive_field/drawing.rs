//! A map as it is drawn.

use super::{ReceptiveField, Taps};
use crate::support::plot::heat_map::{HeatMap, Outline};

impl ReceptiveField {
    /// `1, 12, 24, 36`
    pub fn caption(&self) -> String {
        self.rates.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The map as a picture, with the windows around these taps, each once, where they lie in the
    /// image.
    pub fn heat_map(&self, marked: Option<&Taps>) -> HeatMap<'_> {
        let mut outlines = Vec::new();
        if let Some(Taps { window, branches, .. }) = marked {
            for tap in branches.iter().flat_map(|branch| &branch.taps).filter(|tap| tap.mass.is_some()) {
                let centre = [0, 1].map(|axis| self.target.position[axis].saturating_add_signed(tap.offset[axis]));
                let outline = Outline { centre, reach: window / 2 };
                if !outlines.contains(&outline) {
                    outlines.push(outline);
                }
            }
        }
        HeatMap { size: self.size, values: &self.values, outlines }
    }
}
