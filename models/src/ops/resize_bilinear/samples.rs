//! The pixels of a resized map in the map that is read, as PyTorch's `interpolate`
//! defines it.

/// The sizes of a resizing. `align_corners` keeps the centres of the corner pixels in place, else
/// their outer corners are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizeShape {
    /// Height and width that are read.
    pub input: [usize; 2],
    /// Height and width that are written.
    pub output: [usize; 2],
    pub align_corners: bool,
}

/// An output pixel along one axis: two source pixels and the weight of the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResizeSample {
    pub low: usize,
    pub high: usize,
    pub fraction: f32,
}

/// Returns the samples of `output` pixels from `input` pixels along one axis.
///
/// `align_corners` false: position `(i + 0.5) * input / output - 0.5`, not below 0; true: `i *
/// (input - 1) / (output - 1)`.
pub fn samples(input: usize, output: usize, align_corners: bool) -> Vec<ResizeSample> {
    (0..output)
        .map(|i| {
            let position = if align_corners {
                if output > 1 { i as f64 * (input - 1) as f64 / (output - 1) as f64 } else { 0.0 }
            } else {
                ((i as f64 + 0.5) * input as f64 / output as f64 - 0.5).max(0.0)
            };
            let low = (position as usize).min(input - 1);
            ResizeSample { low, high: (low + 1).min(input - 1), fraction: (position - low as f64) as f32 }
        })
        .collect()
}

/// Returns the samples as a dense `output x input` matrix, row-major, to resize by a product.
pub fn matrix(input: usize, output: usize, align_corners: bool) -> Vec<f32> {
    let mut weights = vec![0.0; input * output];
    for (row, sample) in weights.chunks_exact_mut(input).zip(samples(input, output, align_corners)) {
        row[sample.low] += 1.0 - sample.fraction;
        row[sample.high] += sample.fraction;
    }
    weights
}
