//! How much a spec, a checkpoint or an option may ask for: a few bytes are not to take all memory.

use crate::experiment::network::NetworkCost;
use crate::experiment::settings::{Checked, InferSpec, ModelSpec, ensure};

/// Lists of rates of an experiment.
pub(super) const MOST_LISTS: usize = 1000;

/// Rates of a list, and so branches of an ASPP. Published are four.
pub(super) const MOST_RATES: usize = 64;

/// Runs of a spec.
pub(super) const MOST_RUNS: usize = 100_000;

/// Weights of a network: ten times those of the largest that is published here, 4 GB of numbers.
const MOST_WEIGHTS: f64 = 1e9;

/// Pixels of a batch, and those that an image is enlarged to: as colours of 32 bits they take 3
/// GiB. The largest published batch has 13 million.
const MOST_PIXELS: f64 = (1u64 << 28) as f64;

/// Whether a network with these rates can be held.
pub(super) fn check_weights(model: &ModelSpec, rates: &[usize]) -> Checked {
    let weights = NetworkCost::of(&model.config(rates, 2)).weights;
    let message =
        format!("with these channels the network has {weights:.1e} weights; at most {MOST_WEIGHTS:.0e} are held");
    ensure(weights <= MOST_WEIGHTS, "model", message)
}

/// Whether a batch of crops can be held.
pub(super) fn check_batch(batch: usize, [height, width]: [usize; 2]) -> Checked {
    let pixels = batch as f64 * height as f64 * width as f64;
    let message =
        format!("{batch} crops of {height}x{width} have more than the {MOST_PIXELS} pixels that a batch may have");
    ensure(pixels <= MOST_PIXELS, "train.batch", message)
}

/// Whether an image that is fitted into `resize` can be held, at every size that it is scored at.
pub(super) fn check_view([height, width]: [usize; 2], infer: &InferSpec) -> Checked {
    let ratio = infer.ratios.iter().copied().fold(1.0, f64::max);
    let pixels = height as f64 * width as f64 * ratio * ratio;
    let message = format!(
        "images of {height}x{width}, {ratio} times as large, have more than the {MOST_PIXELS} pixels that one may be enlarged to"
    );
    ensure(pixels <= MOST_PIXELS, "resize", message)
}
