//! The schedules of all convolutions of the networks that a GPU is timed on (`speed-gpu`).

use super::super::limits::fits;
use super::super::strided::{self, StridePhase};
use super::super::tests::timed_networks;
use super::*;
use crate::SegmentorConfig;
use crate::ops::atrous_conv2d::ConvGeometry;

/// Multiply-adds of a large GPU in 10 us: less than that is not worth a thought.
const SMALL: f64 = 3e8;

/// A product of a convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Which {
    Output,
    InputGradient,
    StridedInputGradient,
    WeightGradient,
}

/// A product of a network, and how it is computed.
struct Line {
    which: Which,
    shape: ConvShape,
    schedule: ProductSchedule,
    /// Multiply-adds of values that a tap sees.
    useful: f64,
    /// Multiply-adds that are computed.
    issued: f64,
    /// Those in the time that memory takes.
    memory: f64,
    workgroups: usize,
    partial: usize,
}

impl Line {
    /// The share of the time that would do, where either arithmetic or memory sets it.
    fn efficiency(&self) -> f64 {
        self.useful.max(self.memory) / self.issued.max(self.memory)
    }

    fn is_small(&self) -> bool {
        self.useful.max(self.memory) < SMALL
    }

    fn is_busy(&self) -> bool {
        self.workgroups >= 2 * MULTIPROCESSORS
    }

    /// The seconds, where all else is as fast as arithmetic and memory can be.
    fn seconds(&self) -> f64 {
        let busy = (self.workgroups as f64 / enough(self.schedule.plan.block) as f64).min(1.0);
        ((self.issued / busy).max(self.memory) + PER_BYTE * 8.0 * self.partial as f64) / 29.7e12
    }
}

/// The output positions along an axis from which each tap sees something.
fn seen(shape: &ConvShape, axis: usize) -> Vec<usize> {
    let ConvGeometry { stride, padding, dilation } = shape.geometry;
    let sees = |tap: usize, at: usize| (at * stride + tap * dilation).checked_sub(padding);
    let of = |tap| (0..shape.output()[axis]).filter(move |at| sees(tap, *at).is_some_and(|at| at < shape.input[axis]));
    (0..shape.kernel[axis]).map(|tap| of(tap).count()).collect()
}

/// The taps that blocks of so many pixels do not leave out, of all blocks together.
fn live_taps_of_blocks(shape: &ConvShape, columns: usize) -> usize {
    let ConvGeometry { stride, padding, dilation } = shape.geometry;
    let [height, width] = shape.output();
    let (pixels, all) = (height * width, shape.batch * height * width);
    let sees = |axis: usize, from: usize, until: usize| {
        let live = |tap: &usize| {
            (until * stride + tap * dilation) >= padding && from * stride + tap * dilation < shape.input[axis] + padding
        };
        shape.live_taps(axis).filter(live).count()
    };
    let of_a_block = |block: usize| {
        let (first, last) = (block * columns, ((block + 1) * columns).min(all) - 1);
        let (one_image, at, until) = (first / pixels == last / pixels, first % pixels, last % pixels);
        let rows = if one_image { (at / width, until / width) } else { (0, height - 1) };
        let one_row = one_image && rows.0 == rows.1;
        let columns = if one_row { (at % width, until % width) } else { (0, width - 1) };
        sees(0, rows.0, rows.1) * sees(1, columns.0, columns.1)
    };
    (0..all.div_ceil(columns)).map(of_a_block).sum()
}

fn maps(which: Which, shape: ConvShape, schedule: ProductSchedule) -> Line {
    let product = MatrixProduct::of_maps(&shape);
    let Plan { block, depth, .. } = schedule.plan;
    let [down, _] = block.counts(product.rows, product.columns);
    let taps = live_taps_of_blocks(&shape, block.columns);
    let terms = product.terms.div_ceil(depth) * depth;
    let issued = (taps * block.columns * down * block.rows) as f64 * terms as f64;
    let pairs = shape.batch * seen(&shape, 0).iter().sum::<usize>() * seen(&shape, 1).iter().sum::<usize>();
    let IssuedWork { workgroups, partial, .. } = product.work(schedule);
    let useful = pairs as f64 * (product.rows * product.terms) as f64;
    Line { which, shape, schedule, useful, issued, memory: PER_BYTE * product.bytes as f64, workgroups, partial }
}

