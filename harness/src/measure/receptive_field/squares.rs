//! How large a square around the target holds how much.

use super::ReceptiveField;
use serde::Serialize;

/// Shares of the mass that are asked for: RepLKNet's 20, 30, 50 and 99 %, and 80 %.
pub const SHARES: [f64; 5] = [0.2, 0.3, 0.5, 0.8, 0.99];

/// The smallest square around the target that holds a share of the mass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Square {
    /// In 0..=1.
    pub share: f64,
    /// In pixels; odd. What lies beyond the image holds nothing.
    pub side: usize,
}

/// The squares of all [`SHARES`].
pub(super) fn squares(map: &ReceptiveField) -> Vec<Square> {
    let [height, width] = map.size;
    let [cy, cx] = map.target.position;
    // Mass at each distance from the target, along the axis where it is larger.
    let mut rings = vec![0.0; height.max(width)];
    for (i, value) in map.values.iter().enumerate() {
        rings[(i / width).abs_diff(cy).max((i % width).abs_diff(cx))] += value;
    }
    SHARES.map(|share| Square { share, side: 2 * radius(&rings, share) + 1 }).into()
}

/// The first ring at which so much is reached. Rounding may leave the sum of all a little below 1.
fn radius(rings: &[f64], share: f64) -> usize {
    let held = rings.iter().scan(0.0, |sum, mass| {
        *sum += mass;
        Some(*sum)
    });
    held.take_while(|held| *held < share - 1e-12).count().min(rings.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::receptive_field::tests::example;

    /// Against every square, pixel by pixel.
    #[test]
    fn sides_are_those_of_brute_force() {
        for position in [[10, 14], [0, 0], [19, 3]] {
            let map = example([20, 28], position, &[1], |y, x| ((y * 37 + x * 101) % 17) as f64);
            let held = |radius: usize| -> f64 {
                let inside =
                    |i: &usize| (i / 28).abs_diff(position[0]) <= radius && (i % 28).abs_diff(position[1]) <= radius;
                (0..map.values.len()).filter(inside).map(|i| map.values[i]).sum()
            };
            for Square { share, side } in squares(&map) {
                assert_eq!(side % 2, 1);
                assert!(held(side / 2) >= share - 1e-9, "{share} of {position:?}");
                assert!(side == 1 || held(side / 2 - 1) < share, "{share} of {position:?}");
            }
        }
    }

    #[test]
    fn a_single_pixel_holds_everything() {
        let map = example([9, 9], [4, 4], &[1], |y, x| f64::from(u8::from(y == 4 && x == 4)));
        assert!(squares(&map).iter().all(|square| square.side == 1));
        let map = example([9, 9], [4, 4], &[1], |y, x| f64::from(u8::from(y == 8 && x == 5)));
        assert!(squares(&map).iter().all(|square| square.side == 9));
    }
}
