//! The groups of target rows that are computed together.

use std::ops::Range;

use super::transform::{GROUP_ROWS, TAP_ROWS, TERMS};
use crate::ops::atrous_conv2d::cpu::mapping::Mapping;

/// Rows of taps that see the source, over all rows of a group, from which on a group is worth its
/// six products.
const LEAST_LIVE: usize = 8;

/// Up to four target rows, a rate apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowGroup {
    pub first: usize,
    pub rows: usize,
}

impl RowGroup {
    /// Returns the source rows that any tap sees from the group, from the highest on; there is none
    /// in the padding. `height`: that of the source.
    #[inline(always)]
    pub fn seen(&self, mapping: &Mapping, height: usize) -> [Option<usize>; TERMS] {
        let top = self.first as isize + mapping.offset + (2 * mapping.step).min(0);
        let mut rows = [None; TERMS];
        for (i, seen) in rows.iter_mut().enumerate().take(self.rows + TAP_ROWS - 1) {
            let row = top + i as isize * mapping.step.abs();
            *seen = (0..height as isize).contains(&row).then_some(row as usize);
        }
        rows
    }

    /// Returns the rows of the group itself, a `rate` apart.
    #[inline(always)]
    pub fn own(&self, rate: usize) -> [Option<usize>; GROUP_ROWS] {
        let row = |i: usize| (i < self.rows).then_some(self.first + i * rate);
        [row(0), row(1), row(2), row(3)]
    }
}

/// The rows of a map: those of groups, and stretches of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowGroups {
    pub groups: Vec<RowGroup>,
    pub others: Vec<Range<usize>>,
}

impl RowGroups {
    /// No groups: all rows are computed tap by tap.
    pub fn none(height: usize) -> Self {
        Self { groups: Vec::new(), others: std::iter::once(0..height).collect() }
    }

    /// Groups the rows of a target of `height` rows that read a source of `source` rows.
    pub fn of(mapping: &Mapping, height: usize, source: usize) -> Self {
        let rate = mapping.step.unsigned_abs();
        let mut is_grouped = vec![false; height];
        let mut groups = Vec::new();
        for block in (0..height).step_by(GROUP_ROWS * rate) {
            let end = (block + GROUP_ROWS * rate).min(height);
            for first in block..(block + rate).min(height) {
                let rows = (first..end).step_by(rate);
                let sees = |row: usize| (0..TAP_ROWS).filter(|tap| mapping.source(row, *tap, source).is_some()).count();
                if rows.clone().map(sees).sum::<usize>() >= LEAST_LIVE {
                    groups.push(RowGroup { first, rows: rows.len() });
                    rows.for_each(|row| is_grouped[row] = true);
                }
            }
        }
        let others = is_grouped.chunk_by(|left, right| left == right).scan(0, |end, stretch| {
            let start = *end;
            *end += stretch.len();
            Some((stretch[0], start..*end))
        });
        let others = others.filter_map(|(is_grouped, rows)| (!is_grouped).then_some(rows)).collect();
        Self { groups, others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::atrous_conv2d::geometry::ConvGeometry;

    #[test]
    fn every_row_is_computed_once() {
        for height in 1..70 {
            for rate in 1..40 {
                for mapping in [Mapping::forward, Mapping::backward].map(|of| of(ConvGeometry::same(3, rate))) {
                    let found = RowGroups::of(&mapping, height, height);
                    let grouped = found.groups.iter().flat_map(|group| (0..group.rows).map(|i| group.first + i * rate));
                    let mut rows: Vec<usize> = grouped.chain(found.others.iter().cloned().flatten()).collect();
                    rows.sort_unstable();
                    assert_eq!(rows, (0..height).collect::<Vec<_>>(), "{height} rows at rate {rate}");
                }
            }
        }
    }

    #[test]
    fn rows_without_neighbours_stay_alone() {
        let groups = |rate, height| RowGroups::of(&Mapping::forward(ConvGeometry::same(3, rate)), height, height);
        // Three rows and the padding around them see seven rows of taps.
        assert_eq!(groups(1, 3), RowGroups::none(3));
        assert_eq!(groups(1, 4).groups, [RowGroup { first: 0, rows: 4 }]);
        // Six rows are four, and two that see five rows of taps.
        let six = groups(2, 12);
        assert_eq!(six.groups, [RowGroup { first: 0, rows: 4 }, RowGroup { first: 1, rows: 4 }]);
        assert_eq!(six.others.as_slice(), std::slice::from_ref(&(8..12)));
        assert_eq!(groups(20, 12), RowGroups::none(12));
    }
}