fn weights(shape: ConvShape, schedule: ProductSchedule) -> Line {
    let product = MatrixProduct::of_weights(&shape, schedule.plan.is_folded);
    let Plan { block, depth, is_folded, .. } = schedule.plan;
    let [down, across] = block.counts(product.rows, product.columns);
    let [rows, columns] = [0, 1].map(|axis| seen(&shape, axis));
    let seen: Vec<usize> = rows.iter().flat_map(|y| columns.iter().map(move |x| shape.batch * y * x)).collect();
    let terms = |count: &usize| count.div_ceil(depth) * depth;
    let terms: usize = if is_folded { terms(&product.terms) } else { seen.iter().map(terms).sum() };
    let issued = (down * across * block.rows * block.columns) as f64 * terms as f64;
    let useful = seen.iter().sum::<usize>() as f64 * (shape.channels[0] * shape.channels[1]) as f64;
    let IssuedWork { workgroups, partial, .. } = product.work(schedule);
    let memory = PER_BYTE * product.bytes as f64;
    Line { which: Which::WeightGradient, shape, schedule, useful, issued, memory, workgroups, partial }
}

/// The convolution that the gradient of the input is.
fn turned(shape: &ConvShape) -> Option<ConvShape> {
    let geometry = shape.geometry.turned(shape.kernel)?;
    let channels = [shape.channels[1], shape.channels[0]];
    Some(ConvShape { channels, input: shape.output(), geometry, ..*shape })
}

/// The products that the gradient of the input of a convolution with a stride is; at the edges,
/// their taps are taken to see something, too.
fn strided(shape: ConvShape) -> Vec<Line> {
    let stride = shape.geometry.stride;
    let remainders = (0..stride).flat_map(|row| (0..stride).map(move |column| [row, column]));
    let of = |[row, column]: [usize; 2]| {
        let product = strided::product(&shape, [StridePhase::new(&shape, 0, row), StridePhase::new(&shape, 1, column)]);
        let schedule = whole(&product, None);
        let IssuedWork { issued, workgroups, partial } = product.work(schedule);
        let useful = (product.rows * product.columns) as f64 * (product.terms * product.repeats) as f64;
        let memory = PER_BYTE * product.bytes as f64;
        Line { which: Which::StridedInputGradient, shape, schedule, useful, issued, memory, workgroups, partial }
    };
    remainders.map(of).collect()
}

fn lines(
    network: &SegmentorConfig,
    [batch, height, width]: [usize; 3],
    of_maps: fn(&ConvShape) -> ProductSchedule,
    of_weights: fn(&ConvShape) -> ProductSchedule,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for cost in network.costs([height, width]) {
        let shape = ConvShape { batch, ..cost.shape };
        lines.push(maps(Which::Output, shape, of_maps(&shape)));
        match turned(&shape) {
            // Images have no gradient.
            _ if shape.channels[0] == 3 => {}
            Some(turned) => lines.push(maps(Which::InputGradient, turned, of_maps(&turned))),
            None => lines.extend(strided(shape)),
        }
        lines.push(weights(shape, of_weights(&shape)));
    }
    lines
}

/// The blocks that were taken before: no less than 64 rows, of weights' gradients 128 columns,
/// and maps in one part.
mod before {
    use super::*;

    fn block(rows: usize, columns: usize, products: usize) -> Plan {
        let fits = |block: &&Block| {
            let [down, across] = block.counts(rows, columns);
            (block.rows <= 64 || rows > 64) && down * across * products >= 256
        };
        let block = *Block::ALL[..3].iter().find(fits).unwrap_or(&Block::ALL[2]);
        Plan { block, depth: 16, is_folded: false, matrices: None }
    }

    pub fn of_maps(shape: &ConvShape) -> ProductSchedule {
        let product = MatrixProduct::of_maps(shape);
        ProductSchedule { plan: block(product.rows, product.columns, 1), parts: 1 }
    }

