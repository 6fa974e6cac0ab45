//! Maps put side by side along the channels, and taken apart again.

use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

use super::buffer::written;

/// Some channels of a batch of maps.
pub struct Part<'a> {
    /// Batch x channels x pixels; where it is spread, batch x channels.
    pub values: &'a [f32],
    pub channels: usize,
    /// Each value stands at all pixels of its plane.
    pub is_spread: bool,
}

/// Values that are at least worth a task.
const TASK_VALUES: usize = 1 << 13;

/// The parts as one batch of maps of `pixels` (at least 1), in their order.
pub fn join(parts: &[Part], batch: usize, pixels: usize) -> Vec<f32> {
    let sources: Vec<(&Part, usize)> =
        parts.iter().flat_map(|part| (0..part.channels).map(move |channel| (part, channel))).collect();
    // SAFETY: every plane of the output is written as a whole.
    unsafe {
        written(batch * sources.len() * pixels, |output| {
            in_planes(output, pixels).for_each(|(i, plane)| {
                let (part, channel) = sources[i % sources.len()];
                let source = i / sources.len() * part.channels + channel;
                if part.is_spread {
                    plane.fill(MaybeUninit::new(part.values[source]));
                } else {
                    plane.write_copy_of_slice(&part.values[source * pixels..][..pixels]);
                }
            });
        })
    }
}

/// The channels of `range` of `joined` (batch x channels x pixels).
pub fn part(joined: &[f32], channels: usize, range: Range<usize>, pixels: usize) -> Vec<f32> {
    let batch = joined.len() / (channels * pixels);
    // SAFETY: every plane of the output is written as a whole.
    unsafe {
        written(batch * range.len() * pixels, |output| {
            in_planes(output, pixels).for_each(|(i, plane)| {
                let source = i / range.len() * channels + range.start + i % range.len();
                plane.write_copy_of_slice(&joined[source * pixels..][..pixels]);
            });
        })
    }
}

/// Each value at all pixels of a plane.
pub fn spread(values: &[f32], pixels: usize) -> Vec<f32> {
    join(&[Part { values, channels: values.len(), is_spread: true }], 1, pixels)
}

fn in_planes(
    output: &mut [MaybeUninit<f32>],
    pixels: usize,
) -> impl IndexedParallelIterator<Item = (usize, &mut [MaybeUninit<f32>])> {
    output.par_chunks_mut(pixels).with_min_len(TASK_VALUES.div_ceil(pixels)).enumerate()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_side_by_side_and_come_back() {
        let a: Vec<f32> = (0..2 * 2 * 3).map(|i| i as f32).collect();
        let b = [50.0, 60.0];
        let c: Vec<f32> = (0..2 * 3).map(|i| 100.0 + i as f32).collect();
        let parts = [
            Part { values: &a, channels: 2, is_spread: false },
            Part { values: &b, channels: 1, is_spread: true },
            Part { values: &c, channels: 1, is_spread: false },
        ];
        let joined = join(&parts, 2, 3);
        let first = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 50.0, 50.0, 50.0, 100.0, 101.0, 102.0];
        let second = [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 60.0, 60.0, 60.0, 103.0, 104.0, 105.0];
        assert_eq!(joined, [first, second].concat());
        assert_eq!(part(&joined, 4, 0..2, 3), a);
        assert_eq!(part(&joined, 4, 2..3, 3), spread(&b, 3));
        assert_eq!(part(&joined, 4, 3..4, 3), c);
    }

    #[test]
    fn planes_of_several_tasks_are_covered() {
        let pixels = TASK_VALUES / 2 + 1;
        let values: Vec<f32> = (0..7 * pixels).map(|i| i as f32).collect();
        assert_eq!(join(&[Part { values: &values, channels: 7, is_spread: false }], 1, pixels), values);
    }
}
