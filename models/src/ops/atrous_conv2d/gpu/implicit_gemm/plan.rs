//! How a workgroup goes about its block of a product.

use crate::ops::gpu::launch::BUSY;

/// Sums of a unit along each side of its block.
pub const UNIT: usize = 8;
/// Terms of each sum that are in shared memory at once.
pub const DEPTH: usize = 16;

/// The rows and columns of the part of a product that a workgroup makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    pub rows: usize,
    pub columns: usize,
}

impl Block {
    /// All sizes of blocks, from large to small.
    pub const ALL: [Self; 3] =
        [Self { rows: 128, columns: 128 }, Self { rows: 64, columns: 128 }, Self { rows: 64, columns: 64 }];

    /// Returns the size of blocks for `products` of `rows` x `columns` each: large blocks copy
    /// less, small ones are enough to keep the device busy.
    pub fn of(rows: usize, columns: usize, products: usize) -> Self {
        let fits = |block: &&Self| {
            let [down, across] = block.counts(rows, columns);
            (block.rows <= 64 || rows > 64) && down * across * products >= BUSY / 2
        };
        *Self::ALL.iter().find(fits).unwrap_or(&Self::ALL[2])
    }

    /// Returns the blocks down and across.
    pub fn counts(self, rows: usize, columns: usize) -> [usize; 2] {
        [rows.div_ceil(self.rows), columns.div_ceil(self.columns)]
    }

    /// Returns the units of a workgroup.
    pub fn units(self) -> usize {
        self.rows * self.columns / (UNIT * UNIT)
    }
}

/// The cooperative matrices of a device: products of small matrices that the units of a plane (a
/// subgroup) make together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Matrices {
    /// Rows of the product, its columns, and terms of each sum.
    pub size: [usize; 3],
    /// Units of a plane.
    pub plane: usize,
}

impl Matrices {
    /// Returns the matrices down and across of the part of a block that a plane makes, as square as
    /// can be; nothing where a block cannot be shared out among the planes of its workgroup.
    fn of_a_plane(&self, block: Block) -> Option<[usize; 2]> {
        let [m, n, k] = self.size;
        let planes = block.units() / self.plane;
        let whole = (m * n).is_multiple_of(self.plane)
            && block.units().is_multiple_of(self.plane)
            && block.rows.is_multiple_of(m)
            && block.columns.is_multiple_of(n);
        if planes == 0 || !whole || !(2 * DEPTH).is_multiple_of(k) {
            return None;
        }
        let [down, across] = [block.rows / m, block.columns / n];
        let all = down * across / planes;
        let fits =
            |rows: &usize| all.is_multiple_of(*rows) && down.is_multiple_of(*rows) && across.is_multiple_of(all / rows);
        let shapes = (1..=all).filter(fits).map(|rows| [rows, all / rows]);
        shapes
            .filter(|[rows, columns]| rows * columns * planes == down * across)
            .min_by_key(|[rows, columns]| rows.abs_diff(*columns))
    }

    /// Returns whether blocks of all sizes can be made of them.
    pub fn fit(&self) -> bool {
        Block::ALL.iter().all(|block| self.of_a_plane(*block).is_some())
    }
}

/// A block, and how it is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    pub block: Block,
    /// Nothing where each unit makes sums of its own.
    pub matrices: Option<Matrices>,
}

impl Plan {
    /// Returns the terms of each sum that are in shared memory at once.
    pub fn depth(&self) -> usize {
        if self.matrices.is_some() { 2 * DEPTH } else { DEPTH }
    }

    /// Returns the cooperative matrices that a plane keeps, down and across.
    pub fn kept(&self) -> [usize; 2] {
        self.matrices.and_then(|matrices| matrices.of_a_plane(self.block)).unwrap_or([0, 0])
    }

    /// Returns the values of a cooperative matrix that each unit of a plane reads.
    pub fn shown(&self) -> usize {
        self.matrices.map_or(0, |Matrices { size: [m, n, _], plane }| m * n / plane)
    }

    /// Returns the values between the rows of a block in shared memory, for a kernel that asks for
    /// `wanted`: cooperative matrices are read by the eight, and lie at multiples of them.
    pub fn pad(&self, wanted: usize) -> usize {
        if self.matrices.is_some() { 8 } else { wanted }
    }

    /// Returns the bytes of shared memory, of values that have `bytes` each.
    pub fn shared_bytes(&self, bytes: usize) -> usize {
        let Block { rows, columns } = self.block;
        let copied = bytes * self.depth() * (rows + columns + 2 * self.pad(UNIT / 2));
        let made =
            self.matrices.map_or(0, |Matrices { size: [m, n, _], plane }| 4 * m * n * self.block.units() / plane);
        copied + made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_share_a_block_out() {
        // Units of 32 and 8 at a time: 8 and 32 planes, of 8 matrices each.
        for (size, plane, wanted) in [([16, 16, 16], 32, [2, 4]), ([8, 8, 8], 8, [2, 4]), ([16, 8, 16], 32, [4, 4])] {
            let matrices = Matrices { size, plane };
            assert!(matrices.fit(), "{matrices:?}");
            for block in Block::ALL {
                let plan = Plan { block, matrices: Some(matrices) };
                let [down, across] = plan.kept();
                assert_eq!([down, across], wanted, "{plan:?}");
                let planes = block.units() / plane;
                assert_eq!(down * size[0] * across * size[1] * planes, block.rows * block.columns);
            }
        }
        for (size, plane) in [([16, 16, 16], 128), ([48, 16, 16], 32), ([16, 16, 64], 32)] {
            assert!(!Matrices { size, plane }.fit(), "{size:?} by {plane}");
        }
    }

    #[test]
    fn shared_memory_is_within_what_every_device_has() {
        let matrices = Some(Matrices { size: [16, 16, 16], plane: 32 });
        for block in Block::ALL {
            assert!(Plan { block, matrices: None }.shared_bytes(4) <= 16_896);
            assert!(Plan { block, matrices }.shared_bytes(2) <= 32_768);
        }
    }
}
