//! What a product costs by a plan, and the plan that costs the least.
//!
//! The figures are those of a large GPU (an NVIDIA H100). They are fixed: the order in which sums
//! are added follows from them, and with it the last bits of a result.

use super::plan::{Block, Matrices, Plan};
use crate::ops::atrous_conv2d::geometry::ConvShape;

/// Multiprocessors of a large GPU.
pub const MULTIPROCESSORS: usize = 132;
/// Multiply-adds in the time that a byte takes to or from memory: 29.7 T/s and 3 TB/s.
pub const PER_BYTE: f64 = 9.9;
/// Units that keep half of a multiprocessor busy.
const HALF: usize = 128;
/// Bytes that the parts of a product may take.
const PART_BYTES: usize = 64 << 20;
/// Steps of a part that are worth starting it for.
const STEPS: usize = 8;

/// A plan, and the parts that its sums are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProductSchedule {
    pub plan: Plan,
    /// Parts that are added up afterwards; 1 where there is nothing to add up.
    pub parts: usize,
}

/// What a matrix product costs by a schedule.
#[derive(Clone, Copy, Debug)]
pub struct IssuedWork {
    /// Multiply-adds, those of zeros included.
    pub issued: f64,
    /// Workgroups, of all parts.
    pub workgroups: usize,
    /// Values of all parts, where there is more than one.
    pub partial: usize,
}

/// A product of matrices, or several of the same size.
#[derive(Clone, Copy, Debug)]
pub struct MatrixProduct {
    pub rows: usize,
    pub columns: usize,
    /// Terms of a sum that are taken a few at a time.
    pub terms: usize,
    /// How often a sum has so many terms: once for each tap.
    pub repeats: usize,
    /// Products.
    pub count: usize,
    /// Bytes of what is read and written, each value once.
    pub bytes: usize,
}

impl MatrixProduct {
    /// Returns the product that the output of a convolution is.
    pub fn of_maps(shape: &ConvShape) -> Self {
        let [height, width] = shape.output();
        let pixels = shape.batch * height * width;
        let taps = shape.live_taps(0).len() * shape.live_taps(1).len();
        let (terms, rows) = (shape.channels[0], shape.channels[1]);
        let read = shape.batch * shape.input[0] * shape.input[1] * terms;
        let bytes = 4 * (read + rows * pixels + rows * terms * taps);
        Self { rows, columns: pixels, terms, repeats: taps, count: 1, bytes }
    }

    /// Returns the products that the gradient of the weights is: one for each tap, or a single one
    /// of all taps' columns.
    pub fn of_weights(shape: &ConvShape, is_folded: bool) -> Self {
        let [height, width] = shape.output();
        let pixels = shape.batch * height * width;
        let taps = shape.live_taps(0).len() * shape.live_taps(1).len();
        let [columns, rows] = shape.channels;
        let read = shape.batch * shape.input[0] * shape.input[1] * columns;
        let bytes = 4 * (read + rows * pixels + rows * columns * taps);
        let (columns, count) = if is_folded { (columns * taps, 1) } else { (columns, taps) };
        Self { rows, columns, terms: pixels, repeats: 1, count, bytes }
    }

    /// Returns the steps of a sum by a plan, of which parts have their share.
    fn steps(&self, plan: &Plan) -> usize {
        self.terms.div_ceil(plan.depth)
    }

    /// Returns the workgroups of a part.
    fn workgroups(&self, plan: &Plan) -> usize {
        plan.block.counts(self.rows, self.columns).iter().product::<usize>() * self.count
    }

    /// Returns the schedule by a plan: as many parts as keep a large GPU busy, where sums are long
    /// enough.
    fn schedule(&self, plan: Plan) -> ProductSchedule {
        let steps = self.steps(&plan);
        let enough = enough(plan.block).div_ceil(self.workgroups(&plan).max(1));
        let room = PART_BYTES / (4 * self.rows * self.columns * self.count).max(1);
        let most = (steps * self.repeats / STEPS).min(steps).min(room).max(1);
        let length = steps.div_ceil(enough.min(most)).max(1);
        ProductSchedule { plan, parts: steps.div_ceil(length).max(1) }
    }

