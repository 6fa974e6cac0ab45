//! Sums of a block by cooperative matrices.

use burn_cubecl::cubecl;
use cubecl::prelude::cmma::{Matrix, MatrixIdent, MatrixLayout};
use cubecl::prelude::*;

use super::block::Four;
use super::plan::{Plan, VECTOR};

/// Returns the place of the part of a block that this unit's plane makes, in matrices: down,
/// across.
#[cube]
fn corner(#[comptime] plan: Plan) -> (u32, u32) {
    let across = comptime!((plan.block.columns / (plan.matrices.unwrap().size[1] * plan.kept()[1])) as u32);
    let plane = UNIT_POS / comptime!(plan.matrices.unwrap().plane as u32);
    (plane / across * comptime!(plan.kept()[0] as u32), plane % across * comptime!(plan.kept()[1] as u32))
}

/// Returns the sums, all of them zero; none where the plan is for units.
#[cube]
pub fn zeros(#[comptime] plan: Plan) -> Sequence<Matrix<f32>> {
    let mut sums = Sequence::<Matrix<f32>>::new();
    #[unroll]
    for _ in 0..comptime!(plan.kept()[0] * plan.kept()[1]) {
        let size = comptime!(plan.matrices.unwrap().size);
        sums.push(Matrix::<f32>::from_value(
            MatrixIdent::Accumulator,
            comptime!(size[0]),
            comptime!(size[1]),
            comptime!(size[2]),
            MatrixLayout::Undefined,
            0.0,
        ));
    }
    sums
}

/// Adds the product of the copied block to the sums of a plane.
#[cube]
pub fn multiply<E: Float>(
    sums: &mut Sequence<Matrix<f32>>,
    left: &Shared<[Four<E>]>,
    right: &Shared<[Four<E>]>,
    #[comptime] plan: Plan,
) {
    let size = comptime!(plan.matrices.unwrap().size);
    let (m, n, k) = comptime!((size[0], size[1], size[2]));
    let down = comptime!(plan.kept()[0]);
    let across = comptime!(plan.kept()[1]);
    // Vectors of a row, and of a matrix' side.
    let rows = comptime!(plan.block.rows / VECTOR + plan.pad(0));
    let columns = comptime!(plan.block.columns / VECTOR + plan.pad(0));
    let (top, start) = corner(plan);
    #[unroll]
    for step in 0..comptime!(plan.depth / k) {
        let mut lefts = Sequence::<Matrix<E>>::new();
        #[unroll]
        for i in 0..down {
            let from = (top as usize + i) * comptime!(m / VECTOR) + comptime!(step * k * rows);
            let values = &left[from..comptime!(plan.depth * rows)];
            let by = MatrixLayout::ColMajor;
            let mut part = Matrix::<E>::from_value(MatrixIdent::A, m, n, k, by, E::from_int(0));
            cmma::load(&mut part, values, comptime!((rows * VECTOR) as u32));
            lefts.push(part);
        }
        #[unroll]
        for j in 0..across {
            let from = (start as usize + j) * comptime!(n / VECTOR) + comptime!(step * k * columns);
            let values = &right[from..comptime!(plan.depth * columns)];
            let by = MatrixLayout::RowMajor;
            let mut other = Matrix::<E>::from_value(MatrixIdent::B, m, n, k, by, E::from_int(0));
            cmma::load(&mut other, values, comptime!((columns * VECTOR) as u32));
            #[unroll]
            for i in 0..down {
                let sum = sums.index(comptime!(i * across + j));
                cmma::execute(lefts.index(i), &other, sum, sum);
            }
        }
    }
}

/// Returns the memory that [`show`] needs.
#[cube]
pub fn shown(#[comptime] plan: Plan) -> Shared<[f32]> {
    let size = comptime!(plan.matrices.unwrap().size);
    let planes = comptime!(plan.block.units() / plan.matrices.unwrap().plane);
    Shared::<[f32]>::new_slice(comptime!(planes * size[0] * size[1]))
}

/// Copies a matrix of every plane's sums to where units can read it with [`at`].
#[cube]
pub fn show(sums: &Sequence<Matrix<f32>>, shown: &mut Shared<[f32]>, #[comptime] which: usize, #[comptime] plan: Plan) {
    let size = comptime!(plan.matrices.unwrap().size);
    let values = comptime!(size[0] * size[1]);
    let from = (UNIT_POS / comptime!(plan.matrices.unwrap().plane as u32)) as usize * values;
    sync_cube();
    cmma::store(&mut shown[from..from + values], sums.index(which), comptime!(size[1] as u32), MatrixLayout::RowMajor);
    sync_cube();
}

/// Returns the unit's `i`-th value of what is shown: its row and column in the block, and the
/// value. So many values of a row were read `at_once`.
#[cube]
pub fn at(
    shown: &Shared<[f32]>,
    i: usize,
    #[comptime] which: usize,
    #[comptime] plan: Plan,
    #[comptime] at_once: usize,
) -> (u32, u32, f32) {
    let [m, n, _] = comptime!(plan.matrices.unwrap().size);
    let plane = comptime!(plan.matrices.unwrap().plane);
    let place = UNIT_POS as usize % plane + i * plane;
    let (top, start) = corner(plan);
    let row = (top + comptime!((which / plan.kept()[1]) as u32)) * comptime!(m as u32) + (place / n) as u32;
    let column = (start + comptime!((which % plan.kept()[1]) as u32)) * comptime!(n as u32) + (place % n) as u32;
    let (in_vector, of_vector) = comptime!(plan.column_steps(at_once));
    let (vector, inner) = (column / comptime!(VECTOR as u32), column % comptime!(VECTOR as u32));
    let column = vector * comptime!(of_vector as u32) + inner * comptime!(in_vector as u32);
    (row, column, shown[UNIT_POS as usize / plane * comptime!(m * n) + place])
}
