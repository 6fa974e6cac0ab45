//! Loops over pixels that are compiled twice: for every processor of the target, and for those with
//! wide vectors.

/// A computation whose loops the compiler turns into vector instructions. Whatever `run` calls must
/// be `#[inline(always)]` to be compiled with the instructions that were found.
pub(crate) trait Kernel {
    type Output;

    /// Computes the output. `FUSED`: [`f32::mul_add`] and [`f32::floor`] are one instruction each.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs a kernel with the widest instructions that this processor has. The results are the same
/// with all of them.
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has the instructions that the function is compiled for.
        return unsafe { run_avx2(kernel) };
    }
    if cfg!(target_arch = "aarch64") { kernel.run::<true>() } else { kernel.run::<false>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,popcnt")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<true>()
}

/// The number that rounds what is between -2^22 and 2^22, by being added and subtracted.
const ROUND: f32 = 12_582_912.0;

/// Rounds half to even what is between -2^22 and 2^22; unlike the method of f32 no call on any
/// processor.
#[inline(always)]
pub(crate) fn round(x: f32) -> f32 {
    x + ROUND - ROUND
}

/// Rounds down what is between -2^22 and 2^22. A cast to an integer would clip as well, and that
/// keeps loops from becoming vector instructions. `FUSED`: as for [`Kernel::run`].
#[inline(always)]
pub(crate) fn floor<const FUSED: bool>(x: f32) -> f32 {
    if FUSED {
        return x.floor();
    }
    let rounded = round(x);
    if rounded > x { rounded - 1.0 } else { rounded }
}

/// Truncates a number of 0.0..256.0 to a byte.
#[inline(always)]
pub(crate) fn byte<const FUSED: bool>(x: f32) -> u8 {
    // 2^23 and more have no fractional bits: the lowest bits are the number.
    (floor::<FUSED>(x) + 8_388_608.0).to_bits() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_that_of_the_standard_library() {
        let quarters = (-4000..4000).map(|quarter| quarter as f32 / 4.0);
        let near = (-300..300).flat_map(|whole| [(whole as f32).next_down(), (whole as f32).next_up()]);
        for x in quarters.chain(near) {
            assert_eq!(round(x), x.round_ties_even());
            assert_eq!(floor::<false>(x), x.floor());
            if (0.0..256.0).contains(&x) {
                assert_eq!([byte::<false>(x), byte::<true>(x)], [x as u8; 2]);
            }
        }
    }
}
