//! Values in half precision, for [`Precision::Mixed`](crate::precision::Precision::Mixed).

use half::f16;
use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;

/// Values that one thread rounds at a time.
const CHUNK: usize = 1 << 14;

/// Returns values as they are in half precision: beyond 65,504 infinite, below 2^-25 zero.
pub fn rounded(values: &[f32]) -> Vec<f32> {
    scaled(values, 1.0, 1.0)
}

/// Returns values as they are in half precision when the largest is brought to between 2^14 and
/// 2^15 by a power of two.
pub fn rounded_to_scale(values: &[f32]) -> Vec<f32> {
    let peak = values.par_chunks(CHUNK).map(largest_bits).max().unwrap_or(0);
    let [factor, inverse] = factors(peak);
    scaled(values, factor, inverse)
}

/// Returns the bits, without the sign, of the value that is farthest from zero. The bits of a NaN
/// are above all others.
fn largest_bits(values: &[f32]) -> u32 {
    values.iter().map(|value| value.to_bits() & 0x7fff_ffff).max().unwrap_or(0)
}

/// Returns the power of two that brings a value with these bits to between 2^14 and 2^15, and its
/// inverse. Both are normal numbers: very small values stay smaller.
pub fn factors(peak: u32) -> [f32; 2] {
    // Exponents are stored from 127 on: 127 + 14 is what the value's and the factor's, added, less
    // 127, have to be.
    let exponent = (268 - (peak >> 23)).min(253);
    [exponent, 254 - exponent].map(|exponent| f32::from_bits(exponent << 23))
}

fn scaled(values: &[f32], factor: f32, inverse: f32) -> Vec<f32> {
    let mut rounded: Vec<f32> = values.par_iter().with_min_len(CHUNK).map(|value| value * factor).collect();
    rounded.par_chunks_mut(CHUNK).for_each_init(
        || vec![f16::ZERO; CHUNK],
        |halves, chunk| {
            let halves = &mut halves[..chunk.len()];
            // Whole slices at a time, where the processor has instructions for them.
            halves.convert_from_f32_slice(chunk);
            halves.convert_to_f32_slice(chunk);
            chunk.iter_mut().for_each(|value| *value *= inverse);
        },
    );
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn eleven_digits_are_kept() {
        let values = [1.0, 1.0 + 2f32.powi(-11), 1.0 + 2f32.powi(-10), -3.0001, 65_504.0, 65_520.0, 1e-8, f32::NAN];
        let ours = rounded(&values);
        // Halfway between two: to the even one.
        assert_eq!(ours[..7], [1.0, 1.0, 1.0 + 2f32.powi(-10), -3.0, 65_504.0, f32::INFINITY, 0.0]);
        assert!(ours[7].is_nan());
    }

    #[test]
    fn small_values_are_kept_by_their_scale() {
        let values = [1e-9f32, -3e-10, 2e-13, 0.0];
        assert_eq!(rounded(&values), [0.0; 4]);
        for (ours, value) in rounded_to_scale(&values).iter().zip(values) {
            assert!((ours - value).abs() <= value.abs() * 2f32.powi(-11), "{ours} is not {value}");
        }
        assert!(rounded_to_scale(&[]).is_empty());
        assert_eq!(rounded_to_scale(&[0.0, -0.0]), [0.0, 0.0]);
        assert!(rounded_to_scale(&[1.0, f32::NAN])[1].is_nan());
        assert_eq!(rounded_to_scale(&[1.0, f32::INFINITY])[1], f32::INFINITY);
    }

    proptest! {
        #[test]
        fn the_largest_value_comes_to_where_half_precision_has_all_digits(exponent in -112i32..127, part in 1f32..2.0) {
            let [factor, inverse] = factors((part * 2f32.powi(exponent)).to_bits());
            prop_assert_eq!(factor * inverse, 1.0);
            let brought = part * 2f32.powi(exponent) * factor;
            prop_assert!((16_384.0..32_768.0).contains(&brought), "{} to {}", exponent, brought);
        }
    }
}
