//! A map in numbers.

use super::{ReceptiveField, Square, Taps, squares, taps};
use serde::Serialize;
use std::fmt;

/// How large a map is, and where its mass lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Numbers {
    pub squares: Vec<Square>,
    pub taps: Taps,
    pub reached: ReachedShares,
}

/// Share of the image's pixels that count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReachedShares {
    /// The share with any value above 0, in 0..=1.
    pub at_all: f64,
    /// The share with more than a thousandth of the peak, in 0..=1.
    pub above_thousandth: f64,
}

impl ReceptiveField {
    /// The map in numbers.
    pub fn numbers(&self) -> Numbers {
        let threshold = 1e-3 * self.peak();
        let share =
            |above: f64| self.values.iter().filter(|value| **value > above).count() as f64 / self.values.len() as f64;
        Numbers {
            squares: squares::squares(self),
            taps: taps::taps(self),
            reached: ReachedShares { at_all: share(0.0), above_thousandth: share(threshold) },
        }
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let squares = self.squares.iter().map(|s| format!("{:.0} % {}", 100.0 * s.share, s.side));
        writeln!(f, "squares        {} (share of the mass, side in pixels)", squares.collect::<Vec<_>>().join(", "))?;
        let ReachedShares { at_all, above_thousandth } = self.reached;
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        writeln!(
            f,
            "reached        {} of the image, {} with more than 1/1000 of the peak",
            percent(at_all),
            percent(above_thousandth)
        )?;
        write!(f, "\nmass in {0} x {0} pixels around the taps\n", self.taps.window)?;
        writeln!(f, "{:>6} {:>10} {:>10} {:>10}", "rate", "centre", "outer", "contrast")?;
        for branch in &self.taps.branches {
            let centre = branch.taps.iter().find(|tap| tap.offset == [0, 0]).and_then(|tap| tap.mass);
            let mass = |mass: Option<f64>| mass.map_or_else(|| "-".to_owned(), |mass| format!("{:.2} %", 100.0 * mass));
            let contrast = branch.contrast.map_or_else(|| "-".to_owned(), |contrast| format!("{contrast:.2}"));
            let (centre, outer) = (mass(centre), mass(branch.outer_mass));
            writeln!(f, "{:>6} {centre:>10} {outer:>10} {contrast:>10}", branch.rate)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::measure::receptive_field::tests::example;

    #[test]
    fn pixels_that_are_reached_are_counted() {
        let map = example([10, 10], [5, 5], &[1, 3], |y, x| match (y, x) {
            (5, 5) => 1.0,
            (4, _) => 0.4,
            (3, _) => 2e-3,
            (2, _) => 1e-4,
            _ => 0.0,
        });
        let reached = map.numbers().reached;
        assert_eq!((reached.at_all, reached.above_thousandth), (0.31, 0.21));
    }

    #[test]
    fn the_text_has_all_numbers() {
        let text = example([20, 20], [10, 10], &[1, 30], |_, _| 1.0).numbers().to_string();
        assert!(text.contains("99 % 21"), "{text}");
        assert!(text.contains("100.0 % of the image"), "{text}");
        let branch = text.lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(branch, ["30", "20.25", "%", "-", "-"], "{text}");
    }
}
