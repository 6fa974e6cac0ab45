//! RGB to HSV and back on 8 bits, as OpenCV: hue 0..=179 in steps of 2 degrees, saturation and
//! value 0..=255.
//!
//! All values are whole numbers held in f32, and there are no tables and no branches: so a loop
//! over pixels becomes vector instructions.

use crate::kernel::{floor, round};

/// Divides `numerator / n` and rounds half to even, as OpenCV's tables of reciprocals have it; for
/// an n of 0 a finite number.
#[inline(always)]
fn reciprocal(numerator: f32, n: f32) -> f32 {
    round(numerator / n.max(1.0))
}

/// Converts a colour exactly as OpenCV does, whose integer arithmetic with 12 fractional bits stays
/// below 2^24.
#[inline(always)]
pub(super) fn rgb_to_hsv<const FUSED: bool>([r, g, b]: [f32; 3]) -> [f32; 3] {
    let value = r.max(g).max(b);
    let chroma = value - r.min(g).min(b);
    let offset = if value == r {
        g - b
    } else if value == g {
        b - r + 2.0 * chroma
    } else {
        r - g + 4.0 * chroma
    };
    // 30 steps of hue per sixth of the circle.
    let hue = floor::<FUSED>((offset * reciprocal(30.0 * 4096.0, chroma) + 2048.0) / 4096.0 + 180.0);
    let hue = if hue >= 180.0 { hue - 180.0 } else { hue };
    let saturation = floor::<FUSED>((chroma * reciprocal(255.0 * 4096.0, value) + 2048.0) / 4096.0);
    [hue, saturation, value]
}

/// Computes the grey levels 0.0..=255.0 of red, green and blue. The caller truncates or rounds
/// them, as OpenCV does both. `FUSED`: [`f32::mul_add`] is one instruction.
#[inline(always)]
pub(super) fn hsv_to_rgb<const FUSED: bool>([hue, saturation, value]: [f32; 3]) -> [f32; 3] {
    let hue = hue * (6.0f64 / 180.0) as f32;
    let saturation = saturation * (1.0f64 / 255.0) as f32;
    let value = value * (1.0f64 / 255.0) as f32;
    let sector = floor::<FUSED>(hue);
    let fraction = hue - sector;
    // The middle channel rises in sectors 0, 2 and 4 and falls in the others.
    let falls = sector == 1.0 || sector == 3.0 || sector == 5.0;
    let low = value * (1.0 - saturation) * 255.0;
    let middle = value * one_minus_product::<FUSED>(saturation, if falls { fraction } else { 1.0 - fraction }) * 255.0;
    let high = value * 255.0;
    let select = |highest: [f32; 2], lowest: [f32; 2]| {
        if sector == highest[0] || sector == highest[1] {
            high
        } else if sector == lowest[0] || sector == lowest[1] {
            low
        } else {
            middle
        }
    };
    [select([0.0, 5.0], [2.0, 3.0]), select([1.0, 2.0], [4.0, 5.0]), select([3.0, 4.0], [0.0, 1.0])]
}

/// Computes `1 - a b`, rounded once: OpenCV's code is compiled to fused instructions. The product
/// of two f32 is exact in f64, and that is faster than `f32::mul_add`, a call where the target has
/// no such instruction.
#[inline(always)]
fn one_minus_product<const FUSED: bool>(a: f32, b: f32) -> f32 {
    if FUSED { (-a).mul_add(b, 1.0) } else { (1.0 - f64::from(a) * f64::from(b)) as f32 }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::hex::hex;
    use crate::kernel::byte;

    fn to_hsv<const FUSED: bool>(rgb: [u8; 3]) -> [u8; 3] {
        rgb_to_hsv::<FUSED>(rgb.map(f32::from)).map(|value| value as u8)
    }

    #[test]
    fn known_colours() {
        assert_eq!(to_hsv::<false>([255, 0, 0]), [0, 255, 255]);
        assert_eq!(to_hsv::<false>([0, 255, 0]), [60, 255, 255]);
        assert_eq!(to_hsv::<false>([0, 0, 255]), [120, 255, 255]);
        assert_eq!(to_hsv::<false>([90, 90, 90]), [0, 0, 90]);
        assert_eq!(hsv_to_rgb::<false>([120.0, 255.0, 255.0]), [0.0, 0.0, 255.0]);
    }

    /// SHA-256 of what OpenCV 5.0.0 makes of all inputs (last channel fastest), on a machine with
    /// AVX2 and FMA.
    #[test]
    fn golden_every_colour_both_ways() {
        every_colour_both_ways::<false>();
        every_colour_both_ways::<true>();
    }

    fn every_colour_both_ways<const FUSED: bool>() {
        let mut hash = Sha256::new();
        for hue in 0..180u8 {
            let plane = (0..=255).flat_map(|saturation| (0..=255).map(move |value| [hue, saturation, value]));
            let levels: Vec<f32> = plane.flat_map(|hsv| hsv_to_rgb::<FUSED>(hsv.map(f32::from))).collect();
            hash.update(levels.iter().map(|level| byte::<FUSED>(*level)).collect::<Vec<_>>());
            hash.update(levels.iter().map(|level| byte::<FUSED>(round(*level))).collect::<Vec<_>>());
        }
        assert_eq!(hex(&hash.finalize()), "2d068bd4547f7cc8bd19f734d679f04dc9f7c0fc23535a5e626f437b0e9fa0db");
        let mut hash = Sha256::new();
        for red in 0..=255 {
            let plane = (0..=255).flat_map(|green| (0..=255).map(move |blue| [red, green, blue]));
            hash.update(plane.flat_map(to_hsv::<FUSED>).collect::<Vec<_>>());
        }
        assert_eq!(hex(&hash.finalize()), "a5b38b214f65aed9d382cc07bf40311aff2e3e324c98da86df77bef285f224eb");
    }
}
