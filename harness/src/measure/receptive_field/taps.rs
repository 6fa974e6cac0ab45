//! How much of the map lies around the positions that the taps of each ASPP branch look at.

use super::ReceptiveField;
use serde::Serialize;
use std::ops::Range;

/// A window reaches at most so many pixels of the ASPP's map from its tap. The bottleneck behind
/// the branches looks one pixel around each tap, and the convolutions before them smear over a few
/// more; what lies farther is not around the tap.
const REACH: usize = 4;

/// The mass around the taps of all branches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taps {
    /// Side of the square windows around the taps, in pixels of the input; odd. One for all, so
    /// that their masses can be compared: as large as windows can be that do not overlap, and at
    /// most nine pixels of the ASPP's map.
    pub window: usize,
    /// In the order of the rates.
    pub branches: Vec<BranchTaps>,
}

/// The taps of one branch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BranchTaps {
    pub rate: usize,
    /// Row by row, the centre among them, which all branches share; that alone for rate 1, a 1x1
    /// convolution.
    pub taps: Vec<TapMass>,
    /// Mass of the outer taps, without the centre. `None` where all of them lie beyond the image.
    pub outer_mass: Option<f64>,
    /// How many times denser the map is in the windows of the outer taps than elsewhere at the same
    /// distance from the target (along the axis where it is larger): 1 where the branch leaves no
    /// pattern. `None` where there is nothing to compare.
    pub contrast: Option<f64>,
}

/// One tap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TapMass {
    /// Row and column from the target, in pixels of the input: the rate times the output stride, or
    /// 0.
    pub offset: [isize; 2],
    /// Share of the map in the window around it; `None` where the tap lies beyond the image and
    /// sees padding.
    pub mass: Option<f64>,
}

/// What the taps of each branch see, of the branches' `rates` and their `output_stride`.
pub(super) fn taps(map: &ReceptiveField) -> Taps {
    let reach = reach(&map.rates, map.output_stride);
    let branches = map.rates.iter().map(|rate| branch(map, *rate, reach)).collect();
    Taps { window: 2 * reach + 1, branches }
}

/// How far a window reaches to each side. Taps of rates r and s are |r - s| apart at least, along
/// the axis where it is more, and r from the centre.
fn reach(rates: &[usize], output_stride: usize) -> usize {
    let mut radii: Vec<usize> = [0].into_iter().chain(rates.iter().copied().filter(|rate| *rate > 1)).collect();
    radii.sort_unstable();
    radii.dedup();
    let gap = radii.windows(2).map(|pair| pair[1] - pair[0]).min();
    let cap = REACH * output_stride;
    gap.map_or(cap, |gap| ((gap * output_stride - 1) / 2).min(cap))
}

/// Offsets of the taps of a branch, in pixels of the input.
pub(super) fn offsets(rate: usize, output_stride: usize) -> Vec<[isize; 2]> {
    if rate == 1 {
        return vec![[0, 0]];
    }
    let step = (rate * output_stride) as isize;
    (-1..=1).flat_map(|y| (-1..=1).map(move |x| [y * step, x * step])).collect()
}

fn branch(map: &ReceptiveField, rate: usize, reach: usize) -> BranchTaps {
    let offsets = offsets(rate, map.output_stride);
    let windows: Vec<Option<[Range<usize>; 2]>> = offsets.iter().map(|offset| window(map, *offset, reach)).collect();
    let mass = |window: &[Range<usize>; 2]| -> f64 { pixels(window).map(|at| value(map, at)).sum() };
    let masses = windows.iter().map(|window| window.as_ref().map(mass));
    let taps: Vec<TapMass> =
        offsets.iter().zip(masses).map(|(offset, mass)| TapMass { offset: *offset, mass }).collect();
    let outer = || taps.iter().filter(|tap| tap.offset != [0, 0]).filter_map(|tap| tap.mass);
    let outer_mass = (outer().count() > 0).then(|| outer().sum());
    let outer_pixels = offsets.iter().zip(&windows).filter(|(offset, _)| **offset != [0, 0]);
    let area = outer_pixels.filter_map(|(_, window)| window.as_ref()).map(|window| pixels(window).count()).sum();
    let contrast = outer_mass.and_then(|mass| contrast(map, rate * map.output_stride, reach, mass, area));
    BranchTaps { rate, taps, outer_mass, contrast }
}

/// Rows and columns of a tap's window, cut off at the edge of the image; `None` where the tap is
/// beyond it.
fn window(map: &ReceptiveField, offset: [isize; 2], reach: usize) -> Option<[Range<usize>; 2]> {
    let side = |axis: usize| {
        let at = map.target.position[axis].checked_add_signed(offset[axis])?;
        let end = map.size[axis];
        (at < end).then(|| at.saturating_sub(reach)..(at + reach + 1).min(end))
    };
    Some([side(0)?, side(1)?])
}

fn pixels([rows, columns]: &[Range<usize>; 2]) -> impl Iterator<Item = [usize; 2]> {
    let columns = columns.clone();
    rows.clone().flat_map(move |y| columns.clone().map(move |x| [y, x]))
}

fn value(map: &ReceptiveField, [y, x]: [usize; 2]) -> f64 {
    map.values[y * map.size[1] + x]
}

