//! The innermost loops of matrix products: tiles of the result that stay in registers.

use pulp::Simd;

/// Rows of a tile, and of a packed panel of the left side.
pub const ROWS: usize = 8;
/// Columns of a tile, and of a packed panel of the right side. Two vectors of 512 bits, four of
/// 256.
pub const COLUMNS: usize = 32;

/// A tile of the result: `rows` x `columns`, at most [`ROWS`] x [`COLUMNS`], rows `stride` values
/// apart.
#[derive(Clone, Copy)]
pub struct OutputTile {
    pub first: *mut f32,
    pub stride: usize,
    pub rows: usize,
    pub columns: usize,
    /// Whether the product is added to what is there.
    pub add: bool,
}

/// Inner positions that follow each other in both sides.
#[derive(Clone, Copy, Default)]
pub struct InnerRun {
    /// The first of them in the left panel.
    pub left: usize,
    /// The place of the right side's first value for it.
    pub right: usize,
    pub length: usize,
}

/// The right side of a product: [`COLUMNS`] values for each inner position.
#[derive(Clone, Copy)]
pub struct RightSide {
    pub first: *const f32,
    /// Distance of neighbouring inner positions.
    pub step: usize,
    /// Distance of neighbouring vectors of values: those of a vector, but where a tile has two
    /// vectors that lie apart.
    pub gap: usize,
}

impl RightSide {
    /// Values that follow each other for each inner position.
    #[inline(always)]
    pub fn of<S: Simd>(first: *const f32, step: usize) -> Self {
        Self { first, step, gap: S::F32_LANES }
    }
}

/// Multiplies a panel of the left side (inner x [`ROWS`]) with the right side.
///
/// # Safety
/// Both sides must hold what `runs` says, and the tile must be memory that nobody else uses
/// meanwhile.
#[inline(always)]
pub unsafe fn multiply<S: Simd>(simd: S, left: *const f32, right: RightSide, runs: &[InnerRun], tile: OutputTile) {
    let lanes = S::F32_LANES;
    // Sums of 8 x 2 vectors stay in 32 registers, of 4 x 2 in 16.
    let height = if S::REGISTER_COUNT >= 32 { 8 } else { 4 };
    for row in (0..tile.rows).step_by(height) {
        for column in (0..tile.columns).step_by(2 * lanes) {
            let part = OutputTile {
                first: tile.first.wrapping_add(row * tile.stride + column),
                rows: height.min(tile.rows - row),
                columns: (2 * lanes).min(tile.columns - column),
                ..tile
            };
            let left = left.wrapping_add(row);
            let right = RightSide { first: right.first.wrapping_add(column / lanes * right.gap), ..right };
            // SAFETY: a part of both sides and of the tile, which the caller vouches for.
            unsafe {
                match (part.rows, part.columns <= lanes) {
                    (8, false) => sums::<S, 8, 2>(simd, left, right, runs, part),
                    (8, true) => sums::<S, 8, 1>(simd, left, right, runs, part),
                    (7, _) => sums::<S, 7, 2>(simd, left, right, runs, part),
                    (6, _) => sums::<S, 6, 2>(simd, left, right, runs, part),
                    (5, _) => sums::<S, 5, 2>(simd, left, right, runs, part),
                    (4, false) => sums::<S, 4, 2>(simd, left, right, runs, part),
                    (4, true) => sums::<S, 4, 1>(simd, left, right, runs, part),
                    (3, _) => sums::<S, 3, 2>(simd, left, right, runs, part),
                    (2, _) => sums::<S, 2, 2>(simd, left, right, runs, part),
                    _ => sums::<S, 1, 2>(simd, left, right, runs, part),
                }
            }
        }
    }
}