    /// Returns what a schedule costs, all taps taken to see everything.
    pub fn work(&self, ProductSchedule { plan, parts }: ProductSchedule) -> IssuedWork {
        let workgroups = self.workgroups(&plan);
        let Block { rows, columns, .. } = plan.block;
        let sums = (workgroups * rows * columns) as f64;
        let issued = sums * (self.steps(&plan) * plan.depth * self.repeats) as f64;
        let partial = if parts == 1 { 0 } else { parts * self.rows * self.columns * self.count };
        IssuedWork { issued, workgroups: workgroups * parts, partial }
    }

    /// Returns the time of a schedule, in multiply-adds.
    fn time(&self, schedule: ProductSchedule) -> f64 {
        let work = self.work(schedule);
        let Plan { block: Block { rows, columns, .. }, depth, .. } = schedule.plan;
        // Of each value that is copied a twelfth of the time of a multiply-add of every unit, and
        // of each step as much as of one more term.
        let copying = 1.0 + 6.0 * (1.0 / rows as f64 + 1.0 / columns as f64);
        let stepping = 1.0 + 1.0 / depth as f64;
        let busy = (work.workgroups as f64 / enough(schedule.plan.block) as f64).min(1.0);
        let bytes = PER_BYTE * self.bytes as f64;
        // Parts are written and read.
        (work.issued * copying * stepping / busy).max(bytes) + PER_BYTE * 8.0 * work.partial as f64
    }

    /// Returns the schedule that takes the least time, and this. Those that leave a large GPU idle
    /// come last.
    fn best(&self, schedules: impl Iterator<Item = ProductSchedule>) -> Option<(f64, ProductSchedule)> {
        let is_idle = |schedule| self.work(schedule).workgroups < 2 * MULTIPROCESSORS;
        let timed = schedules.map(|schedule| (is_idle(schedule), self.time(schedule), schedule));
        let best = timed.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        best.map(|(_, time, schedule)| (time, schedule))
    }

    /// Returns the best of the schedules by these plans.
    fn best_of(&self, plans: impl IntoIterator<Item = Plan>) -> Option<(f64, ProductSchedule)> {
        self.best(plans.into_iter().map(|plan| self.schedule(plan)))
    }
}

/// Returns the workgroups that keep a large GPU busy: two on each multiprocessor, or more where
/// they are small.
pub fn enough(block: Block) -> usize {
    2 * MULTIPROCESSORS * HALF.div_ceil(block.units())
}

fn plans(matrices: Option<Matrices>) -> Vec<Plan> {
    matrices.map_or_else(|| Plan::by_units().collect(), |matrices| Plan::by_matrices(matrices).collect())
}

/// Returns how the output of a convolution is best computed.
pub fn of_maps(shape: &ConvShape, matrices: Option<Matrices>) -> ProductSchedule {
    MatrixProduct::of_maps(shape).best_of(plans(matrices)).expect("there are plans").1
}

/// Returns how the gradient of the weights is best computed.
pub fn of_weights(shape: &ConvShape, matrices: Option<Matrices>) -> ProductSchedule {
    let one_by_one = MatrixProduct::of_weights(shape, false).best_of(plans(matrices));
    let folded = MatrixProduct::of_weights(shape, true).best_of([Plan::folded()]);
    let both = [one_by_one, folded].into_iter().flatten();
    both.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are plans").1
}

/// Returns how a product is best computed in one part.
pub fn whole(product: &MatrixProduct, matrices: Option<Matrices>) -> ProductSchedule {
    let schedules = plans(matrices).into_iter().map(|plan| ProductSchedule { plan, parts: 1 });
    product.best(schedules).expect("there are plans").1
}

/// Returns the schedule of a product of maps by this plan.
pub fn of_maps_by(shape: &ConvShape, plan: Plan) -> ProductSchedule {
    MatrixProduct::of_maps(shape).schedule(plan)
}

/// Returns the schedule of a gradient of weights by this plan.
pub fn of_weights_by(shape: &ConvShape, plan: Plan) -> ProductSchedule {
    MatrixProduct::of_weights(shape, plan.is_folded).schedule(plan)
}

#[cfg(test)]
mod tests;
