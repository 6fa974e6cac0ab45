//! How a workgroup goes about its block of a product.

/// Values of a vector: what a unit moves at once.
pub const VECTOR: usize = 4;

/// The rows and columns of the part of a product that a workgroup makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    pub rows: usize,
    pub columns: usize,
    /// Sums of a unit along each side of its part of the block.
    pub tile: usize,
}

impl Block {
    /// All sizes of blocks: square ones from large to small, then those for few rows, and for few
    /// rows and few columns.
    pub const ALL: [Self; 6] = [
        Self { rows: 128, columns: 128, tile: 8 },
        Self { rows: 64, columns: 128, tile: 8 },
        Self { rows: 64, columns: 64, tile: 8 },
        Self { rows: 32, columns: 128, tile: 8 },
        Self { rows: 16, columns: 256, tile: 8 },
        Self { rows: 16, columns: 32, tile: 4 },
    ];

    /// Returns the blocks down and across.
    pub fn counts(self, rows: usize, columns: usize) -> [usize; 2] {
        [rows.div_ceil(self.rows), columns.div_ceil(self.columns)]
    }

    /// Returns the units of a workgroup.
    pub fn units(self) -> usize {
        self.rows * self.columns / (self.tile * self.tile)
    }

    /// Returns the units along each side of the block.
    pub fn sides(self) -> [usize; 2] {
        [self.rows / self.tile, self.columns / self.tile]
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
        if planes == 0 || !whole || ![m, n].iter().all(|side| side.is_multiple_of(VECTOR)) || !16usize.is_multiple_of(k)
        {
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
    /// Terms of each sum that are in shared memory at once.
    pub depth: usize,
    /// Whether the columns of the gradient of the weights are the input channels of all taps, one
    /// tap after the other. For few channels.
    pub is_folded: bool,
    /// Nothing where each unit makes sums of its own.
    pub matrices: Option<Matrices>,
}

impl Plan {
    /// Returns the plans whose units make sums of their own.
    pub fn by_units() -> impl Iterator<Item = Self> {
        let of =
            |(block, depth): (usize, usize)| Self { block: Block::ALL[block], depth, is_folded: false, matrices: None };
        // What is on its way to shared memory is in registers, beside the sums: no more than 32
        // values of a row of maps (for gradients of weights, up to 48 of both sides). Four terms at
        // a time are for images, which have three channels.
        [(0, 16), (1, 16), (2, 16), (3, 16), (4, 8), (5, 16), (1, 4), (3, 4)].into_iter().map(of)
    }

    /// Returns the plans by cooperative matrices.
    pub fn by_matrices(matrices: Matrices) -> impl Iterator<Item = Self> {
        let of = move |block: Block| Self {
            block,
            depth: if block.rows >= 64 || block.tile == 4 { 32 } else { 16 },
            is_folded: false,
            matrices: Some(matrices),
        };
        Block::ALL.into_iter().map(of)
    }

    /// Returns the plan, with folded columns, for gradients of weights of few channels.
    pub fn folded() -> Self {
        Self { block: Block::ALL[5], depth: 16, is_folded: true, matrices: None }
    }

    /// Returns the steps from a column of a vector to the next one, and from a vector to the next
    /// one, of which so many values are read `at_once`. Columns of a vector are neighbours where
    /// all of it is read at once, or lie as far apart as a block has vectors.
    pub fn column_steps(&self, at_once: usize) -> (usize, usize) {
        if at_once == VECTOR { (1, VECTOR) } else { (self.block.columns / VECTOR, 1) }
    }

    /// Returns the cooperative matrices that a plane keeps, down and across.
    pub fn kept(&self) -> [usize; 2] {
        self.matrices.and_then(|matrices| matrices.of_a_plane(self.block)).unwrap_or([0, 0])
    }

    /// Returns the values of a cooperative matrix that each unit of a plane reads.
    pub fn shown(&self) -> usize {
        self.matrices.map_or(0, |Matrices { size: [m, n, _], plane }| m * n / plane)
    }

    /// Returns the vectors between the rows of a block in shared memory, for a kernel that asks for
    /// `wanted`: cooperative matrices are read by the eight values, and lie at multiples of them.
    pub fn pad(&self, wanted: usize) -> usize {
        if self.matrices.is_some() { 8 / VECTOR } else { wanted }
    }

    /// Returns the bytes of shared memory, of values that have `bytes` each.
    pub fn shared_bytes(&self, bytes: usize) -> usize {
        let Block { rows, columns, .. } = self.block;
        let copied = bytes * self.depth * (rows + columns + 2 * VECTOR * self.pad(1));
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
            for plan in Plan::by_matrices(matrices) {
                let block = plan.block;
                let [down, across] = plan.kept();
                if block.rows >= 64 {
                    assert_eq!([down, across], wanted, "{plan:?}");
                }
                let planes = block.units() / plane;
                assert_eq!(down * size[0] * across * size[1] * planes, block.rows * block.columns);
                assert!(plan.depth.is_multiple_of(size[2]), "{plan:?}");
            }
        }
        for (size, plane) in [([16, 16, 16], 128), ([48, 16, 16], 32), ([16, 16, 64], 32)] {
            assert!(!Matrices { size, plane }.fit(), "{size:?} by {plane}");
        }
    }

    #[test]
    fn shared_memory_is_within_what_every_device_has() {
        for plan in Plan::by_units().chain([Plan::folded()]) {
            assert!(plan.depth * plan.block.columns <= 32 * plan.block.units(), "{plan:?}");
            assert!(plan.shared_bytes(4) <= 16_896, "{plan:?}");
        }
        for plan in Plan::by_matrices(Matrices { size: [16, 16, 16], plane: 32 }) {
            assert!(plan.shared_bytes(2) <= 32_768, "{plan:?}");
        }
    }
}