/// Computes a tile of `R` rows and at most `V` vectors.
///
/// # Safety
/// As for [`multiply`].
#[inline(always)]
unsafe fn sums<S: Simd, const R: usize, const V: usize>(
    simd: S,
    left: *const f32,
    right: RightSide,
    runs: &[InnerRun],
    tile: OutputTile,
) {
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    let RightSide { first, step, gap } = right;
    for run in runs {
        let mut left = left.wrapping_add(run.left * ROWS);
        let mut right = first.wrapping_add(run.right);
        for _ in 0..run.length {
            // SAFETY: the run lies in both sides; the last vector may reach into columns that are
            // not used, which are still memory of the right side.
            unsafe {
                let vectors: [S::f32s; V] = std::array::from_fn(|v| load::<S>(right.add(v * gap)));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let value = simd.splat_f32s(*left.add(row));
                    for (sum, vector) in sums.iter_mut().zip(vectors) {
                        *sum = simd.mul_add_f32s(value, vector, *sum);
                    }
                }
            }
            left = left.wrapping_add(ROWS);
            right = right.wrapping_add(step);
        }
    }
    for (row, sums) in sums.into_iter().enumerate() {
        let target = tile.first.wrapping_add(row * tile.stride);
        for (v, sum) in sums.into_iter().enumerate() {
            let first = v * S::F32_LANES;
            if first >= tile.columns {
                continue;
            }
            let target = target.wrapping_add(first);
            // SAFETY: the tile's own memory, of which no more columns are touched than it has.
            unsafe {
                if first + S::F32_LANES <= tile.columns {
                    let sum = if tile.add { simd.add_f32s(sum, load::<S>(target)) } else { sum };
                    target.cast::<S::f32s>().write_unaligned(sum);
                } else {
                    let some = simd.mask_between_m32s(0, (tile.columns - first) as u32);
                    let sum = if tile.add { simd.add_f32s(sum, simd.mask_load_ptr_f32s(some, target)) } else { sum };
                    simd.mask_store_ptr_f32s(some, target, sum);
                }
            }
        }
    }
}

/// Reads a vector.
///
/// # Safety
/// A whole vector must be readable.
#[inline(always)]
pub unsafe fn load<S: Simd>(from: *const f32) -> S::f32s {
    // SAFETY: as the caller vouches; vectors of floats may have any bits.
    unsafe { from.cast::<S::f32s>().read_unaligned() }
}

/// Some rows of a map and columns within them: what a tap sees, or what it is seen from.
#[derive(Clone, Copy)]
pub struct Area {
    pub rows: usize,
    pub length: usize,
}

/// Computes the dot products of `M` left areas with `N` right ones, each `area` values in rows that
/// lie `steps` (left, right) apart; added to `target[m * stride + n]`.
///
/// # Safety
/// The areas must be readable, and the targets memory that nobody else uses meanwhile.
#[inline(always)]
pub unsafe fn dots<S: Simd, const M: usize, const N: usize>(
    simd: S,
    left: [*const f32; M],
    right: [*const f32; N],
    steps: [usize; 2],
    area: Area,
    target: *mut f32,
    stride: usize,
) {
    let lanes = S::F32_LANES;
    let whole = area.length / lanes * lanes;
    let rest = simd.mask_between_m32s(0, (area.length - whole) as u32);
    // Loops over indexes: what `array::map` calls is compiled for narrow vectors where it is not
    // inlined.
    let mut sums = [[simd.splat_f32s(0.0); N]; M];
    for row in 0..area.rows {
        let mut vectors = [simd.splat_f32s(0.0); N];
        // SAFETY: within the areas; a masked load touches no more than its lanes.
        unsafe {
            for first in (0..whole).step_by(lanes) {
                for n in 0..N {
                    vectors[n] = load::<S>(right[n].wrapping_add(row * steps[1] + first));
                }
                for m in 0..M {
                    let value = load::<S>(left[m].wrapping_add(row * steps[0] + first));
                    for n in 0..N {
                        sums[m][n] = simd.mul_add_f32s(value, vectors[n], sums[m][n]);
                    }
                }
            }
            if whole < area.length {
                for n in 0..N {
                    vectors[n] = simd.mask_load_ptr_f32s(rest, right[n].wrapping_add(row * steps[1] + whole));
                }
                for m in 0..M {
                    let value = simd.mask_load_ptr_f32s(rest, left[m].wrapping_add(row * steps[0] + whole));
                    for n in 0..N {
                        sums[m][n] = simd.mul_add_f32s(value, vectors[n], sums[m][n]);
                    }
                }
            }
        }
    }
    for (m, sums) in sums.iter().enumerate() {
        for (n, sum) in sums.iter().enumerate() {
            // SAFETY: as the caller vouches.
            unsafe { *target.add(m * stride + n) += simd.reduce_sum_f32s(*sum) };
        }
    }
}