/// Density of the windows (`mass` on `area` pixels) over that of the rest of the square ring that
/// they lie on.
fn contrast(map: &ReceptiveField, radius: usize, reach: usize, mass: f64, area: usize) -> Option<f64> {
    let whole = [0..map.size[0], 0..map.size[1]];
    let [cy, cx] = map.target.position;
    let ring = radius - reach..=radius + reach;
    let on_ring = pixels(&whole).filter(|[y, x]| ring.contains(&y.abs_diff(cy).max(x.abs_diff(cx))));
    let (all, pixels) = on_ring.fold((0.0, 0_usize), |(sum, count), at| (sum + value(map, at), count + 1));
    let rest = (all - mass).max(0.0) / pixels.saturating_sub(area).max(1) as f64;
    // A ring that is nothing but windows, or dark beside them, has no density to compare with.
    (pixels > area && rest > 0.0).then(|| mass / area as f64 / rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::receptive_field::tests::example;

    fn masses(taps: &Taps, branch: usize) -> Vec<Option<f64>> {
        taps.branches[branch].taps.iter().map(|tap| tap.mass).collect()
    }

    #[test]
    fn windows_do_not_overlap() {
        assert_eq!(reach(&[1, 6, 12, 18], 8), 23);
        assert_eq!(reach(&[1, 12, 24, 36], 1), 4);
        assert_eq!(reach(&[1, 2, 4, 8], 1), 0);
        assert_eq!(reach(&[1], 8), 32);
        for (rates, stride) in [(vec![1, 2, 3, 7], 1), (vec![1, 6, 12, 18], 8), (vec![2, 5], 16), (vec![1, 48], 1)] {
            let reach = reach(&rates, stride) as isize;
            let mut all: Vec<[isize; 2]> = rates.iter().flat_map(|rate| offsets(*rate, stride)).collect();
            all.sort_unstable();
            all.dedup();
            let apart = |a: [isize; 2], b: [isize; 2]| (a[0] - b[0]).abs().max((a[1] - b[1]).abs());
            let pairs = all.iter().flat_map(|a| all.iter().filter(move |b| a < b).map(move |b| apart(*a, *b)));
            assert!(pairs.into_iter().all(|distance| distance > 2 * reach), "{rates:?} {stride}");
        }
    }

    /// Nine equal spots at rate 6, nothing else.
    #[test]
    fn spots_are_found_where_the_taps_are() {
        let map = example([41, 41], [20, 20], &[1, 6, 12], |y, x| {
            let spot = |v: usize| v.abs_diff(20) == 6 || v == 20;
            f64::from(u8::from(spot(y) && spot(x)))
        });
        let taps = taps(&map);
        assert_eq!(taps.window, 5);
        assert_eq!(masses(&taps, 0), [Some(1.0 / 9.0)]);
        assert_eq!(masses(&taps, 1), [Some(1.0 / 9.0); 9]);
        let outer = masses(&taps, 2);
        assert!(outer.iter().enumerate().all(|(i, mass)| *mass == Some(if i == 4 { 1.0 / 9.0 } else { 0.0 })));
        assert_eq!(taps.branches[1].taps[2].offset, [-6, 6]);
        assert!((taps.branches[1].outer_mass.unwrap() - 8.0 / 9.0).abs() < 1e-12);
        assert_eq!((taps.branches[1].contrast, taps.branches[0].outer_mass), (None, None));
    }

    #[test]
    fn an_even_map_has_no_contrast() {
        let map = example([41, 41], [20, 20], &[1, 6, 12], |_, _| 1.0);
        let taps = taps(&map);
        for branch in &taps.branches[1..] {
            assert!((branch.contrast.unwrap() - 1.0).abs() < 1e-9, "{branch:?}");
            let share = 25.0 / 1681.0;
            assert!(branch.taps.iter().all(|tap| (tap.mass.unwrap() - share).abs() < 1e-12));
        }
        let spots = example([41, 41], [20, 20], &[1, 6, 12], |y, x| {
            let spot = |v: usize| v.abs_diff(20) == 12 || v == 20;
            if spot(y) && spot(x) { 26.0 } else { 1.0 }
        });
        let contrast = super::taps(&spots).branches[2].contrast.unwrap();
        // A window of 25 pixels holds 50 instead of 25.
        assert!((contrast - 2.0).abs() < 1e-9, "{contrast}");
    }

    /// Pixel by pixel, in a map that is brighter towards the target and beside one tap.
    #[test]
    fn the_contrast_is_that_of_the_ring() {
        let map = example([41, 45], [20, 20], &[1, 6, 14], |y, x| {
            let distance = y.abs_diff(20).max(x.abs_diff(20));
            1.0 / (1 + distance) as f64 + if y < 9 && x < 8 { 0.2 } else { 0.0 }
        });
        let near = |v: usize, taps: [usize; 3]| taps.iter().any(|tap| v.abs_diff(*tap) <= 2);
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for (i, value) in map.values.iter().enumerate() {
            let (y, x) = (i / 45, i % 45);
            let distance = y.abs_diff(20).max(x.abs_diff(20));
            if (12..=16).contains(&distance) {
                let tap = near(y, [6, 20, 34]) && near(x, [6, 20, 34]);
                if tap { inside.push(*value) } else { outside.push(*value) }
            }
        }
        assert_eq!(inside.len(), 8 * 25);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let found = taps(&map).branches[2].contrast.unwrap();
        assert!((found - mean(&inside) / mean(&outside)).abs() < 1e-9, "{found}");
    }

    #[test]
    fn taps_beyond_the_image_have_no_mass() {
        let map = example([41, 41], [2, 20], &[1, 6, 21], |_, _| 1.0);
        let taps = taps(&map);
        let there: Vec<bool> = masses(&taps, 1).iter().map(Option::is_some).collect();
        assert_eq!(there, [false, false, false, true, true, true, true, true, true]);
        let there: Vec<bool> = masses(&taps, 2).iter().map(Option::is_some).collect();
        assert_eq!(there, [false, false, false, false, true, false, false, true, false]);
        let far = super::taps(&example([9, 9], [4, 4], &[1, 9], |_, _| 1.0));
        assert_eq!((far.branches[1].outer_mass, far.branches[1].contrast), (None, None));
    }
}