    pub fn of_weights(shape: &ConvShape) -> ProductSchedule {
        let product = MatrixProduct::of_weights(shape, false);
        let most = product.terms.div_ceil(128);
        let plan = block(product.rows, product.columns, shape.taps() * most);
        let most = most.min(PART_BYTES / (4 * product.rows * product.columns * product.count));
        ProductSchedule { plan, parts: 512usize.div_ceil(product.workgroups(&plan)).min(most).max(1) }
    }
}

/// A row of the table in docs/notes/gpu.md.
fn row(name: &str, lines: &[Line]) -> String {
    let sum = |of: fn(&Line) -> f64| lines.iter().map(of).sum::<f64>();
    let large = || lines.iter().filter(|line| !line.is_small());
    let worst = large().map(Line::efficiency).fold(1.0, f64::min);
    let (useful, seconds) = (sum(|line| line.useful) / sum(|line| line.issued), sum(Line::seconds));
    let poor = large().filter(|line| line.efficiency() < 0.7).count();
    let idle = large().filter(|line| !line.is_busy()).count();
    format!("| {name} | {useful:.2} | {worst:.2} | {poor} | {idle} | {:.1} |", 1e3 * seconds)
}

#[test]
fn every_convolution_is_in_blocks_that_fit() {
    println!("| network | useful/issued | worst | below 0.7 | idle | ms at peak |\n|---|---|---|---|---|---|");
    for (name, network, size) in timed_networks(false) {
        let before = lines(&network, size, before::of_maps, before::of_weights);
        let now = lines(&network, size, |shape| of_maps(shape, None), |shape| of_weights(shape, None));
        println!("{}\n{}", row(&format!("{name}, before"), &before), row(&format!("{name}, now"), &now));
        for line in now.iter().filter(|line| !line.is_small()) {
            let Line { which, shape, schedule, .. } = line;
            let what = format!("{name}: {which:?} of {shape:?} by {schedule:?}");
            assert!(line.efficiency() >= 0.7, "{what}: {:.2} of what is computed is of use", line.efficiency());
            assert!(line.is_busy(), "{what}: {} workgroups", line.workgroups);
        }
        assert!(before.iter().any(|line| !line.is_small() && (line.efficiency() < 0.7 || !line.is_busy())));
    }
}

/// The estimate by which schedules are chosen is that of the lines, but for taps that blocks leave
/// out.
#[test]
fn the_estimate_counts_what_is_computed() {
    for (name, network, size) in timed_networks(false) {
        for Line { which, shape, schedule, issued, .. } in
            lines(&network, size, |shape| of_maps(shape, None), |shape| of_weights(shape, None))
        {
            let product = match which {
                Which::WeightGradient => MatrixProduct::of_weights(&shape, schedule.plan.is_folded),
                Which::Output | Which::InputGradient => MatrixProduct::of_maps(&shape),
                Which::StridedInputGradient => continue,
            };
            let estimate = product.work(schedule).issued;
            assert!((0.5..=1.0).contains(&(issued / estimate)), "{name}: {shape:?} by {schedule:?}");
        }
    }
}

#[test]
fn parts_cover_all_steps_and_are_none_without_need() {
    let of = |batch, channels, side| {
        let geometry = ConvGeometry::same(3, 1);
        ConvShape::new([batch, channels, side, side], [channels, channels, 3, 3], geometry)
    };
    let many = of_maps(&of(16, 64, 128), None);
    assert_eq!(many.parts, 1);
    let deep = of_maps(&of(4, 1024, 8), None);
    assert!(deep.parts > 1, "{deep:?}");
    for plan in Plan::by_units() {
        let ProductSchedule { parts, .. } = of_maps_by(&of(4, 1024, 8), plan);
        assert!((1..=1024 / plan.depth).contains(&parts), "{plan:?} in {parts} parts");
    }
}

#[test]
fn wide_images_in_large_batches_fit() {
    for (name, network, _) in timed_networks(false) {
        for cost in network.costs([512, 1024]) {
            let shape = ConvShape { batch: 16, ..cost.shape };
            assert!(fits(&shape), "{name}: {shape:?}");
        }
    }
}
