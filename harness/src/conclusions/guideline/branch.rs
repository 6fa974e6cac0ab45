//! One branch of an ASPP on a map of given size: what its taps see.

use serde::Serialize;

/// One tap of a branch's kernel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BranchTap {
    /// Rows and columns from the output position to the position that the tap reads.
    pub offset: [isize; 2],
    /// Share of the map's positions, in 0..=1, from which the tap reads the map and not the
    /// padding.
    pub valid: f64,
}

/// A branch: one tap at rate 1 (the 1x1 branch), else the nine of a 3x3 kernel whose padding keeps
/// the map's size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Branch {
    pub rate: usize,
    /// Height and width of the map that the ASPP sees.
    pub feature: [usize; 2],
    /// Row by row.
    pub taps: Vec<BranchTap>,
}

impl Branch {
    /// # Panics
    /// For a rate, a height or a width of 0.
    pub fn new(rate: usize, feature: [usize; 2]) -> Self {
        assert!(rate > 0 && feature.iter().all(|side| *side > 0), "rate and sides are at least 1");
        let steps: &[isize] = if rate == 1 { &[0] } else { &[-1, 0, 1] };
        let offsets = steps.iter().flat_map(|row| steps.iter().map(move |column| [*row, *column]));
        let taps = offsets.map(|offset| {
            let offset = offset.map(|step| step * rate as isize);
            let along = |axis: usize| valid_positions(offset[axis].unsigned_abs(), feature[axis]);
            let valid = (along(0) * along(1)) as f64 / (feature[0] * feature[1]) as f64;
            BranchTap { offset, valid }
        });
        Branch { rate, feature, taps: taps.collect() }
    }

    /// Side of the square that the taps span, in pixels of the input: (2 rate + 1) cells of the
    /// map, each as wide as the output stride; one cell for the 1x1 branch. What a cell itself has
    /// seen through the backbone comes on top.
    pub fn field_of_view(&self, output_stride: usize) -> usize {
        let reach = if self.rate == 1 { 0 } else { self.rate };
        (2 * reach + 1) * output_stride
    }

    /// Share of the branch's multiplications, in 0..1, whose factor is padding. On a square map of
    /// side F it is 1 - (1 + 2 max(0, 1 - rate / F))^2 / 9.
    pub fn dead(&self) -> f64 {
        1.0 - self.taps.iter().map(|tap| tap.valid).sum::<f64>() / self.taps.len() as f64
    }

    /// Rate over the map's shorter side. From 1 on only the middle row or column of the kernel is
    /// left, and nothing but its centre where the longer side is not longer than the rate either.
    pub fn relative_rate(&self) -> f64 {
        self.rate as f64 / self.feature[0].min(self.feature[1]) as f64
    }

    /// Share of positions from which the tap in this row and column of the kernel (-1, 0 or 1 from
    /// its centre) reads the map; `None` where the branch has no such tap.
    pub fn valid(&self, row: isize, column: isize) -> Option<f64> {
        let wanted = [row, column].map(|step| step * self.rate as isize);
        self.taps.iter().find(|tap| tap.offset == wanted).map(|tap| tap.valid)
    }
}

/// Positions along a side from which something `distance` away, in one direction, is still inside.
fn valid_positions(distance: usize, side: usize) -> usize {
    side.saturating_sub(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use atrous_models::ops::atrous_conv2d::{ConvGeometry, ConvShape, cpu};

    const SIZES: [[usize; 2]; 5] = [[1, 1], [5, 5], [4, 9], [16, 7], [12, 12]];
    const RATES: [usize; 7] = [1, 2, 3, 6, 7, 12, 20];

    fn cases() -> impl Iterator<Item = Branch> {
        SIZES.into_iter().flat_map(|size| RATES.map(|rate| Branch::new(rate, size)))
    }

    /// Each position and tap, one by one.
    fn counted(branch: &Branch) -> Vec<f64> {
        let [height, width] = branch.feature.map(|side| side as isize);
        let inside = |tap: &BranchTap| {
            let rows = (0..height).filter(|y| (0..height).contains(&(y + tap.offset[0]))).count();
            let columns = (0..width).filter(|x| (0..width).contains(&(x + tap.offset[1]))).count();
            rows * columns
        };
        branch.taps.iter().map(|tap| inside(tap) as f64 / (height * width) as f64).collect()
    }

    #[test]
    fn taps_are_valid_where_counting_says_so() {
        for branch in cases() {
            let valid: Vec<f64> = branch.taps.iter().map(|tap| tap.valid).collect();
            assert_eq!(valid, counted(&branch), "{branch:?}");
        }
    }

    /// The convolution that the networks are made of, on a map of ones with weights of one, sums
    /// the valid taps.
    #[test]
    fn the_networks_convolution_sees_as_many() {
        for branch in cases() {
            let [height, width] = branch.feature;
            let kernel = if branch.rate == 1 { 1 } else { 3 };
            let geometry = ConvGeometry::same(kernel, branch.rate);
            let shape = ConvShape::new([1, 1, height, width], [1, 1, kernel, kernel], geometry);
            let output = cpu::forward(&vec![1.0; height * width], &vec![1.0; kernel * kernel], &shape);
            let seen = output.iter().map(|value| f64::from(*value)).sum::<f64>();
            let all = (height * width * kernel * kernel) as f64;
            assert!((1.0 - seen / all - branch.dead()).abs() < 1e-6, "{branch:?}");
        }
    }

    #[test]
    fn dead_share_of_a_square_map() {
        for (side, rate) in [(64, 36), (64, 12), (128, 72), (97, 97), (10, 40)] {
            let outer = (1.0 - rate as f64 / side as f64).max(0.0);
            let formula = 1.0 - (1.0 + 2.0 * outer).powi(2) / 9.0;
            assert!((Branch::new(rate, [side; 2]).dead() - formula).abs() < 1e-12, "{side} {rate}");
        }
        assert_eq!(Branch::new(1, [64; 2]).dead(), 0.0);
    }

    #[test]
    fn corners_see_less_than_edges() {
        let branch = Branch::new(16, [64, 128]);
        assert_eq!(branch.valid(0, 0), Some(1.0));
        assert_eq!((branch.valid(-1, 0), branch.valid(1, 0)), (Some(0.75), Some(0.75)));
        assert_eq!((branch.valid(0, 1), branch.valid(1, -1)), (Some(0.875), Some(0.75 * 0.875)));
        assert_eq!(Branch::new(1, [64, 128]).valid(0, 1), None);
    }

    #[test]
    fn fields_of_view_are_in_pixels_of_the_input() {
        assert_eq!(Branch::new(12, [64, 128]).field_of_view(8), 200);
        assert_eq!(Branch::new(1, [64, 128]).field_of_view(8), 8);
        assert_eq!(Branch::new(36, [64, 128]).relative_rate(), 0.5625);
    }
}
